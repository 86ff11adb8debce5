"""Showings given up by a real browser on a local BrokerBay: that one, or none."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from automation.engine.contract import KnownShowing, OrderKind, Outcome, Result, ShowingStatus
from automation.engine.errors import Stopped
from tests.automation.engine.conftest import ACCOUNT, Bay, Remembering

SHOWN = "100 Example Boulevard #3008, Toronto, ON"
EVERY_STEP = ["open_site", "open_showing", "choose_reason", "submit", "verify"]


def kept(bay: Bay, **changes: object) -> str:
    wish = {"listing_id": bay.listing_id, "account": ACCOUNT, "date": bay.day, "time": time(14)}
    return bay.control.add_showing(**{**wish, **changes})  # type: ignore[arg-type]


def cancel(
    bay: Bay,
    showing_id: str = "",
    *,
    listener: Remembering | None = None,
    reason: str = "",
    rehearse: bool = False,
    patience: dict[str, float] | None = None,
    **known: object,
) -> Outcome:
    showing = {"address": SHOWN, "date": bay.day, "time": time(14), "showing_id": showing_id, **known}
    order = bay.order(
        kind=OrderKind.CANCEL,
        showing=KnownShowing(**showing),  # type: ignore[arg-type]
        reason=reason,
        rehearse=rehearse,
    )
    return bay.play(order, listener=listener, **(patience or {}))


def statuses(bay: Bay) -> list[str]:
    return sorted(one.status for one in bay.control.showings())


def test_a_showing_is_cancelled_by_its_id_and_seen_as_cancelled(bay: Bay) -> None:
    showing_id = kept(bay)
    listener = Remembering()
    outcome = cancel(bay, showing_id, listener=listener)
    assert outcome.result is Result.CANCELLED, outcome
    assert outcome.submitted
    assert outcome.showing is not None
    assert (outcome.showing.showing_id, outcome.showing.status) == (showing_id, ShowingStatus.CANCELLED)
    assert (listener.steps, listener.gates) == (EVERY_STEP, 1)
    assert all(line.picture for line in listener.lines)
    [post] = bay.control.posts()
    assert (post.kind, post.showing_id, post.committed) == ("cancel", showing_id, True)
    assert post.body["reason"] == "Client is no longer interested"


@pytest.mark.parametrize("select", ["", "ant_reasons", "reasons_need_keys"])
def test_the_reason_is_one_of_the_sites_own(bay: Bay, select: str) -> None:
    if select:
        bay.control.set_fault(select)
    outcome = cancel(bay, kept(bay), reason="The client is not available that day")
    assert outcome.result is Result.CANCELLED, outcome
    assert bay.control.posts()[0].body["reason"] == "Client is not available"


def test_one_without_id_is_found_by_its_home_day_and_time_alone(bay: Bay) -> None:
    wanted = kept(bay)
    kept(bay, time=time(15))
    kept(bay, date=bay.day + timedelta(days=1))
    neighbour = bay.control.add_listing(mls_number="N22222222", street="100 Example Boulevard", unit="300")
    kept(bay, listing_id=neighbour)
    outcome = cancel(bay)
    assert outcome.result is Result.CANCELLED, outcome
    assert [one.id for one in bay.control.showings() if one.status == "Cancelled"] == [wanted]


def test_one_of_two_that_look_alike_is_never_chosen(bay: Bay) -> None:
    twin = bay.control.add_listing(mls_number="N99999999", street="100 Example Boulevard", unit="3008")
    kept(bay)
    kept(bay, listing_id=twin)
    outcome = cancel(bay)
    assert (outcome.result, outcome.code) == (Result.PARKED, "ambiguous_listing")
    assert not bay.control.posts()


def test_one_that_is_not_there_is_not_found(bay: Bay) -> None:
    kept(bay, time=time(15))
    for showing_id in ("", "0" * 24):
        outcome = cancel(bay, showing_id)
        assert (outcome.result, outcome.code) == (Result.REFUSED, "showing_not_found"), outcome
    assert not bay.control.posts()


@pytest.mark.parametrize(
    "known",
    [{"address": "7 Other Road, Toronto"}, {"time": time(14, 15)}, {"date": "tomorrow"}],
    ids=["home", "time", "day"],
)
def test_an_id_of_another_showing_than_the_orders_cancels_nothing(bay: Bay, known: dict[str, object]) -> None:
    if known.get("date"):
        known = {"date": bay.day + timedelta(days=1)}
    outcome = cancel(bay, kept(bay), **known)  # type: ignore[arg-type]
    assert (outcome.result, outcome.code) == (Result.REFUSED, "showing_not_found")
    assert outcome.showing is not None  # where it stands now
    assert not bay.control.posts()


@pytest.mark.parametrize("by_id", [True, False])
def test_one_that_is_cancelled_already_is_taken_as_that(bay: Bay, by_id: bool) -> None:
    showing_id = kept(bay, status="Cancelled")
    outcome = cancel(bay, showing_id if by_id else "")
    assert (outcome.result, outcome.submitted) == (Result.CANCELLED, False)
    assert not bay.control.posts()


@pytest.mark.parametrize("case", ["past", "declined"])
def test_one_without_the_button_cannot_be_cancelled(bay: Bay, case: str) -> None:
    day = bay.day - timedelta(days=5) if case == "past" else bay.day
    showing_id = kept(bay, date=day, status="Declined" if case == "declined" else "Confirmed")
    outcome = cancel(bay, showing_id, date=day)
    assert (outcome.result, outcome.code) == (Result.REFUSED, "not_cancellable"), outcome
    assert not bay.control.posts()


def test_a_request_that_still_waits_can_be_cancelled(bay: Bay) -> None:
    assert cancel(bay, kept(bay, status="New")).result is Result.CANCELLED


def test_a_button_that_stays_disabled_sends_nothing(bay: Bay) -> None:
    bay.control.set_fault("cancel_stays_disabled")
    outcome = cancel(bay, kept(bay), patience={"step_timeout": 2.0})
    assert (outcome.result, outcome.code, outcome.step) == (Result.BROKE, "page_changed", "choose_reason")
    assert not bay.control.posts()


@pytest.mark.parametrize("select", ["", "ant_reasons"])
def test_a_rehearsed_cancel_stops_before_the_last_click(bay: Bay, select: str) -> None:
    if select:
        bay.control.set_fault(select)
    listener = Remembering()
    outcome = cancel(bay, kept(bay), rehearse=True, listener=listener)
    assert (outcome.result, outcome.submitted) == (Result.REHEARSED, False), outcome
    assert (listener.steps[-1], listener.gates) == ("rehearse", 0)
    assert statuses(bay) == ["Confirmed"]
    assert not bay.control.posts()


@pytest.mark.parametrize(
    ("fault", "then"),
    [
        ("submit_500", "Confirmed"),
        ("dropped_before_commit", "Confirmed"),
        ("dropped_after_commit", "Cancelled"),
        ("error_after_commit", "Cancelled"),
        ("answer_late", "Cancelled"),
    ],
)
def test_without_a_clear_answer_the_badge_settles_it(bay: Bay, fault: str, then: str) -> None:
    showing_id = kept(bay)
    bay.control.set_fault(fault)
    outcome = cancel(bay, showing_id, patience={"answer_timeout": 2.0})
    assert (outcome.result, outcome.submitted) == (Result.UNCONFIRMED, True)
    known = KnownShowing(address=SHOWN, date=bay.day, time=time(14), showing_id=showing_id)
    settled = bay.play(bay.order(kind=OrderKind.LOOK_UP, showing=known))
    assert settled.result is Result.FOUND
    assert settled.showing is not None
    assert settled.showing.badge == then
    assert len(bay.control.posts()) == 1


def test_a_page_that_sends_a_cancel_twice_is_let_through_once(bay: Bay) -> None:
    bay.control.set_fault("double_cancel")
    assert cancel(bay, kept(bay)).result is Result.CANCELLED
    assert len(bay.control.posts()) == 1


def test_a_cancel_needs_no_message_of_the_page(bay: Bay) -> None:
    bay.control.set_fault("no_cancel_toast")
    assert cancel(bay, kept(bay)).result is Result.CANCELLED


def test_a_cancel_stopped_at_the_gate_sends_nothing(bay: Bay) -> None:
    outcome = cancel(bay, kept(bay), listener=Remembering(forbid=Stopped("Stopped by a person.")))
    assert (outcome.code, outcome.submitted) == ("stopped", False)
    assert statuses(bay) == ["Confirmed"]


def test_rows_that_move_between_pages_mislead_nobody(bay: Bay) -> None:
    bay.control.set_fault("rows_shift")
    ids = [kept(bay, time=time(9 + number)) for number in range(9)]
    for number in (8, 0):
        outcome = cancel(bay, time=time(9 + number))
        assert outcome.result is Result.CANCELLED, outcome
    gone = {one.id for one in bay.control.showings() if one.status == "Cancelled"}
    assert gone == {ids[8], ids[0]}
