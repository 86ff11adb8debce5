"""Turns the pages of the account's own list of showings; the steps that need it decide what it means."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from playwright.async_api import Error

from automation.engine.attempt import Attempt
from automation.engine.contract import SeenShowing
from automation.engine.errors import PageChanged
from automation.engine.pages.my_showings import ListPage, MyShowings
from automation.engine.showings import ShowingRow, read_showing

logger = logging.getLogger(__name__)

READS = 3  # after the first


async def pages_of(attempt: Attempt) -> AsyncIterator[ListPage]:
    """Each page of the list that is open, from the first on."""
    mine = MyShowings(attempt.page)
    page = await mine.read()
    if page.number != 1:
        page = await mine.turn_to(1)
    yield page
    while page.number < page.pages:
        before, page = page, await mine.turn_to(page.number + 1)
        if shared_rows(before, page):
            # A row that got another badge, or came in, is no new page yet.
            await attempt.rest()
            page = await mine.read()
        yield page


async def read_all(attempt: Attempt) -> tuple[SeenShowing, ...]:
    """Every showing; an incomplete read raises `PageChanged`, for it must never pass for an absence."""
    pages = [page async for page in pages_of(attempt)]
    if not pages[0].rows:
        # "No showings" may be what it says until its rows are here.
        if not await attempt.rest():
            raise PageChanged(
                "BrokerBay's list of showings looked empty while it was still loading, for too long to be "
                "believed. Nothing was sent."
            )
        pages = [page async for page in pages_of(attempt)]
    showings = [showing for page in pages for showing in showings_on(page, attempt)]
    if not is_complete(pages) or None in showings:
        rows = sum(len(page.rows) for page in pages)
        raise PageChanged(
            f"BrokerBay's list of showings could not be read in full ({rows} rows seen). Nothing was sent."
        )
    return tuple(showing for showing in showings if showing is not None)


async def read_all_twice(attempt: Attempt) -> tuple[SeenShowing, ...]:
    """Every showing, read until two reads in a row agree: rows move between pages while one is read."""
    before = await read_all(attempt)
    for _ in range(READS):
        await attempt.pictured()
        await attempt.shell.load(MyShowings.ROUTE)
        showings = await read_all(attempt)
        if showings == before:
            return showings
        before = showings
    raise PageChanged("BrokerBay's list of showings kept changing while it was read. Nothing was sent.")


def showings_on(page: ListPage, attempt: Attempt) -> list[SeenShowing | None]:
    """Row by row what a page holds; None for a row that cannot be read."""
    return [read_showing(row, near=attempt.near) for row in page.rows]


def is_complete(pages: Sequence[ListPage]) -> bool:
    """Whether these pages are the whole list: numbered to the last, full but for that, of one total, and each
    with rows of its own."""
    first, last = pages[0], pages[-1]
    numbered = [page.number for page in pages] == list(range(1, last.pages + 1))
    full = all(len(page.rows) == len(first.rows) for page in pages[:-1])
    fits = len(last.rows) <= len(first.rows) and (len(pages) == 1 or bool(last.rows))
    total = sum(len(page.rows) for page in pages)
    own = all(shared_rows(one, other) <= max(1, len(other.rows) // 2) for one, other in pairwise(pages))
    return numbered and full and fits and own and all(page.total in (None, total) for page in pages)


def shared_rows(one: ListPage, other: ListPage) -> int:
    """How many rows of the other page say just what some row of the one says, whatever their badges.

    A showing that was cancelled and booked anew may be one; a page whose rows are late has most or all.
    """
    said = {_without_badge(row) for row in one.rows}
    return sum(_without_badge(row) in said for row in other.rows)


def _without_badge(row: ShowingRow) -> tuple[str, ...]:
    return tuple(text for text in row.texts if text != row.badge)


async def look_for(attempt: Attempt, is_it: Callable[[SeenShowing], bool]) -> int | None:
    """Keeps the first showing that fits and leaves its page open; its row there, None where there is none."""
    async for page in pages_of(attempt):
        for index, seen in enumerate(showings_on(page, attempt)):
            if seen is not None and is_it(seen):
                attempt.showing = seen
                return index
    return None


async def learn_id(attempt: Attempt, *, row: int | None = None) -> None:
    """Gives the kept showing its id and URL, which only opening its row tells; it counts without them too.

    `row` is where it stands on the page that is open; without it, or where the page is drawn over meanwhile,
    the list is read anew.
    """
    known = attempt.showing
    if known is None or known.showing_id:
        return
    patience = attempt.site.step_timeout
    if row is not None and await _open(attempt, row, patience=patience / 4):
        return
    try:
        await attempt.pictured()
        await attempt.shell.open(MyShowings.ROUTE)
        row = await look_for(attempt, lambda seen: seen == known)
    except (Error, PageChanged) as error:
        logger.warning("The list could not be read for a showing's id: %s", error.message)
        return
    if row is not None:
        await _open(attempt, row, patience=patience)


async def _open(attempt: Attempt, row: int, *, patience: float) -> bool:
    """Whether the kept showing's page was opened, and told its id. Opening does no harm, also twice."""
    try:
        await attempt.exposed()
        showing_id, url = await MyShowings(attempt.page).open_row(row, patience=patience)
    except Error as error:
        logger.warning("The showing's id could not be read: %s", error.message)
        return False
    if attempt.showing is not None:
        attempt.showing = replace(attempt.showing, showing_id=showing_id, url=url)
    return True
