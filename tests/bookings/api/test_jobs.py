from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from bookings.api import rows
from bookings.models import AuditEntry, BookingRun, Property
from bookings.services import people, runs
from bookings.vocabulary import Role, RunKind, RunState, Source
from tests.bookings.api.callers import browser, program_of, send, wish
from tests.bookings.cast import (
    Cast,
    in_days,
    make_account,
    make_cast,
    make_partner,
    make_property,
    make_request,
    make_run,
)

JOB_FIELDS = {
    "id", "property", "status", "state", "options", "createdAt", "updatedAt", "startedAt", "completedAt",
    "step", "result", "reasonCode", "reason", "nextStep", "openSlots", "candidates", "bookingId", "url",
    "kind", "dryRun", "offers",
}  # fmt: skip


def start(cast: Cast, body: dict[str, Any], **headers: str) -> Any:
    return send(browser(cast.owner), "POST", "/api/auto-book", body, **headers)


def test_a_job_is_started_as_asked_and_told_field_by_field(cast: Cast) -> None:
    answer = start(cast, wish(autoConfirmOnly=True, headless=False))
    assert answer.status_code == 202
    body = answer.json()
    run = BookingRun.objects.get()
    assert body["success"] is True
    assert body["jobId"] == body["job"]["id"] == str(run.uuid)
    assert set(body["job"]) == {*JOB_FIELDS, "logs"}
    assert body["job"]["property"] == "N7654321"
    assert (body["job"]["status"], body["job"]["state"]) == ("pending", "queued")
    assert body["job"]["options"] == {
        "preferredTime": "10:00",
        "preferredDate": in_days(5).isoformat(),
        "preferredDuration": 30,
        "autoConfirmOnly": True,
        "headless": True,
    }
    assert body["job"]["startedAt"] is None
    assert set(body["job"]["logs"][0]) >= {"id", "timestamp", "level", "message"}
    assert (run.partner, run.created_by, run.source) == (cast.partner, cast.owner, Source.API)
    assert (run.mls_number, run.kind, run.auto_confirm_only) == ("N7654321", RunKind.BOOK, True)
    assert (run.wanted_date, run.wanted_time, run.duration_minutes) == (in_days(5), time(10), 30)
    assert AuditEntry.objects.get(action="run.queued").source == Source.API


def test_an_mls_number_brings_what_is_known_of_the_home(cast: Cast) -> None:
    home = make_property(property_id="W1234567", address="8 Ocean Road", time_zone="America/Vancouver")
    make_request(cast.partner, property=home)
    start(cast, wish(property=" w1234567 "))
    run = BookingRun.objects.get()
    assert (run.property_text, run.address, run.time_zone) == (
        "W1234567",
        "8 Ocean Road",
        "America/Vancouver",
    )


def test_a_home_of_another_partner_tells_nothing(cast: Cast) -> None:
    make_request(cast.other, property=make_property(property_id="W1234567", address="8 Ocean Road"))
    start(cast, wish(property="W1234567"))
    assert BookingRun.objects.get().address == ""


def test_anything_else_is_taken_for_an_address(cast: Cast) -> None:
    start(cast, wish(property="12 King Street West"))
    run = BookingRun.objects.get()
    assert (run.property_text, run.address, run.mls_number) == (
        "12 King Street West",
        "12 King Street West",
        "",
    )


def test_a_bare_day_is_the_next_such_day_where_the_partner_is(cast: Cast) -> None:
    tomorrow = datetime.now(ZoneInfo(cast.partner.time_zone)).date() + timedelta(days=1)
    start(cast, wish(preferredDate=str(tomorrow.day)))
    assert BookingRun.objects.get().wanted_date == tomorrow


