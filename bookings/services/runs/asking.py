"""What may be asked of BrokerBay at all: real times on its grid, lengths it offers, texts that fit."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from bookings import wallclock
from bookings.models.partner import ShowingMinutes, check_time_zone
from bookings.services.errors import Rejected
from bookings.services.runs.figures import FARTHEST_START

TOO_FAR = "That day is more than about 18 months away. Check the year, or pick a nearer day."
GRID = 15  # minutes: BrokerBay offers a start every quarter of an hour
LONGEST_TEXT = 300


def text(said: str, *, field: str) -> str:
    """A text as a person typed it, in any script, without the blanks around it.

    Raises Rejected for one that is too long or holds control characters, which no address has.
    """
    trimmed = said.strip()
    if len(trimmed) > LONGEST_TEXT:
        raise Rejected(f"This is too long: at most {LONGEST_TEXT} characters are read.", field=field)
    if not is_text(trimmed):
        raise Rejected("This holds control characters; type it anew without them.", field=field)
    return trimmed


def is_text(said: str) -> bool:
    """Whether it can be stored and shown: no control character, and no half of a letter.

    >>> is_text("12 Côte-des-Neiges"), is_text("12\\x00"), is_text("12\\udcff")
    (True, False, False)
    """
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in said)


def zone(name: str) -> str:
    """A known time zone's name. Raises Rejected."""
    try:
        check_time_zone(name)
    except Exception as unknown:
        raise Rejected(f"“{name[:64]}” is no time zone; write it like America/Toronto.") from unknown
    return name


def minutes(said: int | None) -> int:
    """A length that BrokerBay offers. Raises Rejected."""
    if said is None:
        raise Rejected("Say how long the showing is to last.", field="duration")
    if said not in ShowingMinutes.values:
        raise Rejected("BrokerBay offers 15, 30, 45 or 60 minutes; choose one of them.", field="duration")
    return said


def start(day: date | None, at: time | None, in_zone: str) -> datetime:
    """The moment of a wall-clock start at the property. Raises Rejected when no showing can start then."""
    if day is None:
        raise Rejected("Name the day of the showing.", field="date")
    if at is None:
        raise Rejected("Name the time of the showing.", field="time")
    if not on_grid(at):
        before, after = neighbours(at)
        raise Rejected(
            f"BrokerBay's showings start every quarter of an hour: pick {before:%H:%M} or {after:%H:%M}.",
            field="time",
        )
    try:
        starts_at = wallclock.instant(day, at, in_zone)
    except wallclock.NoSuchTime as skipped:
        raise Rejected(
            f"{skipped}: the clocks change that night. Pick another time.", field="time"
        ) from skipped
    except OverflowError as far:
        raise Rejected(TOO_FAR, field="date") from far
    now = timezone.now()
    if starts_at <= now:
        raise Rejected("That time has already passed at the property. Pick a later one.", field="date")
    if starts_at > now + FARTHEST_START:
        raise Rejected(TOO_FAR, field="date")
    return starts_at


def day(said: date | None, in_zone: str) -> date | None:
    """A day whose open times can be asked for, if one was said. Raises Rejected."""
    today = timezone.now().astimezone(ZoneInfo(in_zone)).date()
    if said is not None and said < today:
        raise Rejected("That day has already passed at the property. Pick a later one.", field="date")
    if said is not None and said > today + FARTHEST_START:
        raise Rejected(TOO_FAR, field="date")
    return said


def on_grid(at: time) -> bool:
    """
    >>> on_grid(time(10, 45)), on_grid(time(10, 50))
    (True, False)
    """
    return at.minute % GRID == 0 and at.second == 0 and at.microsecond == 0


def neighbours(at: time) -> tuple[time, time]:
    """The quarter hours before and after a time; after the day's last one comes midnight.

    >>> neighbours(time(10, 50))
    (datetime.time(10, 45), datetime.time(11, 0))
    """
    before = datetime(2000, 1, 1, at.hour, at.minute - at.minute % GRID)  # noqa: DTZ001 - a clock face
    return before.time(), (before + timedelta(minutes=GRID)).time()
