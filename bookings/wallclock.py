"""Wall-clock times at a property's door, and the instants they mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """The clocks skip this time on that day."""


def instant(day: date, at: time, zone: str) -> datetime:
    """The aware UTC moment of a wall-clock time; of two equal ones (clocks go back) the first.

    >>> instant(date(2026, 7, 1), time(10), "America/Toronto").isoformat()
    '2026-07-01T14:00:00+00:00'
    >>> instant(date(2026, 3, 8), time(2, 30), "America/Toronto")
    Traceback (most recent call last):
    bookings.wallclock.NoSuchTime: 02:30 does not exist on 2026-03-08 in America/Toronto
    >>> [instant(date(2026, 11, 1), time(1, 30, fold=fold), "America/Toronto").hour for fold in (1, 0)]
    [5, 5]
    """
    # A cache takes two equal times for one, and they are equal whatever their folds.
    return _instant(day, at.replace(fold=0), zone)


# A pass asks for the same quarters of an hour of the same days again and again.
@lru_cache(maxsize=8192)
def _instant(day: date, at: time, zone: str) -> datetime:
    local = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    moment = local.astimezone(UTC)
    if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NoSuchTime(f"{at:%H:%M} does not exist on {day} in {zone}")
    return moment
