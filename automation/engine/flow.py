"""Plays one order on BrokerBay, from a blank page to an outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from playwright.async_api import BrowserContext, Error, Page

from automation.engine.attempt import Attempt
from automation.engine.contract import Listener, Order, OrderKind, Outcome, Result, Site, Step
from automation.engine.errors import (
    AmbiguousListing,
    BrowserGone,
    ChallengeShown,
    EngineBroke,
    NeedsSignIn,
    NoAnswer,
    RateLimited,
    StepError,
)
from automation.engine.gate import Gate
from automation.engine.listings import parse_address
from automation.engine.steps.check_own_list import adopt, check_own_list, describe, settle_by_own_list
from automation.engine.steps.choose_date import choose_date
from automation.engine.steps.choose_duration import choose_duration
from automation.engine.steps.choose_slot import choose_slot
from automation.engine.steps.find_listing import find_listing
from automation.engine.steps.open_site import open_site
from automation.engine.steps.open_wizard import open_wizard
from automation.engine.steps.own_list import learn_id
from automation.engine.steps.submit import submit
from automation.engine.steps.verify import verify
from automation.engine.telling import Teller

logger = logging.getLogger(__name__)

_PARKS = (NeedsSignIn, ChallengeShown, AmbiguousListing, RateLimited)


async def play(context: BrowserContext, order: Order, *, site: Site, listener: Listener) -> Outcome:
    """Does what the order asks, on a page of its own in the account's context, and says how that ended.

    Never raises for what BrokerBay or the browser does; a cancelled task is cancelled cleanly. Whatever
    happens once the gate is open, and is no clear answer, is `Result.UNCONFIRMED`.
    Raises ValueError for an order that lacks what its kind needs.
    """
    _check(order)
    gate = Gate(context, listener, answer_timeout=site.answer_timeout)
    try:
        page = await context.new_page()
    except Error:
        gone = BrowserGone(
            "The browser stopped before the first page. Nothing was sent.", step=Step.OPEN_SITE.value
        )
        return _outcome_of(gone)
    page.set_default_timeout(site.step_timeout * 1000)
    teller = Teller(page, listener)
    attempt = Attempt(page=page, order=order, site=site, teller=teller, gate=gate)
    try:
        outcome = await _play(attempt)
        await teller.finish()
        return outcome
    finally:
        teller.stop()
        await asyncio.gather(gate.remove(), _close(page))


async def _play(attempt: Attempt) -> Outcome:
    try:
        await attempt.teller.prepare()
        outcome = await _PLAYS[attempt.order.kind](attempt)
    except StepError as error:
        outcome = _outcome_of(error)
    except Error as error:
        outcome = _outcome_of(
            BrowserGone(f"The browser stopped ({error.message.splitlines()[0]}). Nothing was sent.")
        )
    except Exception:
        logger.exception("The engine broke in %s", attempt.step)
        outcome = _outcome_of(
            EngineBroke("The engine broke in this step; its log has the details. Nothing was sent.")
        )
    # The outcome must not be overtaken by a request that still waits for its intent to be committed.
    attempt.gate.shut()
    if attempt.gate.opened and outcome.result is Result.BROKE:
        # Only a clear answer may undo the doubt, never an exception, whatever it was.
        doubt = NoAnswer("The booking left, and then the engine stopped. Only BrokerBay's list can tell.")
        outcome = replace(_outcome_of(doubt), step=outcome.step)
    return replace(
        outcome,
        step=outcome.step or attempt.step.value,
        submitted=attempt.gate.opened,
        listing=attempt.listing,
        showing=attempt.showing,
        open_slots=() if outcome.result is Result.BOOKED else outcome.open_slots or attempt.open_slots,
        session_state=await _session_state(attempt.page.context),
    )


async def _book(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.CHECK_OWN_LIST, check_own_list)
    if attempt.showing is not None:
        return await _adopted(attempt)
    await attempt.perform(Step.FIND_LISTING, find_listing)
    if adopt(attempt) is not None:
        return await _adopted(attempt)
    await attempt.perform(Step.OPEN_WIZARD, open_wizard)
    if adopt(attempt) is not None:
        return await _adopted(attempt)
    await attempt.perform(Step.CHOOSE_DATE, choose_date)
    await attempt.perform(Step.CHOOSE_SLOT, choose_slot)
    await attempt.perform(Step.CHOOSE_DURATION, choose_duration)
    await attempt.perform(Step.SUBMIT, submit)
    await attempt.perform(Step.VERIFY, verify)
    await learn_id(attempt, row=attempt.showing_row)
    return Outcome(result=Result.BOOKED)


async def _check_listing(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.FIND_LISTING, find_listing)
    await attempt.perform(Step.OPEN_WIZARD, open_wizard)
    return Outcome(result=Result.FOUND)


async def _look_up(attempt: Attempt) -> Outcome:
    await attempt.perform(Step.OPEN_SITE, open_site)
    if not attempt.order.listing_id and not parse_address(attempt.order.address).is_complete:
        # The list names homes by address; an MLS number alone must be looked up first.
        await attempt.perform(Step.FIND_LISTING, find_listing)
        await attempt.perform(Step.OPEN_SITE, open_site)
    await attempt.perform(Step.CHECK_OWN_LIST, settle_by_own_list)
    await learn_id(attempt)
    return Outcome(result=Result.FOUND if attempt.showing else Result.ABSENT)


_PLAYS: Mapping[OrderKind, Callable[[Attempt], Awaitable[Outcome]]] = {
    OrderKind.BOOK: _book,
    OrderKind.CHECK: _check_listing,
    OrderKind.LOOK_UP: _look_up,
}


def _check(order: Order) -> None:
    if not (order.mls_number or order.address or order.listing_id):
        raise ValueError("An order needs an MLS number, an address or a listing's id.")
    if order.kind is OrderKind.CHECK:
        return
    if order.date is None or order.time is None:
        raise ValueError("A booking needs a date and a time, and so does looking for one.")
    if order.kind is OrderKind.BOOK and order.duration_minutes is None:
        raise ValueError("A booking needs a duration.")


async def _adopted(attempt: Attempt) -> Outcome:
    await learn_id(attempt)
    said = describe(attempt.showing) if attempt.showing else ""
    return Outcome(
        result=Result.BOOKED,
        message=f"BrokerBay has this showing already, so nothing was sent: {said}.",
    )


def _outcome_of(error: StepError) -> Outcome:
    return Outcome(
        result=_result_of(error),
        code=error.code,
        message=error.message,
        retry_is_safe=error.retry_is_safe,
        step=error.step,
        open_slots=error.open_slots,
        candidates=error.candidates,
    )


def _result_of(error: StepError) -> Result:
    if isinstance(error, NoAnswer):
        return Result.UNCONFIRMED
    if isinstance(error, _PARKS):
        return Result.PARKED
    return Result.REFUSED if error.is_refusal else Result.BROKE


async def _session_state(context: BrowserContext) -> Mapping[str, Any] | None:
    try:
        state: Mapping[str, Any] = dict(await context.storage_state())
    except Error:
        return None  # the browser is gone; the session of the last attempt stays the one to use
    return state


async def _close(page: Page) -> None:
    try:
        await page.close()
    except Error:
        return  # it is gone already
