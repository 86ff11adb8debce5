"""A list of showings whose pager is quicker than its rows."""

from __future__ import annotations

import asyncio

import pytest

from automation.engine.browser import WarmBrowser
from automation.engine.pages.my_showings import ListPage, MyShowings
from tests.automation.engine.conftest import Loop

LIST = """
<table><tr><td>1 Example Street</td><td>Dec 1, 2026</td><td>8:00 PM - 8:30 PM</td></tr></table>
<div style="height: 3000px"></div>
<ul class="pagination"><li class="active"><a>1</a></li><li><a>2</a></li></ul>
<script>
  const [one, two] = document.querySelectorAll("li");
  two.onclick = event => {
    if (!event.isTrusted) return;
    one.className = "";
    two.className = "active";
  };
</script>
"""
TWO_FRAMES = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))"


def test_the_old_rows_never_pass_for_the_new_page(loop: Loop, browser: WarmBrowser) -> None:
    async def turn() -> tuple[bool, ListPage]:
        async with browser.context_for("turning") as context:
            page = await context.new_page()
            try:
                await page.set_content(LIST)
                turning = asyncio.ensure_future(MyShowings(page).turn_to(2))
                await page.locator("li.active", has_text="2").wait_for()
                await page.evaluate(TWO_FRAMES)
                await page.evaluate(TWO_FRAMES)
                early = turning.done()
                cell = page.locator("td").first
                await cell.evaluate("cell => { cell.textContent = '2 Example Street' }")
                return early, await turning
            finally:
                await page.close()

    early, turned = loop.run(turn())
    assert not early
    assert (turned.number, turned.pages, turned.rows[0].texts[0]) == (2, 2, "2 Example Street")


HARD = {
    "smooth scrolling": "document.documentElement.style.scrollBehavior = 'smooth'",
    "things move when the page scrolls": """
        addEventListener("scroll", () => { document.querySelector("div").style.height = "3060px" })""",
    "things move when they come into view": """
        const grow = ([seen]) => { if (seen.isIntersecting) one.style.paddingBottom = "90px" };
        new IntersectionObserver(grow).observe(one)""",
    "a pager that comes late": """
        const pager = document.querySelector("ul");
        pager.hidden = true;
        pager.replaceChildren(one);
        setTimeout(() => { pager.append(two); pager.hidden = false; }, 100)""",
    "a pager that is covered for a while": """
        document.body.insertAdjacentHTML("beforeend", "<p id=cover style='position: fixed; inset: 0'></p>");
        setTimeout(() => document.querySelector("#cover").remove(), 100)""",
}


@pytest.mark.parametrize("how", HARD)
def test_a_page_is_turned_where_that_is_hard(loop: Loop, browser: WarmBrowser, how: str) -> None:
    rows = (
        "two.addEventListener('click', () => { document.querySelector('td').textContent = '2 Example St' })"
    )

    async def turn() -> ListPage:
        async with browser.context_for("turning") as context:
            page = await context.new_page()
            page.set_default_timeout(5000)
            try:
                await page.set_content(f"{LIST}<script>{rows}; {HARD[how]}</script>")
                return await MyShowings(page).turn_to(2)
            finally:
                await page.close()

    for _ in range(5):  # whether a frame comes between look and click is chance
        turned = loop.run(turn())
        assert (turned.number, turned.rows[0].texts[0]) == (2, "2 Example St")
