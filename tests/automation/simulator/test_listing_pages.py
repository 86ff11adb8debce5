"""What a search, a listing's page and the ways into the wizard can look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import Page, expect

from automation.simulator.control import Control
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW, send


def look_up(page: Page, text: str) -> None:
    page.goto("/")
    page.get_by_placeholder("Search listings or agents").click()
    with page.expect_response("**/search/listings*"):
        page.get_by_label("Search", exact=True).fill(text)
        page.get_by_label("Search", exact=True).press("Enter")


def hits(visitor: requests.Session, control: Control, text: str) -> list[str]:
    found = visitor.get(f"{control.base_url}/search/listings", params={"input": text}, timeout=5).json()
    return [str(row["rowAddress"]) for row in found]


@pytest.mark.parametrize("unit", ["3008", "BSMT", "UPPER", "MAIN", "G612", "Unit 5"])
def test_a_unit_is_spelt_with_a_comma_in_the_row_and_without_on_the_pages(
    control: Control, page: Page, unit: str
) -> None:
    home = control.add_listing(mls_number="C10000021", street="100 Invented Boulevard", unit=unit)
    look_up(page, f"100 Invented Blvd #{unit}")
    expect(page.locator(".search-overlay .address")).to_have_text(f"100 Invented Boulevard, #{unit}")
    page.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".wizard-address")).to_have_text(f"100 Invented Boulevard #{unit}")
    page.goto(f"/#/listing/{home}/view")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"100 Invented Boulevard #{unit}")


def test_a_row_has_no_link_and_its_text_is_glued(control: Control, page: Page, home: str) -> None:
    look_up(page, "C10000001")
    row = page.locator(".search-overlay tbody tr")
    expect(row.locator("a")).to_have_count(0)
    assert "C100000011 Invented StreetToronto" in (row.text_content() or "")


def test_an_address_without_a_street_finds_nothing_but_its_mls_number_does(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.add_listing(mls_number="C10000022", street="", city="Sampleton")
    assert hits(visitor, control, "Toronto, ON, M5V 0A1, CA") == []
    assert hits(visitor, control, "1 Invented Street") == ["1 Invented Street"]
    assert hits(visitor, control, "C10000001") == ["1 Invented Street"]


def test_a_listing_appears_when_the_feed_has_brought_it(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.change_listing(home, appears_at=datetime.now(UTC) + timedelta(minutes=15))
    page = f"{control.base_url}/listing/{home}"
    assert hits(visitor, control, "C10000001") == []
    assert visitor.get(page, timeout=5).status_code == 404
    control.set_clock(datetime.now(UTC) + timedelta(minutes=16))
    assert hits(visitor, control, "C10000001") == ["1 Invented Street"]
    assert visitor.get(page, timeout=5).status_code == 200


def test_the_feed_may_lag_for_one_listing_and_a_few_searches(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.add_listing(mls_number="C10000002", street="1 Invented Street", unit="2")
    control.set_fault("feed_lag", listing=home, times=2)
    assert hits(visitor, control, "C10000002") == ["1 Invented Street, #2"]
    assert hits(visitor, control, "1 Invented Street") == ["1 Invented Street, #2"]
    assert hits(visitor, control, "C10000001") == []
    assert hits(visitor, control, "C10000001") == ["1 Invented Street"]


def test_a_sold_listing_says_so_where_its_button_was(
    control: Control, page: Page, visitor: requests.Session, home: str
) -> None:
    control.set_fault("no_more_showings", listing=home)
    page.goto(f"/#/listing/{home}/view")
    expect(page.get_by_text("No More Showings", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="Status MLS")).to_contain_text("Sold")
    expect(page.get_by_role("button", name="Book Showing")).to_have_count(0)
    assert send(visitor, control, home).status_code == 409


def test_the_system_cancels_the_open_showings_of_a_listing_that_is_sold(control: Control, home: str) -> None:
    before = TOMORROW - timedelta(days=5)
    for day, status in (
        (TOMORROW, "Confirmed"),
        (TOMORROW, "New"),
        (TOMORROW, "Declined"),
        (before, "Confirmed"),
    ):
        control.add_showing(listing_id=home, account=ROBOT, date=day, time=FIVE, status=status)
    control.change_listing(home, is_sold=True)
    assert sorted((one.date == before, one.status) for one in control.showings()) == [
        (False, "Cancelled"),
        (False, "Cancelled"),
        (False, "Declined"),
        (True, "Confirmed"),
    ]


def test_an_inactive_listing_asks_for_approval_though_it_confirms_by_itself(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("approval_forced", listing=home)
    look_up(page, "C10000001")
    expect(page.get_by_role("button", name="Request Showing")).to_be_visible()
    page.goto(f"/#/listing/{home}/view")
    expect(page.get_by_role("row", name="Status MLS")).to_contain_text("Inactive")
    page.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".submit-showing")).to_have_text("Book Showing")


def test_an_unverified_agent_saves_contact_details_before_the_first_booking(
    control: Control, page: Page, home: str
) -> None:
    control.set_fault("contact_form", listing=home)
    page.goto(f"/#/listing/{home}/appointments/book")
    expect(page.get_by_text("You are not a verified agent")).to_be_visible()
    page.get_by_role("button", name="Save Profile").click()
    expect(page.get_by_text("Please fill in: First name, Last name, E-mail, Company, Phone")).to_be_visible()
    for field in ("First name", "Last name", "E-mail", "Company", "Phone"):
        page.get_by_label(field, exact=True).fill("robin@lakeside.example")
    page.get_by_role("button", name="Save Profile").click()
    expect(page.locator(".timeslot").first).to_be_visible()
    assert [one.kind for one in control.events()] == ["contact_saved"]
    page.reload()
    expect(page.locator(".timeslot").first).to_be_visible()


def test_the_mls_hands_over_to_a_frame_in_a_new_tab(control: Control, page: Page, home: str) -> None:
    page.goto("/mls/C10000001")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Online Appt").click()
    tab = opened.value
    assert "/dashboard/#/rets/v3--" in tab.url
    frame = tab.frame_locator("iframe")
    expect(frame.locator(".wizard-address")).to_have_text("1 Invented Street")
    expect(frame.locator(".alert")).to_be_hidden()
    assert any("/dashboard/view" in one.url for one in tab.frames[1:])
    frame.locator(".fa-chevron-right").click()
    frame.locator(".datecontainer:not(.no-hover)").nth(10).click()
    frame.locator(".timeslot:not(.timeslot-unavailable)").first.click()
    frame.get_by_role("button", name="Done").click()
    with tab.expect_response("**/appointment"):
        frame.locator(".submit-showing").click()
    expect(frame.get_by_text("Showing booked")).to_be_visible()
    assert len(control.showings(account=ROBOT)) == 1


def test_the_hand_over_knows_its_listings_and_its_agents_only(
    control: Control, page: Page, home: str
) -> None:
    assert page.request.get("/mls/Z99999999").status == 404
    for token in ("v3--AAAAAAAAAAAAAAAA", "v3--nonsense", "é"):
        assert page.request.get(f"/dashboard/rets/{token}").status == 404
    control.sign_out(ROBOT)
    page.goto("/dashboard/#/rets/v3--AAAAAAAAAAAAAAAA/appointments/book")
    page.wait_for_url("**/auth/login**")
