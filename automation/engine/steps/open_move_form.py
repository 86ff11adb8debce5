"""Opens the form that moves the showing which is open, and makes sure that it is that showing's."""

from __future__ import annotations

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Listing
from automation.engine.errors import NotReschedulable, PageChanged, SameTime
from automation.engine.pages.showing import ShowingPage
from automation.engine.showings import is_live
from automation.engine.slots import parse_day, parse_range, parse_time, say_day, say_time
from automation.engine.steps.check_own_list import describe
from automation.engine.steps.choose_reason import is_offered


async def open_move_form(attempt: Attempt) -> Done:
    """Raises `SameTime` where there is nothing to move, `NotReschedulable` where no button offers it."""
    showing, order, page = attempt.showing, attempt.order, ShowingPage(attempt.page)
    if showing is None:
        raise ValueError("A showing is moved on its own page; open it first.")
    if (showing.date, showing.time) == (order.date, order.time):
        raise SameTime(
            f"The showing stands on {say_day(showing.date)} at {say_time(showing.time)} already. "
            "Nothing was sent: choose another time."
        )
    if not is_live(showing) or not await is_offered(attempt, page.offers_move):
        raise NotReschedulable(
            f"BrokerBay offers no other time for this showing ({describe(showing)}). Nothing was sent: "
            "it may wait for approval, be over, or have been ended by the listing side."
        )
    await page.press_move()
    wizard = attempt.wizard
    seen = await wizard.read_move()
    stood = seen.original
    day, start = parse_day(stood, near=showing.date), parse_range(stood)
    at = start[0] if start else parse_time(stood)
    if (day and day != showing.date) or (at and at != showing.time):
        raise PageChanged(
            "BrokerBay's form is about another showing than the one that was opened. Nothing was sent."
        )
    attempt.listing = Listing(
        listing_id=seen.listing_id or showing.listing_id,
        address=showing.address,
        auto_confirm=seen.auto_confirm,
    )
    return Done(message=f"Opened the form to move it: {describe(showing)}.", touched=wizard.SUBMIT_BUTTON)
