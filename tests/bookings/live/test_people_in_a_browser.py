"""A manager invites somebody, who signs up on a phone; then removes them, and their open page is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from tests.bookings.live.portal import Portal

NEWCOMER = "robin@example.com"
PASSWORD = "a long enough sentence"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


def page_of(browser: Browser, *, width: int, height: int) -> Page:
    page = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    ).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def test_a_manager_invites_somebody_and_removes_them(
    portal: Portal, people: dict[str, Any], browser: Browser
) -> None:
    manager = portal.worker("manager", partner=people["partner"])
    desk = page_of(browser, width=1280, height=800)
    desk.context.add_cookies([{"name": "sessionid", "value": manager["session"], "url": portal.address}])
    desk.goto(portal.address)
    desk.get_by_role("link", name="People").click()
    desk.get_by_label("Email").fill("nonsense")
    desk.get_by_role("button", name="Send the invitation").click()
    expect(desk.get_by_text("That is no email address.")).to_be_visible()
    desk.get_by_label("Email").fill(NEWCOMER)
    desk.get_by_label("Role", exact=True).select_option("viewer")
    desk.get_by_role("button", name="Send the invitation").click()
    expect(desk.get_by_role("status")).to_contain_text(NEWCOMER)
    expect(desk.get_by_role("region", name="Invited")).to_contain_text(NEWCOMER)

    found = re.search(r"(/join/\S+)", portal.worker("letter", to=NEWCOMER))
    assert found
    phone = page_of(browser, width=390, height=844)
    phone.goto(portal.address + found[1])
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_label("First name").fill("Robin")
    phone.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.get_by_label("Password once more").fill(PASSWORD)
    phone.get_by_role("button", name="Make my account").click()
    expect(phone.get_by_text("Welcome. You work for")).to_be_visible()

    desk.reload()
    at_work = desk.get_by_role("region", name="At work")
    row = at_work.get_by_role("listitem").filter(has_text=NEWCOMER)
    row.get_by_label("Role of Robin").select_option("booker")
    row.get_by_role("button", name="Change role").click()
    expect(desk.get_by_text("Robin is now: Booker.")).to_be_visible()
    row.get_by_role("link", name="Remove").click()
    expect(desk.get_by_role("heading", name="Remove Robin?")).to_be_visible()
    desk.get_by_role("button", name="Remove").click()
    expect(desk.get_by_text("does not work for")).to_be_visible()
    expect(at_work).not_to_contain_text(NEWCOMER)

    phone.reload()
    expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    desk.context.close()
    phone.context.close()
