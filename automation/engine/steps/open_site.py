"""Opens BrokerBay and makes sure that it knows us."""

from __future__ import annotations

from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Order, OrderKind
from automation.engine.errors import NeedsSignIn, RateLimited, SiteDown
from automation.engine.pages.my_showings import MyShowings
from automation.engine.pages.showing import ShowingPage


async def open_site(attempt: Attempt) -> Done:
    """Raises `NeedsSignIn` by what is visible only, `RateLimited`, `SiteDown`."""
    route = _first_route(attempt.order)
    await attempt.pictured()
    status = await attempt.shell.open(route)
    if status == 429:
        raise RateLimited("BrokerBay asks us to slow down (429). Nothing was sent.")
    if status is not None and status >= 500:
        raise SiteDown(f"BrokerBay answers with an error page ({status}). Nothing was sent.")
    try:
        await attempt.shell.wait_until_known()
    except WaitedTooLong as error:
        raise SiteDown(
            f"BrokerBay did not load within {attempt.site.step_timeout:.0f} seconds. Nothing was sent."
        ) from error
    if await attempt.shell.is_signed_out():
        raise NeedsSignIn("BrokerBay asks for a sign-in. Nothing was sent: a person must sign in again.")
    if route == MyShowings.ROUTE and attempt.order.kind is not OrderKind.CHECK:
        await MyShowings(attempt.page).wait_until_drawn()
    return Done(message="Opened BrokerBay; the account is signed in.")


def _first_route(order: Order) -> str:
    if order.showing is not None and order.showing.showing_id:
        return ShowingPage.route(order.showing.showing_id)
    return MyShowings.ROUTE
