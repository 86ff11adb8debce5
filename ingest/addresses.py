"""Addresses as the property API gives them: a text, an `unparsedAddress`, or parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_ADDRESS = 300

_POSTAL_CODE = re.compile(r"[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{5}(-\d{4})?", re.IGNORECASE)
_REGIONS = frozenset(
    {
        *("ab", "alberta", "bc", "british columbia", "mb", "manitoba", "nb", "new brunswick"),
        *(
            "nl",
            "newfoundland",
            "newfoundland and labrador",
            "ns",
            "nova scotia",
            "nt",
            "northwest territories",
        ),
        *("nu", "nunavut", "on", "ontario", "pe", "prince edward island", "qc", "quebec", "québec"),
        *("sk", "saskatchewan", "yt", "yukon", "ca", "canada", "us", "usa", "united states"),
    }
)
_STREET_WORD = re.compile(
    "st|street|ave|avenue|rd|road|dr|drive|cres|crescent|blvd|boulevard|ln|lane|ct|crt|court|hwy|highway|"
    "sideroad|sdrd|concession|conc|line|trail|way|terr|terrace|pl|place|pkwy|parkway|gate|gdns|gardens|"
    "circ|circle|cir|grove|grv|hts|heights|mews|sq|square|rue|chemin|route|rte"
)
# "3008", "4B", "PH2", "B", or a floor: never another word, which would be the street's own.
_UNIT = r"[a-z]{0,3}\d{1,5}[a-z]?|[a-z]|bsmt|basement|upper|lower|main|rear|front"
_UNIT_WORD = r"(?:(?:unit|suite|ste|apt|apartment)\b\.?\s*#?|#)\s*"
_UNIT_FIRST = re.compile(rf"{_UNIT_WORD}(?P<unit>{_UNIT})\s*[-,]?\s*\b(?P<rest>\d+\w?\s.*)", re.IGNORECASE)
# "3008-100 Example Blvd": the unit, the house's number, a word.
_UNIT_DASH = re.compile(
    r"(?P<unit>[a-z]{0,3}\d{1,5}[a-z]?)\s*-\s*(?P<rest>\d+[a-z]?\s+[^\d\W].*)", re.IGNORECASE
)
_UNIT_BEHIND = re.compile(rf"(?P<street>\d.*\S)\s+{_UNIT_WORD}(?P<unit>{_UNIT})", re.IGNORECASE)
_UNIT_ALONE = re.compile(rf"{_UNIT_WORD}(?P<unit>{_UNIT})", re.IGNORECASE)
_COUNTRIES = frozenset({"ca", "canada", "us", "usa", "united states"})
_DIRECTION = re.compile("[nsew]|[ns][ew]|north|south|east|west")
_STREET_KEYS = ("street", "streetAddress", "street_address", "line1", "addressLine1")
_UNIT_KEYS = ("unit", "unitNumber", "unit_number", "suite", "apartment")
_TEXT_KEYS = ("unparsedAddress", "unparsed_address", "fullAddress", "full_address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`text` is what the source says, in one line and, where `has_street`, spelt as BrokerBay shows it."""

    text: str
    has_street: bool


def read_address(value: Any) -> Address | None:
    """The address that a property payload's `address` holds; None when it says nothing readable.

    >>> read_address("12 King St W, Toronto, ON, M5H 1A1")
    Address(text='12 King St W, Toronto, ON, M5H 1A1', has_street=True)
    >>> read_address("Town, ON, L0L 0L0, CA")
    Address(text='Town, ON, L0L 0L0, CA', has_street=False)
    >>> read_address({"street": "12 King St W", "city": "Toronto", "state": "ON"}).text
    '12 King St W, Toronto, ON'
    """
    if isinstance(value, str):
        text = one_line(value)
        if names_street(text):
            return Address(text=as_shown(text), has_street=True)
        return Address(text=text, has_street=False) if text else None
    if not isinstance(value, Mapping):
        return None
    return _from_object(value)


def _from_object(value: Mapping[str, Any]) -> Address | None:
    whole = read_address(_first_text(value, _TEXT_KEYS))
    if whole and whole.has_street:
        return whole
    street = _street_part(value)
    rest = (
        _first_text(value, ("city", "town", "municipality")),
        _first_text(value, ("state", "province", "stateOrProvince")),
        _first_text(value, ("postalCode", "postal_code", "zip")),
    )
    parts = one_line(", ".join(part for part in (street, *rest) if part))
    if street:
        return Address(text=as_shown(parts), has_street=True)
    if whole:
        return whole
    return Address(text=parts, has_street=False) if parts else None


