"""The 15-minute slots of one listing on one day, in the listing's own zone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from automation.simulator.records import Listing

STEP = 15  # minutes
DURATIONS = (15, 30, 45, 60)
_DAY = 24 * 60


class SlotState(StrEnum):
    OPEN = "open"
    UNAVAILABLE = "unavailable"
    PAST = "past"  # gone by, or too soon for the listing's minimum notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    time: time
    state: SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of real time, aware, the end not included."""

    start: datetime
    end: datetime

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def read_day(text: str) -> date:
    """A day as the pages send it; raises ValueError for what no calendar here shows.

    >>> read_day("2026-11-23")
    datetime.date(2026, 11, 23)
    """
    day = date.fromisoformat(text)
    if not 2000 <= day.year <= 2100:
        raise ValueError(f"{text} is out of range")
    return day


def span(day: date, at: time, minutes: int, *, zone: str) -> Span:
    """From a wall-clock start; minutes are real ones, also over a clock change.

    >>> span(date(2026, 7, 1), time(17), 30, zone="America/Toronto").start.isoformat()
    '2026-07-01T21:00:00+00:00'
    """
    start = datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return Span(start=start, end=start + timedelta(minutes=minutes))


def exists(day: date, at: time, *, zone: str) -> bool:
    """Whether a clock on the wall ever shows this time: not in the hour skipped in spring.

    >>> exists(date(2026, 3, 8), time(2, 30), zone="America/Toronto")
    False
    """
    wall = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None)


def today(listing: Listing, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(listing.time_zone)).date()


def slots_of(listing: Listing, day: date, *, now: datetime, busy: Iterable[Span] = ()) -> list[Slot]:
    """Every slot of the day, midnight to midnight, with what it is worth at `now` (aware).

    `busy` are stretches that may not be booked. The hour that a clock change repeats is listed once.
    """
    taken = list(busy)
    starts = (time(minute // 60, minute % 60) for minute in range(0, _DAY, STEP))
    return [
        Slot(time=at, state=_state(listing, day, at, now=now, taken=taken))
        for at in starts
        if exists(day, at, zone=listing.time_zone)
    ]


def durations_at(slots: Sequence[Slot], at: time, *, most: int) -> list[int]:
    """Minutes that fit from `at` on without meeting a slot that is not open, up to `most`; empty if none.

    >>> states = {0: SlotState.OPEN, 15: SlotState.OPEN, 30: SlotState.UNAVAILABLE}
    >>> day = [Slot(time=time(9, minute), state=state) for minute, state in states.items()]
    >>> durations_at(day, time(9), most=60), durations_at(day, time(9, 30), most=60)
    ([15, 30], [])
    """
    index = next((n for n, slot in enumerate(slots) if slot.time == at), len(slots))
    free = 0
    for slot in slots[index:]:
        if slot.state is not SlotState.OPEN:
            break
        free += STEP
    return [minutes for minutes in DURATIONS if minutes <= min(free, most)]


def _state(listing: Listing, day: date, at: time, *, now: datetime, taken: list[Span]) -> SlotState:
    this = span(day, at, STEP, zone=listing.time_zone)
    if this.start < now + timedelta(hours=listing.notice_hours):
        return SlotState.PAST
    last_day = today(listing, now=now) + timedelta(days=listing.days_ahead)
    if day > last_day or day.weekday() in listing.closed_weekdays:
        return SlotState.UNAVAILABLE
    if 0 <= _minute(at) - _minute(listing.taken_from) < listing.taken_minutes:
        return SlotState.UNAVAILABLE
    closes = _minute(listing.closes) or _DAY
    if not _minute(listing.opens) <= _minute(at) < closes:
        return SlotState.UNAVAILABLE
    return SlotState.UNAVAILABLE if any(this.meets(other) for other in taken) else SlotState.OPEN


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
