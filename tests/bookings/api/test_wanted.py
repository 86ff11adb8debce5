from __future__ import annotations

import doctest
from datetime import date, time

import pytest

from bookings.api import errors, wanted


@pytest.mark.parametrize("module", [wanted, errors])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    ["", " ", "0", "32", "00", "1.5", "-1", "tomorrow", "2026-13-01", "2026-02-29", "20260731", "2026-W30-1",
     "2026-07-31T10:00:00", "31/07/2026", "٣١", 0, 32, -1, 1.0, True, None, [], {}],
)  # fmt: skip
def test_what_is_no_day_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match=r"^(Write the day|There is no)"):
        wanted.day_said(said)


@pytest.mark.parametrize(
    "said",
    ["", "10", "10:0", "10:60", "24:00", "0:30 AM", "13:00 PM", "10:00 XM", "10.00", "10:00:00", "ten",
     "١٠:٠٠", 10, 10.5, None, True, ["10:00"]],
)  # fmt: skip
def test_what_is_no_time_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="Write the time"):
        wanted.time_said(said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("00:00", time(0)), ("9:05", time(9, 5)), ("12:00 PM", time(12)), ("12:00 AM", time(0)),
     ("1:15pm", time(13, 15)), ("11:45 p.m.", time(23, 45)), (" 10:00 AM ", time(10))],
)  # fmt: skip
def test_a_time_is_understood_with_and_without_am_and_pm(said: str, meant: time) -> None:
    assert wanted.time_said(said) == meant


@pytest.mark.parametrize("said", [0, 20, 90, -15, 30.0, "", "030", "half an hour", True, None, [30], 10**30])
def test_what_brokerbay_does_not_offer_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="Choose 15, 30, 45 or 60"):
        wanted.minutes_said(said)


@pytest.mark.parametrize(
    ("number", "today", "meant"),
    [(1, date(2026, 1, 31), date(2026, 2, 1)), (31, date(2026, 4, 1), date(2026, 5, 31)),
     (29, date(2026, 2, 1), date(2026, 3, 29)), (29, date(2028, 2, 1), date(2028, 2, 29)),
     (5, date(2026, 12, 6), date(2027, 1, 5)), (6, date(2026, 12, 6), date(2026, 12, 6))],
)  # fmt: skip
def test_a_bare_day_is_the_next_day_of_that_number(number: int, today: date, meant: date) -> None:
    assert wanted.next_such_day(number, today=today) == meant
