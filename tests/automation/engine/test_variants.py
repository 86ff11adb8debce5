"""The site's other faces: renamed words and classes, forms in the way, what lies over the page."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from automation.engine.attempt import Attempt
from automation.engine.contract import KnownShowing, OrderKind, Result, ShowingStatus, Step
from automation.engine.gate import Gate
from automation.engine.steps.choose_date import choose_date
from automation.engine.steps.choose_duration import choose_duration
from automation.engine.steps.choose_slot import choose_slot
from automation.engine.steps.submit import submit
from automation.engine.telling import Teller
from automation.simulator.mls import token_of
from tests.automation.engine.conftest import ACCOUNT, Bay, Remembering

SHOWN = "100 Example Boulevard #3008, Toronto, ON"
SOFT = [
    ("labels_renamed", {}),
    ("help_menu_open", {}),
    ("chat_bubble", {"over": "buttons"}),
    ("slow_render", {"seconds": 1}),
    ("double_post", {}),
    ("short_toast", {}),
]


@pytest.mark.parametrize(("name", "options"), SOFT, ids=[name for name, _ in SOFT])
def test_a_page_that_differs_a_little_is_booked_on_all_the_same(
    bay: Bay, name: str, options: dict[str, Any]
) -> None:
    bay.control.set_fault(name, **options)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED, outcome
    assert len(bay.control.posts()) == 1


@pytest.mark.parametrize("name", ["labels_renamed", "help_menu_open"])
@pytest.mark.parametrize("kind", [OrderKind.CANCEL, OrderKind.RESCHEDULE])
def test_a_page_that_differs_a_little_is_changed_on_all_the_same(
    bay: Bay, name: str, kind: OrderKind
) -> None:
    showing_id = bay.control.add_showing(
        listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14)
    )
    bay.control.set_fault(name)
    known = KnownShowing(address=SHOWN, date=bay.day, time=time(14), showing_id=showing_id)
    outcome = bay.play(bay.order(kind=kind, showing=known, time=time(16)))
    assert outcome.result in (Result.CANCELLED, Result.BOOKED), outcome
    assert len(bay.control.posts()) == 1


def test_a_slot_that_is_taken_once_it_was_chosen_is_refused(bay: Bay) -> None:
    bay.control.set_fault("slot_taken_while_chosen")
    outcome = bay.play(bay.order())
    assert outcome.code in {"slot_unavailable", "slot_lost"}, outcome
    assert not bay.control.posts()


@pytest.mark.parametrize("name", ["classes_renamed", "portal_changed"])
def test_a_site_that_is_another_one_now_is_told_with_its_markup(bay: Bay, name: str) -> None:
    bay.control.set_fault(name)
    outcome = bay.play(bay.order(), step_timeout=3.0)
    assert (outcome.result, outcome.code) == (Result.BROKE, "page_changed"), outcome
    assert outcome.snapshot
    assert not bay.control.posts()


def test_a_form_for_unverified_agents_is_no_booking_page(bay: Bay) -> None:
    bay.control.set_fault("contact_form")
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.PARKED, "contact_details_wanted"), outcome
    assert "a person must fill them in on BrokerBay once" in outcome.message
    assert outcome.listing is not None
    assert outcome.listing.listing_id == bay.listing_id
    assert not bay.control.posts()


def test_a_booking_view_in_a_frame_is_driven_like_any_other(bay: Bay) -> None:
    listener = Remembering()

    async def booked() -> str:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            page = await context.new_page()
            site = bay.site()
            gate = Gate(context, listener, base_url=site.base_url, answer_timeout=site.answer_timeout)
            teller = Teller(page, listener)
            attempt = Attempt(page=page, order=bay.order(), site=site, teller=teller, gate=gate)
            await page.goto(f"{site.base_url}/dashboard/#/rets/{token_of(bay.listing_id)}/appointments/book")
            attempt.frame = await attempt.wizard.frame()
            assert attempt.frame is not None
            for step, act in (
                (Step.CHOOSE_DATE, choose_date),
                (Step.CHOOSE_SLOT, choose_slot),
                (Step.CHOOSE_DURATION, choose_duration),
                (Step.SUBMIT, submit),
            ):
                await attempt.perform(step, act)
            await teller.finish()
            teller.stop()
            await attempt.leave()
            await gate.remove()
            await page.close()
            return listener.lines[-1].message

    assert bay.loop.run(booked()) == "BrokerBay took the booking."
    [one] = bay.control.showings()
    assert (one.date, one.time, one.minutes) == (bay.day, time(14), 30)


@pytest.mark.parametrize("kind", [OrderKind.CANCEL, OrderKind.RESCHEDULE])
def test_a_showing_that_the_listing_side_ends_meanwhile_is_not_changed(bay: Bay, kind: OrderKind) -> None:
    showing_id = bay.control.add_showing(
        listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14)
    )
    bay.control.set_fault("cancelled_meanwhile")
    known = KnownShowing(address=SHOWN, date=bay.day, time=time(14), showing_id=showing_id)
    outcome = bay.play(bay.order(kind=kind, showing=known, time=time(16)))
    assert outcome.code in {"showing_gone", "not_cancellable"}, outcome
    assert outcome.result is Result.REFUSED
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.CANCELLED
