"""Asks for the cancellation of the showing that is open, with a reason that BrokerBay offers."""

from __future__ import annotations

from typing import Protocol

from automation.engine.attempt import Attempt, Done
from automation.engine.errors import NotCancellable, PageChanged
from automation.engine.pages.cancel_dialog import CancelDialog
from automation.engine.pages.showing import ShowingPage
from automation.engine.reasons import reason_for
from automation.engine.showings import is_live
from automation.engine.steps.check_own_list import describe

BUTTON_PATIENCE = 3.0  # seconds until a button that a drawn page does not have counts as missing
LAST_LOOK = 1.0  # second; for a page at rest, whose script may be busy


class Offers(Protocol):
    """Waits so many seconds for a button that can be pressed; whether there is one."""

    async def __call__(self, *, patience: float) -> bool: ...


async def choose_reason(attempt: Attempt) -> Done:
    """Raises `NotCancellable` where the page has no button for it; leaves the dialog ready to be sent."""
    page, dialog = ShowingPage(attempt.page), CancelDialog(attempt.page)
    showing = attempt.showing
    if showing is None:
        raise ValueError("A showing is cancelled on its own page; open it first.")
    if not is_live(showing) or not await is_offered(attempt, page.offers_cancel):
        raise NotCancellable(
            f"BrokerBay offers no way to cancel this showing ({describe(showing)}). "
            "Nothing was sent: it may be over, or the listing side ended it."
        )
    await page.press_cancel()
    await dialog.wait_until_open()
    if await dialog.asks_nothing():
        return Done(message="BrokerBay asks for no reason.", touched=dialog.BUTTON)
    reason = reason_for(await dialog.reasons(), attempt.order.reason)
    if not reason:
        raise PageChanged("BrokerBay offers no reason to choose from. Nothing was sent.")
    ready = await dialog.choose(reason, patience=min(BUTTON_PATIENCE, attempt.site.step_timeout))
    if not ready or reason not in await dialog.shown():
        raise PageChanged(
            f"BrokerBay does not take the reason “{reason}”: the cancellation cannot be sent. "
            "Nothing was sent."
        )
    return Done(message=f"Chose the reason “{reason}”.", touched=dialog.BUTTON)


async def is_offered(attempt: Attempt, offers: Offers) -> bool:
    """Whether a showing's page has the button; that it has none is believed of a page at rest."""
    if await offers(patience=min(BUTTON_PATIENCE, attempt.site.step_timeout)):
        return True
    await attempt.rest()
    return await offers(patience=LAST_LOOK)
