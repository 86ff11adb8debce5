"""A partner's phone: the morning's first look, a run's film, and the receipt that is sent on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from tests.bookings.live.conftest import Watched
from tests.bookings.live.portal import Portal

PATIENCE = 15_000  # milliseconds
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce", has_touch=True)  # type: ignore[arg-type]
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A phone's page; whatever the page complains of fails the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    yield page
    assert complaints == []


def enter(page: Page, portal: Portal, session: str) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": portal.address}])


def figure(page: Page, name: str) -> Any:
    box = page.get_by_role("region", name="Figures").locator("div")
    return box.filter(has_text=re.compile(rf"^\s*{name}")).locator("dd")


def test_a_partners_morning_on_a_phone(portal: Portal, page: Page) -> None:
    morning = portal.worker("morning")
    enter(page, portal, morning["session"])
    page.goto(portal.address)

    # Without scrolling: what is confirmed, what waits, what is at risk, what needs them.
    expect(figure(page, "Today")).to_have_text(str(morning["today"]))
    for name in ("Confirmed", "Pending", "At risk", "Needs you"):
        expect(figure(page, name)).to_have_text("1")
        box = figure(page, name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < PHONE["height"]
    first = page.get_by_role("region", name="Needs you").get_by_role("link").first
    box = first.bounding_box()
    assert box is not None
    assert box["y"] < PHONE["height"]
    expect(page.get_by_role("region", name="At risk")).to_contain_text(morning["waiting"])
    expect(page.get_by_role("region", name="Today's showings")).to_contain_text(morning["confirmed"])
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    # One tap settles it.
    page.get_by_role("button", name=re.compile("Try again")).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(morning["asking"])
    expect(page.get_by_text("Waiting for a free worker.")).to_be_visible()
    page.goto(portal.address)
    expect(figure(page, "Needs you")).to_have_text("0")
    expect(figure(page, "Waiting")).to_have_text("1")


def test_the_film_of_a_run_is_turned_by_keys_and_by_thumb(watched: Watched, page: Page) -> None:
    enter(page, watched.portal, watched.sessions["owner"])
    for step in ("open_site", "find_listing", "submit"):
        watched.portal.worker("show", pk=watched.pk, step=step)
    page.goto(f"{watched.portal.address}/runs/{watched.run}")
    page.get_by_role("link", name=re.compile("Picture of BrokerBay: Find listing")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 3")
    expect(dialog.get_by_role("heading")).to_contain_text("Find listing")
    expect(dialog).to_contain_text("Did find_listing")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("3 of 3")
    expect(dialog.get_by_role("button", name="Later")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("3 of 3")
    dialog.get_by_role("button", name="Earlier").tap()
    dialog.get_by_role("button", name="Earlier").tap()
    expect(dialog).to_contain_text("1 of 3")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name=re.compile("Picture of BrokerBay: Open site"))).to_be_focused()


def test_a_receipt_is_shared_opened_by_a_stranger_and_taken_back(
    watched: Watched, page: Page, browser: Browser
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=watched.portal.address)
    enter(page, watched.portal, watched.sessions["owner"])
    page.goto(f"{watched.portal.address}/runs/{watched.run}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    watched.portal.worker("prove", pk=watched.pk)
    page.get_by_role("button", name="Share receipt").tap()
    page.get_by_role("button", name="Copy the link").tap()
    expect(page.get_by_role("status").filter(has_text="The link is copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.get_by_label("Link", exact=True).input_value()
    path = link[link.index("/receipts/") :]

    stranger = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    try:
        theirs = stranger.new_page()
        theirs.goto(watched.portal.address + path)
        expect(theirs.get_by_text("Confirmed", exact=True)).to_be_visible()
        expect(theirs.get_by_text("10:00 AM – 10:30 AM")).to_be_visible()
        expect(theirs.get_by_text(re.compile("Toronto time")).first).to_be_visible()
        assert theirs.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("button", name="Take it back").tap()
        expect(page.get_by_role("button", name="Make the link")).to_be_visible()
        gone = theirs.goto(watched.portal.address + path)
        assert gone is not None
        assert gone.status == 410
        expect(theirs.get_by_text("Ask them for a new link")).to_be_visible()
    finally:
        stranger.close()
