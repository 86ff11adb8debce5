"""Calendar files as two independent readers understand them, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bookings import ics
from tests.bookings.calendar_readers import READERS

TORONTO = ZoneInfo("America/Toronto")
NASTY = (
    "12 Rue de l’Église; app. 3, Montréal (Québec) 🏡 C:\\temp\nsecond line, with a comma\r\nthird\x07\tline"
    " and a long tail that must be folded in the middle of the accented words: éééééééééééééééééééé"
)
READ_BACK = NASTY.replace("\r\n", "\n").replace("\x07", "").replace("\t", " ")


def event(starts: datetime, *, minutes: int = 30, **fields: Any) -> ics.Event:
    values: dict[str, Any] = {
        "uid": "one",
        "sequence": 0,
        "standing": ics.Standing.CONFIRMED,
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=minutes),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "changed_at": datetime(2026, 1, 2, tzinfo=UTC),
        "summary": "Showing",
        "location": "12 King St",
        "description": "Ring twice",
    }
    return ics.Event(**{**values, **fields})


def wall(zone: tzinfo, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=zone, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


# Toronto's clocks go forward at 2 AM on 8 March 2026, and back at 2 AM on 1 November 2026.
CLOCK_CHANGES = [
    pytest.param(wall(TORONTO, 2026, 3, 8, 1, 45), "2026-03-08T06:45:00", id="just before they go forward"),
    pytest.param(wall(TORONTO, 2026, 3, 8, 3, 0), "2026-03-08T07:00:00", id="just after they went forward"),
    pytest.param(wall(TORONTO, 2026, 3, 8, 10, 0), "2026-03-08T14:00:00", id="that morning"),
    pytest.param(wall(TORONTO, 2026, 3, 7, 10, 0), "2026-03-07T15:00:00", id="the day before"),
    pytest.param(wall(TORONTO, 2026, 11, 1, 1, 30), "2026-11-01T05:30:00", id="the first half past one"),
    pytest.param(wall(TORONTO, 2026, 11, 1, 1, 30, fold=1), "2026-11-01T06:30:00", id="the second one"),
    pytest.param(wall(TORONTO, 2026, 11, 1, 10, 0), "2026-11-01T15:00:00", id="that November morning"),
    pytest.param(
        wall(ZoneInfo("America/St_Johns"), 2026, 7, 1, 10, 0), "2026-07-01T12:30:00", id="half an hour"
    ),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(("starts", "utc"), CLOCK_CHANGES)
def test_every_reader_finds_the_moment(read: Any, starts: datetime, utc: str) -> None:
    found = read(ics.calendar([event(starts)], name="Showings"))["events"][0]
    assert found["starts"] == utc
    assert datetime.fromisoformat(found["ends"]) - datetime.fromisoformat(found["starts"]) == timedelta(
        minutes=30
    )


@pytest.mark.parametrize("read", READERS)
def test_every_reader_finds_every_word_of_a_nasty_text(read: Any) -> None:
    starts = datetime(2026, 7, 1, 14, tzinfo=UTC)
    nasty = event(starts, summary=NASTY, location=NASTY, description=NASTY, url="https://x.example/1?a=b&c=d")
    read_back = read(
        ics.calendar(
            [nasty, event(starts, uid="two", sequence=4, standing=ics.Standing.CANCELLED)],
            method=ics.Method.PUBLISH,
            organizer=ics.Organizer(name='Maple "Team"; Ltd: 7,', email="portal@example.com"),
        )
    )
    first, second = read_back["events"]
    assert (read_back["method"], read_back["name"]) == ("PUBLISH", None)
    assert first["summary"] == first["location"] == first["description"] == READ_BACK
    assert first["url"] == "https://x.example/1?a=b&c=d"
    assert (second["uid"], second["sequence"], second["status"]) == ("two", 4, "CANCELLED")


@pytest.mark.parametrize("read", READERS)
def test_a_calendar_may_be_empty_and_has_a_name(read: Any) -> None:
    assert read(ics.calendar([], name="Showings of Érable; Ltd")) == {
        "method": None,
        "name": "Showings of Érable Ltd",
        "events": [],
    }


def test_lines_end_and_fold_as_the_format_says() -> None:
    content = ics.calendar([event(datetime(2026, 7, 1, 14, tzinfo=UTC), description=NASTY * 3)], name=NASTY)
    assert content.endswith(b"END:VCALENDAR\r\n")
    lines = content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    for line in lines:
        line.decode()  # no character is torn apart


def test_an_unchanged_calendar_is_the_same_file() -> None:
    starts = datetime(2026, 7, 1, 14, tzinfo=UTC)
    assert ics.calendar([event(starts)]) == ics.calendar([event(starts)])
