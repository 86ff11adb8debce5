"""What each kind of order does, step by step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import OrderKind, Outcome, Result, ShowingStatus, Step
from automation.engine.pages.cancel_dialog import CancelDialog
from automation.engine.steps.check_own_list import (
    adopt,
    check_own_list,
    describe,
    is_in_doubt,
    read_own_list,
    settle_by_own_list,
)
from automation.engine.steps.choose_date import choose_date
from automation.engine.steps.choose_duration import choose_duration
from automation.engine.steps.choose_reason import choose_reason
from automation.engine.steps.choose_slot import choose_slot
from automation.engine.steps.find_listing import find_listing
from automation.engine.steps.open_move_form import open_move_form
from automation.engine.steps.open_showing import look_at_showing, open_showing, was_moved
from automation.engine.steps.open_site import open_site
from automation.engine.steps.open_wizard import open_wizard
from automation.engine.steps.own_list import learn_id
from automation.engine.steps.read_slots import read_slots
from automation.engine.steps.rehearse import rehearse, rehearse_cancel
from automation.engine.steps.submit import submit, submit_cancel
from automation.engine.steps.verify import verify
from automation.engine.steps.verify_change import verify_cancelled, verify_moved


async def _book(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.CHECK_OWN_LIST, check_own_list)
    for step, act in ((Step.FIND_LISTING, find_listing), (Step.OPEN_WIZARD, open_wizard)):
        if attempt.showing is None:
            await attempt.perform(step, _then_adopt(act))
    if attempt.showing is not None:
        return await _adopted(attempt)
    outcome = await _fill_in_and_send(attempt, verify)
    if outcome.result is Result.BOOKED:
        await learn_id(attempt, row=attempt.showing_row)
    return outcome


def _then_adopt(act: Callable[[Attempt], Awaitable[Done]]) -> Callable[[Attempt], Awaitable[Done]]:
    """The step, and then a look for its home among the showings read: each step knows the home better."""

    async def acted(attempt: Attempt) -> Done:
        done = await act(attempt)
        if attempt.showing is None:
            adopt(attempt)
        return done

    return acted


async def _cancel(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.OPEN_SHOWING, open_showing)
    if attempt.showing is not None and attempt.showing.status is ShowingStatus.CANCELLED:
        said = "BrokerBay has this showing as cancelled already, so nothing was sent."
        return Outcome(result=Result.CANCELLED, message=said)
    await attempt.perform(Step.CHOOSE_REASON, choose_reason)
    if attempt.order.rehearse:
        await attempt.perform(Step.REHEARSE, rehearse_cancel)
        await attempt.pictured()
        await CancelDialog(attempt.page).close()
        return Outcome(result=Result.REHEARSED)
    await attempt.perform(Step.SUBMIT, submit_cancel)
    await attempt.perform(Step.VERIFY, verify_cancelled)
    return Outcome(result=Result.CANCELLED)


async def _reschedule(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.OPEN_SHOWING, open_showing)
    if was_moved(attempt):
        said = "BrokerBay has this showing at its new time already, so nothing was sent."
        return Outcome(result=Result.BOOKED, message=said)
    await attempt.perform(Step.OPEN_WIZARD, open_move_form)
    return await _fill_in_and_send(attempt, verify_moved)


async def _fill_in_and_send(attempt: Attempt, prove: Callable[[Attempt], Awaitable[Done]]) -> Outcome:
    """From the open wizard to the proof that it worked; a rehearsal ends before the last click."""
    await attempt.perform(Step.CHOOSE_DATE, choose_date)
    await attempt.perform(Step.CHOOSE_SLOT, choose_slot)
    await attempt.perform(Step.CHOOSE_DURATION, choose_duration)
    if attempt.order.rehearse:
        await attempt.perform(Step.REHEARSE, rehearse)
        return Outcome(result=Result.REHEARSED)
    await attempt.perform(Step.SUBMIT, submit)
    await attempt.perform(Step.VERIFY, prove)
    return Outcome(result=Result.BOOKED)


async def _check_listing(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.FIND_LISTING, find_listing)
    await attempt.perform(Step.OPEN_WIZARD, open_wizard)
    if attempt.order.date is not None:
        await attempt.perform(Step.CHOOSE_DATE, choose_date)
        await attempt.perform(Step.CHOOSE_SLOT, read_slots)
    return Outcome(result=Result.FOUND)


async def _reconcile(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.CHECK_OWN_LIST, read_own_list)
    return Outcome(result=Result.FOUND, own_showings=attempt.own_showings)


async def _look_up(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    known = attempt.order.showing
    if known is not None and known.showing_id:
        await attempt.perform(Step.OPEN_SHOWING, look_at_showing)
        if attempt.showing is not None:
            return Outcome(result=Result.FOUND)
    await attempt.perform(Step.CHECK_OWN_LIST, settle_by_own_list)
    if is_in_doubt(attempt):
        # The list names homes by address, the order perhaps by MLS number or id: the listing has them all.
        await attempt.perform(Step.FIND_LISTING, find_listing)
        if attempt.showing is None:
            await attempt.perform(Step.OPEN_SITE, open_site)
            await attempt.perform(Step.CHECK_OWN_LIST, settle_by_own_list)
    await learn_id(attempt)
    return Outcome(result=Result.FOUND if attempt.showing else Result.ABSENT)


PLAYS: Mapping[OrderKind, Callable[[Attempt], Awaitable[Outcome]]] = {
    OrderKind.BOOK: _book,
    OrderKind.CANCEL: _cancel,
    OrderKind.RESCHEDULE: _reschedule,
    OrderKind.CHECK: _check_listing,
    OrderKind.LOOK_UP: _look_up,
    OrderKind.RECONCILE: _reconcile,
}


async def _adopted(attempt: Attempt) -> Outcome:
    await learn_id(attempt)
    said = describe(attempt.showing) if attempt.showing else ""
    return Outcome(
        result=Result.BOOKED,
        message=f"BrokerBay has this showing already, so nothing was sent: {said}.",
    )
