from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from automation import vault
from bookings.admin import badges
from bookings.models import Account, ApiKey, AuditEntry, Booking, BookingRun, Client, Membership, Property
from bookings.roles import group_name
from bookings.services import people
from bookings.vocabulary import BookingStatus, Health, RequestState, Role, RunState
from tests.bookings.admin.conftest import Rows, SignIn
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_request, make_run

STATE = {
    "cookies": [{"name": "sid", "value": "very-secret", "domain": "brokerbay.example", "path": "/"}],
    "origins": [],
}

NO_MEMBERSHIPS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


def list_of(name: str) -> str:
    return reverse(f"admin:bookings_{name}_changelist")


def page_of(name: str, row: Any) -> str:
    return reverse(f"admin:bookings_{name}", args=(row.pk,))


def pick(browser: Browser, name: str, action: str, *rows: Any, **more: Any) -> Any:
    picked = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return browser.post(list_of(name), picked)


def told(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def left_alone(answer: Any) -> list[str]:
    """Of a bulk deed's results, the rows that stayed, each with the reason."""
    return [f"{one.row}: {one.error}" for one in answer.context["told"] if one.error]


def offered(browser: Browser, name: str) -> set[str]:
    form = browser.get(list_of(name)).context["action_form"]
    return {value for value, _ in form.fields["action"].choices if value} if form else set()


# ---- who is offered what ---------------------------------------------------------------------------


def test_a_viewer_is_offered_no_action(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.viewer)
    for name in ("booking", "bookingrun", "showingrequest", "account", "property", "partner", "client"):
        assert offered(browser, name) == set(), name


def test_a_booker_is_offered_the_actions_of_their_trade(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    assert offered(browser, "booking") == {
        "cancel_picked",
        "reschedule_picked",
        "pick_status",
        "hide_picked",
        "show_picked",
    }
    assert offered(browser, "bookingrun") == {
        "stop_picked",
        "try_picked_again",
        "send_picked",
        "give_up_picked",
        "assign_picked",
    }
    assert offered(browser, "showingrequest") == {"book_picked", "rehearse_picked"}
    assert offered(browser, "property") == {"check_picked"}
    assert offered(browser, "account") == {"compare_picked"}


DEEDS: tuple[tuple[str, Callable[[Cast, Rows], Any]], ...] = (
    ("booking_cancel", lambda cast, rows: rows.booking),
    ("booking_reschedule", lambda cast, rows: rows.booking),
    ("booking_change_status", lambda cast, rows: rows.booking),
    ("booking_hide", lambda cast, rows: rows.booking),
    ("booking_show_again", lambda cast, rows: rows.booking),
    ("bookingrun_stop", lambda cast, rows: rows.run),
    ("bookingrun_try_again", lambda cast, rows: rows.run),
    ("showingrequest_book", lambda cast, rows: rows.request),
    ("property_check_on_brokerbay", lambda cast, rows: rows.home),
    ("account_upload_session", lambda cast, rows: cast.account),
    ("account_compare", lambda cast, rows: cast.account),
)


@pytest.mark.parametrize(("name", "row"), DEEDS, ids=[name for name, _ in DEEDS])
def test_a_deed_needs_its_permission_and_the_partners_row(
    name: str, row: Callable[[Cast, Rows], Any], cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    address = page_of(name, row(cast, rows))
    for person in (cast.viewer, cast.bare_staff):
        browser = sign_in(person)
        assert browser.get(address).status_code == 403
        assert browser.post(address).status_code == 403
    stranger = sign_in(cast.stranger)
    assert stranger.get(address).status_code == 404
    assert stranger.post(address).status_code == 404
    written = AuditEntry.objects.count()
    assert sign_in(cast.manager).get(address).status_code == 200
    assert AuditEntry.objects.count() == written, "looking at the page changes nothing"


def test_crafted_ids_of_another_partner_do_nothing(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.stranger)
    written = AuditEntry.objects.count()
    pick(browser, "bookingrun", "stop_picked", rows.run)
    pick(browser, "showingrequest", "book_picked", rows.request)
    pick(browser, "booking", "hide_picked", rows.booking)
    pick(browser, "booking", "hide_picked", rows.booking, select_across="1")
    changed = browser.post(
        reverse("admin:bookings_booking_change_many"),
        {"picked": [rows.booking.pk], "status": BookingStatus.CANCELLED},
    )
    assert "Picked, but not there for you: 1." in changed.content.decode()
    cancelled = browser.post(reverse("admin:bookings_booking_cancel_many"), {"picked": [rows.booking.pk]})
    assert "Picked, but not there for you: 1." in cancelled.content.decode()
    assert AuditEntry.objects.count() == written
    rows.booking.refresh_from_db()
    assert (rows.booking.status, rows.booking.hidden_at) == (BookingStatus.CONFIRMED, None)


# ---- bookings --------------------------------------------------------------------------------------


def test_a_booker_changes_a_status_and_says_why(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    answer = browser.post(
        page_of("booking_change_status", rows.booking),
        {"status": BookingStatus.CANCELLED, "reason": "Sold", "version": rows.booking.version},
    )
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(action="booking.status_changed")
    assert (entry.actor, entry.reason, entry.after) == (cast.owner, "Sold", {"status": "Cancelled"})
    assert "Sold" in browser.get(page_of("booking_history", rows.booking)).content.decode()


def test_a_status_that_somebody_else_changed_meanwhile_is_not_overwritten(
    cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    answer = sign_in(cast.owner).post(
        page_of("booking_change_status", rows.booking),
        {"status": BookingStatus.CANCELLED, "version": rows.booking.version - 1},
    )
    assert "Somebody else changed this booking" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="booking.status_changed").exists()


def test_a_bulk_change_shows_a_preview_and_tells_each_row_that_stayed(cast: Cast, sign_in: SignIn) -> None:
    live = make_booking(cast.account)
    twin = make_booking(cast.account, listing_id=live.listing_id, status=BookingStatus.CANCELLED)
    other = make_booking(cast.account, status=BookingStatus.DECLINED)
    browser = sign_in(cast.owner)
    preview = pick(browser, "booking", "pick_status", twin, other)
    assert f"{twin.property_address}, " in preview.content.decode()
    assert not AuditEntry.objects.filter(action="booking.status_changed").exists()
    answer = browser.post(
        reverse("admin:bookings_booking_change_many"),
        {"picked": [twin.pk, other.pk], "status": BookingStatus.CONFIRMED, "reason": "They called"},
    )
    assert told(answer) == ["1 booking has its new status."]
    assert left_alone(answer)[0].startswith(str(twin))
    assert AuditEntry.objects.get(action="booking.status_changed").reason == "They called"


def test_a_bulk_change_without_a_status_asks_again(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    answer = sign_in(cast.owner).post(
        reverse("admin:bookings_booking_change_many"), {"picked": ["zz", "9" * 30, rows.booking.pk]}
    )
    assert "Choose the new status." in answer.content.decode()


def test_a_booking_is_hidden_and_shown_again(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    Booking.objects.filter(pk=rows.booking.pk).update(status=BookingStatus.CANCELLED)
    browser.post(page_of("booking_hide", rows.booking), {"reason": "A test"})
    assert browser.get(list_of("booking")).context["cl"].result_count == 0
    assert browser.get(list_of("booking") + "?hidden=only").context["cl"].result_count == 1
    browser.post(page_of("booking_show_again", rows.booking))
    assert "They leave the lists" in pick(browser, "booking", "hide_picked", rows.booking).content.decode()
    browser.post(reverse("admin:bookings_booking_hide_many"), {"picked": [rows.booking.pk]})
    browser.post(
        list_of("booking") + "?hidden=only",
        {"action": "show_picked", "_selected_action": [rows.booking.pk]},
    )
    assert browser.get(list_of("booking")).context["cl"].result_count == 1
    assert AuditEntry.objects.filter(action="booking.hidden", actor=cast.owner).count() == 2
    assert AuditEntry.objects.filter(action="booking.shown_again", actor=cast.owner).count() == 2


def test_a_booking_that_is_being_changed_leads_to_its_run(cast: Cast, sign_in: SignIn) -> None:
    wish = make_request(cast.partner)
    booking = make_booking(cast.account, request=wish)
    browser = sign_in(cast.owner)
    browser.post(page_of("booking_cancel", booking), {"reason": "", "dry_run": ""})
    run = BookingRun.objects.get(booking=booking)
    link = f'<a class="text-link" href="/runs/{run.uuid}">Being cancelled</a>'
    page = browser.get(page_of("booking_change", booking)).content.decode()
    assert link in page
    assert str(wish.client) in page
    for name in ("booking_cancel", "booking_reschedule"):
        asked = browser.get(page_of(name, booking)).content.decode()
        assert link in asked
        assert "already being changed" in asked


def test_a_request_that_was_only_asked_for_is_not_called_booked(cast: Cast, sign_in: SignIn) -> None:
    wish = make_request(cast.partner, booking_status=RequestState.BOOKED)
    make_booking(cast.account, request=wish, status=BookingStatus.PENDING)
    shown = sign_in(cast.owner).get(list_of("showingrequest"))
    admin = shown.context["cl"].model_admin
    assert [admin.state(row) for row in shown.context["cl"].result_list] == [("Pending", "Pending")]


def test_a_booking_is_cancelled_on_brokerbay_after_a_question(cast: Cast, sign_in: SignIn) -> None:
    booking = make_booking(cast.account)
    browser = sign_in(cast.owner)
    asked = browser.get(page_of("booking_cancel", booking)).content.decode()
    assert "cannot be brought back" in asked
    assert not BookingRun.objects.exists()
    answer = browser.post(page_of("booking_cancel", booking), {"reason": "Sold"})
    run = BookingRun.objects.get()
    assert (run.kind, run.booking, run.cancel_reason, run.dry_run) == ("cancel", booking, "Sold", False)
    assert f"/runs/{run.uuid}" in told(answer)[0]
    again = browser.post(page_of("booking_cancel", booking), {"reason": "Sold"})
    assert "already being changed" in again.content.decode()


def test_a_booking_is_moved_to_a_day_and_time_that_there_is(cast: Cast, sign_in: SignIn) -> None:
    booking = make_booking(cast.account)
    browser = sign_in(cast.owner)
    address = page_of("booking_reschedule", booking)
    assert f'value="{booking.booking_date.isoformat()}"' in browser.get(address).content.decode()
    day = in_days(6).isoformat()
    for wrong in ({"date": "2026-02-30", "time": "10:00"}, {"date": day, "time": "25:00"}, {"date": day}):
        assert browser.post(address, wrong).status_code == 200
    assert (
        "every quarter of an hour" in browser.post(address, {"date": day, "time": "10:07"}).content.decode()
    )
    assert not BookingRun.objects.exists()
    browser.post(address, {"date": day, "time": "14:30", "duration": "45", "dry_run": "on"})
    run = BookingRun.objects.get()
    assert (run.kind, run.wanted_date, str(run.wanted_time)) == ("reschedule", in_days(6), "14:30:00")
    assert (run.duration_minutes, run.dry_run) == (45, True)


def test_a_booking_that_has_ended_offers_no_change_on_brokerbay(cast: Cast, sign_in: SignIn) -> None:
    ended = make_booking(cast.account, status=BookingStatus.CANCELLED)
    browser = sign_in(cast.owner)
    html = browser.get(page_of("booking_change", ended)).content.decode()
    assert page_of("booking_cancel", ended) not in html
    assert page_of("booking_reschedule", ended) not in html
    answer = browser.post(page_of("booking_cancel", ended), {"reason": ""})
    assert "nothing left to change" in answer.content.decode()


def test_several_bookings_are_cancelled_after_a_preview_and_each_refusal_is_told(
    cast: Cast, sign_in: SignIn
) -> None:
    live, ended = (
        make_booking(cast.account),
        make_booking(cast.account, status=BookingStatus.DECLINED),
    )
    browser = sign_in(cast.owner)
    preview = pick(browser, "booking", "cancel_picked", live, ended)
    assert f"{live.property_address}, " in preview.content.decode()
    assert not BookingRun.objects.exists()
    answer = browser.post(
        reverse("admin:bookings_booking_cancel_many"), {"picked": [live.pk, ended.pk], "reason": "Sold"}
    )
    assert told(answer)[0] == "1 cancelling is queued."
    assert left_alone(answer)[0].startswith(str(ended))
    assert BookingRun.objects.get().booking == live
    assert sign_in(cast.viewer).post(reverse("admin:bookings_booking_cancel_many")).status_code in (302, 403)


# ---- requests and runs -----------------------------------------------------------------------------


def test_book_now_queues_a_run_and_rings_a_worker(
    cast: Cast, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    request = make_request(cast.partner)
    with django_capture_on_commit_callbacks(execute=True):
        answer = sign_in(cast.owner).post(page_of("showingrequest_book", request))
    run = BookingRun.objects.get(request=request)
    assert (run.state, run.created_by) == (RunState.QUEUED, cast.owner)
    assert f"/runs/{run.uuid}" in told(answer)[0]
    assert OrmQ.objects.filter(key="booking").exists()
    assert AuditEntry.objects.filter(action="run.queued", actor=cast.owner).exists()


def test_book_now_says_what_is_missing(cast: Cast, sign_in: SignIn) -> None:
    request = make_request(cast.partner, scheduled_time=None)
    answer = sign_in(cast.owner).post(page_of("showingrequest_book", request))
    assert "no time was given" in answer.content.decode()


def test_booking_several_tells_each_that_could_not(cast: Cast, sign_in: SignIn) -> None:
    ready, lacking = make_request(cast.partner), make_request(cast.partner, scheduled_time=None)
    answer = pick(sign_in(cast.owner), "showingrequest", "book_picked", ready, lacking)
    assert told(answer)[0] == "1 showing is queued to be booked."
    assert "no time was given" in told(answer)[1]
    ready.refresh_from_db()
    assert ready.booking_status == RequestState.QUEUED


def test_a_run_is_cancelled_unless_it_has_ended(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    answer = browser.post(page_of("bookingrun_stop", rows.run), {"reason": "Not wanted"})
    assert "is cancelled" in told(answer)[0]
    rows.run.refresh_from_db()
    assert rows.run.state == RunState.CANCELLED
    BookingRun.objects.filter(pk=rows.run.pk).update(state=RunState.BOOKED)
    again = browser.post(page_of("bookingrun_stop", rows.run))
    assert "cannot become" in again.content.decode()
    several = browser.post(reverse("admin:bookings_bookingrun_stop_many"), {"picked": [rows.run.pk]})
    assert "cannot become" in left_alone(several)[0]


def test_a_failed_run_is_tried_again(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    BookingRun.objects.filter(pk=rows.run.pk).update(state=RunState.FAILED)
    browser = sign_in(cast.owner)
    detail = browser.get(page_of("bookingrun_change", rows.run)).content.decode()
    assert page_of("bookingrun_try_again", rows.run) in detail
    browser.post(page_of("bookingrun_try_again", rows.run))
    rows.run.refresh_from_db()
    assert rows.run.state == RunState.QUEUED
    retry = reverse("admin:bookings_bookingrun_retry_many")
    refused = browser.post(retry, {"picked": [rows.run.pk], "apart": "0"})
    assert "cannot be tried again" in left_alone(refused)[0]
    detail = browser.get(page_of("bookingrun_change", rows.run)).content.decode()
    assert page_of("bookingrun_try_again", rows.run) not in detail


def test_the_run_links_to_its_live_page_and_its_pictures(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.viewer)
    assert browser.get(page_of("bookingrun_watch", rows.run)).headers["Location"] == f"/runs/{rows.run.uuid}"
    detail = browser.get(page_of("bookingrun_change", rows.run)).content.decode()
    assert f"/evidence/{rows.run.evidence.get().uuid}" in detail
    assert "Looked at the listing" in detail


def test_too_many_rows_for_one_click_are_refused(
    cast: Cast, rows: Rows, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.admin.base.MOST_AT_ONCE", 1)
    other = make_run(cast.partner, date=timezone.localdate() + timedelta(days=9))
    answer = pick(sign_in(cast.owner), "bookingrun", "stop_picked", rows.run, other)
    assert told(answer) == ["At most 1 rows at once: filter further."]


# ---- accounts --------------------------------------------------------------------------------------


def upload(browser: Browser, account: Account, content: bytes) -> Any:
    file = SimpleUploadedFile("state.json", content)
    return browser.post(page_of("account_upload_session", account), {"state": file})


def test_a_session_is_stored_sealed_and_never_shown(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.manager)
    answer = upload(browser, cast.account, json.dumps(STATE).encode())
    assert answer.status_code == 302
    cast.account.refresh_from_db()
    assert cast.account.health == Health.SIGNED_IN
    assert "very-secret" not in cast.account.session
    assert vault.unseal(cast.account.session) == STATE
    shown = browser.get(page_of("account_change", cast.account)).content.decode()
    assert cast.account.session not in shown
    assert AuditEntry.objects.get(action="account.signed_in").actor == cast.manager


def test_a_session_lets_the_accounts_waiting_runs_go_on(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    BookingRun.objects.filter(pk=rows.run.pk).update(state=RunState.PARKED, reason_code="needs_sign_in")
    answer = upload(sign_in(cast.manager), cast.account, json.dumps(STATE).encode())
    assert "Waiting runs that go on: 1." in told(answer)[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The submitted file is empty."),
        (b"not json", "This is no JSON file."),
        (b"\xff\xfe", "This is no JSON file."),
        (b"[" * 100_000, "This is no JSON file."),
        (b"[]", "This file is no browser session"),
        (b"{}", "This file is no browser session"),
        (b'{"cookies": [1]}', "This file is no browser session"),
        (b'{"cookies": [], "origins": [{}]}', "This file is no browser session"),
        (b'{"cookies": [], "origins": []}', "This session is empty"),
        (b" " * 1_000_001, "This file is too large"),
    ],
)
def test_a_file_that_is_no_session_is_refused_in_words(
    content: bytes, sentence: str, cast: Cast, sign_in: SignIn
) -> None:
    answer = upload(sign_in(cast.manager), cast.account, content)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    cast.account.refresh_from_db()
    assert cast.account.session == ""


def test_a_request_is_rehearsed_without_being_answered(cast: Cast, sign_in: SignIn) -> None:
    request = make_request(cast.partner)
    browser = sign_in(cast.owner)
    pick(browser, "showingrequest", "rehearse_picked", request)
    run = BookingRun.objects.get()
    assert (run.dry_run, run.request, run.property_text) == (True, None, request.property_id)
    request.refresh_from_db()
    assert request.booking_status == RequestState.RECEIVED
    make_run(cast.partner)
    for page in (reverse("admin:bookings_bookingrun_changelist"), reverse("dashboard")):
        assert browser.get(page).content.decode().count("Book · rehearsal only") == 1, page


def test_a_property_is_checked_for_the_persons_partner(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.manager)
    page = page_of("property_check_on_brokerbay", rows.home)
    assert cast.other.name not in browser.get(page).content.decode()
    day = in_days(4)
    assert browser.post(page, {"partner": cast.other.pk}).status_code == 200
    browser.post(page, {"partner": cast.partner.pk, "date": day.isoformat()})
    run = BookingRun.objects.get(kind="check")
    assert (run.mls_number, run.wanted_date, run.partner) == (rows.home.property_id, day, cast.partner)
    assert told(pick(browser, "property", "check_picked", rows.home))[-1] == "1 property is being checked."
    people.join(cast.manager, cast.other, Role.BOOKER)
    several = told(pick(browser, "property", "check_picked", rows.home))
    assert several[-1] == "You book for several partners: check properties one by one."


def waiting_for(run: BookingRun, code: str) -> BookingRun:
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.PARKED, reason_code=code, rehearses=True)
    run.refresh_from_db()
    return run


def test_rehearsed_runs_are_sent_or_given_up_after_a_preview(cast: Cast, sign_in: SignIn) -> None:
    first, second = (waiting_for(make_run(cast.partner), "rehearsed") for _ in range(2))
    other = waiting_for(make_run(cast.partner), "not_bookable")
    theirs = waiting_for(make_run(cast.other), "rehearsed")
    browser = sign_in(cast.owner)
    preview = pick(browser, "bookingrun", "send_picked", first, other)
    assert f"Book: {first.address}, " in preview.content.decode()
    send = reverse("admin:bookings_bookingrun_send_many")
    answer = browser.post(send, {"picked": [first.pk, other.pk, theirs.pk]})
    assert told(answer) == ["1 run is on its way."]
    assert left_alone(answer)[0].startswith(f"{other}: ")
    assert "Picked, but not there for you: 1." in answer.content.decode()
    give_up = reverse("admin:bookings_bookingrun_give_up_many")
    assert sign_in(cast.viewer).post(give_up, {"picked": [second.pk]}).status_code in (302, 403)
    browser.post(give_up, {"picked": [second.pk, other.pk], "reason": "Sold"})
    states = {run.pk: run.state for run in BookingRun.objects.all()}
    assert states == {
        first.pk: RunState.QUEUED,
        second.pk: RunState.CANCELLED,
        other.pk: RunState.CANCELLED,
        theirs.pk: RunState.PARKED,
    }
    assert AuditEntry.objects.filter(action="run.answered", actor=cast.owner).count() == 3


def test_a_waiting_run_shows_its_answers_to_who_may_give_one(cast: Cast, sign_in: SignIn) -> None:
    run = waiting_for(make_run(cast.partner), "rehearsed")
    address = f"/runs/{run.uuid}/answer?answer=release"
    assert address in sign_in(cast.owner).get(page_of("bookingrun_change", run)).content.decode()
    assert address not in sign_in(cast.viewer).get(page_of("bookingrun_change", run)).content.decode()


def test_signing_in_leads_to_the_robots_browser(cast: Cast, sign_in: SignIn) -> None:
    address = page_of("account_sign_in", cast.account)
    assert sign_in(cast.manager).get(address)["Location"] == f"/accounts/{cast.account.pk}/sign-in"
    assert sign_in(cast.owner).get(address).status_code == 403
    assert sign_in(cast.stranger).get(address).status_code == 404


def test_accounts_are_compared_with_brokerbay_one_or_several(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    answer = browser.post(page_of("account_compare", cast.account))
    run = BookingRun.objects.get()
    assert (run.kind, run.account, run.created_by) == ("reconcile", cast.account, cast.owner)
    assert f"/runs/{run.uuid}" in told(answer)[0]
    asleep = make_account(cast.partner)
    Account.objects.filter(pk=asleep.pk).update(is_active=False)
    answer = pick(browser, "account", "compare_picked", cast.account, asleep, cast.other_account)
    assert told(answer)[-2:] == ["1 account is being compared.", f"{asleep}: This account is switched off."]
    assert BookingRun.objects.count() == 1


@pytest.mark.parametrize("health", Health)
def test_the_health_of_an_account_is_a_word_and_a_sign(cast: Cast, sign_in: SignIn, health: Health) -> None:
    Account.objects.filter(pk=cast.account.pk).update(health=health)
    browser = sign_in(cast.viewer)
    for page in (list_of("account"), page_of("account_change", cast.account)):
        html = browser.get(page).content.decode()
        assert str(health.label) in html
        assert badges.HEALTH_ICON[health] in html


# ---- edits -----------------------------------------------------------------------------------------


def test_a_manager_sets_how_the_partner_books_but_not_its_name(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.manager)
    answer = browser.post(
        page_of("partner_change", cast.partner),
        {
            "name": "Taken over",
            "time_zone": "America/Vancouver",
            "showing_minutes": "45",
            "client_changes": "after_approval",
            "rehearsal": "always",
            "is_active": "",
        },
    )
    assert answer.status_code == 302
    before = cast.partner.name
    cast.partner.refresh_from_db()
    assert (cast.partner.name, cast.partner.is_active) == (before, True)
    assert (cast.partner.time_zone, cast.partner.showing_minutes) == ("America/Vancouver", 45)
    assert cast.partner.rehearsal == "always"
    entry = AuditEntry.objects.get(action="partner.changed")
    assert entry.before["time_zone"] == "America/Toronto"
    assert entry.partner == cast.partner
    assert "America/Vancouver" in browser.get(page_of("partner_history", cast.partner)).content.decode()


def test_a_time_zone_that_is_none_is_refused(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.manager).post(
        page_of("partner_change", cast.partner), {"time_zone": "Toronto", "showing_minutes": "30"}
    )
    assert "is no time zone" in answer.content.decode()


def test_a_partner_and_its_account_are_added_with_audit_lines(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.admin)
    browser.post(
        reverse("admin:bookings_partner_add"),
        {
            "name": "Oak Team",
            "time_zone": "America/Toronto",
            "showing_minutes": "30",
            "client_changes": "after_approval",
            "rehearsal": "first_runs",
            "is_active": "on",
        },
    )
    partner = AuditEntry.objects.get(action="partner.created").partner
    assert partner is not None
    assert partner.name == "Oak Team"
    browser.post(
        reverse("admin:bookings_account_add"),
        {"partner": partner.pk, "email": "oak@example.com", "is_active": "on"},
    )
    assert AuditEntry.objects.get(action="account.created").partner == partner


def test_an_account_stays_with_its_partner(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.admin).post(
        page_of("account_change", cast.account),
        {"partner": cast.other.pk, "email": "new@example.com", "holder_name": "Robot", "is_active": "on"},
    )
    cast.account.refresh_from_db()
    assert (cast.account.partner, cast.account.email) == (cast.partner, "new@example.com")
    assert AuditEntry.objects.get(action="account.changed").after == {
        "email": "new@example.com",
        "holder_name": "Robot",
    }


def test_saving_without_a_change_writes_no_audit_line(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.admin).post(
        page_of("account_change", cast.account), {"email": cast.account.email, "is_active": "on"}
    )
    assert not AuditEntry.objects.filter(action="account.changed").exists()


def test_a_person_says_the_time_zone_of_a_property_and_nothing_else(
    cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    sign_in(cast.admin).post(
        page_of("property_change", rows.home), {"time_zone": "America/Halifax", "address": "Elsewhere"}
    )
    home = Property.objects.get(pk=rows.home.pk)
    assert (home.time_zone, home.address) == ("America/Halifax", rows.home.address)
    assert AuditEntry.objects.get(action="property.changed").after == {"time_zone": "America/Halifax"}


def test_a_client_is_given_a_partner_and_their_requests_follow(cast: Cast, sign_in: SignIn) -> None:
    request = make_request(None)
    answer = sign_in(cast.admin).post(
        page_of("client_change", request.client),
        {"partner": cast.partner.pk, "name": "Somebody", "email": ""},
    )
    assert "1 showing request went along." in told(answer)
    request.refresh_from_db()
    assert request.partner == cast.partner
    assert Client.objects.get(pk=request.client_id).name == "Somebody"
    assert AuditEntry.objects.get(action="client.assigned").actor == cast.admin
    assert AuditEntry.objects.get(action="client.changed").after == {"name": "Somebody"}


def test_people_join_change_and_leave_through_the_service(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.admin)
    browser.post(
        reverse("admin:bookings_membership_add"),
        {"user": cast.bare_staff.pk, "partner": cast.partner.pk, "role": Role.VIEWER},
    )
    membership = Membership.objects.get(user=cast.bare_staff)
    assert cast.bare_staff.groups.get().name == group_name(Role.VIEWER)
    browser.post(page_of("membership_change", membership), {"role": Role.MANAGER})
    assert cast.bare_staff.groups.get().name == group_name(Role.MANAGER)
    browser.post(page_of("membership_delete", membership), {"post": "yes"})
    assert not cast.bare_staff.groups.exists()
    assert AuditEntry.objects.filter(action="people.left", actor=cast.admin).count() == 1
    picked = cast.owner.memberships.get()
    browser.post(
        list_of("membership"), {"action": "delete_selected", "_selected_action": [picked.pk], "post": "yes"}
    )
    assert AuditEntry.objects.filter(action="people.left", actor=cast.admin).count() == 2


@pytest.mark.parametrize(
    "name", ["booking", "bookingrun", "showingrequest", "auditentry", "notice", "syncpass"]
)
def test_nobody_types_into_what_services_write(name: str, cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    found = {
        "booking": rows.booking,
        "bookingrun": rows.run,
        "showingrequest": rows.request,
        "auditentry": rows.audit,
        "notice": rows.notice,
        "syncpass": rows.sync_pass,
    }
    browser = sign_in(cast.admin)
    assert browser.get(reverse(f"admin:bookings_{name}_add")).status_code == 403
    assert browser.post(page_of(f"{name}_change", found[name]), {"reason": "x"}).status_code == 403
    assert browser.post(page_of(f"{name}_delete", found[name]), {"post": "yes"}).status_code == 403


# ---- keys ------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works_until_it_is_revoked(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.admin)
    answer = browser.post(
        reverse("admin:bookings_apikey_add"), {"user": cast.owner.pk, "name": "Office", "scope": "book"}
    )
    assert "no-store" in answer.headers["Cache-Control"]
    key = answer.context["key"]
    assert key in answer.content.decode()
    opened = people.live_key(key)
    assert opened is not None
    assert opened.user == cast.owner
    row = ApiKey.objects.get()
    assert key not in browser.get(page_of("apikey_change", row)).content.decode()
    assert AuditEntry.objects.get(action="api_key.created").actor == cast.admin
    browser.post(page_of("apikey_revoke", row))
    assert people.live_key(key) is None
    assert AuditEntry.objects.get(action="api_key.revoked").actor == cast.admin


def test_only_a_superuser_makes_a_key_for_somebody_else(cast: Cast, sign_in: SignIn) -> None:
    cast.manager.user_permissions.set(Permission.objects.filter(codename__in=["add_apikey", "view_apikey"]))
    browser = sign_in(cast.manager)
    address = reverse("admin:bookings_apikey_add")
    answer = browser.post(address, {"user": cast.admin.pk, "name": "Sly", "scope": "book"})
    assert "not one of the available choices" in answer.content.decode()
    mine = {"user": cast.manager.pk, "name": "Mine", "scope": "read"}
    assert (
        "not one of the available"
        in browser.post(address, {**mine, "partner": cast.other.pk}).content.decode()
    )
    assert browser.post(address, {**mine, "partner": cast.partner.pk}).context["key"]
    made = ApiKey.objects.get()
    assert (made.scope, made.partner) == ("read", cast.partner)
    people.create_key(cast.owner, "theirs")
    shown = browser.get(list_of("apikey")).context["cl"].result_list
    assert [key.user for key in shown] == [cast.manager]


# ---- people, sync ----------------------------------------------------------------------------------


def test_only_a_superuser_hands_out_rights(cast: Cast, operator: Any, sign_in: SignIn) -> None:
    operator.user_permissions.add(*Permission.objects.filter(codename__in=["change_user", "change_group"]))
    browser = sign_in(operator)
    address = reverse("admin:auth_user_change", args=(operator.pk,))
    joined = timezone.localtime(operator.date_joined)
    browser.post(
        address,
        {
            "username": "operator",
            "is_superuser": "on",
            "is_active": "on",
            "first_name": "Op",
            "email": "operator@example.com",
            "date_joined_0": f"{joined:%Y-%m-%d}",
            "date_joined_1": f"{joined:%H:%M:%S}",
            **NO_MEMBERSHIPS,
        },
    )
    operator = User.objects.get(pk=operator.pk)
    assert operator.is_superuser is False
    assert operator.first_name == "Op"
    assert AuditEntry.objects.get(action="user.changed").after == {"first_name": "Op"}
    admins = reverse("admin:auth_user_change", args=(cast.admin.pk,))
    assert browser.post(admins, {"username": "taken"}).status_code == 403
    assert browser.get(reverse("admin:auth_user_password_change", args=(cast.admin.pk,))).status_code == 403


def test_a_superusers_change_of_rights_and_passwords_is_written_down(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.admin)
    browser.post(
        reverse("admin:auth_user_change", args=(cast.owner.pk,)),
        {
            "username": cast.owner.username,
            "is_active": "on",
            "is_staff": "on",
            "groups": [],
            **NO_MEMBERSHIPS,
        },
    )
    entry = AuditEntry.objects.get(action="user.rights_changed")
    assert entry.before == {"groups": [group_name(Role.BOOKER)]}
    browser.post(
        reverse("admin:auth_user_password_change", args=(cast.owner.pk,)),
        {
            "password1": "another long sentence",
            "password2": "another long sentence",
            "usable_password": "true",
        },
    )
    assert AuditEntry.objects.get(action="user.password_changed").actor == cast.admin
    browser.post(
        reverse("admin:auth_user_add"),
        {"username": "new", "password1": "another long sentence", "password2": "another long sentence",
         "usable_password": "true", **NO_MEMBERSHIPS},
    )  # fmt: skip
    created = AuditEntry.objects.get(action="user.created")
    assert "password" not in created.after
    browser.post(reverse("admin:auth_group_add"), {"name": "Auditors", "permissions": []})
    assert Group.objects.filter(name="Auditors").exists()
    assert AuditEntry.objects.get(action="group.created").actor == cast.admin


def test_an_operator_asks_for_a_pass_now(
    cast: Cast, operator: Any, sign_in: SignIn, django_capture_on_commit_callbacks: Any
) -> None:
    address = reverse("admin:bookings_syncpass_sync_now")
    assert sign_in(cast.manager).post(address).status_code == 403
    browser = sign_in(operator)
    assert browser.get(address).status_code == 200
    assert not OrmQ.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(address).status_code == 302
    assert OrmQ.objects.count() == 1


# ---- choices ---------------------------------------------------------------------------------------


def test_pickers_and_filters_offer_visible_rows_only(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    people.join(cast.stranger, cast.other, Role.MANAGER)
    cast.stranger.user_permissions.set(
        Permission.objects.filter(codename__in=["add_account", "view_user", "add_membership"])
    )
    browser = sign_in(cast.stranger)
    form = browser.get(reverse("admin:bookings_account_add")).context["adminform"].form
    assert [partner.pk for partner in form.fields["partner"].queryset] == [cast.other.pk]
    answer = browser.post(
        reverse("admin:bookings_account_add"), {"partner": cast.partner.pk, "email": "sly@example.com"}
    )
    assert "not one of the available choices" in answer.content.decode()
    for name in ("booking", "bookingrun", "showingrequest", "account", "notice", "auditentry", "client"):
        asked = f"partner__id__exact={cast.partner.pk}&account__id__exact={cast.account.pk}"
        for address in ("", "?filters=1", f"?filters=1&{asked}"):
            html = browser.get(list_of(name) + address).content.decode()
            assert cast.partner.name not in html, (name, address)
            assert cast.account.email not in html, (name, address)
    found = browser.get(
        reverse("admin:autocomplete"),
        {"app_label": "bookings", "model_name": "membership", "field_name": "user", "term": "person"},
    ).json()["results"]
    assert {int(one["id"]) for one in found} == {cast.stranger.pk}


def test_a_filter_offers_the_partners_of_a_person_with_several(cast: Cast, sign_in: SignIn) -> None:
    people.join(cast.stranger, cast.partner, Role.VIEWER)
    html = sign_in(cast.stranger).get(list_of("booking") + "?filters=1").content.decode()
    assert cast.partner.name in html
    assert cast.other.name in html


def test_the_command_palette_finds_no_row_of_another_partner(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.stranger)
    for term in (rows.booking.property_address, rows.home.property_id, cast.account.email):
        found = browser.get(reverse("admin:search"), {"s": term, "extended": "1"}).content.decode()
        assert str(rows.booking) not in found
        assert f"/{rows.booking.pk}/change" not in found


def test_counting_stops_at_the_cap(cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.admin.tabs.NARROWED_CAP", 3)
    for _ in range(5):
        make_booking(cast.account)
    html = sign_in(cast.owner).get(list_of("booking")).content.decode()
    assert "more than 3 bookings; filter to reach the others" in html


def test_the_date_hierarchy_steps_from_years_to_days(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, booking_date=date(2027, 2, 3))
    make_booking(cast.account, booking_date=date(2029, 5, 6))
    browser = sign_in(cast.owner)
    steps = browser.get(list_of("booking")).content.decode()
    for year in (2027, 2028, 2029):
        assert f"?booking_date__year={year}" in steps
    assert (
        "booking_date__month=2"
        in browser.get(list_of("booking") + "?booking_date__year=2027").content.decode()
    )
    month = browser.get(list_of("booking") + "?booking_date__year=2027&booking_date__month=2")
    assert "booking_date__day=28" in month.content.decode()
    assert "booking_date__day=29" not in month.content.decode()
    day = browser.get(
        list_of("booking") + "?booking_date__year=2027&booking_date__month=2&booking_date__day=3"
    )
    assert day.context["cl"].result_count == 1


def test_the_page_has_landmarks_and_a_skip_link(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    html = sign_in(cast.owner).get(list_of("booking")).content.decode()
    assert html.count("<main") == 1
    assert 'href="#content-start"' in html
    for page in (page_of("booking_change", rows.booking), page_of("booking_hide", rows.booking)):
        assert sign_in(cast.owner).get(page).content.decode().count("<main") == 1
