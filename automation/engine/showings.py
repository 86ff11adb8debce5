"""The rows of the account's own list of showings, read into values and looked through. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from automation.engine.contract import SeenShowing, ShowingStatus
from automation.engine.listings import Likeness, address_in, likeness, parse_address
from automation.engine.slots import parse_day, parse_minutes, parse_range, parse_time

_STATUSES = {
    "confirmed": ShowingStatus.CONFIRMED,
    "approved": ShowingStatus.CONFIRMED,
    "accepted": ShowingStatus.CONFIRMED,
    "new": ShowingStatus.REQUESTED,
    "pending": ShowingStatus.REQUESTED,
    "requested": ShowingStatus.REQUESTED,
    "awaiting approval": ShowingStatus.REQUESTED,
    "reschedule": ShowingStatus.REQUESTED,
    "rescheduled": ShowingStatus.REQUESTED,
    "reschedule requested": ShowingStatus.REQUESTED,
    "declined": ShowingStatus.DECLINED,
    "denied": ShowingStatus.DECLINED,
    "cancelled": ShowingStatus.CANCELLED,
    "canceled": ShowingStatus.CANCELLED,
    "suggested time change": ShowingStatus.TIME_SUGGESTED,
    "time suggested": ShowingStatus.TIME_SUGGESTED,
    "suggested time": ShowingStatus.TIME_SUGGESTED,
}
STATUS_WORDS = tuple(_STATUSES)  # lower-case, one blank between words
# An unknown badge counts as live: better not to book than to book twice.
_DEAD = frozenset({ShowingStatus.DECLINED, ShowingStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowingRow:
    """One row as the page shows it: its texts in reading order, and what its markup says."""

    texts: tuple[str, ...]
    badge: str = ""
    showing_id: str = ""
    listing_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The showing looked for. Where both sides know the listing's id, it decides; else the address does."""

    address: str
    listing_id: str
    date: date
    time: time


def status_of(badge: str) -> ShowingStatus:
    """
    >>> [status_of(badge).value for badge in ("Awaiting Approval", "Showing Canceled", "On the moon")]
    ['requested', 'cancelled', 'unknown']
    """
    words = " ".join(badge.lower().split()).removeprefix("showing ")
    return _STATUSES.get(words, ShowingStatus.UNKNOWN)


def is_live(showing: SeenShowing) -> bool:
    return showing.status not in _DEAD


def read_showing(row: ShowingRow, *, near: date) -> SeenShowing | None:
    """What a row says, or None where it names no home, day or time.

    >>> row = ShowingRow(texts=("100 Example Boulevard #3008", "Dec 1, 2025", "8:00 PM - 8:30 PM", "New"))
    >>> seen = read_showing(row, near=date(2025, 11, 21))
    >>> seen.address, seen.date, seen.time, seen.duration_minutes, seen.badge
    ('100 Example Boulevard #3008', datetime.date(2025, 12, 1), datetime.time(20, 0), 30, 'New')
    """
    address = address_in(row.texts)
    rest = [text for text in row.texts if text != address]
    day = next((named for text in rest if (named := parse_day(text, near=near))), None)
    when = next((span for text in rest if (span := _time_in(text))), None)
    if not address or day is None or when is None:
        return None
    start, minutes = when
    if minutes is None:
        minutes = next((found for text in rest if (found := parse_minutes(text))), None)
    badge = row.badge or next((text for text in rest if status_of(text) is not ShowingStatus.UNKNOWN), "")
    city = place_in(rest)
    return SeenShowing(
        showing_id=row.showing_id,
        listing_id=row.listing_id,
        address=f"{address}, {city}" if city and not parse_address(address).city else address,
        date=day,
        time=start,
        duration_minutes=minutes,
        status=status_of(badge),
        badge=badge,
        url=row.url,
    )


def find_showing(showings: Iterable[SeenShowing], wanted: Wanted) -> SeenShowing | None:
    """The showing at exactly this home, day and time: a live one before a dead one."""
    fits = fitting_showings(showings, wanted)
    return next((seen for seen in fits if is_live(seen)), fits[0] if fits else None)


def fitting_showings(showings: Iterable[SeenShowing], wanted: Wanted) -> Sequence[SeenShowing]:
    """All at exactly this home, day and time, live or not."""
    return [seen for seen in showings if _likeness(wanted, seen) is Likeness.SAME]


def doubtful_showings(showings: Iterable[SeenShowing], wanted: Wanted) -> Sequence[SeenShowing]:
    """Those that may be the one wanted, had it been named in full."""
    return [seen for seen in showings if _likeness(wanted, seen) is Likeness.LOOSE]


def place_in(texts: Iterable[str]) -> str:
    """The first text that reads "Town, ON", with or without its postal code, or ""."""
    return next((text for text in texts if _is_place(text)), "")


def _likeness(wanted: Wanted, seen: SeenShowing) -> Likeness:
    if (wanted.date, wanted.time) != (seen.date, seen.time):
        return Likeness.OTHER
    if wanted.listing_id and seen.listing_id:
        return Likeness.SAME if wanted.listing_id == seen.listing_id else Likeness.OTHER
    return likeness(parse_address(wanted.address), parse_address(seen.address))


def _time_in(text: str) -> tuple[time, int | None] | None:
    if span := parse_range(text):
        return span
    start = parse_time(text)
    return (start, None) if start else None


def _is_place(text: str) -> bool:
    """Whether a text reads "Town, ON": a town, then a province.

    >>> _is_place("Toronto, ON M5V 1A1"), _is_place("Mon, Dec 1")
    (True, False)
    """
    town, comma, province = text.partition(",")
    words = province.split()
    if not comma or not words or any(letter.isdigit() for letter in town):
        return False
    return words[0].strip(".,").upper() in _PROVINCE_CODES


_PROVINCE_CODES = frozenset("ON QC BC AB MB SK NS NB NL PE NT NU YT ONTARIO QUEBEC".split())
