"""What goes wrong, late or differently between the choice of a time and the listing side's answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Page, expect

from automation.simulator.control import Control
from automation.simulator.records import Event
from automation.simulator.rules import REASONS
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW, send, wish
from tests.automation.simulator.test_pages import choose, choose_day, open_wizard

SIX = time(18)
MOVED = {"date": TOMORROW.isoformat(), "time": "18:00", "duration": 30}


def changed(kind: str) -> Callable[[Event], bool]:
    return lambda event: event.kind == kind


def submit(page: Page) -> None:
    page.get_by_role("button", name="Done").click()
    page.locator(".submit-showing").click()


@pytest.fixture
def booked(control: Control, home: str) -> str:
    return control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW, time=FIVE)


# The submit


def test_a_showing_can_be_booked_after_the_connection_broke(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("commits_late", seconds=0.3, times=1)
    with pytest.raises(requests.ConnectionError):
        send(visitor, control, home)
    assert control.showings() == []
    control.wait_for(changed("post_committed"))
    [post] = control.posts()
    assert (post.state, post.committed, post.answer) == ("done", True, None)
    assert len(control.showings()) == 1


def test_what_was_to_happen_late_is_forgotten_with_the_rest(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("commits_late", seconds=0.2, times=1)
    with pytest.raises(requests.ConnectionError):
        send(visitor, control, home)
    control.reset()
    assert control.events(timeout=0.5) == []
    assert control.showings() == []


@pytest.mark.parametrize("body", [False, True])
def test_an_answer_may_break_off_half_written(
    control: Control, visitor: requests.Session, home: str, body: bool
) -> None:
    control.set_fault("half_written", body=body, times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(visitor, control, home)
    assert len(control.showings()) == 1


@pytest.mark.parametrize("kind", ["cancel", "time_change"])
@pytest.mark.parametrize(("name", "done"), [("dropped_before_commit", False), ("dropped_after_commit", True)])
def test_a_dropped_change_tells_nothing_either(
    control: Control, visitor: requests.Session, booked: str, kind: str, name: str, done: bool
) -> None:
    control.set_fault(name, times=1)
    body = {"reason": REASONS[0]} if kind == "cancel" else MOVED
    with pytest.raises(requests.ConnectionError):
        visitor.post(f"{control.base_url}/appointment/{booked}/{kind}", json=body, timeout=5)
    assert control.wait_for_post("done").committed is done
    [showing] = control.showings()
    assert ((showing.status, showing.time) != ("Confirmed", FIVE)) is done


@pytest.mark.parametrize(("kind", "body"), [("cancel", {"reason": REASONS[0]}), ("time_change", MOVED)])
def test_the_listing_side_may_cancel_while_the_form_is_open(
    control: Control, visitor: requests.Session, booked: str, kind: str, body: dict[str, object]
) -> None:
    control.set_fault("cancelled_meanwhile", times=1)
    url = f"{control.base_url}/appointment/{booked}/{kind}"
    assert visitor.post(url, json=body, timeout=5).status_code == 409
    [showing] = control.showings()
    assert (showing.status, showing.time) == ("Cancelled", FIVE)
    assert [post.committed for post in control.posts()] == [False]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, "Confirmed"),
        ({"status": "Declined"}, "Declined"),
        ({"status": "Suggested Time Change", "at": "19:15"}, "Suggested Time Change"),
    ],
)
def test_the_listing_side_answers_a_request(
    control: Control, visitor: requests.Session, options: dict[str, str], status: str
) -> None:
    home = control.add_listing(mls_number="C10000002", street="2 Invented Street", auto_confirm=False)
    control.set_fault("listing_side_answers", times=1, **options)
    assert send(visitor, control, home).json()["status"] == "New"
    control.wait_for(changed("showing_changed"))
    [showing] = control.showings()
    assert showing.status == status
    assert (showing.suggested is not None) is ("at" in options)
    assert showing.time == FIVE


def test_a_page_may_send_a_submit_twice(control: Control, page: Page, home: str) -> None:
    control.set_fault("double_post")
    choose(page, home)
    submit(page)
    expect(page.locator(".ant-message")).to_contain_text("Showing booked")
    control.wait_for_post("done", after=1)
    assert [post.committed for post in control.posts()] == [True, True]
    assert len(control.showings()) == 2


def test_a_message_may_be_gone_in_a_moment(control: Control, page: Page, home: str) -> None:
    control.set_fault("short_toast", seconds=0.05)
    choose(page, home)
    submit(page)
    page.wait_for_url("**/view")
    expect(page.locator(".ant-message-notice")).to_have_count(0, timeout=1500)


# Choosing


def test_a_chosen_slot_may_be_taken_by_somebody_else_at_once(control: Control, page: Page, home: str) -> None:
    control.set_fault("slot_taken_while_chosen", times=1)
    choose(page, home)
    expect(page.get_by_text("5:00 PM", exact=True)).to_have_class("timeslot timeslot-unavailable")
    expect(page.locator(".timeslot-selected")).to_have_count(0)
    expect(page.locator(".submit-showing")).to_be_disabled()
    assert FIVE not in control.open_slots(home, TOMORROW)


def test_hours_may_be_taken_while_their_neighbours_are_free(control: Control, page: Page, home: str) -> None:
    control.set_fault("hours_taken", listing=home, at="17:00", minutes=30)
    open_wizard(page, home)
    choose_day(page, TOMORROW)
    for label, classes in (("4:45 PM", ""), ("5:00 PM", " timeslot-unavailable"), ("5:30 PM", "")):
        expect(page.get_by_text(label, exact=True)).to_have_class(f"timeslot{classes}")
    page.get_by_text("4:45 PM", exact=True).click()
    expect(page.locator("input[name='duration']")).to_have_count(1)


def test_what_the_profile_says_is_kept(control: Control, page: Page, home: str) -> None:
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.get_by_label("Send Instruction By").select_option("Phone")
    page.get_by_label("Showing Type").select_option("Inspection")
    page.get_by_role("button", name="+ Add Note").click()
    page.locator("textarea").fill("Two people")
    page.locator(".submit-showing").click()
    page.wait_for_url("**/view")
    [showing] = control.showings()
    assert (showing.instruction_by, showing.showing_type, showing.note) == (
        "Phone",
        "Inspection",
        "Two people",
    )


def test_a_tour_fits_back_to_back_on_the_grid(control: Control, visitor: requests.Session, home: str) -> None:
    control.change_listing(home, overlaps_allowed=False)
    for at in (time(17), time(17, 30), time(16, 45)):
        minutes = 15 if at == time(16, 45) else 30
        assert send(visitor, control, home, **wish(at=at, minutes=minutes)).status_code == 200
    assert send(visitor, control, home, **wish(at=time(17, 45))).status_code == 409


def test_a_duration_above_the_cap_is_not_offered(control: Control, page: Page, home: str) -> None:
    control.change_listing(home, max_minutes=15)
    choose(page, home)
    expect(page.locator("input[name='duration']")).to_have_count(1)
    expect(page.locator(".ant-popover-title")).to_have_text("Duration (max 15 min )")


def in_zone(control: Control, page: Page, zone: str, *, moment: datetime, **rules: object) -> str:
    """A home of that zone, open round the clock, in its wizard; the site's clock shows `moment`."""
    control.set_clock(moment)
    home = control.add_listing(
        mls_number="V10000001", street="1 Far Street", time_zone=zone, opens=time(0), closes=time(0), **rules
    )
    open_wizard(page, home)
    return home


