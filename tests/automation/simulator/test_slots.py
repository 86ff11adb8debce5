from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from automation.simulator.records import Listing
from automation.simulator.slots import Slot, SlotState, durations_at, slots_of, span, today

NOW = datetime(2026, 6, 10, 18, 5, tzinfo=UTC)  # 2:05 PM in Toronto
TODAY = date(2026, 6, 10)


def listing(**fields: Any) -> Listing:
    return Listing(id="0" * 24, mls_number="C10000001", street="1 Invented Street", **fields)


def open_times(slots: list[Slot]) -> list[time]:
    return [slot.time for slot in slots if slot.state is SlotState.OPEN]


def test_a_day_has_96_quarters_and_only_the_open_hours_can_be_booked() -> None:
    slots = slots_of(listing(opens=time(10), closes=time(11)), TODAY + timedelta(days=1), now=NOW)
    assert len(slots) == 96
    assert open_times(slots) == [time(10), time(10, 15), time(10, 30), time(10, 45)]


def test_today_begins_with_the_next_quarter_in_the_listings_own_zone() -> None:
    here = listing()
    assert open_times(slots_of(here, TODAY, now=NOW))[0] == time(14, 15)
    there = listing(time_zone="America/Vancouver")
    assert open_times(slots_of(there, TODAY, now=NOW))[0] == time(11, 15)


def test_the_minimum_notice_makes_early_slots_look_past() -> None:
    slots = slots_of(listing(notice_hours=3), TODAY, now=NOW)
    assert open_times(slots)[0] == time(17, 15)
    assert slots[4 * 17].state is SlotState.PAST


def test_after_hours_nothing_is_left_of_today() -> None:
    assert open_times(slots_of(listing(), TODAY, now=NOW + timedelta(hours=7))) == []


def test_a_busy_stretch_takes_every_quarter_that_it_touches() -> None:
    busy = [span(TODAY + timedelta(days=1), time(9, 10), 30, zone="America/Toronto")]
    first = open_times(slots_of(listing(), TODAY + timedelta(days=1), now=NOW, busy=busy))[0]
    assert first == time(9, 45)


def test_closed_weekdays_and_days_too_far_ahead_have_no_slot() -> None:
    thursday = date(2026, 6, 11)
    assert open_times(slots_of(listing(closed_weekdays=(3,)), thursday, now=NOW)) == []
    assert open_times(slots_of(listing(days_ahead=2), TODAY + timedelta(days=3), now=NOW)) == []
    assert open_times(slots_of(listing(days_ahead=2), TODAY + timedelta(days=2), now=NOW))


def test_the_hour_that_spring_skips_is_not_offered() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    slots = slots_of(listing(opens=time(0), closes=time(0)), date(2026, 3, 8), now=now)
    assert len(slots) == 92
    assert not [slot for slot in slots if slot.time.hour == 2]
    assert len(open_times(slots)) == 92


def test_the_hour_that_autumn_repeats_is_offered_once() -> None:
    now = datetime(2026, 10, 20, 12, tzinfo=UTC)
    slots = slots_of(listing(opens=time(0), closes=time(0)), date(2026, 11, 1), now=now)
    assert len(slots) == len({slot.time for slot in slots}) == 96


def test_a_showing_takes_real_minutes_over_a_clock_change() -> None:
    stretch = span(date(2026, 3, 8), time(1, 45), 30, zone="America/Toronto")
    assert stretch.end - stretch.start == timedelta(minutes=30)
    three = span(date(2026, 3, 8), time(3), 15, zone="America/Toronto")
    assert stretch.meets(three)


def test_the_listings_day_may_be_another_than_the_servers() -> None:
    midnight = datetime(2026, 6, 11, 2, tzinfo=UTC)
    assert today(listing(), now=midnight) == TODAY


def test_durations_end_at_the_maximum_and_at_the_next_taken_slot() -> None:
    day = TODAY + timedelta(days=1)
    busy = [span(day, time(10), 60, zone="America/Toronto")]
    slots = slots_of(listing(), day, now=NOW, busy=busy)
    assert durations_at(slots, time(9, 15), most=60) == [15, 30, 45]
    assert durations_at(slots, time(11), most=30) == [15, 30]
    assert durations_at(slots, time(10), most=60) == []
    assert durations_at(slots, time(19, 45), most=60) == [15]
    assert durations_at(slots, time(9, 7), most=60) == []
