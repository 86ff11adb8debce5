"""Cancelling and moving a showing, as HTTP and as a person at the page see it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Page, expect

from automation.simulator.control import Control
from automation.simulator.records import Showing
from automation.simulator.rules import REASONS
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW, send, wish

SIX = time(18)
UNINTERESTED = REASONS[0]


@pytest.fixture
def booked(control: Control, home: str) -> str:
    """The id of a confirmed showing of tomorrow at five."""
    return control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW, time=FIVE)


def cancel(visitor: requests.Session, control: Control, showing: str, **body: object) -> requests.Response:
    said = body or {"reason": UNINTERESTED}
    return visitor.post(f"{control.base_url}/appointment/{showing}/cancel", json=said, timeout=10)


def move(visitor: requests.Session, control: Control, showing: str, **when: object) -> requests.Response:
    said = when or wish(at=SIX)
    return visitor.post(f"{control.base_url}/appointment/{showing}/time_change", json=said, timeout=10)


def only(control: Control) -> Showing:
    [showing] = control.showings(account=ROBOT)
    return showing


def when(showing: Showing) -> tuple[date, time]:
    return showing.date, showing.time


def listed(visitor: requests.Session, control: Control, page: int = 1) -> dict[str, list[dict[str, str]]]:
    answer = visitor.get(f"{control.base_url}/my/showings?page={page}", timeout=5)
    found: dict[str, list[dict[str, str]]] = answer.json()
    return found


# As HTTP sees it


def test_a_cancelled_showing_keeps_its_reason_and_its_post(
    control: Control, visitor: requests.Session, booked: str, home: str
) -> None:
    assert cancel(visitor, control, booked).json() == {"_id": booked, "status": "Cancelled"}
    assert (only(control).status, only(control).reason) == ("Cancelled", UNINTERESTED)
    [post] = control.posts()
    assert (post.kind, post.committed, post.showing_id, post.listing_id) == ("cancel", True, booked, home)


def test_a_request_that_nobody_answered_can_be_cancelled_too(
    control: Control, visitor: requests.Session, home: str
) -> None:
    asked = control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW, time=FIVE, status="New")
    assert cancel(visitor, control, asked).status_code == 200


def test_an_accounts_list_can_be_emptied(control: Control, home: str) -> None:
    for account in (ROBOT, "other@example.com"):
        control.add_showing(listing_id=home, account=account, date=TOMORROW, time=FIVE)
    control.forget_showings(ROBOT)
    assert [one.account for one in control.showings()] == ["other@example.com"]


@pytest.mark.parametrize("status", ["Cancelled", "Declined"])
def test_what_is_given_up_already_cannot_be_cancelled(
    control: Control, visitor: requests.Session, booked: str, status: str
) -> None:
    control.set_status(booked, status)
    assert cancel(visitor, control, booked).status_code == 409
    assert [post.committed for post in control.posts()] == [False]


def test_the_past_cannot_be_cancelled_or_moved(
    control: Control, visitor: requests.Session, booked: str
) -> None:
    control.set_clock(datetime.combine(TOMORROW, FIVE, tzinfo=ZoneInfo("America/Toronto")))
    assert cancel(visitor, control, booked).status_code == 409
    assert move(visitor, control, booked, **wish(on=TOMORROW + timedelta(days=1))).status_code == 409
    assert only(control).status == "Confirmed"


@pytest.mark.parametrize("body", [{"reason": ""}, {"reason": "Because"}, {"other": 1}])
def test_a_cancel_needs_one_of_the_reasons(
    control: Control, visitor: requests.Session, booked: str, body: dict[str, object]
) -> None:
    assert cancel(visitor, control, booked, **body).status_code == 422
    assert only(control).status == "Confirmed"


def test_nobody_touches_another_accounts_showing(
    control: Control, visitor: requests.Session, home: str
) -> None:
    other = control.add_showing(listing_id=home, account="other@example.com", date=TOMORROW, time=FIVE)
    assert cancel(visitor, control, other).status_code == 404
    assert move(visitor, control, other).status_code == 404
    assert move(visitor, control, "0" * 24).status_code == 404
    assert [showing.status for showing in control.showings()] == ["Confirmed"]
    stranger = requests.post(f"{control.base_url}/appointment/{other}/cancel", json={}, timeout=5)
    assert stranger.status_code == 401
    assert [(post.kind, post.committed) for post in control.posts()] == [
        ("cancel", False),
        ("reschedule", False),
        ("reschedule", False),
        ("cancel", False),
    ]


@pytest.mark.parametrize(("auto", "status"), [(True, "Confirmed"), (False, "Awaiting Approval")])
def test_a_moved_showing_is_the_same_one_at_its_new_time(
    control: Control, visitor: requests.Session, home: str, booked: str, auto: bool, status: str
) -> None:
    control.change_listing(home, auto_confirm=auto)
    assert move(visitor, control, booked).json() == {"_id": booked, "status": status}
    assert (when(only(control)), only(control).status) == ((TOMORROW, SIX), status)
    [post] = control.posts()
    assert (post.kind, post.committed, post.showing_id) == ("reschedule", True, booked)


def test_a_showing_may_move_to_an_earlier_day_and_into_its_own_time(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.change_listing(home, overlaps_allowed=False)
    later = TOMORROW + timedelta(days=2)
    showing = control.add_showing(listing_id=home, account=ROBOT, date=later, time=FIVE)
    assert move(visitor, control, showing, **wish(on=later, at=time(17, 15))).status_code == 200
    assert move(visitor, control, showing, **wish()).status_code == 200
    assert when(only(control)) == (TOMORROW, FIVE)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wish(), 422),  # where it is already
        (wish(minutes=45), 422),
        (wish(at=time(3)), 409),
        ({}, 422),
    ],
)
def test_a_move_to_no_good_time_changes_nothing(
    control: Control, visitor: requests.Session, booked: str, body: dict[str, object], status: int
) -> None:
    url = f"{control.base_url}/appointment/{booked}/time_change"
    assert visitor.post(url, json=body, timeout=5).status_code == status
    assert when(only(control)) == (TOMORROW, FIVE)


def test_a_taken_time_is_not_given_again(
    control: Control, visitor: requests.Session, home: str, booked: str
) -> None:
    control.change_listing(home, overlaps_allowed=False)
    control.add_showing(listing_id=home, account="other@example.com", date=TOMORROW, time=SIX)
    answer = move(visitor, control, booked)
    assert (answer.status_code, answer.json()["error"]) == (409, "That time is no longer available")


def test_only_what_is_confirmed_can_be_moved(
    control: Control, visitor: requests.Session, booked: str
) -> None:
    control.set_status(booked, "New")
    assert move(visitor, control, booked).status_code == 409
    form = visitor.get(f"{control.base_url}/my/showings/{booked}/time_change", timeout=5)
    assert form.status_code == 409


def test_a_scenario_can_be_meant_for_one_kind_of_submit(
    control: Control, visitor: requests.Session, home: str, booked: str
) -> None:
    control.set_fault("submit_500", kind="cancel")
    assert send(visitor, control, home, **wish(at=SIX)).status_code == 200
    assert move(visitor, control, booked).status_code == 200
    assert cancel(visitor, control, booked).status_code == 500
    assert {showing.status for showing in control.showings()} == {"Confirmed"}


@pytest.mark.parametrize(("name", "done"), [("hold_before_commit", False), ("hold_after_commit", True)])
def test_a_cancel_can_be_held_and_dropped(
    control: Control, visitor: requests.Session, booked: str, name: str, done: bool
) -> None:
    control.set_fault(name, times=1)
    with ThreadPoolExecutor(1) as browser:
        answer = browser.submit(cancel, visitor, control, booked)
        assert control.wait_for_post("held").committed is done
        control.release(go_on=False)
        assert isinstance(answer.exception(), requests.ConnectionError)
    assert (only(control).status == "Cancelled") is done
    assert [post.committed for post in control.posts()] == [done]


def test_the_list_may_lag_behind_a_move(control: Control, visitor: requests.Session, booked: str) -> None:
    control.set_fault("late_in_list", seconds=3600)
    move(visitor, control, booked)
    assert [row["time"] for row in listed(visitor, control)["showings"]] == ["17:00"]
    assert only(control).time == SIX
    control.clear_faults()
    move(visitor, control, booked, **wish(at=time(19)))
    assert [row["time"] for row in listed(visitor, control)["showings"]] == ["19:00"]


def test_the_list_catches_up_after_a_while(control: Control, visitor: requests.Session, booked: str) -> None:
    control.set_fault("late_in_list", seconds=60)
    cancel(visitor, control, booked)
    assert [row["status"] for row in listed(visitor, control)["showings"]] == ["Confirmed"]
    control.set_clock(datetime.now(UTC) + timedelta(minutes=2))
    assert [row["status"] for row in listed(visitor, control)["showings"]] == ["Cancelled"]


def test_the_listing_side_may_suggest_another_time(control: Control, booked: str) -> None:
    control.suggest_time(booked, on=TOMORROW, at=SIX)
    assert only(control).status == "Suggested Time Change"
    assert only(control).suggested == datetime.combine(TOMORROW, SIX)


# The list


def test_the_list_may_fail_lack_rows_or_say_another_total(
    control: Control, visitor: requests.Session, home: str
) -> None:
    for days in range(10):
        control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW + timedelta(days=days), time=FIVE)
    control.set_fault("list_500", times=1)
    assert visitor.get(f"{control.base_url}/my/showings", timeout=5).status_code == 500
    control.set_fault("list_rows_missing", path="page=2")
    assert [len(listed(visitor, control, page)["showings"]) for page in (1, 2)] == [8, 0]
    control.clear_faults()
    control.set_fault("list_rows_missing", rows=1, times=1)
    assert len(listed(visitor, control)["showings"]) == 7
    control.set_fault("list_total", more=1, times=1)
    assert listed(visitor, control)["saysTotal"] == 11
    assert listed(visitor, control)["saysTotal"] is None


def test_rows_may_shift_between_pages_after_a_cancel(
    control: Control, visitor: requests.Session, home: str
) -> None:
    ids = [
        control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW + timedelta(days=days), time=FIVE)
        for days in range(10)
    ]
    control.set_fault("rows_shift")
    cancel(visitor, control, ids[9])
    assert [row["_id"] for row in listed(visitor, control)["showings"]] == ids[8:0:-1]
    assert [row["_id"] for row in listed(visitor, control, 2)["showings"]] == [ids[0], ids[9]]
    control.clear_faults()
    control.set_fault("rows_shift", gone=True)
    assert [row["_id"] for row in listed(visitor, control, 2)["showings"]] == [ids[0]]


# At the page


def open_modal(page: Page, showing: str) -> None:
    page.goto(f"/#/my_business/showing/{showing}")
    page.get_by_role("button", name="✕ Cancel").click()
    expect(page.get_by_role("dialog")).to_contain_text("Are you sure")


def open_form(page: Page, showing: str) -> None:
    page.goto(f"/#/my_business/showing/{showing}")
    page.get_by_role("button", name="Reschedule").click()
    expect(page.locator(".timeslot").first).to_be_visible()


def choose(page: Page, label: str = "6:00 PM") -> None:
    page.locator(".timeslot", has_text=label).first.click()
    page.get_by_role("button", name="Done").click()


def test_a_person_cancels_with_a_reason(control: Control, page: Page, booked: str) -> None:
    open_modal(page, booked)
    button = page.get_by_role("button", name="Cancel Showing")
    expect(button).to_be_disabled()
    page.get_by_label("Reason for cancelling").select_option("Booked by mistake")
    button.click()
    expect(page.locator(".ant-message")).to_contain_text("Showing Cancelled")
    expect(page.locator(".showing-panel .status")).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert only(control).reason == "Booked by mistake"


@pytest.mark.parametrize("by_keys", [False, True])
def test_the_reasons_may_be_ants_with_a_list_at_the_pages_end(
    control: Control, page: Page, booked: str, by_keys: bool
) -> None:
    control.set_fault("ant_reasons")
    open_modal(page, booked)
    box = page.get_by_role("combobox", name="Reason for cancelling")
    if by_keys:
        box.focus()
        for key in ("Enter", "ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
    else:
        box.click()
        page.locator("body > .ant-select-dropdown").get_by_text("Booked by mistake").click()
    expect(box).to_have_text("Booked by mistake")
    page.get_by_role("button", name="Cancel Showing").click()
    expect(page.locator(".showing-panel .status")).to_have_text("Cancelled")
    assert only(control).reason == "Booked by mistake"


def test_a_native_select_may_obey_the_keyboard_alone(control: Control, page: Page, booked: str) -> None:
    control.set_fault("reasons_need_keys")
    open_modal(page, booked)
    reason = page.get_by_label("Reason for cancelling")
    reason.select_option(UNINTERESTED)
    expect(page.get_by_role("button", name="Cancel Showing")).to_be_disabled()
    reason.select_option("")
    reason.press("ArrowDown")
    expect(page.get_by_role("button", name="Cancel Showing")).to_be_enabled()


def test_the_button_may_stay_disabled(control: Control, page: Page, booked: str) -> None:
    control.set_fault("cancel_stays_disabled")
    open_modal(page, booked)
    page.get_by_label("Reason for cancelling").select_option(UNINTERESTED)
    expect(page.get_by_role("button", name="Cancel Showing")).to_be_disabled()


def test_an_open_modal_keeps_the_router_where_it_is(page: Page, booked: str) -> None:
    open_modal(page, booked)
    page.goto("/#/my_business/showings/buyer")
    page.wait_for_url(f"**/showing/{booked}")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/#/my_business/showings/buyer")
    expect(page.locator("tr.showing-row")).to_have_count(1)


def test_a_cancel_that_fails_leaves_the_badge(control: Control, page: Page, booked: str) -> None:
    control.set_fault("submit_500", kind="cancel", times=1)
    open_modal(page, booked)
    page.get_by_label("Reason for cancelling").select_option(UNINTERESTED)
    page.get_by_role("button", name="Cancel Showing").click()
    expect(page.locator(".ant-message")).to_contain_text("Something went wrong")
    page.get_by_role("button", name="Back").click()
    expect(page.locator(".showing-panel .status")).to_have_text("Confirmed")


def test_a_page_may_send_a_cancel_twice_and_say_nothing(control: Control, page: Page, booked: str) -> None:
    control.set_fault("double_cancel")
    control.set_fault("no_cancel_toast")
    open_modal(page, booked)
    page.get_by_label("Reason for cancelling").select_option(UNINTERESTED)
    page.get_by_role("button", name="Cancel Showing").click()
    expect(page.locator(".showing-panel .status")).to_have_text("Cancelled")
    expect(page.locator(".ant-message")).to_have_count(0)
    assert sorted(post.committed for post in control.posts()) == [False, True]


def test_what_is_over_has_no_button_and_what_waits_cannot_be_moved(
    control: Control, page: Page, booked: str
) -> None:
    buttons = page.locator(".showing-buttons button")
    for status, labels in (("New", ["✕ Cancel"]), ("Declined", [])):
        control.set_status(booked, status)
        page.goto(f"/#/my_business/showing/{booked}")
        page.reload()
        expect(page.locator(".showing-panel .status")).to_have_text(status)
        expect(buttons).to_have_text(labels)


@pytest.mark.parametrize(("auto", "badge"), [(True, "Confirmed"), (False, "Awaiting Approval")])
def test_a_person_moves_a_showing(
    control: Control, page: Page, home: str, booked: str, auto: bool, badge: str
) -> None:
    control.change_listing(home, auto_confirm=auto)
    open_form(page, booked)
    assert page.url.endswith(f"/#/listing/{home}/appointments/{booked}/time_change")
    expect(page.locator(".original-showing")).to_contain_text("5:00 PM - 5:30 PM")
    expect(page.locator(".day-selected")).to_have_text(str(TOMORROW.day))
    choose(page)
    page.get_by_role("button", name="Book Showing").click()
    page.wait_for_url(f"**/showing/{booked}")
    expect(page.locator(".showing-time")).to_have_text("6:00 PM - 6:30 PM")
    expect(page.locator(".showing-panel .status")).to_have_text(badge)
    assert [post.kind for post in control.posts()] == ["reschedule"]


def test_the_same_time_and_a_cancelled_showing_are_refused_in_words(
    control: Control, page: Page, booked: str
) -> None:
    open_form(page, booked)
    choose(page, "5:00 PM")
    page.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".ant-message")).to_contain_text("same as the original")
    control.set_status(booked, "Cancelled")
    choose(page)
    page.get_by_role("button", name="Book Showing").click()
    expect(page.locator(".ant-message")).to_contain_text("can no longer be rescheduled")
    assert when(only(control)) == (TOMORROW, FIVE)
