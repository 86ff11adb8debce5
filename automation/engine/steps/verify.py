"""Finds the new showing in the account's own list: the only proof of a booking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Level, SeenShowing
from automation.engine.errors import NoAnswer
from automation.engine.pages.my_showings import MyShowings
from automation.engine.showings import find_showing, is_live
from automation.engine.steps.check_own_list import describe, wanted_showing
from automation.engine.steps.own_list import look_for


async def verify(attempt: Attempt) -> Done:
    """Reads the list until it shows the showing, as long as the site may take for that.

    Raises `NoAnswer` where it does not appear: BrokerBay said yes, but the proof is missing.
    """
    wanted = wanted_showing(attempt)

    def is_it(seen: SeenShowing) -> bool:
        return is_live(seen) and find_showing([seen], wanted) is not None

    clock = asyncio.get_running_loop()
    deadline, pause = clock.time() + attempt.site.list_timeout, 0.5
    await attempt.exposed()
    await attempt.shell.open(MyShowings.ROUTE)
    while (row := await _look(attempt, is_it)) is None:
        left = deadline - clock.time()
        if left <= 0:
            raise NoAnswer(
                "BrokerBay took the booking, but its list of showings does not have it yet. "
                "It must be looked up there before anything else is done."
            )
        if not await _has_news(attempt, min(pause, left)):
            await attempt.shell.open(MyShowings.ROUTE)
        pause *= 2
    attempt.showing_row = row
    seen = describe(attempt.showing) if attempt.showing else ""
    return Done(
        message=f"Seen in BrokerBay's own list: {seen}.",
        level=Level.SUCCESS,
        touched=MyShowings.outline(row),
    )


async def _look(attempt: Attempt, is_it: Callable[[SeenShowing], bool]) -> int | None:
    """The row that fits, in a list drawn anew where the page that the submit led to was drawn over it."""
    try:
        await MyShowings(attempt.page).wait_until_drawn(patience=attempt.site.step_timeout / 4)
        return await look_for(attempt, is_it)
    except WaitedTooLong:
        await attempt.shell.load(MyShowings.ROUTE)
        return await look_for(attempt, is_it)


async def _has_news(attempt: Attempt, seconds: float) -> bool:
    """Whether the list grows by itself, within so long: asking over and over would be no courtesy."""
    try:
        await MyShowings(attempt.page).wait_for_more(patience=seconds)
    except WaitedTooLong:
        return False
    return True
