"""The floor of a booking run: a plain Playwright script with the same clicks; no pictures, log or doubts."""

from __future__ import annotations

import re
from datetime import date, time

from playwright.async_api import BrowserContext, Page

from automation.engine.slots import MONTHS, say_time

SHOWINGS = "#/my_business/showings/buyer"


async def book(
    context: BrowserContext, *, base_url: str, mls_number: str, day: date, at: time, minutes: int
) -> None:
    """Reads the own list, books, and reads the list again until the showing is there."""
    page = await context.new_page()
    await page.goto(f"{base_url}/{SHOWINGS}", wait_until="commit")
    await page.get_by_text("No showings").or_(page.locator("tr.showing-row")).first.wait_for()
    await page.get_by_placeholder("Search listings or agents").click()
    await page.get_by_label("Search", exact=True).fill(mls_number)
    await page.get_by_label("Search", exact=True).press("Enter")
    await page.locator("tr", has_text=mls_number).get_by_role("button", name="Book Showing").click()
    await _turn_to(page, day)
    numbers = await page.locator(".datenumber").all_inner_texts()
    index = numbers.index("1") + day.day - 1
    await page.locator(".datecontainer").nth(index).click()
    await page.locator(".timeslot").get_by_text(say_time(at), exact=True).click()
    await page.locator(f"input[name='duration'][value='{minutes}']").click()
    await page.get_by_role("button", name="Done").click()
    async with page.expect_response(re.compile(r"/appointment$")) as answered:
        await page.get_by_role("button", name="AUTO-CONFIRM").click()
    assert (await answered.value).ok
    await page.wait_for_url(re.compile(r"/view$"), wait_until="commit")
    await page.goto(f"{base_url}/{SHOWINGS}", wait_until="commit")
    said = f"{MONTHS[day.month - 1][:3].title()} {day.day}, {day.year}"
    row = page.locator("tr.showing-row", has_text=said)
    await row.filter(has_text=say_time(at)).first.click()
    await page.wait_for_url(re.compile(r"/my_business/showing/[0-9a-f]{24}"), wait_until="commit")
    await page.close()


async def _turn_to(page: Page, day: date) -> None:
    wanted = f"{day.year} {MONTHS[day.month - 1].title()}"
    while (await page.locator(".datetitle").inner_text()) != wanted:
        await page.get_by_label("Next month").click()
