"""BrokerBay's search: by MLS number, or fuzzy by the beginnings of number and street. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from automation.simulator.records import Listing

# Words that the search does not insist on: "5 Main Street S" also shows "54 Main Street N".
_OPTIONAL = frozenset(
    "street st avenue ave road rd boulevard blvd drive dr crescent cres court crt ct lane ln way terrace"
    " terr place pl circle trail trl square sq parkway pkwy gate gardens gdns"
    " n s e w north south east west".split()
)
_MLS = re.compile(r"[a-z]\d{3,8}", re.IGNORECASE)


def find(listings: Iterable[Listing], text: str) -> list[Listing]:
    """The rows for what was typed, the likeliest first; nothing typed or nothing alike: no row."""
    typed = text.strip()
    if _MLS.fullmatch(typed):
        hits = [one for one in listings if one.mls_number.lower().startswith(typed.lower())]
        return sorted(hits, key=lambda one: one.mls_number)
    street, unit, place = _parts(typed)
    hits = [one for one in listings if _fits(one, street, place)]
    return sorted(
        hits, key=lambda one: (-_closeness(one, street, unit), one.street, one.unit, one.mls_number)
    )


def _parts(typed: str) -> tuple[list[str], str, list[str]]:
    """Words of the street, the unit behind a "#", and the words of the place behind the first comma.

    >>> _parts("100 Example Boulevard, #3008"), _parts("5 Main St S #4, Oak Town")
    ((['100', 'example', 'boulevard'], '3008', []), (['5', 'main', 'st', 's'], '4', ['oak', 'town']))
    """
    found = re.search(r"#\s*([^,]+)", typed)
    unit = found[1].strip().lower() if found else ""
    street, _, place = re.sub(r"#\s*[^,]+", "", typed).partition(",")
    return street.lower().split(), unit, place.lower().replace(",", " ").split()


def _fits(listing: Listing, street: list[str], place: list[str]) -> bool:
    if not street or not listing.street:
        return False
    own = listing.street.lower().split()
    own_place = f"{listing.city} {listing.province} {listing.postal_code}".lower().split()
    if street[0][0].isdigit():
        if not own[0].startswith(street[0]):
            return False
        street = street[1:]
    wanted = [word for word in street if word not in _OPTIONAL]
    behind = own[1:] if own[0][0].isdigit() else own  # "Lot 12 Concession Road 5" has no house number
    names = [word for word in behind if word not in _OPTIONAL]
    if not street and not wanted:
        return not place
    return all(_begins(word, names) for word in wanted) and all(_begins(word, own_place) for word in place)


def _begins(word: str, among: list[str]) -> bool:
    return any(one.startswith(word) for one in among)


def _closeness(listing: Listing, street: list[str], unit: str) -> int:
    own = listing.street.lower().split()
    return (
        2 * (own[:1] == street[:1]) + 2 * (listing.unit.lower() == unit) + sum(word in own for word in street)
    )