def _street_part(value: Mapping[str, Any]) -> str:
    street = _first_text(value, _STREET_KEYS)
    if not street:
        pieces = (
            ("streetNumber", "street_number"),
            ("streetName", "street_name"),
            ("streetSuffix", "street_suffix"),
        )
        number, name, suffix = (_first_text(value, keys) for keys in pieces)
        street = " ".join(piece for piece in (number, name, suffix) if piece) if name else ""
    if not street:
        return ""
    unit = _first_text(value, _UNIT_KEYS)
    return f"{street}, #{unit}" if unit and unit.casefold() not in street.casefold().split() else street


def _first_text(value: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        found = value.get(key)
        if isinstance(found, bool) or not isinstance(found, str | int):
            continue
        text = one_line(str(found))
        if text:
            return text
    return ""


def as_shown(text: str) -> str:
    """An address with a street as BrokerBay shows it: the unit behind the street as "#3008", no country.

    Every word of the street stays as it was written: BrokerBay itself has "Blvd" and "Boulevard".

    >>> as_shown("3008-100 Example Blvd, Toronto, ON, M5V 1A1, CA")
    '100 Example Blvd, #3008, Toronto, ON, M5V 1A1'
    >>> as_shown("Unit 4B - 99 Lake Shore Blvd W, Toronto"), as_shown("5 Main Street S Suite 4, Erin, ON")
    ('99 Lake Shore Blvd W, #4B, Toronto', '5 Main Street S, #4, Erin, ON')
    >>> as_shown("12 King St, Apt. BSMT, Guelph"), as_shown("4567 Concession Rd 3, Uxbridge, ON")
    ('12 King St, #BSMT, Guelph', '4567 Concession Rd 3, Uxbridge, ON')
    """
    found = _UNIT_FIRST.fullmatch(text) or _UNIT_DASH.fullmatch(text)
    unit, rest = (found["unit"], found["rest"]) if found else ("", text)
    street, *places = (part.strip() for part in rest.split(","))
    if not unit and (behind := _UNIT_BEHIND.fullmatch(street)):
        street, unit = behind["street"], behind["unit"]
    elif not unit and places and (alone := _UNIT_ALONE.fullmatch(places[0])):
        unit, places = alone["unit"], places[1:]
    if places and places[-1].casefold() in _COUNTRIES:
        places = places[:-1]
    return ", ".join(part for part in (street, f"#{unit}" if unit else "", *places) if part)[:LONGEST_ADDRESS]


def names_street(text: str) -> bool:
    """Whether an address in one line names a street, beside town, province, postal code and country.

    >>> [names_street(t) for t in ("12 King St", "100 Mile House, BC, V0K 2E0", "St. Thomas, Elgin, ON", "")]
    [True, False, False, False]
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    places = [part for part in parts if not _is_region(part)]
    if not places:
        return False
    words = places[0].casefold().replace(".", "").split()
    has_number = any(character.isdigit() for character in places[0])
    if len(places) == 1 and len(parts) > 1:
        # One name before the province is a town, even one with a number in it, unless it says "street".
        return has_number and any(_STREET_WORD.fullmatch(word) for word in words[1:])
    return has_number or _ends_as_street(words)


def _ends_as_street(words: list[str]) -> bool:
    while len(words) > 1 and _DIRECTION.fullmatch(words[-1]):
        words = words[:-1]
    return len(words) > 1 and _STREET_WORD.fullmatch(words[-1]) is not None


def _is_region(part: str) -> bool:
    """Whether a part says no more than province, country and postal code, in any mix."""
    rest = " ".join(_POSTAL_CODE.sub(" ", part).casefold().replace(".", "").split())
    return not rest or rest in _REGIONS or all(word in _REGIONS for word in rest.split())


def one_line(text: str) -> str:
    """One line without control characters, at most 300 characters long."""
    printable = "".join(
        character if character.isprintable() else " " for character in text[: LONGEST_ADDRESS * 4]
    )
    return " ".join(printable.split())[:LONGEST_ADDRESS].strip()