@pytest.mark.parametrize("missing", ["property", "preferredDate", "preferredTime", "preferredDuration"])
@pytest.mark.parametrize("how", ["absent", "null", "empty"])
def test_what_is_missing_is_named_and_never_made_up(cast: Cast, missing: str, how: str) -> None:
    body = wish(**{missing: None if how == "null" else ""})
    if how == "absent":
        del body[missing]
    answer = start(cast, body)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {missing}
    assert missing in answer.json()["error"]
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("property", "1234"), ("property", "    5    "), ("property", "x" * 301), ("property", 12345),
        ("property", "12 King\x00St"), ("property", "12 King\nSt"), ("property", ["12 King St"]),
        ("preferredDate", "2020-01-01"), ("preferredDate", "9999-12-31x"), ("preferredDate", 32),
        ("preferredTime", "25:00"), ("preferredTime", 10), ("preferredDuration", 20),
        ("preferredDuration", 10**30), ("preferredDuration", 30.5), ("autoConfirmOnly", "yes"),
        ("autoConfirmOnly", 1), ("headless", None), ("partner", True), ("partner", -1), ("partner", {}),
        ("partner", "x" * 121), ("partner", "nobody of that name"), ("preferedDate", "2030-01-01"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_at_its_field(cast: Cast, field: str, value: object) -> None:
    answer = start(cast, wish(**{field: value}))
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {field}
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_break_nothing(cast: Cast, day: str) -> None:
    assert start(cast, wish(preferredDate=day)).status_code in (202, 422)


def test_a_time_that_the_clocks_skip_is_refused(cast: Cast) -> None:
    year = timezone.now().year + 1
    first_sunday = next(
        day for day in range(1, 8) if datetime(year, 3, day, tzinfo=ZoneInfo("UTC")).weekday() == 6
    )
    answer = start(cast, wish(preferredDate=f"{year}-03-{first_sunday + 7:02}", preferredTime="02:30"))
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"preferredTime"}


def test_the_same_showing_twice_is_a_conflict(cast: Cast) -> None:
    start(cast, wish())
    answer = start(cast, wish())
    assert answer.status_code == 409
    assert answer.json()["success"] is False
    assert BookingRun.objects.count() == 1


def test_a_repeat_with_its_key_answers_the_first_job(cast: Cast) -> None:
    first = start(cast, wish(), **{"Idempotency-Key": "one"}).json()
    again = start(cast, wish(), **{"Idempotency-Key": "one"})
    assert again.status_code == 202
    assert again.json()["jobId"] == first["jobId"]
    assert BookingRun.objects.count() == 1


def test_a_key_that_comes_back_with_another_wish_is_a_conflict(cast: Cast) -> None:
    start(cast, wish(), **{"Idempotency-Key": "one"})
    answer = start(cast, wish(preferredTime="11:00"), **{"Idempotency-Key": "one"})
    assert answer.status_code == 409
    assert set(answer.json()["fields"]) == {"Idempotency-Key"}


@pytest.mark.parametrize(
    "other",
    [{"preferredDuration": 45}, {"autoConfirmOnly": True}, {"dryRun": True}, {"property": "W1234567"}],
    ids=str,
)
def test_any_other_body_is_another_wish(cast: Cast, other: dict[str, Any]) -> None:
    start(cast, wish(), **{"Idempotency-Key": "one"})
    assert start(cast, wish(**other), **{"Idempotency-Key": "one"}).status_code == 409
    assert BookingRun.objects.count() == 1


def test_the_same_body_in_another_order_is_a_repeat(cast: Cast) -> None:
    first = start(cast, wish(), **{"Idempotency-Key": "one"}).json()
    turned = dict(reversed(wish(headless=True).items()))
    assert start(cast, turned, **{"Idempotency-Key": "one"}).json()["jobId"] == first["jobId"]


def test_a_repeat_finds_its_job_though_a_person_has_moved_it_since(cast: Cast) -> None:
    first = start(cast, wish(), **{"Idempotency-Key": "one"}).json()
    BookingRun.objects.update(wanted_time=time(15), state=RunState.REFUSED)
    again = start(cast, wish(), **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["jobId"]) == (202, first["jobId"])


def test_a_key_is_good_for_one_kind_of_wish(cast: Cast) -> None:
    start(cast, wish(), **{"Idempotency-Key": "one"})
    body = {"property": "N7654321"}
    answer = send(browser(cast.owner), "POST", "/api/check", body, **{"Idempotency-Key": "one"})
    assert answer.status_code == 409
    assert set(answer.json()["fields"]) == {"Idempotency-Key"}


@pytest.mark.django_db(transaction=True)
def test_of_two_with_one_key_at_the_same_moment_one_run_comes(transactional_db: None) -> None:
    cast = make_cast()
    clients = [program_of(cast.owner) for _ in range(4)]
    together = threading.Barrier(len(clients))

    def ask(client: Client) -> tuple[int, str]:
        try:
            together.wait(10)
            answer = send(client, "POST", "/api/auto-book", wish(), **{"Idempotency-Key": "one"})
            return answer.status_code, answer.json().get("jobId", "")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(ask, clients))
    run = BookingRun.objects.get()
    assert answers == [(202, str(run.uuid))] * len(clients)


def test_two_people_may_use_the_same_key(cast: Cast) -> None:
    start(cast, wish(), **{"Idempotency-Key": "one"})
    answer = send(program_of(cast.stranger), "POST", "/api/auto-book", wish(), **{"Idempotency-Key": "one"})
    assert answer.status_code == 202
    assert BookingRun.objects.count() == 2


