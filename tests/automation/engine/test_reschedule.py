"""Showings moved to another time by a real browser on a local BrokerBay."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from automation.engine.contract import KnownShowing, OrderKind, Outcome, Result, ShowingStatus
from tests.automation.engine.conftest import ACCOUNT, Bay, Remembering

SHOWN = "100 Example Boulevard #3008, Toronto, ON"
LATER = time(16, 30)
EVERY_STEP = [
    "open_site",
    "open_showing",
    "open_wizard",
    "choose_date",
    "choose_slot",
    "choose_duration",
    "submit",
    "verify",
]


def kept(bay: Bay, **changes: object) -> str:
    wish = {"listing_id": bay.listing_id, "account": ACCOUNT, "date": bay.day, "time": time(14)}
    return bay.control.add_showing(**{**wish, **changes})  # type: ignore[arg-type]


def move(
    bay: Bay,
    showing_id: str = "",
    *,
    listener: Remembering | None = None,
    known: dict[str, object] | None = None,
    patience: dict[str, float] | None = None,
    **order: object,
) -> Outcome:
    showing = {
        "address": SHOWN, "date": bay.day, "time": time(14), "showing_id": showing_id, **(known or {})
    }  # fmt: skip
    wish = {"kind": OrderKind.RESCHEDULE, "time": LATER, "showing": KnownShowing(**showing), **order}  # type: ignore[arg-type]
    return bay.play(bay.order(**wish), listener=listener, **(patience or {}))


@pytest.mark.parametrize("days", [0, 1, -1, 40])
def test_a_showing_is_moved_and_seen_at_its_new_time(bay: Bay, days: int) -> None:
    showing_id, day = kept(bay), bay.day + timedelta(days=days)
    listener = Remembering()
    outcome = move(bay, showing_id, listener=listener, date=day, duration_minutes=45)
    assert outcome.result is Result.BOOKED, outcome
    seen = outcome.showing
    assert seen is not None
    assert (seen.showing_id, seen.date, seen.time, seen.duration_minutes) == (showing_id, day, LATER, 45)
    assert seen.status is ShowingStatus.CONFIRMED
    assert (listener.steps, listener.gates) == (EVERY_STEP, 1)
    [post] = bay.control.posts()
    assert (post.kind, post.showing_id, post.committed) == ("reschedule", showing_id, True)
    [one] = bay.control.showings()
    assert (one.date, one.time, one.minutes) == (day, LATER, 45)


def test_one_that_wants_approval_waits_again(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, auto_confirm=False)
    outcome = move(bay, kept(bay))
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.REQUESTED


def test_one_without_id_is_found_in_the_list(bay: Bay) -> None:
    showing_id = kept(bay)
    kept(bay, time=time(9))
    outcome = move(bay)
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.showing is not None
    assert outcome.showing.showing_id == showing_id


def test_a_time_that_is_taken_is_refused_with_the_open_ones(bay: Bay) -> None:
    bay.control.block_slot(bay.listing_id, on=bay.day, at=LATER, minutes=15)
    outcome = move(bay, kept(bay))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_unavailable")
    assert time(16, 15) in [slot.time for slot in outcome.open_slots]
    assert not bay.control.posts()


def test_the_same_time_is_nothing_to_move(bay: Bay) -> None:
    outcome = move(bay, kept(bay), time=time(14))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "same_time")
    assert not bay.control.posts()


def test_one_that_stands_at_its_new_time_already_is_adopted(bay: Bay) -> None:
    outcome = move(bay, kept(bay, time=LATER))
    assert (outcome.result, outcome.submitted) == (Result.BOOKED, False), outcome
    assert not bay.control.posts()


@pytest.mark.parametrize("status", ["New", "Cancelled", "Declined"])
def test_one_without_the_button_cannot_be_moved(bay: Bay, status: str) -> None:
    outcome = move(bay, kept(bay, status=status))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "not_reschedulable")
    assert not bay.control.posts()


def test_one_at_another_time_than_the_order_says_is_left_alone(bay: Bay) -> None:
    outcome = move(bay, kept(bay, time=time(10)))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "showing_not_found")


def test_a_rehearsed_move_stops_before_the_last_click(bay: Bay) -> None:
    listener = Remembering()
    outcome = move(bay, kept(bay), rehearse=True, listener=listener)
    assert (outcome.result, outcome.submitted, listener.gates) == (Result.REHEARSED, False, 0), outcome
    assert bay.control.showings()[0].time == time(14)


@pytest.mark.parametrize(
    ("fault", "then"),
    [("dropped_before_commit", time(14)), ("dropped_after_commit", LATER), ("error_after_commit", LATER)],
)
def test_without_a_clear_answer_its_page_settles_it(bay: Bay, fault: str, then: time) -> None:
    showing_id = kept(bay)
    bay.control.set_fault(fault)
    outcome = move(bay, showing_id, patience={"answer_timeout": 2.0})
    assert (outcome.result, outcome.submitted) == (Result.UNCONFIRMED, True)
    settled = move(bay, showing_id, kind=OrderKind.LOOK_UP)
    assert settled.result is Result.FOUND
    assert settled.showing is not None
    assert settled.showing.time == then
    assert len(bay.control.posts()) == 1
