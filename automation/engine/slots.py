"""BrokerBay's words for days, times and durations, read into values. Pure; wall-clock, no time zones."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from automation.engine.contract import OpenSlot

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_CLOCK = r"(\d{1,2})(?::(\d{2}))?\s*([ap])\.?\s?m\b\.?"
_TIME = re.compile(_CLOCK, re.IGNORECASE)
_RANGE = re.compile(_CLOCK + r"\s*(?:-|–|—|to)\s*" + _CLOCK, re.IGNORECASE)
_MONTH_NAME = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MONTH_FIRST = re.compile(
    r"\b" + _MONTH_NAME + r"\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th)?\s+" + _MONTH_NAME + r"\b(?:,?\s+(\d{4})\b)?", re.IGNORECASE
)
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_HOURS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:hours?|hrs?|h)\b", re.IGNORECASE)
_MINUTES = re.compile(r"(\d+)\s*(?:minutes?|mins?|m)\b", re.IGNORECASE)


def parse_time(text: str) -> time | None:
    """The first clock time in `text`.

    >>> parse_time("7:15 AM"), parse_time("12:00 AM"), parse_time("12:30pm"), parse_time("8 PM")
    (datetime.time(7, 15), datetime.time(0, 0), datetime.time(12, 30), datetime.time(20, 0))
    >>> parse_time("Duration (max 30 min )") is None
    True
    """
    match = _TIME.search(text)
    return _clock(*match.groups()) if match else None


def parse_range(text: str) -> tuple[time, int] | None:
    """Start and length in minutes of a span; a span over midnight is understood.

    >>> parse_range("8:00 PM - 8:30 PM")
    (datetime.time(20, 0), 30)
    >>> parse_range("11:45 PM – 12:15 AM")
    (datetime.time(23, 45), 30)
    """
    match = _RANGE.search(text)
    if match is None:
        return None
    groups = match.groups()
    start, end = _clock(*groups[:3]), _clock(*groups[3:])
    if start is None or end is None:
        return None
    day = date(2000, 1, 1)
    span = datetime.combine(day, end) - datetime.combine(day, start)
    if span <= timedelta(0):
        span += timedelta(days=1)
    return start, int(span.total_seconds()) // 60


def parse_day(text: str, *, near: date) -> date | None:
    """The day named in `text`; where the year is left out, the one that brings it closest to `near`.

    >>> june = date(2026, 6, 1)
    >>> parse_day("Mon, Dec 1, 2025", near=june), parse_day("July 7th 5:00 PM", near=june)
    (datetime.date(2025, 12, 1), datetime.date(2026, 7, 7))
    >>> parse_day("January 2nd", near=date(2025, 12, 30)), parse_day("2025-12-01", near=date(2025, 1, 1))
    (datetime.date(2026, 1, 2), datetime.date(2025, 12, 1))
    """
    if iso := _ISO_DAY.search(text):
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    if named := _MONTH_FIRST.search(text):
        month, day, year = _month_number(named[1]), int(named[2]), named[3]
    elif named := _DAY_FIRST.search(text):
        month, day, year = _month_number(named[2]), int(named[1]), named[3]
    else:
        return None
    if year:
        return _day(int(year), month, day)
    days = [_day(near.year + step, month, day) for step in (-1, 0, 1)]
    return min((found for found in days if found), key=lambda found: abs(found - near), default=None)


def parse_month(heading: str) -> date | None:
    """The first of the month that a calendar's heading names.

    >>> parse_month("2025 December"), parse_month("Feb 2026")
    (datetime.date(2025, 12, 1), datetime.date(2026, 2, 1))
    """
    year = re.search(r"\b(\d{4})\b", heading)
    name = re.search(r"\b" + _MONTH_NAME, heading, re.IGNORECASE)
    return date(int(year[1]), _month_number(name[1]), 1) if year and name else None


def months_to(wanted: date, *, shown: date) -> int:
    """How many months forward (negative: back) the calendar must turn.

    >>> december = date(2025, 12, 1)
    >>> months_to(date(2026, 2, 3), shown=december), months_to(december, shown=date(2026, 1, 1))
    (2, -1)
    """
    return (wanted.year - shown.year) * 12 + wanted.month - shown.month


def add_months(month: date, count: int) -> date:
    """The first of the month so many months on (negative: back).

    >>> add_months(date(2025, 12, 1), 2), add_months(date(2026, 1, 31), -1)
    (datetime.date(2026, 2, 1), datetime.date(2025, 12, 1))
    """
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def month_cells(numbers: Sequence[int], *, month: date) -> range | None:
    """Which of a calendar's cells, by their numbers in order, are the month's own days; None if not shown.

    The cells before the first 1 and after the last day belong to the neighbours, whatever their numbers.

    >>> month_cells([30, *range(1, 32), 1, 2, 3], month=date(2025, 12, 1))
    range(1, 32)
    >>> month_cells([*range(1, 31), 1], month=date(2025, 12, 1)) is None
    True
    """
    length = calendar.monthrange(month.year, month.month)[1]
    start = next((index for index, number in enumerate(numbers) if number == 1), None)
    if start is None or list(numbers[start : start + length]) != list(range(1, length + 1)):
        return None
    return range(start, start + length)


def parse_minutes(text: str) -> int | None:
    """A duration in minutes.

    >>> [parse_minutes(text) for text in ("Duration (max 30 min )", "Duration (max 1 hr)", "1 hr 30 min")]
    [30, 60, 90]
    >>> parse_minutes("1.5 hours"), parse_minutes("none") is None
    (90, True)
    """
    hours, minutes = _HOURS.search(text), _MINUTES.search(text)
    if not hours and not minutes:
        return None
    return round(float(hours[1]) * 60 if hours else 0) + (int(minutes[1]) if minutes else 0)


def say_time(moment: time) -> str:
    """As BrokerBay's slots spell it.

    >>> say_time(time(0, 5)), say_time(time(19, 15))
    ('12:05 AM', '7:15 PM')
    """
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"


def say_day(day: date) -> str:
    """
    >>> say_day(date(2025, 12, 1))
    'Monday, December 1, 2025'
    """
    return f"{day:%A}, {MONTHS[day.month - 1].title()} {day.day}, {day.year}"


def say_minutes(minutes: int) -> str:
    """
    >>> say_minutes(45), say_minutes(60), say_minutes(90)
    ('45 minutes', '1 hour', '1 hour 30 minutes')
    """
    hours, rest = divmod(minutes, 60)
    said = [f"{hours} hour{'s' if hours > 1 else ''}"] if hours else []
    if rest or not hours:
        said.append(f"{rest} minute{'' if rest == 1 else 's'}")
    return " ".join(said)


def say_open(slots: tuple[OpenSlot, ...], *, wanted: time, most: int = 6) -> str:
    """The open times closest to the wanted one, in the day's order, as part of a sentence.

    >>> day = date(2025, 12, 1)
    >>> open_slots = (OpenSlot(date=day, time=time(9)), OpenSlot(date=day, time=time(18)))
    >>> say_open(open_slots, wanted=time(17), most=1)
    'Open nearby: 6:00 PM.'
    >>> say_open((), wanted=time(17))
    'BrokerBay offers no time that day.'
    """
    if not slots:
        return "BrokerBay offers no time that day."
    minute = wanted.hour * 60 + wanted.minute
    nearest = sorted(slots, key=lambda slot: abs(slot.time.hour * 60 + slot.time.minute - minute))[:most]
    return f"Open nearby: {', '.join(say_time(slot.time) for slot in sorted(nearest, key=lambda s: s.time))}."


def _clock(hour: str, minute: str | None, half: str) -> time | None:
    hours, minutes = int(hour), int(minute or 0)
    if not 1 <= hours <= 12 or minutes > 59:
        return None
    return time(hours % 12 + (12 if half.lower() == "p" else 0), minutes)


def _month_number(name: str) -> int:
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
