"""A wizard in a frame that an MLS put it into, drawn later than the frame."""

from __future__ import annotations

import asyncio

from automation.engine.browser import WarmBrowser
from automation.engine.pages.wizard import Wizard, WizardSeen
from tests.automation.engine.conftest import Loop

# The button that stands there at first is another one, with another name.
OUTSIDE = "<iframe srcdoc='<button>Book Showing</button>'></iframe>"
INSIDE = "<h1>100 Example Boulevard › Book Showing</h1><button>AUTO-CONFIRM</button>"


def test_the_buttons_name_counts_once_the_title_stands(loop: Loop, browser: WarmBrowser) -> None:
    async def read() -> WizardSeen | None:
        async with browser.context_for("late") as context:
            page = await context.new_page()
            await page.set_content(OUTSIDE)
            frame = page.frames[1]
            reading = asyncio.ensure_future(Wizard(frame).read())
            assert await frame.locator("button").count() == 1  # whatever it asks first is answered now
            await frame.evaluate("markup => { document.body.innerHTML = markup }", INSIDE)
            try:
                return await reading
            finally:
                await page.close()

    assert loop.run(read()) == WizardSeen(address="100 Example Boulevard", listing_id="", auto_confirm=True)
