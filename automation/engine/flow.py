"""Plays one order on BrokerBay, from a blank page to an outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from playwright.async_api import BrowserContext, Error, Page

from automation.engine import tracing
from automation.engine.answers import deed
from automation.engine.attempt import Attempt
from automation.engine.browser import blank_page
from automation.engine.contract import Listener, Order, OrderKind, Outcome, Result, Site, Step
from automation.engine.errors import (
    AmbiguousListing,
    BrowserGone,
    ChallengeShown,
    ContactDetailsWanted,
    EngineBroke,
    NeedsSignIn,
    NoAnswer,
    RateLimited,
    StepError,
)
from automation.engine.gate import Gate
from automation.engine.plays import PLAYS
from automation.engine.telling import Teller

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 10.0  # seconds; closing a page that just begins to load can hang
_ENDS_WELL = (Result.BOOKED, Result.CANCELLED, Result.FOUND, Result.ABSENT, Result.REHEARSED)
_CHANGES = (OrderKind.CANCEL, OrderKind.RESCHEDULE)
_TIMED = (OrderKind.BOOK, OrderKind.RESCHEDULE)
_PARKS = (NeedsSignIn, ChallengeShown, ContactDetailsWanted, AmbiguousListing, RateLimited)


async def play(
    context: BrowserContext, order: Order, *, site: Site, listener: Listener, trace: bool = False
) -> Outcome:
    """Does what the order asks, on a page of its own in the account's context, and says how that ended.

    Never raises for what BrokerBay or the browser does; a cancelled task is cancelled cleanly. Whatever
    happens once the gate is open, and is no clear answer, is `Result.UNCONFIRMED`.
    Raises ValueError for an order that lacks what its kind needs.

    With `trace`, Playwright records the attempt, and the outcome holds the recording if it did not end well.
    """
    _check(order)
    gate = Gate(context, listener, base_url=site.base_url, answer_timeout=site.answer_timeout)
    try:
        page = await blank_page(context)
    except Error:
        gone = BrowserGone(
            "The browser stopped before the first page. Nothing was sent.", step=Step.OPEN_SITE.value
        )
        return _outcome_of(gone)
    page.set_default_timeout(site.step_timeout * 1000)
    teller = Teller(page, listener, masks=site.masks)
    attempt = Attempt(page=page, order=order, site=site, teller=teller, gate=gate)
    try:
        return await _play(attempt, traced=trace and await tracing.start(context))
    except asyncio.CancelledError:
        if trace:
            await tracing.stop(context, keep=False, secrets=())
        raise
    finally:
        teller.stop()
        await attempt.leave()
        await asyncio.gather(gate.remove(), _close(page))


async def _play(attempt: Attempt, *, traced: bool) -> Outcome:
    try:
        await attempt.teller.prepare()
        outcome = await PLAYS[attempt.order.kind](attempt)
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
    if attempt.gate.opened and _leaves_doubt(attempt, outcome):
        doubt = NoAnswer(
            f"The {deed(attempt.order.kind)} left, and then the engine stopped. "
            "Only BrokerBay's list can tell."
        )
        outcome = replace(_outcome_of(doubt), step=outcome.step)
    state, _ = await asyncio.gather(_session_state(attempt.page.context), attempt.teller.finish())
    return replace(
        outcome,
        step=outcome.step or attempt.step.value,
        submitted=attempt.gate.opened,
        listing=attempt.listing,
        showing=attempt.showing,
        open_slots=() if outcome.result is Result.BOOKED else outcome.open_slots or attempt.open_slots,
        session_state=state,
        snapshot=attempt.snapshot,
        trace=await _trace(attempt, outcome, state) if traced else None,
    )


def _leaves_doubt(attempt: Attempt, outcome: Outcome) -> bool:
    """Only a clear answer may say that nothing was done, never an exception, nor a page read afterwards."""
    no = outcome.result in (Result.REFUSED, Result.PARKED)
    return outcome.result is Result.BROKE or (no and attempt.step is Step.VERIFY)


def _check(order: Order) -> None:
    if order.kind is OrderKind.RECONCILE:
        return
    if order.kind in _CHANGES and order.showing is None:
        raise ValueError("An order to change a showing must name it.")
    if order.showing is None and not (order.mls_number or order.address or order.listing_id):
        raise ValueError("An order needs an MLS number, an address or a listing's id.")
    needs_time = order.kind in _TIMED or (order.kind is OrderKind.LOOK_UP and order.showing is None)
    if needs_time and (order.date is None or order.time is None):
        raise ValueError("A booking needs a date and a time, and so does looking for one.")
    if order.kind in _TIMED and order.duration_minutes is None:
        raise ValueError("A booking needs a duration.")


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


async def _trace(attempt: Attempt, outcome: Outcome, state: Mapping[str, Any] | None) -> bytes | None:
    return await tracing.stop(
        attempt.page.context, keep=outcome.result not in _ENDS_WELL, secrets=tracing.secrets_of(state)
    )


async def _session_state(context: BrowserContext) -> Mapping[str, Any] | None:
    try:
        state: Mapping[str, Any] = dict(await context.storage_state())
    except Error:
        return None  # the browser is gone; the session of the last attempt stays the one to use
    return state


async def _close(page: Page) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await page.close()
    except (Error, TimeoutError):
        return  # it is gone already, or ends with its context
