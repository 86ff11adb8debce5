"""What lies over the pages, closes by itself or comes late."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from automation.simulator.control import Control

# What a click in an element's middle would meet.
TOPMOST = """element => {
  const {x, y, width, height} = element.getBoundingClientRect();
  const met = document.elementFromPoint(x + width / 2, y + height / 2);
  return met.closest('[aria-label]')?.ariaLabel;
}"""


def test_a_chat_bubble_may_lie_over_the_pages_buttons_until_it_is_closed(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("chat_bubble", over="buttons")
    page.goto(f"/#/listing/{home}/view")
    book = page.get_by_role("button", name="Book Showing")
    expect(page.get_by_text("Chat with us")).to_be_visible()
    assert book.evaluate(TOPMOST) == "Chat"
    page.get_by_role("button", name="Close chat").click()
    book.click()
    expect(page.locator(".wizard-title")).to_be_visible()


def test_the_first_button_of_the_header_opens_the_help_menu(control: Control, page: Page, home: str) -> None:
    page.goto("/")
    help_menu = page.get_by_text("Platform Status")
    page.locator("header button").first.click()
    expect(help_menu).to_be_visible()
    page.locator("main h1").click()
    expect(help_menu).to_be_hidden()
    control.set_fault("help_menu_open", times=1)
    page.reload()
    expect(help_menu).to_be_visible()


def test_everything_may_be_drawn_late_on_a_blank_page(control: Control, page: Page, home: str) -> None:
    control.set_fault("slow_render", seconds=0.3)
    with page.expect_response("**/me"):
        page.goto(f"/#/listing/{home}/view")
    assert page.locator("body").inner_text().strip() == ""
    expect(page.get_by_role("heading", level=1)).to_have_text("1 Invented Street")


def test_the_overlay_that_closed_by_itself_leaves_a_blank_page(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("overlay_closes")
    page.goto("/")
    page.get_by_placeholder("Search listings or agents").click()
    page.get_by_label("Search", exact=True).fill("C10000001")
    expect(page.locator(".search-overlay")).to_have_count(0)
    expect(page.locator("main")).to_be_empty()
