"""Orders that go up to the last click and no further."""

from __future__ import annotations

from datetime import time

import pytest

from automation.engine.contract import Level, Result
from tests.automation.engine.conftest import ACCOUNT, Bay, Remembering


def test_a_rehearsed_booking_fills_everything_in_and_sends_nothing(bay: Bay) -> None:
    listener = Remembering()
    outcome = bay.play(bay.order(rehearse=True), listener=listener)
    assert (outcome.result, outcome.submitted) == (Result.REHEARSED, False), outcome
    assert (listener.steps[-1], listener.gates) == ("rehearse", 0)
    last = listener.lines[-1]
    assert (last.level, last.picture is not None) == (Level.SUCCESS, True)
    assert outcome.listing is not None
    assert outcome.listing.listing_id == bay.listing_id
    assert not bay.control.posts()


@pytest.mark.parametrize("noise", ["rerender_drops_selection", "chat_bubble", "product_tour"])
def test_a_rehearsal_stands_what_a_booking_stands(bay: Bay, noise: str) -> None:
    bay.control.set_fault(noise)
    assert bay.play(bay.order(rehearse=True)).result is Result.REHEARSED


def test_a_rehearsal_finds_a_button_that_cannot_be_pressed(bay: Bay) -> None:
    bay.control.set_fault("submit_stays_disabled")
    outcome = bay.play(bay.order(rehearse=True), step_timeout=2.0)
    assert (outcome.result, outcome.code, outcome.step) == (Result.BROKE, "page_changed", "rehearse")


def test_a_rehearsal_adopts_the_showing_that_is_there(bay: Bay) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order(rehearse=True))
    assert (outcome.result, outcome.submitted) == (Result.BOOKED, False)