@pytest.mark.parametrize("key", ["x" * 121, "with space", "ü"])
def test_a_key_that_cannot_be_kept_is_refused(cast: Cast, key: str) -> None:
    assert start(cast, wish(), **{"Idempotency-Key": key}).status_code == 422


def test_who_works_for_several_partners_names_one(cast: Cast) -> None:
    people.join(cast.owner, cast.other, Role.BOOKER)
    assert set(start(cast, wish()).json()["fields"]) == {"partner"}
    assert start(cast, wish(partner=cast.other.pk)).status_code == 202
    assert start(cast, wish(partner=str(cast.partner.pk))).status_code == 202
    assert start(cast, wish(partner=cast.partner.name.upper(), preferredTime="12:00")).status_code == 202
    assert set(BookingRun.objects.values_list("partner", flat=True)) == {cast.partner.pk, cast.other.pk}


def test_a_partner_of_others_is_as_good_as_none(cast: Cast) -> None:
    answer = start(cast, wish(partner=cast.other.pk))
    assert answer.status_code == 422
    assert cast.other.name not in answer.json()["error"]


def test_a_partner_without_an_account_cannot_book(cast: Cast) -> None:
    cast.partner.accounts.all().delete()
    answer = start(cast, wish())
    assert answer.status_code == 422
    assert "account" in answer.json()["error"]


def test_jobs_are_listed_newest_first_without_logs(cast: Cast) -> None:
    made = [make_run(cast.partner, by=cast.owner) for _ in range(3)]
    runs.queue(
        runs.Wish(property_text="N0000001", kind=RunKind.CHECK), partner=cast.partner, source=Source.API
    )
    answer = browser(cast.colleague).get("/api/auto-book?limit=2").json()
    assert [job["id"] for job in answer["jobs"]] == [str(run.uuid) for run in reversed(made[1:])]
    assert set(answer["jobs"][0]) == JOB_FIELDS


def test_a_job_has_its_log(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    line = runs.LogLine(at=timezone.now(), message="Opened the site", step="open_site", duration_ms=120)
    runs.tell(run.pk, [line], fence=claimed.attempt_number)
    job = browser(cast.owner).get(f"/api/auto-book/{run.uuid}").json()["job"]
    assert (job["status"], job["state"], job["step"]) == ("running", "running", "open_site")
    assert [entry["id"] for entry in job["logs"]] == [1, 2, 3]
    assert job["logs"][2]["message"] == "Opened the site"
    assert job["logs"][2]["level"] == "info"
    assert job["logs"][2]["durationMs"] == 120


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("queued", "pending"), ("parked", "pending"), ("running", "running"), ("unconfirmed", "running"),
        ("booked", "completed"), ("done", "completed"), ("refused", "failed"), ("failed", "failed"),
        ("cancelled", "failed"), ("expired", "failed"),
    ],
)  # fmt: skip
def test_each_state_has_one_of_the_four_words(cast: Cast, state: str, status: str) -> None:
    run = make_run(cast.partner, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(state=state)
    job = browser(cast.owner).get(f"/api/auto-book/{run.uuid}").json()["job"]
    assert (job["status"], job["state"]) == (status, state)


def test_no_state_is_without_its_word() -> None:
    assert set(rows.STATUS_OF) == set(RunState)


def test_the_queue_tells_what_stands_where(cast: Cast) -> None:
    waiting, running, refused = (make_run(cast.partner, by=cast.owner) for _ in range(3))
    runs.claim(running.pk, holder="test")
    BookingRun.objects.filter(pk=refused.pk).update(state=RunState.REFUSED)
    make_run(cast.other)
    answer = browser(cast.owner).get("/api/auto-booking-queue").json()
    assert [job["id"] for job in answer["data"]["pending"]] == [str(waiting.uuid)]
    assert [job["id"] for job in answer["data"]["processing"]] == [str(running.uuid)]
    assert answer["data"]["completed"] == []
    assert [job["id"] for job in answer["data"]["failed"]] == [str(refused.uuid)]
    assert answer["stats"] == {
        "pendingCount": 1, "processingCount": 1, "completedCount": 0, "failedCount": 1, "totalCount": 3,
    }  # fmt: skip


def test_an_operator_names_the_partner(cast: Cast) -> None:
    make_account(make_partner("Third"))
    answer = send(browser(cast.admin), "POST", "/api/auto-book", wish())
    assert set(answer.json()["fields"]) == {"partner"}
    assert Property.objects.count() == 0
