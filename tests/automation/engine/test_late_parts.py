"""Pages that say no before they know better: that is believed once everything they asked for is here."""

from __future__ import annotations

import asyncio
import json
from datetime import time, timedelta

import pytest
from playwright.async_api import Route

from automation.engine.browser import WarmBrowser
from automation.engine.contract import KnownShowing, OrderKind, Result
from automation.engine.pages.search import Results, Search
from tests.automation.engine.conftest import ACCOUNT, Bay, Loop

SHOWN = "100 Example Boulevard #3008, Toronto, ON"


@pytest.fixture
def late(bay: Bay) -> Bay:
    bay.control.set_fault("parts_late")
    bay.control.set_fault("slow", path="/me/notifications", seconds=0.5)
    return bay


def kept(bay: Bay) -> KnownShowing:
    showing_id = bay.control.add_showing(
        listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14)
    )
    return KnownShowing(address=SHOWN, date=bay.day, time=time(14), showing_id=showing_id)


def test_days_that_open_late_can_be_booked(late: Bay) -> None:
    outcome = late.play(late.order())
    assert outcome.result is Result.BOOKED, outcome


def test_a_listing_whose_button_comes_late_can_be_booked(late: Bay) -> None:
    outcome = late.play(late.order(listing_id=late.listing_id))
    assert outcome.result is Result.BOOKED, outcome


def test_a_showing_whose_buttons_come_late_can_be_cancelled_and_moved(late: Bay) -> None:
    showing = kept(late)
    moved = late.play(
        late.order(kind=OrderKind.RESCHEDULE, showing=showing, date=late.day + timedelta(days=1))
    )
    assert moved.result is Result.BOOKED, moved
    there = KnownShowing(
        address=SHOWN, date=late.day + timedelta(days=1), time=time(14), showing_id=showing.showing_id
    )
    outcome = late.play(late.order(kind=OrderKind.CANCEL, showing=there))
    assert outcome.result is Result.CANCELLED, outcome


def test_what_never_comes_is_still_said_to_be_missing(late: Bay) -> None:
    late.control.set_fault("no_more_showings")
    outcome = late.play(late.order(listing_id=late.listing_id))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "not_bookable")
    gone = late.play(late.order(listing_id="0" * 24))
    assert (gone.result, gone.code) == (Result.REFUSED, "listing_not_found")
    assert not late.control.posts()


SEARCH = """
<input id="vendor-search-handler" autofocus>
<table><tr><td>1 Example Street</td><td><button>Add to tour</button></td></tr></table>
<script>
  document.querySelector("input").onkeydown = async ({key, target}) => {
    if (key === "Enter") window.found = await (await fetch(`/search/listings?input=${target.value}`)).json();
  };
</script>
"""


def test_an_earlier_searchs_rows_are_not_those_of_this_one(loop: Loop, browser: WarmBrowser) -> None:
    async def answer(route: Route) -> None:
        if "/search/" in route.request.url:
            await route.fulfill(content_type="application/json", body=json.dumps(["one"]))
        else:
            await route.fulfill(content_type="text/html", body=SEARCH)

    async def look_up() -> tuple[bool, Results]:
        async with browser.context_for("searching") as context:
            page = await context.new_page()
            try:
                await page.route("**/*", answer)
                await page.goto("http://brokerbay.example/")
                await page.locator("input").focus()
                looking = asyncio.ensure_future(Search(page).look_up("2 Example Street"))
                await page.wait_for_function("() => window.found")
                early = looking.done()
                for markup in ("", "<tr><td>2 Example Street</td><td>Add to tour</td></tr>"):
                    await page.locator("table").evaluate("(it, markup) => { it.innerHTML = markup }", markup)
                return early, await looking
            finally:
                await page.close()

    early, results = loop.run(look_up())
    assert not early
    assert [row.texts[0] for row in results.rows] == ["2 Example Street"]
