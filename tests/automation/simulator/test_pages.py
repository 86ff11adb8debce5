"""The pages in a real browser, clicked as a person or the robot clicks."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from automation.simulator.control import Control
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW


def open_wizard(page: Page, home: str) -> None:
    page.goto(f"/#/listing/{home}/appointments/book")
    expect(page.locator(".timeslot").first).to_be_visible()


def turn_to(page: Page, day: date) -> None:
    title = page.locator(".datetitle")
    while title.inner_text() != f"{day:%Y %B}":
        page.locator(".fa-chevron-right").click()


def choose_day(page: Page, day: date) -> None:
    turn_to(page, day)
    before = day.replace(day=1).isoweekday() % 7
    with page.expect_response(lambda answer: f"/slots?date={day}" in answer.url):
        page.locator(".datecontainer").nth(before + day.day - 1).click()
    expect(page.locator(".day-selected")).to_have_text(str(day.day))


def choose(page: Page, home: str, label: str = "5:00 PM") -> None:
    open_wizard(page, home)
    choose_day(page, TOMORROW)
    page.get_by_text(label, exact=True).click()


def search(page: Page, text: str) -> None:
    page.goto("/#/listing/list/brokerage")
    page.get_by_placeholder("Search listings or agents").click()
    page.get_by_label("Search", exact=True).fill(text)


def test_from_the_search_to_the_list(control: Control, page: Page, home: str) -> None:
    search(page, "C10000001")
    row = page.locator(".search-overlay table tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("a")).to_have_count(0)
    assert "NewPropTx: C100000011 Invented StreetToronto, ON$750,000" in (row.text_content() or "")
    row.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".wizard-title")).to_have_text("1 Invented Street › Book Showing")
    expect(page.get_by_role("button", name="AUTO-CONFIRM")).to_be_disabled()
    expect(page.get_by_text("Times are in the listing's time zone")).to_be_visible()
    choose_day(page, TOMORROW)
    page.get_by_text("5:00 PM", exact=True).click()
    expect(page.locator(".timeslot-selected")).to_have_text("5:00 PM - 5:30 PM")
    expect(page.get_by_text("AUTO-CONFIRM TIME SELECTED")).to_be_visible()
    expect(page.locator(".ant-popover-title")).to_have_text("Duration (max 30 min )")
    expect(page.locator('input[name="duration"]')).to_have_count(2)
    expect(page.locator('input[name="duration"][value="30"]')).to_be_checked()
    page.get_by_label("15 min").check()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".ant-popover")).to_have_count(0)
    page.get_by_role("button", name="AUTO-CONFIRM").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")
    page.wait_for_url(f"**/#/listing/{home}/view")
    expect(page.locator(".bell .count")).to_have_text("1")
    page.goto("/#/my_business/showings/buyer")
    row = page.locator("tr.showing-row")
    expect(row).to_contain_text(f"{TOMORROW:%a, %b} {TOMORROW.day}, {TOMORROW.year}")
    expect(row).to_contain_text("5:00 PM - 5:15 PM")
    expect(row.locator(".status")).to_have_text("Confirmed")
    row.click()
    [showing] = control.showings()
    page.wait_for_url(f"**/#/my_business/showing/{showing.id}?redirectTo=calendar")
    expect(page.get_by_role("heading", name="1 Invented Street")).to_be_visible()
    assert len(control.posts()) == 1


def test_an_approval_listing_is_asked_and_says_so_only_by_its_labels(control: Control, page: Page) -> None:
    home = control.add_listing(
        mls_number="C10000002", street="2 Invented Street", auto_confirm=False, max_minutes=60
    )
    search(page, "2 Invented")
    page.get_by_role("button", name="Request Showing").click()
    choose(page, home)
    expect(page.locator(".ant-popover-title")).to_have_text("Duration (max 1 hr)")
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")
    assert [showing.status for showing in control.showings()] == ["New"]


def test_a_click_from_a_script_changes_nothing(control: Control, page: Page, home: str) -> None:
    open_wizard(page, home)
    choose_day(page, TOMORROW)
    page.locator(".timeslot", has_text="5:00 PM").evaluate("slot => slot.click()")
    expect(page.locator(".timeslot-selected")).to_have_count(0)
    page.get_by_text("5:00 PM", exact=True).click()
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").evaluate("button => button.click()")
    page.locator(".datecontainer").last.evaluate("cell => cell.click()")
    expect(page.locator(".day-selected")).to_have_text(str(TOMORROW.day))
    expect(page.locator(".timeslot-selected")).to_have_count(1)
    assert control.posts() == []


def test_a_neighbour_months_day_looks_alike_and_leads_into_its_month(page: Page, home: str) -> None:
    open_wizard(page, home)
    title = page.locator(".datetitle")
    last = page.locator(".datecontainer").last
    for _ in range(6):
        if last.inner_text() != "" and int(last.inner_text()) < 7:
            break
        page.locator(".fa-chevron-right").click()
    before = title.inner_text()
    last.click()
    expect(title).not_to_have_text(before)


def test_past_days_cannot_be_chosen(control: Control, page: Page, home: str) -> None:
    open_wizard(page, home)
    page.locator(".fa-chevron-left").click(click_count=2)
    first = page.locator(".datecontainer").nth(10)
    expect(first).to_have_class("datecontainer no-hover")
    first.click()
    expect(page.locator(".day-selected")).to_have_count(0)


def test_blocked_and_past_slots_are_marked_and_cannot_be_chosen(
    control: Control, page: Page, home: str
) -> None:
    control.block_slot(home, on=TOMORROW, at=FIVE, minutes=15)
    open_wizard(page, home)
    choose_day(page, TOMORROW)
    blocked = page.get_by_text("5:00 PM", exact=True)
    expect(blocked).to_have_class("timeslot timeslot-unavailable")
    blocked.click()
    expect(page.locator(".timeslot-selected")).to_have_count(0)
    page.get_by_text("4:45 PM", exact=True).click()
    expect(page.locator(".timeslot-selected")).to_have_text("4:45 PM - 5:00 PM")


def test_todays_list_starts_with_the_first_slot_that_is_left(control: Control, page: Page, home: str) -> None:
    control.set_clock(datetime.combine(TOMORROW, time(15, 5), tzinfo=ZoneInfo("America/Toronto")))
    open_wizard(page, home)
    expect(page.get_by_text("3:00 PM", exact=True)).to_have_class("timeslot timeslot-p")
    top = page.locator(".timeslots").bounding_box()
    first = page.get_by_text("3:15 PM", exact=True).bounding_box()
    assert top is not None
    assert first is not None
    assert abs(top["y"] - first["y"]) < 4


def test_a_slot_taken_meanwhile_is_dropped_before_the_eyes(control: Control, page: Page, home: str) -> None:
    choose(page, home)
    expect(page.locator(".timeslot-selected")).to_be_visible()
    control.block_slot(home, on=TOMORROW, at=FIVE, minutes=30)
    expect(page.locator(".timeslot-selected")).to_have_count(0)
    expect(page.locator(".submit-showing")).to_be_disabled()
    expect(page.get_by_text("5:00 PM", exact=True)).to_have_class("timeslot timeslot-unavailable")


def test_a_slot_taken_at_the_submit_is_an_error_in_words(control: Control, page: Page, home: str) -> None:
    control.set_fault("slot_taken_at_submit")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    expect(page.locator(".ant-message")).to_contain_text("That time is no longer available")
    assert page.url.endswith("/appointments/book")
    assert control.showings() == []


def test_a_home_without_showings_has_no_button(control: Control, page: Page) -> None:
    home = control.add_listing(mls_number="C10000003", street="3 Invented Street", showings_on=False)
    search(page, "C10000003")
    expect(page.get_by_role("button", name="Add to tour")).to_be_visible()
    expect(page.get_by_role("button", name="Showing")).to_have_count(0)
    page.goto(f"/#/listing/{home}/view")
    expect(page.get_by_role("button", name="Register Offer")).to_be_visible()
    expect(page.get_by_role("button", name="Book Showing")).to_have_count(0)


def test_what_is_not_there_leaves_the_hint(page: Page) -> None:
    with page.expect_response("**/search/listings*"):
        search(page, "77 Nowhere Road")
    expect(page.get_by_text("Search for an address or enter an MLS #")).to_be_visible()
    expect(page.locator(".search-overlay tbody tr")).to_have_count(0)


def test_signed_out_at_the_start_it_asks_to_sign_in(browser: Browser, control: Control) -> None:
    context = browser.new_context(base_url=control.base_url)
    try:
        page = context.new_page()
        page.goto("/#/my_business/showings/buyer")
        page.wait_for_url("**/auth/login**")
        expect(page.get_by_label("Email address")).to_be_visible()
    finally:
        context.close()


def test_the_logged_out_banner_is_there_all_along_and_seen_only_when_it_is_true(
    control: Control, page: Page, home: str
) -> None:
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    banner = page.locator("div.alert.alert-warning")
    expect(banner).to_be_hidden()
    expect(banner).to_contain_text("You have been logged out")
    control.sign_out(ROBOT)
    page.locator(".submit-showing").click()
    expect(banner).to_be_visible()
    assert control.showings() == []


def test_signed_out_midway_it_may_go_to_the_sign_in_page_instead(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("signed_out_bounces")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    control.sign_out(ROBOT)
    page.locator(".submit-showing").click()
    page.wait_for_url("**/auth/login**")
    assert control.showings() == []


def test_the_browser_itself_sends_a_dropped_submit_twice(control: Control, page: Page, home: str) -> None:
    """Chromium's own habit on a reused connection; whoever drives it must guard the one changing request."""
    control.set_fault("dropped_after_commit", times=1)
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")
    assert [(post.committed, post.answer) for post in control.posts()] == [(True, None), (True, 200)]
    assert len(control.showings()) == 2


