"""What is asked of BrokerBay beside booking, and the answers to jobs that wait for a person."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from bookings.models import AuditEntry, BookingRun
from bookings.services import runs
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import BookingStatus, RunKind, RunState, Source
from tests.bookings.api.callers import browser, send, wish
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_run

LATER = in_days(9)


def post(cast: Cast, path: str, body: object = None, **headers: str) -> Any:
    return send(browser(cast.owner), "POST", f"/api{path}", body, **headers)


def ended(run: BookingRun, **end: Any) -> BookingRun:
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    return runs.settle(run.pk, AttemptEnd(**end), fence=claimed.attempt_number)


def test_a_cancel_is_a_job_about_its_booking(cast: Cast) -> None:
    booking = make_booking(cast.account)
    answer = post(cast, f"/bookings/{booking.pk}/cancel", {"reason": "Sold", "dryRun": True})
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert (job["kind"], job["bookingId"], job["dryRun"], job["offers"]) == ("cancel", booking.pk, True, [])
    run = BookingRun.objects.get(uuid=job["id"])
    assert (run.cancel_reason, run.source, run.created_by) == ("Sold", Source.API, cast.owner)


def test_a_repeated_cancel_is_a_conflict_and_changes_nothing(cast: Cast) -> None:
    booking = make_booking(cast.account)
    post(cast, f"/bookings/{booking.pk}/cancel", {})
    again = post(cast, f"/bookings/{booking.pk}/cancel", {})
    assert again.status_code == 409
    assert "already being changed" in again.json()["error"]
    ended_one = make_booking(cast.account, status=BookingStatus.CANCELLED)
    assert post(cast, f"/bookings/{ended_one.pk}/cancel", {}).status_code == 409
    assert BookingRun.objects.count() == 1


def test_a_showing_is_moved_to_the_time_that_was_said(cast: Cast) -> None:
    booking = make_booking(cast.account)
    body = {"preferredDate": LATER.isoformat(), "preferredTime": "2:30 PM", "preferredDuration": 45}
    answer = post(cast, f"/bookings/{booking.pk}/reschedule", body)
    assert answer.status_code == 202
    run = BookingRun.objects.get()
    assert (run.kind, run.booking, run.wanted_date) == (RunKind.RESCHEDULE, booking, LATER)
    assert (run.wanted_time, run.duration_minutes) == (time(14, 30), 45)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"preferredDate": "2026-02-30", "preferredTime": "10:00"}, "preferredDate"),
        ({"preferredDate": LATER.isoformat(), "preferredTime": "25:00"}, "preferredTime"),
        ({"preferredDate": LATER.isoformat(), "preferredTime": "10:07"}, "preferredTime"),
        ({"preferredDate": LATER.isoformat()}, "preferredTime"),
        ({"preferredDate": "2020-01-01", "preferredTime": "10:00"}, "preferredDate"),
        (
            {"preferredDate": LATER.isoformat(), "preferredTime": "10:00", "preferredDuration": 40},
            "preferredDuration",
        ),
        ({"preferredDate": in_days(3).isoformat(), "preferredTime": "10:00"}, "preferredTime"),
    ],
)
def test_a_move_that_cannot_be_says_which_field_to_mend(cast: Cast, body: dict[str, Any], field: str) -> None:
    answer = post(cast, f"/bookings/{make_booking(cast.account).pk}/reschedule", body)
    assert answer.status_code == 422, answer.json()
    assert field in answer.json()["fields"]


def test_a_check_may_ask_for_the_open_times_of_a_day_and_a_repeat_is_the_same_job(cast: Cast) -> None:
    body = {"property": "N7654321", "preferredDate": LATER.isoformat()}
    first = post(cast, "/check", body, **{"Idempotency-Key": "k1"})
    second = post(cast, "/check", body, **{"Idempotency-Key": "k1"})
    assert first.json()["jobId"] == second.json()["jobId"]
    run = BookingRun.objects.get()
    assert (run.kind, run.wanted_date, run.mls_number) == (RunKind.CHECK, LATER, "N7654321")


def test_an_account_is_compared_once_however_often_it_is_asked(cast: Cast) -> None:
    first = post(cast, f"/accounts/{cast.account.pk}/reconcile")
    second = post(cast, f"/accounts/{cast.account.pk}/reconcile")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["jobId"] == second.json()["jobId"]
    theirs = make_account(cast.other)
    assert post(cast, f"/accounts/{theirs.pk}/reconcile").status_code == 404


def test_a_rehearsal_is_asked_for_with_a_booking_and_its_key_is_good_for_it_alone(cast: Cast) -> None:
    key = {"Idempotency-Key": "k2"}
    assert post(cast, "/auto-book", wish(dryRun=True), **key).json()["job"]["dryRun"] is True
    assert BookingRun.objects.get().dry_run is True
    assert post(cast, "/auto-book", wish(), **key).status_code == 409


def test_a_waiting_job_tells_its_offers_and_takes_one(cast: Cast) -> None:
    run = ended(
        make_run(cast.partner, by=cast.owner),
        result="refused",
        code="slot_unavailable",
        message="Not offered.",
        open_slots=[{"date": LATER.isoformat(), "time": "13:15"}],
    )
    job = browser(cast.owner).get(f"/api/auto-book/{run.uuid}").json()["job"]
    offer = job["offers"][0]
    assert (offer["answer"], offer["value"]) == ("pick_time", f"{LATER.isoformat()}T13:15")
    picked = {"answer": offer["answer"], "value": offer["value"], "reason": "The client agreed"}
    answer = post(cast, f"/auto-book/{run.uuid}/answer", picked)
    assert answer.status_code == 200
    assert answer.json()["job"]["state"] == RunState.QUEUED
    run.refresh_from_db()
    assert (run.wanted_date, run.wanted_time) == (LATER, time(13, 15))
    entry = AuditEntry.objects.get(action="run.answered")
    assert (entry.source, entry.actor, entry.reason) == (Source.API, cast.owner, "The client agreed")
    late = post(cast, f"/auto-book/{run.uuid}/answer", picked)
    assert late.status_code == 409
    assert "Look again" in late.json()["error"]


def test_an_answer_that_there_is_not_is_refused_in_words(cast: Cast) -> None:
    run = make_run(cast.partner)
    answer = post(cast, f"/auto-book/{run.uuid}/answer", {"answer": "do_it"})
    assert answer.status_code == 422
    assert "Use one of" in answer.json()["fields"]["answer"]


def test_a_list_of_jobs_costs_the_same_however_many_wait(cast: Cast, django_assert_num_queries: Any) -> None:
    client = browser(cast.owner)
    client.get("/api/auto-book")
    for _ in range(3):
        make_run(cast.partner)
    with django_assert_num_queries(5):
        client.get("/api/auto-book")
