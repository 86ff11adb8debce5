"""A sign-out is noticed when it shows, not when a step's patience is over."""

from __future__ import annotations

import time as clock
from datetime import time

import pytest

from automation.engine.contract import OrderKind, Result
from tests.automation.engine.conftest import ACCOUNT, Bay

PATIENCE = 30.0  # far longer than the tests may take


@pytest.mark.parametrize("bounces", [False, True])
@pytest.mark.parametrize("path", ["/search", "/booking", "/slots", "/my/showings"])
def test_a_sign_out_ends_the_step_at_once(bay: Bay, path: str, bounces: bool) -> None:
    if bounces:
        bay.control.set_fault("signed_out_bounces")
    bay.control.set_fault("session_dies", path=path)
    began = clock.monotonic()
    outcome = bay.play(bay.order(), step_timeout=PATIENCE)
    assert (outcome.result, outcome.code) == (Result.PARKED, "needs_sign_in")
    assert clock.monotonic() - began < PATIENCE / 2
    assert not outcome.submitted
    assert not bay.control.posts()


def test_a_sign_out_at_the_submit_is_the_answers_to_tell(bay: Bay) -> None:
    bay.control.set_fault("signed_out_bounces")
    bay.control.set_fault("session_dies", path="/appointment")
    outcome = bay.play(bay.order(), step_timeout=PATIENCE)
    # A page that leaves at once may take the answer's words with it: then nobody knows, and says so.
    assert (outcome.code, outcome.submitted) in {("needs_sign_in", True), ("no_answer", True)}
    assert not bay.control.showings()


def test_a_sign_out_after_the_submit_leaves_a_doubt(bay: Bay) -> None:
    bay.control.set_fault("session_dies", path="/me/notifications")  # asked for after a booking
    began = clock.monotonic()
    outcome = bay.play(bay.order(), step_timeout=PATIENCE, list_timeout=PATIENCE)
    assert outcome.result in (Result.BOOKED, Result.UNCONFIRMED)
    assert len(bay.control.showings()) == 1
    assert clock.monotonic() - began < PATIENCE / 2


def test_a_banner_that_is_hidden_ends_nothing(bay: Bay) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    assert bay.play(bay.order(kind=OrderKind.LOOK_UP)).result is Result.FOUND
