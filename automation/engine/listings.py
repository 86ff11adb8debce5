"""Which of BrokerBay's listings is the one meant: addresses taken apart and compared part by part. Pure.

BrokerBay's search is a prefix match ("5 Main Street" also shows 51 and 54) and spells one unit in several
ways, so nothing here ever asks whether one text lies inside another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from automation.engine.street_words import (
    CONCESSIONS,
    DIRECTIONS,
    FLOOR_FILLERS,
    FLOORS,
    FRENCH_TYPES,
    LONG_DIRECTIONS,
    LONG_TYPES,
    NUMBERED_ROADS,
    PROVINCES,
    TYPES,
    UNIT_KINDS,
    UNIT_WORDS,
)

# Three letters and digits of the MLS stand before a street number without a blank where text is glued,
# so the number is exactly a letter and 8 digits, whatever follows.
_MLS = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]\d{8})")
_MLS_DIGITS = re.compile(r"[A-Za-z]{2,}:\s*(\d{8})(?!\d)")
_MLS_ALONE = re.compile(r"[A-Za-z]?\d{8}")

_COUNTED = frozenset(
    "days beds baths bath bedrooms bathrooms parking hours mins minutes showings listings results".split()
)
_MONTH_STEMS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_POSTAL_CODE = re.compile(r"\b[A-Z]\d[A-Z]\s*\d[A-Z]\d\b", re.IGNORECASE)
_DISTRICT = re.compile(r"\s+[cew]\d{2}$")
_NUMBER = re.compile(r"\d+[a-z]?", re.I)
_LOT = re.compile(r"(p(?:ar)?t )?(?:lot|lt) (?:# )?(\d+[a-z]?)(?= |$)", re.I)
_UNIT_FIRST = re.compile(
    r"(?:#|(?:unit|suite|ste|apt|apartment|app)\b\.?\s*#?)\s*(\w+)\s*[-,]?\s+(?=\d)", re.I
)
_KIND_FIRST = re.compile(r"((?:l?ph|penthouse|th|townhouse)\s*-?\s*\d+[a-z]?)\s*-\s*(?=\d)", re.I)
_FLOOR_FIRST = re.compile(
    r"((?:basement|bsmn?t|upper|lower|main|second|2nd|third|3rd|ground)(?:\s+(?:floor|level|flr|unit))?)\s*-?\s*"
    r"(?=\d+[a-z]?\s+[^\W\d])",
    re.I,
)
_UNIT_DASH = re.compile(r"#?([a-z]{0,3}\d{0,5}[a-z]?)\s*[-/]\s*(?=\d+[a-z]?\s+\w)", re.I)
_LONGEST = 400  # characters; no address is longer, and nothing here may take long


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A home's address in comparable parts, all lower-case; an unknown part is empty.

    Land without a house number has its lot's: "lot 12".
    """

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
    parts = _take_apart(text)
    return Address(
        number=parts.number,
        name=_fold(" ".join(parts.street)),
        type=parts.type,
        direction=parts.direction,
        unit=parts.unit,
        city=_city(parts.places),
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
    >>> search_text("20 O'Brien Crt"), search_text("21 av. des Érables")
    ("20 O'Brien Court", '21 Avenue Des Érables')
    """
    parts = _take_apart(address)
    if not (parts.number and parts.street):
        return address.strip()[:_LONGEST]
    street, kind = " ".join(parts.street), parts.type
    named = [kind, street] if parts.is_french else [street, kind]
    number = parts.number.upper() if parts.number[0].isdigit() else parts.number.title()
    words = [number, *(_titled(word) for word in named), parts.direction.upper()]
    unit = "BSMT" if parts.unit == "basement" else parts.unit.upper()
    return " ".join(word for word in [*words, f"#{unit}" if unit else ""] if word)


def _reads_as_home(address: Address) -> bool:
    """
    >>> texts = ("12 Dec 2025", "30 days", "5 May Road", "7 Broadway", "Lot 50 Square Feet", "Lot 12 Con 5")
    >>> [_reads_as_home(parse_address(text)) for text in texts]
    [False, False, True, True, False, True]
    """
    if not address.is_complete:
        return False
    first = address.name.split()[0]
    if not address.number[0].isdigit():
        return not _SIZES & {*address.name.split(), address.type}
    if address.type or address.unit:
        return True
    return len(first) > 3 and first not in _COUNTED and not first.startswith(_MONTH_STEMS)


@dataclass(slots=True, kw_only=True)
class _Parts:
    """An address taken apart, its street still spelt as it was."""

    number: str = ""
    street: list[str]
    type: str = ""
    direction: str = ""
    unit: str = ""
    places: list[str]
    is_french: bool = False


def _take_apart(text: str) -> _Parts:
    pieces = _pieces(text)
    unit, pieces = _leading_unit(pieces)
    head, tail = (pieces[0], pieces[1:]) if pieces else ("", [])
    number, words = _number(_words(head))
    if not number:
        return _Parts(street=[], places=pieces)
    if not words and tail and not _unit_alone(tail[0]):
        # French has a comma behind the number.
        number, words = _number(_words(head) + _words(tail[0]))
        tail = tail[1:]
    words, place = _trailing_place(words)
    words, trailing = _split_unit(words)
    unit = unit or trailing
    places = [place] if place else []
    for index, piece in enumerate(tail):
        found = "" if unit else _unit_alone(piece, directly=index == 0)
        unit = unit or found
        if not found:
            places.append(piece)
    parts = _Parts(number=number, street=[], unit=unit, places=places)
    _name_street(parts, words)
    if number[0].isdigit() or _is_road(parts):
        return parts
    return _Parts(street=[], places=pieces)  # "Lot 12, Milton", "Lot 12 Plan 65M-1234", "Lot 12 55 Main St"


def _is_road(parts: _Parts) -> bool:
    """Whether a lot lies there: on a street that has a type, or on a numbered road."""
    first = parts.street[0] if parts.street else ""
    return not _NUMBER.fullmatch(first) and (bool(parts.type) or first in _ROADS)


def _pieces(text: str) -> list[str]:
    """What stands between commas; a unit in brackets is a piece of its own, anything else there is noise."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST].replace("½", " 1/2"))
    plain = "".join(" " if unicodedata.category(sign) in _NO_WORDS else sign for sign in plain)
    plain = re.sub(r"[–—−]", "-", plain).replace("’", "'").replace("`", "'")
    plain = re.sub(r"\(([^()]*)\)", lambda found: f", {found[1]}," if _unit_alone(found[1]) else " ", plain)
    had_code = _POSTAL_CODE.search(plain) is not None
    plain = _POSTAL_CODE.sub(" ", plain)
    pieces = [" ".join(piece.split()) for piece in plain.split(",")]
    pieces = [piece for piece in pieces if piece]
    # "17 Weaver Avenue Toronto ON M5V 1A1": a code or a province tells that a place stands in the same piece.
    if had_code and len(pieces) == 1:
        pieces[0] += " ca"
    return pieces


_ROADS = frozenset(road[0] for road in NUMBERED_ROADS)
_SIZES = frozenset("feet ft foot square sq acre acres x by irregular wide deep parking car in".split())
_NO_WORDS = frozenset({"Cc", "Cf", "Cs", "So", "Sk", "Zl", "Zp", "Cn", "Co"})


def _leading_unit(pieces: list[str]) -> tuple[str, list[str]]:
    """ "Suite 3008, 100 Example Blvd", "3008-100 Example Blvd", "Basement - 12 Elm St"."""
    if not pieces:
        return "", pieces
    head = pieces[0]
    if len(pieces) > 1 and not head[:1].isdigit() and pieces[1][:1].isdigit() and _unit_alone(head):
        return _unit_value(head), pieces[1:]
    for pattern in (_UNIT_FIRST, _KIND_FIRST, _FLOOR_FIRST, _UNIT_DASH):
        if (found := pattern.match(head)) and found[1]:
            return _unit_value(found[1]), [head[found.end() :], *pieces[1:]]
    return "", pieces


def _words(piece: str) -> list[str]:
    spaced = piece.replace("#", " # ")
    return [word for raw in spaced.split() if (word := raw.strip(".;:·•"))]


def _number(words: list[str]) -> tuple[str, list[str]]:
    """The house number with its half or letter, or the lot's, or "", and the words behind it.

    >>> _number(["12", "1/2", "Elm"]), _number(["12", "A", "King", "Cres"]), _number(["12", "A", "Street"])
    (('12 1/2', ['Elm']), ('12a', ['King', 'Cres']), ('12', ['A', 'Street']))
    >>> _number(["Pt", "Lt", "12", "Con", "5"]), _number(["Lot", "50.5", "feet"])
    (('part lot 12', ['Con', '5']), ('', ['Lot', '50.5', 'feet']))
    """
    line = " ".join(words)
    if lot := _LOT.match(line):
        # A part of a lot is another piece of land than the whole.
        whole = f"lot {lot[2].lower().lstrip('0') or '0'}"
        return f"part {whole}" if lot[1] else whole, line[lot.end() :].split()
    if not words or not _NUMBER.fullmatch(words[0]):
        return "", words
    number, rest = words[0].lower().lstrip("0") or "0", words[1:]
    if rest and rest[0] == "1/2":
        return f"{number} 1/2", rest[1:]
    letter = rest[0].lower() if len(rest) > 2 else ""
    if len(letter) == 1 and letter.isalpha() and letter not in DIRECTIONS and number.isdigit():
        return number + letter, rest[1:]
    return number, rest


def _trailing_place(words: list[str]) -> tuple[list[str], str]:
    """Cuts off the town where a province follows it in the same piece, behind the street's type."""
    kept = list(words)
    while kept and _fold(kept[-1]) in PROVINCES:
        kept.pop()
    if len(kept) == len(words):
        return words, ""
    last = max((index for index, word in enumerate(kept) if index and _type(word)), default=0)
    if not last:
        return kept, ""
    end = last + 1
    if end < len(kept) and kept[end].lower() in DIRECTIONS:
        end += 1
    if end < len(kept) and kept[end][:1] in "#0123456789":
        return kept, ""
    return kept[:end], " ".join(kept[end:])


def _type(word: str) -> str:
    """The long form of a street's type, or ""."""
    long = LONG_TYPES.get(_fold(word), _fold(word))
    return long if long in TYPES else ""


def _split_unit(words: list[str]) -> tuple[list[str], str]:
    """Cuts a unit off the end of a street line: "#4", "unit 4", "suite bsmt", a floor word, a lone number."""
    first = _numbered_road(words)
    for index in range(max(first, 1), len(words)):
        if _begins_unit(words, index):
            return words[:index], _unit_value(" ".join(words[index:]))
    if first:
        return words, ""
    bare = list(words)
    while len(bare) > 2 and _fold(bare[-1]) in FLOOR_FILLERS:
        bare.pop()
    has_type = any(_type(word) for word in bare[1:-1]) or _is_french(bare[:-1])
    if has_type and _fold(bare[-1]) in FLOORS:
        return bare[:-1], _unit_value(bare[-1])
    if has_type and re.fullmatch(r"[a-z]{0,3}\d{1,5}[a-z]?", bare[-1].lower()):
        return bare[:-1], _unit_value(bare[-1])
    return words, ""


def _begins_unit(words: list[str], index: int) -> bool:
    word, after = words[index].lower(), words[index + 1 : index + 2]
    if word == "#":
        return True
    if not after or word not in UNIT_WORDS | UNIT_KINDS.keys():
        return False
    following = after[0].lower()
    named = any(sign.isdigit() for sign in following) or len(following) == 1 or following == "#"
    return named or (word in UNIT_WORDS and _fold(following) in FLOORS)


def _numbered_road(words: list[str]) -> int:
    """How many words name a numbered road: "Highway 7", "County Rd 12"; 0 where they do not."""
    long = [LONG_TYPES.get(_fold(word), _fold(word)) for word in words]
    for road in NUMBERED_ROADS:
        size = len(road)
        if tuple(long[:size]) != road:
            continue
        if words[size : size + 1] == ["#"]:
            size += 1
        if size < len(long) and re.fullmatch(r"\d+[a-z]?", long[size]):
            return size + 1
    return 0


def _name_street(parts: _Parts, words: list[str]) -> None:
    """Name, long type, direction; only the last words can be the latter two (there is an "Avenue Road")."""
    words = [word for word in words if re.search(r"\w", word)]
    if size := _numbered_road(words):
        road = [LONG_TYPES.get(_fold(word), _fold(word)) for word in words[:size] if word != "#"]
        parts.street = ["concession", "road", road[-1]] if road[0] in CONCESSIONS else road
        words = words[size:]
        parts.direction = DIRECTIONS.get(_fold(words[-1]), "") if words else ""
        parts.street += words[: -1 if parts.direction else None]
        return
    if len(words) > 1 and (direction := DIRECTIONS.get(_fold(words[-1]))):
        parts.direction, words = direction, words[:-1]
    if _is_french(words):
        parts.is_french, parts.type, words = True, FRENCH_TYPES[_fold(words[0])], words[1:]
    elif len(words) > 1 and (kind := _type(words[-1])):
        parts.type, words = kind, words[:-1]
    if len(words) > 1 and (leading := DIRECTIONS.get(_fold(words[0]))):
        # "East 5th Avenue" is "5th Avenue East"; "North Shore Road" is a name of its own.
        if re.fullmatch(r"\d+(st|nd|rd|th)?", words[1].lower()) and not parts.direction:
            parts.direction, words = leading, words[1:]
        else:
            words = [LONG_DIRECTIONS[leading], *words[1:]]
    parts.street = words


def _is_french(words: list[str]) -> bool:
    return len(words) > 1 and _fold(words[0]) in FRENCH_TYPES and not _type(words[-1])


def _unit_value(text: str) -> str:
    """
    >>> _unit_value("#Unit 5"), _unit_value("Suite BSMT"), _unit_value("# 3008"), _unit_value("PH-02")
    ('5', 'basement', '3008', 'ph2')
    """
    words = [word.strip(".") for word in re.sub(r"[#\-/]", " ", text.lower()).split()]
    words = [UNIT_KINDS.get(word, word) for word in words if word not in UNIT_WORDS]
    value = "".join(word for word in words if word not in FLOOR_FILLERS)
    value = re.sub(r"^([a-z]*)0+(?=\d)", r"\1", value)
    return FLOORS.get(value, value)


def _unit_alone(piece: str, *, directly: bool = False) -> str:
    """The unit that a whole piece names, or ""; a bare number counts `directly` behind the street only.

    >>> [_unit_alone(text) for text in ("Suite 3008", "Main Floor", "Penthouse 2", "Toronto")]
    ['3008', 'main', 'ph2', '']
    >>> _unit_alone("3008"), _unit_alone("3008", directly=True)
    ('', '3008')
    """
    words = _words(piece.lower())
    if not words or len(words) > 4:
        return ""
    named = words[0] == "#" or (len(words) > 1 and _begins_unit(words, 0))
    floor = words[0] in FLOORS and all(word in FLOOR_FILLERS for word in words[1:])
    kind = re.fullmatch(r"(?:l?ph|th)-?\d+[a-z]?", words[0]) is not None and len(words) == 1
    bare = directly and len(words) == 1 and re.fullmatch(r"[a-z]?\d{1,5}[a-z]?", words[0]) is not None
    return _unit_value(piece) if named or floor or kind or bare else ""


def _titled(words: str) -> str:
    return " ".join(
        word[:1].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words.split()
    )


def _fold(text: str) -> str:
    """Lower-case and without accents and signs, as names are compared: "Sainte-Anne" is "ste anne".

    >>> _fold("O'Brien"), _fold("des Érables"), _fold("Saint Clair")
    ('obrien', 'des erables', 'st clair')
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign)).replace("-", " ")
    words = [re.sub(r"[^\w/]", "", word) for word in plain.split()]
    saints = {"saint": "st", "sainte": "ste"}
    return " ".join(
        saints.get(word, word) if index == 0 else word for index, word in enumerate(words) if word
    )


def _city(places: list[str]) -> str:
    """
    >>> _city(["Toronto C01", "ON"]), _city(["ON"]), _city(["Saint Catharines", "Ontario"])
    ('toronto', '', 'st catharines')
    """
    for place in places:
        words = _fold(place).split()
        while words and words[-1] in PROVINCES:
            words.pop()
        if words and not words[0][0].isdigit():
            return _DISTRICT.sub("", " ".join(words))
    return ""
