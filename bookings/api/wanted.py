"""What a client says of the wanted day, time and length, understood strictly: nothing is ever filled in."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

from bookings.models.partner import ShowingMinutes

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
BARE_DAY = re.compile(r"0?[1-9]|[12][0-9]|3[01]")
CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?: ?([AaPp])\.?[Mm]\.?)?")
MINUTES = tuple(ShowingMinutes.values)
DAY_HINT = "Write the day as 2026-07-31, or as a bare day of the month like 31."
TIME_HINT = "Write the time as 10:00 AM or 10:00."
MINUTES_HINT = "Choose 15, 30, 45 or 60 minutes."


def day_said(said: object) -> date | int:
    """A date, or a bare day of the month (1 to 31), as said. Raises ValueError with a sentence.

    >>> day_said("2026-07-31"), day_said("31"), day_said(9)
    (datetime.date(2026, 7, 31), 31, 9)
    >>> day_said("2026-02-30")
    Traceback (most recent call last):
    ValueError: There is no 2026-02-30 in the calendar.
    """
    if isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= 31:
        return said
    text = said.strip() if isinstance(said, str) else ""
    if BARE_DAY.fullmatch(text):
        return int(text)
    if not ISO_DATE.fullmatch(text):
        raise ValueError(DAY_HINT)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"There is no {text} in the calendar.") from None


def time_said(said: object) -> time:
    """A wall-clock time, with or without AM and PM. Raises ValueError with a sentence.

    >>> time_said("10:00 AM"), time_said("12:15 am"), time_said("22:30")
    (datetime.time(10, 0), datetime.time(0, 15), datetime.time(22, 30))
    >>> time_said("13:00 PM")
    Traceback (most recent call last):
    ValueError: Write the time as 10:00 AM or 10:00.
    """
    matched = CLOCK.fullmatch(said.strip()) if isinstance(said, str) else None
    if matched is None:
        raise ValueError(TIME_HINT)
    hour, minute, half = int(matched[1]), int(matched[2]), (matched[3] or "").lower()
    if (half and not 1 <= hour <= 12) or hour > 23:
        raise ValueError(TIME_HINT)
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute)


def minutes_said(said: object) -> int:
    """A length that BrokerBay's clients may ask for. Raises ValueError with a sentence.

    >>> minutes_said(30), minutes_said("45")
    (30, 45)
    >>> minutes_said(40)
    Traceback (most recent call last):
    ValueError: Choose 15, 30, 45 or 60 minutes.
    """
    number = int(said) if isinstance(said, str) and re.fullmatch("[0-9]{2}", said.strip()) else said
    if isinstance(number, bool) or not isinstance(number, int) or number not in MINUTES:
        raise ValueError(MINUTES_HINT)
    return number


def next_such_day(day_of_month: int, *, today: date) -> date:
    """The next day that bears this number, today included; months without it are passed over.

    >>> next_such_day(15, today=date(2026, 7, 15)), next_such_day(14, today=date(2026, 7, 15))
    (datetime.date(2026, 7, 15), datetime.date(2026, 8, 14))
    >>> next_such_day(31, today=date(2027, 2, 1))
    datetime.date(2027, 3, 31)
    """
    day = today
    while day.day != day_of_month:
        day += timedelta(days=1)
    return day