def test_a_challenge_covers_the_page(control: Control, page: Page, home: str) -> None:
    control.set_fault("challenge")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    expect(page.get_by_role("dialog", name="Security check")).to_be_visible()
    expect(page.locator(".ant-message")).to_have_count(0)
    assert control.showings() == []


def test_an_open_popover_can_swallow_the_first_click(control: Control, page: Page, home: str) -> None:
    control.set_fault("popover_eats_click")
    choose(page, home)
    page.locator(".submit-showing").click()
    expect(page.locator(".ant-popover")).to_have_count(0)
    assert control.posts() == []
    page.locator(".submit-showing").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")


def test_scrolling_can_drop_the_selection_once(control: Control, page: Page, home: str) -> None:
    control.set_fault("rerender_drops_selection")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".wizard-title").scroll_into_view_if_needed()
    expect(page.locator(".timeslot-selected")).to_have_count(0)
    page.get_by_text("5:00 PM", exact=True).click()
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")


def test_terms_may_have_to_be_agreed_to_first(control: Control, page: Page, home: str) -> None:
    control.set_fault("terms_dialog")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("terms")
    assert control.posts() == []
    dialog.get_by_role("button", name="Agree").click()
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")


def test_the_button_may_spin_without_sending_or_stay_disabled(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("recaptcha_blocked", times=1)
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    expect(page.locator(".submit-showing .ant-spin")).to_be_visible()
    control.set_fault("submit_stays_disabled", times=1)
    page.reload()
    choose_day(page, TOMORROW)
    page.get_by_text("5:00 PM", exact=True).click()
    expect(page.locator(".submit-showing")).to_be_disabled()
    assert control.posts() == []


def test_the_wizard_may_spin_for_ever(control: Control, page: Page, home: str) -> None:
    control.set_fault("live_blocked")
    with page.expect_response(f"**/listing/{home}/booking"):
        page.goto(f"/#/listing/{home}/appointments/book")
    expect(page.locator("main .ant-spin")).to_be_visible()
    expect(page.locator(".timeslot")).to_have_count(0)


def test_the_message_may_be_missing(control: Control, page: Page, home: str) -> None:
    control.set_fault("no_toast")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()
    page.wait_for_url("**/view")
    expect(page.locator(".ant-message")).to_have_count(0)
    assert len(control.showings()) == 1


def test_the_overlay_may_close_itself_once(control: Control, page: Page, home: str) -> None:
    control.set_fault("overlay_closes")
    search(page, "C10000001")
    expect(page.locator(".search-overlay")).to_have_count(0)
    page.get_by_placeholder("Search listings or agents").press_sequentially("C10000001")
    expect(page.locator(".search-overlay tbody tr")).to_have_count(1)


def test_a_tour_and_a_chat_may_lie_over_the_page(control: Control, page: Page) -> None:
    control.set_fault("product_tour", times=1)
    control.set_fault("chat_bubble", times=1)
    page.goto("/")
    expect(page.get_by_text("Chat with us")).to_be_visible()
    tour = page.get_by_role("dialog", name="Product tour")
    tour.get_by_role("button", name="Not now").click()
    expect(tour).to_have_count(0)
    page.reload()
    expect(page.get_by_placeholder("Search listings or agents")).to_be_visible()
    expect(page.get_by_text("Chat with us")).to_have_count(0)


def test_the_list_turns_its_pages(control: Control, page: Page, home: str) -> None:
    page.goto("/#/my_business/showings/buyer")
    expect(page.get_by_text("No showings", exact=True)).to_be_visible()
    for days in range(10):
        control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW + timedelta(days=days), time=FIVE)
    page.reload()
    expect(page.locator("tr.showing-row")).to_have_count(8)
    page.locator("ul.pagination").get_by_text("2", exact=True).click()
    expect(page.locator("tr.showing-row")).to_have_count(2)
    expect(page.locator("ul.pagination .active")).to_have_text("2")


@pytest.mark.parametrize("route", ["listing/list/brokerage", "my_business", "my_business/showings/buyer"])
def test_every_page_of_the_menu_draws_without_a_script_error(
    control: Control, page: Page, route: str
) -> None:
    control.seed("demo")
    problems: list[str] = []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto(f"/#/{route}")
    expect(page.locator(".sidebar a.active")).to_have_count(1)
    expect(page.locator("main h1")).to_be_visible()
    assert problems == []
