"""A list of showings whose pager is quicker than its rows."""

from __future__ import annotations

import asyncio

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
