"""Which of BrokerBay's listings is the one meant: addresses taken apart and compared part by part. Pure.

BrokerBay's search is a prefix match ("5 Main Street" also shows 51 and 54) and spells one unit in several
ways, so nothing here ever asks whether one text lies inside another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

# Three letters and digits of the MLS stand before a street number without a blank where text is glued,
# so the number is exactly a letter and 8 digits, whatever follows.
_MLS = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]\d{8})")
_MLS_DIGITS = re.compile(r"[A-Za-z]{2,}:\s*(\d{8})(?!\d)")
_MLS_ALONE = re.compile(r"[A-Za-z]?\d{8}")

_LONG_TYPES = {
    "aly": "alley",
    "av": "avenue",
    "ave": "avenue",
    "blvd": "boulevard",
    "boul": "boulevard",
    "cir": "circle",
    "circ": "circle",
    "cl": "close",
    "ct": "court",
    "crt": "court",
    "cres": "crescent",
    "crcs": "crescent",
    "dr": "drive",
    "esp": "esplanade",
    "expy": "expressway",
    "gdn": "gardens",
    "gdns": "gardens",
    "gt": "gate",
    "grv": "grove",
    "hts": "heights",
    "hwy": "highway",
    "ln": "lane",
    "lndg": "landing",
    "mnr": "manor",
    "mt": "mount",
    "pk": "park",
    "pkwy": "parkway",
    "pky": "parkway",
    "pl": "place",
    "plz": "plaza",
    "pt": "point",
    "rd": "road",
    "rdge": "ridge",
    "rte": "route",
    "sdrd": "sideroad",
    "sq": "square",
    "st": "street",
    "str": "street",
    "ter": "terrace",
    "terr": "terrace",
    "trl": "trail",
    "twp": "township",
    "vw": "view",
    "wy": "way",
    "wk": "walk",
    "xing": "crossing",
}
_TYPES = frozenset(_LONG_TYPES.values()) | {
    "bay",
    "bend",
    "chase",
    "common",
    "concession",
    "cove",
    "hill",
    "hollow",
    "line",
    "link",
    "mews",
    "pass",
    "path",
    "promenade",
    "quay",
    "rise",
    "row",
    "run",
    "vale",
    "villas",
    "wood",
}
_DIRECTIONS = {
    "n": "n", "north": "n", "s": "s", "south": "s", "e": "e", "east": "e", "w": "w", "west": "w",
    "ne": "ne", "northeast": "ne", "nw": "nw", "northwest": "nw",
    "se": "se", "southeast": "se", "sw": "sw", "southwest": "sw",
}  # fmt: skip
_UNIT_WORDS = frozenset({"unit", "suite", "ste", "apt", "apartment", "apt.", "ste.", "no", "ph"})
_FLOORS = {
    "bsmt": "basement",
    "bsmnt": "basement",
    "basement": "basement",
    "lower": "lower",
    "lwr": "lower",
    "upper": "upper",
    "upr": "upper",
    "main": "main",
    "mn": "main",
    "ground": "ground",
    "grnd": "ground",
    "second": "second",
    "2nd": "second",
    "third": "third",
    "3rd": "third",
}
_PROVINCES = frozenset(
    "on ontario qc quebec bc ab alberta mb manitoba sk saskatchewan ns nb nl pe nt nu yt ca canada".split()
)
_COUNTED = frozenset(
    "days beds baths bath bedrooms bathrooms parking hours mins minutes showings listings results".split()
)
_MONTH_STEMS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_POSTAL_CODE = re.compile(r"\b[A-Z]\d[A-Z]\s*\d[A-Z]\d\b", re.IGNORECASE)
_DISTRICT = re.compile(r"\s+[cew]\d{2}$")
_NUMBER = re.compile(r"\d+[a-z]?(?:\s?1/2)?")
_UNIT_FIRST = re.compile(
    r"^(?:#|(?:unit|suite|ste|apt|apartment)\.?\s*#?)\s*([\w]+)\s*(?:-|–|,)?\s+(?=\d)", re.I
)
_UNIT_DASH = re.compile(r"^#?([a-z]{0,3}\d{0,5}[a-z]?)\s*[-–]\s*(?=\d+[a-z]?\s+[a-z0-9])", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A home's address in comparable parts, all lower-case; an unknown part is empty."""

    number: str = ""
    name: str = ""
    type: str = ""
    direction: str = ""
    unit: str = ""
    city: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether it names a home: a city and a postal code alone do not."""
        return bool(self.number and self.name)

    def without_city(self) -> Address:
        return replace(self, city="")


class Likeness(Enum):
    """How far an address that a row shows fits the wanted one."""

    SAME = "same"
    LOOSE = "loose"  # nothing contradicts, but the wanted one leaves out a part that the row has
    OTHER = "other"


def parse_address(text: str) -> Address:
    """Takes an address apart, in any of the spellings that people and BrokerBay use.

    >>> parse_address("3008-100 Example Blvd, Toronto, ON M5V 1A1") == parse_address(
    ...     "100 Example Boulevard, #3008, Toronto")
    True
    >>> parse_address("5 Main Street S #4")
    Address(number='5', name='main', type='street', direction='s', unit='4', city='')
    >>> parse_address("Town, ON, L0L 0L0, CA").is_complete
    False
    """
    plain = _POSTAL_CODE.sub(" ", text).replace("\u00a0", " ").strip()
    head, *tail = [part.strip() for part in plain.split(",") if part.strip()] or [""]
    unit = ""
    if not head[:1].isdigit() and tail and _is_unit_alone(head):
        # "Suite 3008, 100 Example Blvd"
        unit, head, tail = _unit_value(head), tail[0], tail[1:]
    for pattern in (_UNIT_FIRST, _UNIT_DASH):
        if not unit and (found := pattern.match(head)) and found[1]:
            unit, head = _unit_value(found[1]), head[found.end() :]
    words = [word.strip(".") for word in re.sub(r"#", " # ", head.lower()).split()]
    if not words or not _NUMBER.fullmatch(words[0]):
        return Address(city=_city([head, *tail]))
    number, words = words[0], words[1:]
    words, trailing = _split_unit(words)
    name, kind, direction = _street(words)
    places = []
    for part in tail:
        if not unit and not trailing and _is_unit_alone(part):
            trailing = _unit_value(part)
        else:
            places.append(part)
    return Address(
        number=number, name=name, type=kind, direction=direction, unit=unit or trailing, city=_city(places)
    )


def likeness(wanted: Address, shown: Address) -> Likeness:
    """Compares every part; what the row leaves out but the wanted one names makes them differ.

    >>> five, fifty_one = parse_address("5 Main St S #4"), parse_address("51 Main Street S #4")
    >>> likeness(five, fifty_one)
    <Likeness.OTHER: 'other'>
    >>> likeness(parse_address("100 Example Blvd"), parse_address("100 Example Blvd, #3008"))
    <Likeness.LOOSE: 'loose'>
    """
    if not wanted.is_complete or not shown.is_complete:
        return Likeness.OTHER
    if (wanted.number, wanted.name) != (shown.number, shown.name):
        return Likeness.OTHER
    if wanted.city and shown.city and wanted.city != shown.city:
        return Likeness.OTHER
    parts = [
        (wanted.type, shown.type),
        (wanted.direction, shown.direction),
        (wanted.unit, shown.unit),
    ]
    if all(want == show for want, show in parts):
        return Likeness.SAME
    if all(want == show or not want for want, show in parts):
        return Likeness.LOOSE
    return Likeness.OTHER


def same_home(one: str, other: str) -> bool:
    """Whether two spellings name the same home.

    >>> same_home("100 Example Boulevard, #3008", "Unit 3008, 100 Example Blvd, Toronto")
    True
    """
    return likeness(parse_address(one), parse_address(other)) is Likeness.SAME


def mls_number(text: str) -> str:
    """The first MLS number in `text`, in capitals, or "".

    >>> mls_number("NewPropTx: N12345678100 Example Boulevard"), mls_number("BRREA: 40712345")
    ('N12345678', '40712345')
    >>> mls_number("100 Example Boulevard"), mls_number(" w12345678 ")
    ('', 'W12345678')
    """
    if found := _MLS.search(text):
        return found[1].upper()
    if found := _MLS_DIGITS.search(text):
        return found[1]
    stripped = text.strip()
    return stripped.upper() if _MLS_ALONE.fullmatch(stripped) else ""


def address_in(texts: Iterable[str]) -> str:
    """The first text that names a home, as written; text glued behind an MLS number is cut off from it.

    >>> address_in(["New", "PropTx: N12345678", "100 Example Boulevard, #3008", "Toronto, ON", "$799,000"])
    '100 Example Boulevard, #3008'
    >>> address_in(["12 d", "PropTx: N12345678100 Example Boulevard, #3008"])
    '100 Example Boulevard, #3008'
    """
    for text in texts:
        rest = _MLS.split(text)[-1] if _MLS.search(text) else text
        if _reads_as_home(parse_address(rest)):
            return rest.strip()
    return ""


def search_text(address: str) -> str:
    """What to type into BrokerBay's search: number, street and "#unit", without the place.

    >>> search_text("3008-100 Example Blvd, Toronto, ON"), search_text("51 MAIN Street E")
    ('100 Example Boulevard #3008', '51 Main Street E')
    """
    parts = parse_address(address)
    if not parts.is_complete:
        return address.strip()
    words = [parts.number, parts.name.title(), parts.type.title(), parts.direction.upper()]
    unit = "BSMT" if parts.unit == "basement" else parts.unit.upper()
    return " ".join(word for word in [*words, f"#{unit}" if unit else ""] if word)


def _reads_as_home(address: Address) -> bool:
    """
    >>> texts = ("12 Dec 2025", "30 days", "5 May Road", "7 Broadway")
    >>> [_reads_as_home(parse_address(text)) for text in texts]
    [False, False, True, True]
    """
    if not address.is_complete:
        return False
    if address.type or address.unit:
        return True
    first = address.name.split()[0]
    return len(first) > 3 and first not in _COUNTED and not first.startswith(_MONTH_STEMS)


def _split_unit(words: list[str]) -> tuple[list[str], str]:
    """Cuts a unit off the end of a street line: "#4", "unit 4", "suite bsmt", a floor word, a lone number."""
    for index, word in enumerate(words):
        if word == "#" or (word in _UNIT_WORDS and index > 0 and word != "no"):
            return words[:index], _unit_value(" ".join(words[index:]))
    has_type = any(_LONG_TYPES.get(word, word) in _TYPES for word in words[1:-1])
    if has_type and (words[-1] in _FLOORS or re.fullmatch(r"[a-z]{0,2}\d{1,5}[a-z]?", words[-1])):
        return words[:-1], _unit_value(words[-1])
    return words, ""


def _unit_value(text: str) -> str:
    """
    >>> _unit_value("#Unit 5"), _unit_value("Suite BSMT"), _unit_value("# 3008"), _unit_value("PH 2")
    ('5', 'basement', '3008', 'ph2')
    """
    words = [word.strip(".") for word in text.lower().replace("#", " ").replace("-", " ").split()]
    words = [word for word in words if word not in _UNIT_WORDS - {"ph"}]
    value = "".join(word for word in words if word not in {"floor", "level", "flr"})
    return _FLOORS.get(value, value.lstrip("0") or value)


def _is_unit_alone(text: str) -> bool:
    words = text.lower().replace("#", "# ").split()
    if not words:
        return False
    if words[0] == "#" or words[0].strip(".") in _UNIT_WORDS:
        return len(words) <= 4
    return len(words) <= 2 and words[0] in _FLOORS


def _street(words: list[str]) -> tuple[str, str, str]:
    """Name, long type, direction; only the last words can be the latter two (there is an "Avenue Road")."""
    words = [re.sub(r"[^\w/-]", "", word) for word in words]
    words = [word for word in words if word]
    direction = ""
    if len(words) > 1 and words[-1] in _DIRECTIONS:
        direction, words = _DIRECTIONS[words[-1]], words[:-1]
    kind = ""
    if len(words) > 1 and (long := _LONG_TYPES.get(words[-1], words[-1])) in _TYPES:
        kind, words = long, words[:-1]
    # "East 5th Avenue" and "St. Clair": a leading direction belongs to the street, spelt short or long.
    if len(words) > 1 and words[0] in _DIRECTIONS and not direction:
        direction, words = _DIRECTIONS[words[0]], words[1:]
    if words and words[0] == "saint":
        words[0] = "st"
    return " ".join(words), kind, direction


def _city(parts: list[str]) -> str:
    """
    >>> _city(["Toronto C01", "ON"]), _city(["ON"]), _city(["Saint Catharines", "Ontario"])
    ('toronto', '', 'st catharines')
    """
    for part in parts:
        plain = re.sub(r"\(.*?\)", " ", part.lower()).replace(".", " ").replace("-", " ")
        words = plain.split()
        while words and words[-1] in _PROVINCES:
            words.pop()
        if not words or words[0][0].isdigit():
            continue
        if words[0] == "saint":
            words[0] = "st"
        return _DISTRICT.sub("", " ".join(words))
    return ""
