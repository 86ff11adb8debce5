"""Signing in, booking, watching and cancelling with the keys alone, and the focus in sight at each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from tests.bookings.live.everyone.conftest import WIDE
from tests.bookings.live.portal import Portal

MOST = 120  # presses of Tab until a page counts as one that does not let people on
SHOWN = """() => {
    const focused = document.activeElement;
    const ringed = element => {
        const style = getComputedStyle(element);
        return parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none";
    };
    const box = focused.getBoundingClientRect();
    const words = focused.cloneNode(true);
    words.querySelectorAll("[aria-hidden=true]").forEach(hidden => hidden.remove());
    const said = focused.labels?.[0]?.textContent || focused.getAttribute("aria-label");
    return {
        name: focused === document.body ? "" : (said || words.textContent).trim(),
        // A choice hides its circle and lets the word beside it be ringed.
        ringed: ringed(focused) || [...(focused.parentElement?.children ?? [])].some(ringed),
        inSight: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    };
}"""


@pytest.fixture
def keys(browser: Browser) -> Iterator[Tab]:
    expect.set_options(timeout=15_000)
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def to(tab: Tab, name: str) -> None:
    """Press Tab until what is called so has the focus; each stop on the way must be seen."""
    for _ in range(MOST):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(SHOWN)
        if not stop["name"]:
            continue  # the browser's own bar
        assert stop["ringed"], f"nobody sees the focus on “{stop['name']}”"
        assert stop["inSight"], f"“{stop['name']}” has the focus and is out of sight"
        if stop["name"].startswith(name):
            return
    pytest.fail(f"no key leads to “{name}”")


def signed_in(keys: Tab, portal: Portal, person: dict[str, str]) -> None:
    keys.goto(f"{portal.address}/sign-in")
    expect(keys.get_by_label("User name or email")).to_be_focused()
    keys.keyboard.type(person["name"])
    to(keys, "Password")
    keys.keyboard.type(person["password"])
    keys.keyboard.press("Enter")
    expect(keys.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_a_showing_is_booked_and_cancelled_with_the_keys_alone(
    portal: Portal, people: dict[str, Any], keys: Tab
) -> None:
    person = portal.worker("newcomer", partner=people["partner"])
    signed_in(keys, portal, person)

    to(keys, "Skip to the content")
    keys.keyboard.press("Enter")
    assert keys.evaluate("document.activeElement.id") == "main"
    keys.reload()

    to(keys, "Auto-book")
    keys.keyboard.press("Enter")
    expect(keys.get_by_role("heading", name="Auto-book")).to_be_visible()
    to(keys, "Property")
    keys.keyboard.type(person["address"])
    to(keys, "Date")
    year, month, day = person["day"].split("-")
    keys.keyboard.type(f"{month}{day}{year}")
    # A day has three parts and a time too: the next Tab that is called “Start time” is past them.
    to(keys, "Start time")
    keys.keyboard.type("1030AM")
    to(keys, "30 minutes")
    keys.keyboard.press("ArrowRight")
    expect(keys.get_by_label("45 minutes")).to_be_checked()
    to(keys, "Only if it confirms at once")
    keys.keyboard.press("Space")
    to(keys, "Book it")
    keys.keyboard.press("Enter")

    expect(keys.get_by_role("heading", name=person["address"])).to_be_visible()
    expect(keys.get_by_text("Queued").first).to_be_visible()
    to(keys, "Stop")
    keys.keyboard.press("Enter")
    expect(keys.locator("#summary .badge")).to_have_text("Cancelled")


def test_a_booked_showing_is_cancelled_on_brokerbay_with_the_keys_alone(
    portal: Portal, world: dict[str, Any], keys: Tab
) -> None:
    cookie = {"name": "sessionid", "value": world["sessions"]["manager"], "url": portal.address}
    keys.context.add_cookies([cookie])  # type: ignore[list-item]
    keys.goto(f"{portal.address}/admin/bookings/booking/{world['said']['receipt_of']}/change/")
    to(keys, "Cancel on BrokerBay…")
    keys.keyboard.press("Enter")
    expect(keys.get_by_role("heading", name="Cancel this showing on BrokerBay").first).to_be_visible()
    to(keys, "Reason")
    keys.keyboard.type("The client is ill")
    to(keys, "Cancel on BrokerBay")
    keys.keyboard.press("Enter")
    expect(keys.get_by_text("Queued:")).to_be_visible()
    to(keys, "Watch it")
    keys.keyboard.press("Enter")
    expect(keys.get_by_role("heading", level=1)).to_be_visible()
    expect(keys.get_by_text("Cancel a showing").first).to_be_visible()
