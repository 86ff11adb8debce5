"""What an operator does to several rows at once, and what each row's history says of it."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from bookings.models import AuditEntry, Booking, BookingRun
from bookings.services import bookings as booking_service
from bookings.vocabulary import BookingStatus, RunState
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_run


def do(browser: Browser, name: str, *rows: Any, **said: Any) -> Any:
    return browser.post(reverse(f"admin:bookings_{name}_many"), {"picked": [row.pk for row in rows], **said})


def left_alone(answer: Any) -> dict[Any, str]:
    return {one.row.pk: one.error for one in answer.context["told"] if one.error}


def failed(cast: Cast) -> BookingRun:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.FAILED, reason_code="site_down")
    return run


def test_runs_are_tried_again_one_after_another(cast: Cast, sign_in: SignIn) -> None:
    first, second, ended, third = (failed(cast) for _ in range(4))
    BookingRun.objects.filter(pk=ended.pk).update(state=RunState.BOOKED)
    asked_at = timezone.now()
    answer = do(
        sign_in(cast.owner), "bookingrun_retry", first, second, ended, third, apart="60", reason="It is back"
    )
    assert list(left_alone(answer)) == [ended.pk]
    waits = sorted(
        run.not_before - asked_at if run.not_before else timedelta(0)
        for run in BookingRun.objects.filter(state=RunState.QUEUED)
    )
    assert [round(wait.total_seconds() / 60) for wait in waits] == [0, 1, 2], "no gap for the one that stayed"
    said = AuditEntry.objects.filter(action="run.retried", actor=cast.owner, reason="It is back")
    assert said.count() == 3


def test_showings_are_moved_to_a_day_and_keep_their_times(cast: Cast, sign_in: SignIn) -> None:
    early = make_booking(cast.account, booking_time=time(10, 0))
    late = make_booking(cast.account, booking_time=time(16, 30))
    ended = make_booking(cast.account, status=BookingStatus.DECLINED)
    browser = sign_in(cast.owner)
    asked = do(browser, "booking_reschedule", early, late, ended)
    assert "Name a new day, a new time, or both." in asked.content.decode()
    day = in_days(9).isoformat()
    answer = do(browser, "booking_reschedule", early, late, ended, date=day, reason="The client is away")
    assert list(left_alone(answer)) == [ended.pk]
    wanted = BookingRun.objects.filter(kind="reschedule").values_list("booking", "wanted_date", "wanted_time")
    assert set(wanted) == {(early.pk, in_days(9), time(10, 0)), (late.pk, in_days(9), time(16, 30))}
    said = AuditEntry.objects.filter(action="run.queued", actor=cast.owner, reason="The client is away")
    assert said.count() == 2


def test_runs_are_given_to_another_account_of_their_partner(cast: Cast, sign_in: SignIn) -> None:
    run, sent = make_run(cast.partner), make_run(cast.partner)
    BookingRun.objects.filter(pk=sent.pk).update(submitting_at=timezone.now(), state=RunState.FAILED)
    theirs = make_run(cast.other)
    other = make_account(cast.partner)
    answer = do(
        sign_in(cast.owner), "bookingrun_assign", run, sent, theirs, account=other.pk, reason="Holiday"
    )
    assert list(left_alone(answer)) == [sent.pk]
    assert set(BookingRun.objects.filter(account=other)) == {run}
    line = AuditEntry.objects.get(action="run.assigned")
    assert (line.actor, line.source, line.reason) == (cast.owner, "person", "Holiday")
    assert (line.before, line.after) == ({"account": cast.account.email}, {"account": other.email})
    refused = do(sign_in(cast.owner), "bookingrun_assign", run, account=cast.other_account.pk)
    assert "That account is not yours to choose." in refused.content.decode()
    crossed = do(sign_in(cast.admin), "bookingrun_assign", run, account=cast.other_account.pk)
    assert "another partner" in left_alone(crossed)[run.pk]


def test_a_showing_still_to_come_is_not_hidden_with_the_others(cast: Cast, sign_in: SignIn) -> None:
    live, over = make_booking(cast.account), make_booking(cast.account, status=BookingStatus.DECLINED)
    answer = do(sign_in(cast.owner), "booking_hide", live, over)
    assert "still to come" in left_alone(answer)[live.pk]
    assert list(Booking.objects.exclude(hidden_at=None)) == [over]
    alone = sign_in(cast.owner).post(reverse("admin:bookings_booking_hide", args=[live.pk]))
    assert "Cancel it on BrokerBay first" in alone.content.decode()


def test_a_row_that_somebody_else_changed_meanwhile_is_told_and_keeps_their_change(
    cast: Cast, sign_in: SignIn
) -> None:
    changed, same = make_booking(cast.account), make_booking(cast.account)
    browser = sign_in(cast.owner)
    preview = browser.post(
        reverse("admin:bookings_booking_changelist"),
        {"action": "pick_status", "_selected_action": [changed.pk, same.pk]},
    )
    assert f'name="seen-{changed.pk}" value="1"' in preview.content.decode()
    booking_service.change_status(changed, BookingStatus.PENDING, by=cast.colleague)
    seen = {f"seen-{row.pk}": "1" for row in (changed, same)}
    answer = do(browser, "booking_change", changed, same, status=BookingStatus.CANCELLED, **seen)
    assert left_alone(answer) == {changed.pk: "Somebody changed it after you picked it; look again."}
    assert Booking.objects.get(pk=changed.pk).status == BookingStatus.PENDING
    assert Booking.objects.get(pk=same.pk).status == BookingStatus.CANCELLED


def test_a_deed_leads_back_to_the_list_as_it_was(cast: Cast, sign_in: SignIn) -> None:
    booking = make_booking(cast.account)
    browser = sign_in(cast.owner)
    address = reverse("admin:bookings_booking_changelist")
    preview = browser.post(
        f"{address}?q=Example&p=1", {"action": "pick_status", "_selected_action": [booking.pk]}
    )
    assert 'name="list" value="q=Example"' in preview.content.decode()
    answer = do(browser, "booking_change", booking, status=BookingStatus.PENDING, list="q=Example&p=9")
    assert answer["Location"] == f"{address}?q=Example"


@pytest.mark.parametrize(
    "name",
    ["booking_change", "booking_cancel", "booking_reschedule", "bookingrun_retry", "bookingrun_assign"],
)
def test_a_viewer_does_nothing_to_several_rows(name: str, cast: Cast, sign_in: SignIn) -> None:
    assert do(sign_in(cast.viewer), name).status_code == 403
    assert sign_in(cast.owner).get(reverse(f"admin:bookings_{name}_many")).status_code == 302


def test_the_history_tells_who_by_which_way_before_after_and_why(cast: Cast, sign_in: SignIn) -> None:
    booking = make_booking(cast.account)
    booking_service.change_status(booking, BookingStatus.PENDING, by=cast.owner, reason="They called")
    page = sign_in(cast.viewer).get(reverse("admin:bookings_booking_history", args=(booking.pk,)))
    html = page.content.decode()
    assert f"{cast.owner} · Person" in html
    assert "Status changed" in html
    assert "Times are Toronto time." in html
    assert "Status: <del>Confirmed</del> → <ins>Pending</ins>" in html
    assert "Reason: They called" in html
