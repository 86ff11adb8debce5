"""A long address of a page, which no space breaks, widens no phone's screen."""

from __future__ import annotations

from tests.bookings.live.everyone.conftest import PHONE, Open
from tests.bookings.live.everyone.pages import ADMIN_PAGES

LENGTHEN = """() => document.querySelectorAll("#content .readonly").forEach(told => {
    const link = document.createElement("a");
    link.textContent = "https://edge.brokerbay.example/#/listing/" + "0123456789abcdef".repeat(12);
    told.replaceChildren(link);
})"""


def test_a_bookings_long_addresses_break_within_a_phone(opened: Open) -> None:
    tab = opened(next(page for page in ADMIN_PAGES if page.name == "admin, booking"))
    tab.set_viewport_size(PHONE)
    assert tab.locator("#content .readonly").count() > 5
    tab.evaluate(LENGTHEN)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
