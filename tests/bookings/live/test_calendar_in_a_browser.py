"""The calendar on a phone, without a script, and on a desk, by keys; and a calendar link from end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from tests.bookings.calendar_readers import by_icalendar
from tests.bookings.live.portal import Portal

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def booked(portal: Portal) -> dict[str, Any]:
    told: dict[str, Any] = portal.worker("calendar")
    return told


def page_of(browser: Browser, portal: Portal, session: str, **how: Any) -> Page:
    """A page of somebody who is signed in; whatever it complains of fails the test."""
    page = browser.new_context(reduced_motion="reduce", **how).new_page()
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": portal.address}])
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on("console", lambda said: pytest.fail(said.text) if said.type in ("error", "warning") else None)
    return page


def day_of(page: Page, day: str) -> Any:
    return page.locator(f"#day-{day}")


def test_a_phone_without_scripts_reads_the_week_and_the_day(
    portal: Portal, booked: dict[str, Any], browser: Browser
) -> None:
    page = page_of(
        browser, portal, booked["session"], viewport=PHONE, has_touch=True, java_script_enabled=False
    )
    today = date.fromisoformat(booked["today"])
    page.goto(portal.address)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Calendar").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Calendar")
    page.wait_for_load_state()  # its styles come after its words
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    days = page.get_by_role("navigation", name="Days of this week").get_by_role("link")
    expect(days).to_have_count(7)
    page.locator('.strip a[aria-current="date"]').tap()
    box = day_of(page, booked["today"]).bounding_box()
    assert box is not None
    assert 0 <= box["y"] < PHONE["height"]

    # One below the other, in their order, each with its clock and zone; what waits stands apart.
    day_of(page, booked["today"]).get_by_role("link").first.tap()
    shown = day_of(page, booked["today"])
    booked_list = shown.locator(".booked").get_by_role("listitem")
    expect(booked_list).to_have_count(3)
    for told in ("10:00 AM – 10:30 AM", "Toronto time", "1 Morning Street"):
        expect(booked_list.nth(0)).to_contain_text(told)
    expect(booked_list.nth(0)).to_contain_text("Confirmed")
    expect(booked_list.nth(1)).to_contain_text("The client cannot be at both: 3 Clash Court at 2:15 PM.")
    expect(booked_list.nth(2)).to_contain_text("Pending")
    expect(shown.locator(".waiting")).to_contain_text(booked["waiting"])
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    page.get_by_role("link", name="The day after").tap()
    expect(day_of(page, (today + timedelta(days=1)).isoformat())).to_be_attached(attached=False)
    expect(page.get_by_role("heading", name="No showings on this day")).to_be_visible()
    page.get_by_role("link", name="Today", exact=True).tap()
    expect(day_of(page, booked["today"])).to_be_visible()
    page.get_by_role("navigation", name="View").get_by_role("link", name="By listing").tap()
    expect(page.get_by_role("region", name="1 Morning Street")).to_contain_text("10:00 AM")
    page.context.close()


def test_a_desk_lays_the_week_out_in_hours_and_is_turned_by_keys(
    portal: Portal, booked: dict[str, Any], browser: Browser
) -> None:
    page = page_of(browser, portal, booked["session"], viewport=DESK)
    today = date.fromisoformat(booked["today"])
    page.goto(f"{portal.address}/calendar")
    morning, first, second = (
        page.get_by_role("listitem")
        .filter(has=page.get_by_role("link", name=home, exact=True))
        .bounding_box()
        for home in ("1 Morning Street", "2 Afternoon Avenue", "3 Clash Court")
    )
    assert morning is not None
    assert first is not None
    assert second is not None
    # Four hours lie between the tops; what overlaps stands beside each other, in the column of its day.
    assert first["y"] - morning["y"] > 200
    assert morning["y"] < first["y"] < second["y"]
    assert first["x"] + first["width"] <= second["x"] + 1
    column = day_of(page, booked["today"]).bounding_box()
    assert column is not None
    assert column["x"] - 1 <= first["x"]
    assert second["x"] + second["width"] <= column["x"] + column["width"] + 1
    # A list with a heading for each day is what a screen reader gets of the very same page.
    region = page.get_by_role("region", name=re.compile("3 showings"))
    expect(region.get_by_role("heading", level=2)).to_be_visible()
    expect(region.locator(".booked").get_by_role("listitem")).to_have_count(3)

    def turn(key: str, link: str, day: date) -> None:
        """Press a key and see that day; the link that it stands for has the focus once the page listens."""
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"date={day}"))
        expect(page.get_by_role("link", name=link, exact=True)).to_be_focused()

    turn("ArrowRight", "The week after", today + timedelta(days=7))
    expect(page.get_by_role("heading", name="No showings in this week")).to_be_visible()
    turn("ArrowRight", "The week after", today + timedelta(days=14))
    turn("ArrowLeft", "The week before", today + timedelta(days=7))
    turn("Home", "Today", today)
    expect(day_of(page, booked["today"])).to_be_visible()
    # Where a key belongs to a field, it stays with the field.
    page.get_by_label("Day", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("navigation", name="View").get_by_role("link", name="Day", exact=True).click()
    expect(page).to_have_url(re.compile(f"view=day&date={today}"))
    expect(page.get_by_text("Keys: ← and →")).to_be_visible()  # the script has run
    turn("ArrowLeft", "The day before", today - timedelta(days=1))
    page.goto(f"{portal.address}/calendar")
    page.get_by_role("link", name="Show it as a list").click()
    expect(page.get_by_role("link", name="Lay it out in hours")).to_be_visible()
    page.context.close()


def test_a_link_is_made_read_by_a_calendar_and_ended(
    portal: Portal, booked: dict[str, Any], browser: Browser
) -> None:
    page = page_of(browser, portal, booked["session"], viewport=DESK)
    page.goto(f"{portal.address}/calendar")
    page.get_by_role("link", name="In your own calendar").click()
    page.get_by_role("button", name=re.compile("Make the link.*Calendar Team")).click()
    expect(page.get_by_role("heading", name=re.compile("The new link of Calendar Team"))).to_be_focused()
    link = page.get_by_label("Link", exact=True).input_value()
    address = portal.address + link[link.index("/calendar/feeds/") :]
    reader = browser.new_context()
    answer = reader.request.get(address)
    homes = [event["location"] for event in by_icalendar(answer.body())["events"]]
    assert homes == ["1 Morning Street", "2 Afternoon Avenue", "3 Clash Court"]
    page.goto(f"{portal.address}/calendar/links")
    expect(page.get_by_label("Link", exact=True)).to_have_count(0)
    page.get_by_role("button", name=re.compile("End it.*Calendar Team")).click()
    expect(page.get_by_role("status")).to_contain_text("The link is ended.")
    assert reader.request.get(address).status == 404
    reader.close()
    page.context.close()
