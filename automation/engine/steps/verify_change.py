"""Looks at a showing's own page, loaded anew, until it shows the change: the only proof of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from automation.engine.answers import deed
from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Level, SeenShowing, ShowingStatus
from automation.engine.errors import NoAnswer
from automation.engine.pages.showing import ShowingPage
from automation.engine.showings import is_live
from automation.engine.slots import say_time
from automation.engine.steps.check_own_list import describe
from automation.engine.steps.open_showing import read_page


async def verify_cancelled(attempt: Attempt) -> Done:
    """Raises `NoAnswer` where the showing's badge does not say so in time."""
    return await _verify(attempt, lambda seen: seen.status is ShowingStatus.CANCELLED, news="Cancel")


async def verify_moved(attempt: Attempt) -> Done:
    """Raises `NoAnswer` where the showing is not seen, live, at its new time."""
    order = attempt.order
    if order.time is None:
        raise ValueError("A move needs its new time.")

    def is_there(seen: SeenShowing) -> bool:
        return is_live(seen) and (seen.date, seen.time) == (order.date, order.time)

    return await _verify(attempt, is_there, news=say_time(order.time))


async def _verify(attempt: Attempt, is_proof: Callable[[SeenShowing], bool], *, news: str) -> Done:
    """Reads the page until it is the proof, as long as the site may take to show it."""
    if attempt.showing is None:
        raise ValueError("A change is seen on the showing's own page.")
    clock = asyncio.get_running_loop()
    deadline, pause = clock.time() + attempt.site.list_timeout, 0.5
    while True:
        seen = await read_page(attempt, attempt.showing.showing_id, anew=True)
        if seen is not None and is_proof(seen):
            attempt.showing = seen
            return Done(
                message=f"Seen on BrokerBay: {describe(seen)}.",
                level=Level.SUCCESS,
                touched=ShowingPage.HEADING,
            )
        left = deadline - clock.time()
        if left <= 0:
            raise NoAnswer(
                f"BrokerBay took the {deed(attempt.order.kind)}, but its page of the showing does not show "
                "it yet. It must be looked up there before anything else is done."
            )
        await ShowingPage(attempt.page).wait_for_news(news, patience=min(pause, left))
        pause *= 2
