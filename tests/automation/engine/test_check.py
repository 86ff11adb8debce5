"""Asking without booking: a listing's open slots, one showing, the account's whole list."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from automation.engine.contract import KnownShowing, OrderKind, Result, ShowingStatus
from tests.automation.engine.conftest import ACCOUNT, ADDRESS, Bay

SHOWN = "100 Example Boulevard #3008, Toronto, ON"


def known(bay: Bay, **changes: object) -> KnownShowing:
    return KnownShowing(**{"address": SHOWN, "date": bay.day, "time": time(14), **changes})  # type: ignore[arg-type]


def kept(bay: Bay, **changes: object) -> str:
    wish = {"listing_id": bay.listing_id, "account": ACCOUNT, "date": bay.day, "time": time(14)}
    return bay.control.add_showing(**{**wish, **changes})  # type: ignore[arg-type]


def test_a_check_of_a_day_tells_its_open_slots_and_the_longest_showing(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, max_minutes=45)
    bay.control.block_slot(bay.listing_id, on=bay.day, at=time(9), minutes=60)
    outcome = bay.play(bay.order(kind=OrderKind.CHECK, time=None, duration_minutes=None))
    assert outcome.result is Result.FOUND, outcome
    assert [slot.time for slot in outcome.open_slots] == bay.control.open_slots(bay.listing_id, bay.day)
    assert {slot.date for slot in outcome.open_slots} == {bay.day}
    assert outcome.listing is not None
    assert (outcome.listing.auto_confirm, outcome.listing.max_minutes) == (True, 45)
    assert not bay.control.posts()


def test_a_check_of_a_day_without_slots_is_answered_too(bay: Bay) -> None:
    bay.control.set_fault("no_slots")
    outcome = bay.play(bay.order(kind=OrderKind.CHECK, time=None, duration_minutes=None))
    assert (outcome.result, outcome.open_slots) == (Result.FOUND, ())


def test_reconciling_reads_every_page_of_the_list(bay: Bay) -> None:
    for number in range(19):
        kept(bay, date=bay.day + timedelta(days=number), status="Declined" if number % 2 else "Confirmed")
    outcome = bay.play(bay.order(kind=OrderKind.RECONCILE, mls_number="", address=""))
    assert outcome.result is Result.FOUND, outcome
    assert len(outcome.own_showings) == 19
    assert {seen.status for seen in outcome.own_showings} == {ShowingStatus.CONFIRMED, ShowingStatus.DECLINED}


def test_an_empty_list_is_read_as_empty(bay: Bay) -> None:
    outcome = bay.play(bay.order(kind=OrderKind.RECONCILE))
    assert (outcome.result, outcome.own_showings) == (Result.FOUND, ())


@pytest.mark.parametrize(("switch", "count"), [("empty_first", 3), ("pager_first", 19)])
def test_rows_that_come_late_are_not_missed(bay: Bay, switch: str, count: int) -> None:
    for number in range(count):
        kept(bay, date=bay.day + timedelta(days=number))
    bay.control.set_fault(switch)
    bay.control.set_fault("slow", path="/my/showings", seconds=0.3)
    outcome = bay.play(bay.order(kind=OrderKind.RECONCILE, mls_number="", address=""))
    assert (outcome.result, len(outcome.own_showings)) == (Result.FOUND, count)


def test_a_list_that_stays_empty_while_it_loads_is_not_believed(bay: Bay) -> None:
    bay.control.set_fault("empty_first")
    bay.control.set_fault("slow", path="/my/showings", seconds=6)
    outcome = bay.play(bay.order(kind=OrderKind.RECONCILE), step_timeout=2.0)
    assert (outcome.result, outcome.code) == (Result.BROKE, "page_changed")
    assert "while it was still loading" in outcome.message


@pytest.mark.parametrize(
    ("badge", "status"), [("Confirmed", ShowingStatus.CONFIRMED), ("Cancelled", ShowingStatus.CANCELLED)]
)
def test_a_showing_is_looked_up_by_its_id_wherever_it_stands(
    bay: Bay, badge: str, status: ShowingStatus
) -> None:
    showing_id = kept(bay, date=bay.day + timedelta(days=1), time=time(16, 15), status=badge)
    outcome = bay.play(bay.order(kind=OrderKind.LOOK_UP, showing=known(bay, showing_id=showing_id)))
    assert outcome.result is Result.FOUND, outcome
    seen = outcome.showing
    assert seen is not None
    assert (seen.showing_id, seen.status) == (showing_id, status)
    assert (seen.date, seen.time, seen.duration_minutes) == (bay.day + timedelta(days=1), time(16, 15), 30)


def test_an_id_that_the_site_does_not_know_is_looked_for_in_the_list(bay: Bay) -> None:
    order = bay.order(kind=OrderKind.LOOK_UP, showing=known(bay, showing_id="0" * 24))
    assert bay.play(order).result is Result.ABSENT
    showing_id = kept(bay)
    outcome = bay.play(order)
    assert outcome.result is Result.FOUND
    assert outcome.showing is not None
    assert outcome.showing.showing_id == showing_id


@pytest.mark.parametrize("moved", [False, True])
def test_a_move_is_looked_up_at_both_times(bay: Bay, moved: bool) -> None:
    late = time(17, 30)
    kept(bay, time=late if moved else time(14))
    outcome = bay.play(bay.order(kind=OrderKind.LOOK_UP, time=late, showing=known(bay, address=ADDRESS)))
    assert outcome.result is Result.FOUND, outcome
    assert outcome.showing is not None
    assert outcome.showing.time == (late if moved else time(14))
