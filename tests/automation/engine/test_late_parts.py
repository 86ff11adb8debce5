"""Pages that say no before they know better: that is believed once everything they asked for is here."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import time, timedelta

import pytest
from playwright.async_api import Error, Route
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.browser import WarmBrowser
from automation.engine.contract import KnownShowing, Order, OrderKind, Outcome, Result
from automation.engine.flow import play
from automation.engine.pages.search import ResultRow, Results, Search
from tests.automation.engine.conftest import ACCOUNT, Bay, Loop, Remembering

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


def played(bay: Bay, order: Order, script: str, *changes: tuple[str, str], hang: str = "") -> Outcome:
    """The order on a site with changes in one of its scripts; what has `hang` in its address hangs."""
    held: list[Route] = []

    async def change(route: Route) -> None:
        answer = await route.fetch()
        text = await answer.text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        await route.fulfill(response=answer, body=text)

    async def keep(route: Route) -> None:
        held.append(route)

    async def play_changed() -> Outcome:
        async with bay.browser.context_for(f"changed {script} {hang}", bay.state) as context:
            await context.route(f"**/pages/{script}", change)
            if hang:
                await context.route(lambda url: hang in url, keep)
            try:
                return await play(context, order, site=bay.site(step_timeout=3.0), listener=Remembering())
            finally:
                for route in held:
                    with suppress(Error):
                        await route.abort()
                await context.unroute_all(behavior="ignoreErrors")

    return bay.loop.run(play_changed())


def test_a_calendar_that_falls_back_to_its_month_is_turned_anew(late: Bay) -> None:
    far = late.day + timedelta(days=70)
    back = ("this.knowsDays = true;", "this.knowsDays = true; this.month = this.day;")
    outcome = played(late, late.order(date=far), "wizard.js", back)
    assert outcome.result is Result.BOOKED, outcome
    assert [one.date for one in late.control.showings()] == [far]


def test_a_calendar_that_shows_another_day_as_chosen_sends_nothing(bay: Bay) -> None:
    picked = "this.minutes = this.fitting(time).at(-1);"
    jumps = f"{picked} this.day = this.one.today; this.drawCalendar();"
    outcome = played(bay, bay.order(), "wizard.js", (picked, jumps))
    assert (outcome.result, outcome.code) == (Result.BROKE, "page_changed"), outcome
    assert "another day" in outcome.message
    assert not bay.control.posts()


def test_a_click_that_falls_through_a_popover_tells_no_times_of_another_day(bay: Bay) -> None:
    """Somebody else takes the slot as the mouse comes: under the popover lies the calendar."""
    bay.control.block_slot(bay.listing_id, on=bay.day, at=time(9))
    opens = "document.body.append(this.popover);"
    goes = "() => { this.tellChoice(); this.unselect(); this.drawSlots(); }"
    closes = f"{opens} this.popover.addEventListener('mousemove', {goes}, {{ once: true }});"
    outcome = played(bay, bay.order(), "wizard.js", (opens, closes))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_lost"), outcome
    assert {slot.date for slot in outcome.open_slots} == {bay.day}
    assert not {time(9), time(14)} & {slot.time for slot in outcome.open_slots}
    assert not bay.control.posts()


def test_a_day_that_the_page_left_with_the_selection_is_chosen_anew(bay: Bay) -> None:
    """Scrolling to the submit makes this page draw itself as it was at first, once."""
    bay.control.set_fault("rerender_drops_selection")
    drops = "this.unselect();\n      this.drawSlots();"
    outcome = played(bay, bay.order(), "wizard.js", (drops, "this.choose(this.one.today);"))
    assert outcome.result is Result.BOOKED, outcome
    assert [(one.date, one.time) for one in bay.control.showings()] == [(bay.day, time(14))]


def test_a_day_that_changes_with_the_scroll_to_the_submit_sends_nothing(bay: Bay) -> None:
    bay.control.set_fault("rerender_drops_selection")
    drops = "this.unselect();\n      this.drawSlots();"
    jumps = "this.day = this.one.today; this.drawCalendar();"
    outcome = played(bay, bay.order(), "wizard.js", (drops, jumps))
    assert (outcome.result, outcome.code) == (Result.BROKE, "page_changed"), outcome
    assert "another day" in outcome.message
    assert not bay.control.posts()


def test_a_badge_that_changes_is_no_new_page(bay: Bay) -> None:
    """The wanted showing stands on the second page, which comes late."""
    for number in range(15):
        home = bay.control.add_listing(
            mls_number=f"W{1_000_000 + number}", street=f"{number + 10} Other Street"
        )
        bay.control.add_showing(
            listing_id=home, account=ACCOUNT, date=bay.day + timedelta(days=3 + number), time=time(9)
        )
    kept(bay)
    bay.control.set_fault("pager_first")
    bay.control.set_fault("slow", path="/my/showings", seconds=0.8)
    pager = "if (pager) pager.replaceWith"
    badge = "if (pager) setTimeout(() => { holder.querySelector('.status').textContent = 'New'; }, 100);\n"
    outcome = played(bay, bay.order(), "showings.js", (pager, badge + pager))
    assert (outcome.result, outcome.submitted) == (Result.BOOKED, False), outcome
    assert "already" in outcome.message


def test_a_list_whose_part_of_the_script_comes_late_is_not_empty(bay: Bay) -> None:
    kept(bay)
    bay.control.set_fault("empty_first")
    bay.control.set_fault("slow", path="/static/days.js", seconds=0.8)
    lazily = ("const found = await get(", "await import('/static/days.js?late'); const found = await get(")
    outcome = played(bay, bay.order(), "showings.js", lazily)
    assert (outcome.result, outcome.submitted) == (Result.BOOKED, False), outcome


def test_a_list_that_hangs_after_the_proof_costs_the_id_and_not_the_proof(bay: Bay) -> None:
    bay.control.set_fault("empty_first")
    dead = (
        "location.hash = `#/my_business/showing/${one._id}?redirectTo=calendar`",
        "(sessionStorage.hung = 1)",
    )
    get = "const found = await get("
    hangs = (get, f"if (sessionStorage.hung) await fetch('/static/never'); {get}")
    outcome = played(bay, bay.order(), "showings.js", dead, hangs, hang="/static/never")
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.showing is not None
    assert outcome.showing.showing_id == ""


def test_a_request_that_never_ends_does_not_cut_the_search_for_the_proof_short(bay: Bay) -> None:
    bay.control.set_fault("late_in_list", seconds=2)
    waits = ("this.listen();", "this.listen(); fetch('/static/never').catch(() => 0);")
    outcome = played(bay, bay.order(), "wizard.js", waits, hang="/static/never")
    assert outcome.result is Result.BOOKED, outcome


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
                looking = asyncio.ensure_future(
                    Search(page).look_up("2 Example Street", rest=lambda: asyncio.sleep(0))
                )
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


@pytest.mark.parametrize("opens", ["open_wizard", "open_listing"])
def test_a_twin_that_comes_in_above_the_row_that_was_read_is_not_opened(
    loop: Loop, browser: WarmBrowser, opens: str
) -> None:
    markup = """<table onclick="pressed = event.target.closest('tr').id"><tr id=meant><td>N12345678</td>
    <td>2 Example Street</td><td><button>Book Showing</button> Add to tour</td></tr></table>"""
    twin = """meant => meant.before(Object.assign(meant.cloneNode(true),
      {id: 'twin', innerHTML: meant.innerHTML.replace('N12345678', 'N99999999')}))"""

    async def press_both() -> list[str]:
        async with browser.context_for("twins") as context:
            page = await context.new_page()
            try:
                await page.set_content(f"<script>pressed = ''</script>{markup}")
                page.set_default_timeout(300)
                row = ResultRow(texts=(), element=page.locator("tr").nth(0))
                pressed = []
                for change in ("meant => {}", twin):
                    await page.locator("#meant").evaluate(change)
                    with suppress(WaitedTooLong):
                        await getattr(Search(page), opens)(
                            row, address="2 Example Street", mls_number="N12345678"
                        )
                    pressed.append(await page.evaluate("[pressed, pressed = ''][0]"))
                return pressed
            finally:
                await page.close()

    assert loop.run(press_both()) == ["meant", ""]
