import doctest
from datetime import date, time
from types import ModuleType

import pytest

from automation.engine import answers, listings, showings, slots
from automation.engine.slots import months_to, parse_day, parse_minutes, parse_month, parse_range, parse_time


@pytest.mark.parametrize("module", [slots, listings, showings, answers])
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.attempted
    assert not result.failed


def test_every_quarter_hour_of_a_day_is_read_back() -> None:
    for minute in range(0, 24 * 60, 15):
        moment = time(minute // 60, minute % 60)
        assert parse_time(slots.say_time(moment)) == moment


@pytest.mark.parametrize(
    "text", ["", "13:00 PM", "0:15 AM", "7:75 PM", "Duration", "7", "19:15", "5 minutes"]
)
def test_what_is_no_clock_time_is_not_read_as_one(text: str) -> None:
    assert parse_time(text) is None


def test_a_span_gives_its_length() -> None:
    assert parse_range("8:00 PM - 8:30 PM") == (time(20, 0), 30)
    assert parse_range("11:30 AM to 12:15 PM") == (time(11, 30), 45)
    assert parse_range("8:00 PM") is None


@pytest.mark.parametrize(
    "text",
    [
        "Dec 1, 2025",
        "December 1st, 2025",
        "Mon, December 1, 2025",
        "2025-12-01",
        "1 December 2025",
        "Dec. 1 2025",
    ],
)
def test_a_full_date_is_read(text: str) -> None:
    assert parse_day(text, near=date(2020, 1, 1)) == date(2025, 12, 1)


def test_a_date_without_year_is_the_closest_one() -> None:
    assert parse_day("July 7th 5:00 PM", near=date(2026, 6, 30)) == date(2026, 7, 7)
    assert parse_day("January 2nd", near=date(2025, 12, 30)) == date(2026, 1, 2)
    assert parse_day("December 30th", near=date(2026, 1, 2)) == date(2025, 12, 30)


def test_a_date_that_no_calendar_has_is_not_read() -> None:
    assert parse_day("February 30, 2026", near=date(2026, 1, 1)) is None


def test_the_calendar_turns_by_whole_months() -> None:
    assert parse_month("2025 December") == date(2025, 12, 1)
    assert parse_month("December") is None
    assert months_to(date(2026, 3, 31), shown=date(2025, 12, 1)) == 3
    assert months_to(date(2025, 12, 31), shown=date(2026, 1, 1)) == -1


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("Duration (max 30 min )", 30),
        ("Duration (max 1 hr)", 60),
        ("45 Minutes", 45),
        ("1 hr 15 min", 75),
        ("", None),
    ],
)
def test_a_duration_is_read_in_minutes(text: str, minutes: int | None) -> None:
    assert parse_minutes(text) == minutes
