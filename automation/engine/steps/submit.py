"""Makes the last click, through the gate, once, and hears what BrokerBay says to it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from playwright.async_api import Error, Locator
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.answers import deed, judge
from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Level
from automation.engine.errors import NeedsSignIn, PageChanged, StepError
from automation.engine.pages.cancel_dialog import CancelDialog
from automation.engine.steps.choose_date import choose_date, ensure_day
from automation.engine.steps.choose_duration import choose_duration, is_as_ordered, wrong_selection
from automation.engine.steps.choose_slot import choose_slot
from automation.engine.steps.open_showing import read_page

CLICKS = 2  # a popover can eat the first; the gate lets one request through at most, whatever is clicked


class Form(Protocol):
    """A page's part with the button that sends the order off."""

    async def submit(self) -> None: ...

    @property
    def agreement(self) -> Locator:
        """The button that agrees to what the page may ask after the click."""


async def submit(attempt: Attempt) -> Done:
    """Raises what the answer means (see `answers.judge`), or `PageChanged` while nothing was sent."""
    await make_ready(attempt)
    await _send(attempt, attempt.wizard)
    await attempt.wizard.wait_until_left(patience=attempt.site.send_timeout)
    return Done(message=f"BrokerBay took the {deed(attempt.order.kind)}.", level=Level.SUCCESS)


async def submit_cancel(attempt: Attempt) -> Done:
    """As `submit`, from the dialog that asked for the reason."""
    await _send(attempt, CancelDialog(attempt.page))
    return Done(message="BrokerBay took the cancellation.", level=Level.SUCCESS)


async def _send(attempt: Attempt, form: Form) -> None:
    """As `send`; where BrokerBay refuses to change a showing, its page tells how it stands now."""
    try:
        await send(attempt, form)
    except StepError as refusal:
        if refusal.is_refusal and attempt.showing is not None and attempt.showing.showing_id:
            with suppress(Error, StepError):
                attempt.showing = await read_page(attempt, attempt.showing.showing_id, anew=True)
        raise


async def make_ready(attempt: Attempt) -> None:
    """Brings the button into sight with the right selection; scrolling there can have dropped it, once."""
    wizard = attempt.wizard
    shown = await wizard.reveal_submit()
    if not is_as_ordered(shown, attempt.order):
        await choose_date(attempt)
        await choose_slot(attempt)
        await choose_duration(attempt)
        shown = await wizard.reveal_submit()
        if not is_as_ordered(shown, attempt.order):
            raise wrong_selection(shown)
    await ensure_day(attempt)


async def send(attempt: Attempt, form: Form) -> None:
    """Clicks until the page's request is at the gate, and returns when BrokerBay's answer is a clear yes."""
    await asyncio.gather(attempt.gate.install(), attempt.exposed())
    for _ in range(CLICKS):
        await form.submit()
        if await _reached(attempt, form):
            judge(await attempt.gate.answer(), attempt.order.kind)
            return
    if await attempt.shell.is_signed_out():
        raise NeedsSignIn(
            "BrokerBay signed us out at the submit. Nothing was sent: a person must sign in again."
        )
    raise PageChanged(
        f"BrokerBay's page did not send the {deed(attempt.order.kind)} when its button was pressed. "
        "Nothing was sent."
    )


async def _reached(attempt: Attempt, form: Form) -> bool:
    """Whether the page sent its request up to the gate, its terms agreed to where it asks for that."""
    limit = attempt.site.send_timeout
    reached = asyncio.ensure_future(attempt.gate.reached.wait())
    asked = asyncio.ensure_future(form.agreement.wait_for(timeout=limit * 1000))
    try:
        await asyncio.wait([reached, asked], return_when=asyncio.FIRST_COMPLETED)
        if not reached.done() and not isinstance(asked.exception(), WaitedTooLong):
            await asked
            await form.agreement.click(timeout=limit * 1000)
            await asyncio.wait([reached], timeout=limit)
        return attempt.gate.reached.is_set()
    finally:
        for waiting in (reached, asked):
            waiting.cancel()
        await asyncio.gather(reached, asked, return_exceptions=True)
