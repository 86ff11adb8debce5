"""An operator's bulk day in a real browser: the night's failures, a changed row, a view kept for tomorrow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from automation.engine.browser import find_executable
from tests.bookings.live.portal import PROJECT, Portal, environment

PATIENCE = 15_000  # milliseconds


@pytest.fixture
def page() -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        yield page
        browser.close()


def deed(portal: Portal, *words: str) -> Any:
    command = [sys.executable, "-m", "tests.bookings.live.morning", *words]
    told = subprocess.run(
        command, env=environment(portal.folder), cwd=PROJECT, stdout=subprocess.PIPE, check=True
    )
    return json.loads(told.stdout)


@pytest.fixture
def morning(portal: Portal, page: Page) -> dict[str, Any]:
    left: dict[str, Any] = deed(portal, "morning")
    page.context.add_cookies(
        [{"name": "sessionid", "value": left["session"], "url": f"http://127.0.0.1:{portal.port}"}]
    )
    return left


def pick_all(page: Page, action: str) -> None:
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").first.click()


def test_failed_runs_are_given_to_another_account_and_tried_again_one_by_one(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.goto(f"{portal.address}/admin/bookings/bookingrun/?partner__id__exact={morning['partner']}")
    page.get_by_role("navigation", name="By state").get_by_role("link", name=re.compile("Failed")).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(3)

    pick_all(page, "Give to another account…")
    page.get_by_label("BrokerBay account").select_option(label=morning["other_account"])
    page.get_by_label("Reason").fill("The other one is away")
    page.get_by_role("button", name="Give to this account").click()
    expect(page.get_by_text("3 runs go through that account.")).to_be_visible()

    page.goto(
        f"{portal.address}/admin/bookings/bookingrun/?state__exact=failed&partner__id__exact={morning['partner']}"
    )
    pick_all(page, "Try again…")
    page.get_by_label("One after another").select_option(label="Every minute")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("3 runs are queued again.")).to_be_visible()


def test_a_status_is_changed_for_several_and_the_row_that_somebody_else_changed_is_told(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.goto(f"{portal.address}/admin/bookings/booking/?q=Quay&partner__id__exact={morning['partner']}")
    pick_all(page, "Change status…")
    first = morning["bookings"][0]
    deed(portal, "decline", str(first))
    page.get_by_label("New status").select_option(label="Cancelled")
    page.get_by_label("Reason").fill("The building is closed")
    page.get_by_role("button", name="Change status").click()
    expect(page.get_by_text("Somebody changed it after you picked it; look again.")).to_be_visible()
    expect(page.get_by_text("bookings have their new status.")).to_be_visible()

    page.goto(f"{portal.address}/admin/bookings/booking/{morning['bookings'][1]}/history/")
    expect(page.get_by_text("Reason: The building is closed")).to_be_visible()
    expect(page.locator("del", has_text="Pending")).to_be_visible()


def test_a_view_is_saved_with_the_keyboard_alone_and_found_in_the_side_bar(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.goto(f"{portal.address}/admin/bookings/booking/?q=Quay&status__exact=Pending")
    page.get_by_role("link", name="Views and columns…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name=re.compile("^Name")).focus()
    page.keyboard.type("Quays that wait")
    page.get_by_label("Pin it").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save the view").focus()
    page.keyboard.press("Enter")

    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="Quays that wait")).to_have_attribute("aria-current", "true")
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    bar = page.get_by_role("navigation", name="Tables")
    expect(bar.get_by_role("link", name=re.compile("Quays that wait"))).to_be_visible()


def test_a_list_is_narrowed_by_its_filters_with_the_keyboard_alone(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.goto(f"{portal.address}/admin/bookings/booking/?q=Quay&partner__id__exact={morning['partner']}&o=1")
    expect(page.locator("#filter-form")).to_have_count(0)
    page.get_by_role("button", name="Filters").focus()
    page.keyboard.press("Enter")
    panel = page.locator("#changelist-filter")
    expect(panel.get_by_role("combobox", name="By partner")).to_be_visible()
    for _what in ("what scrolls", "the first filter"):
        page.keyboard.press("Tab")
    expect(panel.get_by_role("combobox", name="By status").get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Filters", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    panel.get_by_role("textbox", name="booking date, from").focus()
    expect(panel.locator(".datetimeshortcuts").first).to_be_visible()
    panel.get_by_role("combobox", name="By hidden bookings").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".select2-search__field[role=searchbox]:focus")).to_be_visible()
    page.keyboard.type("Only")
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Apply Filters").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#result_list")).to_have_count(0)
    for kept in ("q=Quay", f"partner__id__exact={morning['partner']}", "o=1", "hidden=only"):
        assert kept in page.url
    assert "=&" not in page.url, "what was left empty asks for nothing"


def test_filters_that_did_not_come_are_asked_for_once_more(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{portal.address}/admin/bookings/booking/?q=Quay")
    page.context.set_offline(True)
    page.get_by_role("button", name="Filters").click()
    panel = page.locator("#changelist-filter")
    expect(panel.get_by_role("alert")).to_contain_text("The filters did not come.")
    page.context.set_offline(False)
    panel.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("button", name="Apply Filters")).to_be_visible()


def test_arrow_keys_choose_a_partner_on_the_dashboard_without_leaving_it(
    portal: Portal, page: Page, morning: dict[str, Any]
) -> None:
    page.goto(f"{portal.address}/")
    picker = page.get_by_label("Partner", exact=True)
    picker.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    chosen = picker.input_value()
    assert chosen
    assert "partner=" not in page.url
    expect(picker).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?partner={chosen}")
