"""The pages in a real browser, with the server and the worker in processes of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from tests.bookings.live.conftest import Watched
from tests.bookings.live.portal import Portal
from tests.bookings.live.wire import Wire

PATIENCE = 15_000  # milliseconds


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone's page; whatever the page complains of fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
    yield page
    context.close()
    assert complaints == []


def _is_complaint(said: Any) -> bool:
    # A cut wire is what some tests are about; everything else in red is a fault of ours.
    return said.type in ("error", "warning") and "ERR_" not in said.text


def sign_in(page: Page, port: int, session: str) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": f"http://127.0.0.1:{port}"}])


def test_lines_of_another_process_show_up_and_survive_a_dropped_connection(
    watched: Watched, page: Page
) -> None:
    with Wire(watched.portal.port) as wire:
        sign_in(page, wire.port, watched.sessions["colleague"])
        page.goto(f"http://127.0.0.1:{wire.port}/runs/{watched.run}")
        log = page.get_by_role("log")
        link = page.get_by_text("Live", exact=True)
        expect(link).to_be_visible()

        watched.tell("Said while watched")
        expect(log).to_contain_text("Said while watched")

        wire.cut()
        expect(page.get_by_text("Reconnecting…")).to_be_visible()
        watched.tell("Said while cut")
        wire.mend()
        expect(log).to_contain_text("Said while cut")
        watched.tell("Said afterwards")
        expect(log).to_contain_text("Said afterwards")
        numbers = log.locator("li").evaluate_all("rows => rows.map(row => Number(row.dataset.seq))")
        assert numbers == [1, 2, 3, 4, 5]


def test_steps_pictures_and_the_result_come_without_a_reload(watched: Watched, page: Page) -> None:
    sign_in(page, watched.portal.port, watched.sessions["owner"])
    page.goto(f"{watched.portal.address}/runs/{watched.run}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.evaluate("window.stayed = true")

    watched.portal.worker("show", pk=watched.pk, step="find_listing")
    thumb = page.get_by_role("link", name=re.compile("Picture of BrokerBay: Find listing"))
    thumb.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(thumb).to_be_focused()

    watched.finish()
    expect(page.get_by_text("No online showings for this listing.")).to_be_visible()
    expect(page.get_by_text("Call the listing office.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_text("Ended", exact=True)).to_be_visible()
    assert page.evaluate("window.stayed")


def test_a_person_signs_in_picks_a_clients_wish_and_books_it(
    portal: Portal, people: dict[str, Any], page: Page
) -> None:
    person = portal.worker("newcomer", partner=people["partner"])
    page.goto(f"{portal.address}/auto-book")
    page.get_by_label("User name").fill(person["name"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("link", name=re.compile(person["address"])).click()
    expect(page.get_by_label("Property")).to_have_value(person["mls"])
    expect(page.get_by_label("Date")).to_have_value(person["day"])
    expect(page.get_by_label("Start time")).to_have_value("10:00")
    page.get_by_label("45 minutes").check()
    page.get_by_role("button", name="Book it").dblclick()

    expect(page.get_by_role("heading", level=1)).to_have_text(person["address"])
    expect(page.get_by_text("Waiting for a free worker.")).to_be_visible()
    expect(page.get_by_text("45 minutes").first).to_be_visible()


def test_the_dashboard_moves_by_itself(watched: Watched, page: Page) -> None:
    sign_in(page, watched.portal.port, watched.sessions["owner"])
    page.clock.install()
    page.goto(watched.portal.address)
    recent = page.get_by_role("region", name="Recent runs").get_by_role("link").first
    expect(recent).to_contain_text("Running")
    watched.finish()
    page.clock.fast_forward(11_000)
    expect(recent).to_contain_text("Refused")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(watched: Watched, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    sign_in(page, watched.portal.port, watched.sessions["owner"])
    for address in ("/", "/auto-book", f"/runs/{watched.run}"):
        page.goto(watched.portal.address + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
