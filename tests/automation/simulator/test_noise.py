"""What lies over the pages, closes by itself or comes late."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page, Route, expect

from automation.simulator.control import Control
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW

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


def test_the_own_list_may_look_empty_or_like_the_old_page_until_its_answer_is_here(
    control: Control, page: Page, home: str
) -> None:
    for days in range(10):
        control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW + timedelta(days=days), time=FIVE)
    control.set_fault("empty_first")
    control.set_fault("pager_first")
    held: list[Route] = []
    page.route("**/my/showings?*", lambda route: held.append(route))
    rows, number = page.locator(".showing-row"), page.locator(".pagination .active")
    with page.expect_request("**/my/showings?page=1"):
        page.goto("/#/my_business/showings/buyer")
    expect(page.get_by_text("No showings")).to_be_visible()
    held.pop().continue_()
    expect(rows).to_have_count(8)
    with page.expect_request("**/my/showings?page=2"):
        page.locator(".pagination").get_by_text("2").click()
    expect(number).to_have_text("2")
    expect(rows).to_have_count(8)
    held.pop().continue_()
    expect(rows).to_have_count(2)
    expect(number).to_have_text("2")


def test_pages_may_say_no_until_a_second_answer_is_here(control: Control, page: Page, home: str) -> None:
    showing = control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW, time=FIVE)
    control.set_fault("parts_late")
    held: list[Route] = []
    page.route("**/me/notifications", lambda route: held.append(route))
    book, cancel = (page.get_by_role("button", name=name) for name in ("Book Showing", "Cancel"))
    with page.expect_request("**/me/notifications"):
        page.goto(f"/#/listing/{home}/view")
    expect(page.get_by_role("button", name="Register Offer")).to_be_visible()
    expect(book).to_have_count(0)
    held.pop().continue_()
    with page.expect_request("**/me/notifications"):
        book.click()
    closed = page.locator(".datecontainer.no-hover")
    expect(closed).to_have_count(page.locator(".datecontainer").count())
    held.pop().continue_()
    expect(page.locator(".datecontainer:not(.no-hover)")).not_to_have_count(0)
    with page.expect_request("**/me/notifications"):
        page.goto(f"/#/my_business/showing/{showing}")
    expect(page.get_by_text("1 Invented Street")).to_be_visible()
    expect(cancel).to_be_hidden()
    held.pop().continue_()
    expect(cancel).to_be_visible()


def test_the_overlay_that_closed_by_itself_leaves_a_blank_page(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("overlay_closes")
    page.goto("/")
    page.get_by_placeholder("Search listings or agents").click()
    page.get_by_label("Search", exact=True).fill("C10000001")
    expect(page.locator(".search-overlay")).to_have_count(0)
    expect(page.locator("main")).to_be_empty()