def test_times_are_those_of_the_listings_own_zone(control: Control, page: Page) -> None:
    evening = datetime(2026, 6, 10, 23, 50, tzinfo=ZoneInfo("America/Vancouver"))
    in_zone(control, page, "America/Vancouver", moment=evening)
    expect(page.locator(".time-zone-line")).to_contain_text("(PDT)")
    expect(page.locator(".day-selected")).to_have_text("10")
    expect(page.get_by_text("11:45 PM", exact=True)).to_have_class("timeslot timeslot-p")
    choose_day(page, date(2026, 6, 11))
    page.get_by_text("11:45 PM", exact=True).click()
    expect(page.locator(".timeslot-selected")).to_have_text("11:45 PM - 12:00 AM")


@pytest.mark.parametrize(
    ("day", "zone", "blocks"), [(date(2027, 3, 14), "EDT", 92), (date(2026, 11, 1), "EST", 96)]
)
def test_the_hour_of_a_clock_change_is_skipped_or_there_once(
    control: Control, page: Page, day: date, zone: str, blocks: int
) -> None:
    toronto = ZoneInfo("America/Toronto")
    in_zone(
        control,
        page,
        "America/Toronto",
        moment=datetime.combine(day - timedelta(days=2), SIX, tzinfo=toronto),
    )
    choose_day(page, day)
    expect(page.locator(".time-zone-line")).to_contain_text(f"({zone})")
    expect(page.locator(".timeslot")).to_have_count(blocks)


# Another version of the site


def test_buttons_may_be_spelt_a_little_differently(control: Control, page: Page, home: str) -> None:
    control.set_fault("labels_renamed")
    choose(page, home)
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Auto-Confirm", exact=True).click()
    page.wait_for_url("**/view")
    expect(page.get_by_role("button", name="Book showing", exact=True)).to_be_visible()
    [showing] = control.showings()
    page.goto(f"/#/my_business/showing/{showing.id}")
    expect(page.locator(".showing-buttons button")).to_have_text(["Cancel", "Change time"])


@pytest.mark.parametrize(
    ("name", "done", "label"),
    [("classes_renamed", "Done", "AUTO-CONFIRM"), ("portal_changed", "Apply", "Send")],
)
def test_the_markup_may_be_another_one_that_people_can_use_all_the_same(
    control: Control, page: Page, home: str, name: str, done: str, label: str
) -> None:
    control.set_clock(datetime(2026, 6, 10, 15, tzinfo=UTC))
    control.set_fault(name)
    page.goto(f"/#/listing/{home}/appointments/book")
    with page.expect_response("**/slots?date=2026-06-17*"):
        page.get_by_text("17", exact=True).click()
    page.get_by_text("5:00 PM", exact=True).click()
    page.get_by_role("button", name=done, exact=True).click()
    expect(page.locator(".timeslot, .datecontainer, .datepicker-booking, .submit-showing")).to_have_count(0)
    page.get_by_role("button", name=label, exact=True).click()
    page.wait_for_url("**/view")
    assert len(control.showings()) == 1


# The own list


def test_an_account_without_showings_has_an_empty_list(page: Page) -> None:
    page.goto("/#/my_business/showings/buyer")
    expect(page.get_by_text("No showings", exact=True)).to_be_visible()
    expect(page.locator("tr.showing-row")).to_have_count(0)


def test_the_crowded_seed_fills_three_pages(control: Control, visitor: requests.Session) -> None:
    for _ in range(2):
        control.seed("crowded")
    own = control.showings(account=ROBOT)
    assert len(own) == 24
    assert {"Confirmed", "New", "Awaiting Approval", "Declined", "Cancelled"} == {one.status for one in own}
    homes_and_days = [(one.listing_id, one.date) for one in own]
    assert len(set(homes_and_days)) < len(homes_and_days)
    listed = visitor.get(f"{control.base_url}/my/showings?page=3", timeout=5).json()
    assert (listed["pages"], len(listed["showings"])) == (3, 8)
