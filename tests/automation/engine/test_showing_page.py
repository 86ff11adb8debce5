"""A showing's own page is read wherever its facts stand: BrokerBay has them in a panel on the left."""

from __future__ import annotations

from datetime import date

import pytest

from automation.engine.pages.showing import ShowingPage
from automation.engine.showings import read_showing
from tests.automation.engine.conftest import Bay

FACTS = """<h3>12 Example Street, Toronto, ON</h3><span class="badge">Confirmed</span>
<p>Monday, November 23, 2026</p><p>2:00 PM - 2:30 PM</p><button>✕ Cancel</button>"""
FRAME = "<header>11:00 AM, good morning</header><nav>Showings</nav>"


@pytest.mark.parametrize(
    "body",
    [
        f"{FRAME}<main>{FACTS}</main>",
        f"{FRAME}<main><aside>{FACTS}</aside><section>Listing brokerage</section></main>",
        f"{FRAME}<aside>{FACTS}</aside><main>Photos of the home</main>",
        f"{FRAME}<div>{FACTS}</div>",
    ],
    ids=["in main", "in a panel of main", "in a panel beside main", "without landmarks"],
)
def test_the_facts_are_found(bay: Bay, body: str) -> None:
    async def read() -> object:
        async with bay.browser.context_for("panel", None) as context:
            page = await context.new_page()
            await page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html"))
            await page.goto(f"http://127.0.0.1:9/#/{ShowingPage.route('5' * 24)}")
            return (await ShowingPage(page).read()).row

    row = bay.loop.run(read())
    seen = read_showing(row, near=date(2026, 11, 1))
    assert seen is not None
    assert (seen.address, f"{seen.date}", f"{seen.time:%H:%M}") == (
        "12 Example Street, Toronto, ON",
        "2026-11-23",
        "14:00",
    )
    assert (seen.badge, seen.duration_minutes, seen.showing_id) == ("Confirmed", 30, "5" * 24)
