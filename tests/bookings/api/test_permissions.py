"""Who may do what: every operation has a row here, or the first test fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User

from bookings.api import api, streams
from bookings.models import ApiKey, BookingRun
from bookings.services import people
from bookings.vocabulary import RunState
from tests.bookings.api.callers import browser, program, program_of, send, wish
from tests.bookings.cast import Cast, in_days, make_booking, make_request, make_run

CANARY = "Canary Crescent"
EVERYBODY, READERS, BOOKERS, MANAGERS = "everybody", "readers", "bookers", "managers"
# Who of the cast has the role; the stranger is a manager, of another partner.
ALLOWED: dict[str, set[str]] = {
    READERS: {"owner", "colleague", "viewer", "manager", "admin", "key", "stranger"},
    BOOKERS: {"owner", "colleague", "manager", "admin", "key", "stranger"},
    MANAGERS: {"manager", "admin", "stranger"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`answer` is what those who may get; a stranger to the row gets `to_stranger`."""

    who: str
    answer: int = 200
    to_stranger: int = 200
    body: Callable[[], dict[str, Any]] | None = None


def moved() -> dict[str, Any]:
    return {"preferredDate": in_days(9).isoformat(), "preferredTime": "14:30"}


def for_maple() -> dict[str, Any]:
    return {"property": "N7654322"}


TABLE: dict[tuple[str, str], Row] = {
    ("POST", "/api/auto-book"): Row(who=BOOKERS, answer=202, to_stranger=202, body=wish),
    ("GET", "/api/auto-book"): Row(who=READERS),
    ("GET", "/api/auto-book/{job_id}"): Row(who=READERS, to_stranger=404),
    ("GET", "/api/auto-book/{job_id}/stream"): Row(who=READERS, to_stranger=404),
    ("GET", "/api/auto-booking-queue"): Row(who=READERS),
    # Nobody works here, so the check ends at its deadline.
    ("POST", "/api/property-exists"): Row(who=BOOKERS, answer=504, to_stranger=504, body=for_maple),
    ("GET", "/api/bookings"): Row(who=READERS),
    ("GET", "/api/bookings/{booking_id}"): Row(who=READERS, to_stranger=404),
    ("PATCH", "/api/bookings/{booking_id}"): Row(
        who=BOOKERS, to_stranger=404, body=lambda: {"status": "Pending"}
    ),
    ("DELETE", "/api/bookings/{booking_id}"): Row(who=BOOKERS, to_stranger=404),
    ("POST", "/api/bookings/{booking_id}/cancel"): Row(
        who=BOOKERS, answer=202, to_stranger=404, body=lambda: {"reason": "Sold"}
    ),
    ("POST", "/api/bookings/{booking_id}/reschedule"): Row(
        who=BOOKERS, answer=202, to_stranger=404, body=moved
    ),
    ("POST", "/api/check"): Row(who=BOOKERS, answer=202, to_stranger=202, body=for_maple),
    ("POST", "/api/accounts/{account_id}/reconcile"): Row(who=BOOKERS, answer=202, to_stranger=404),
    ("POST", "/api/auto-book/{job_id}/answer"): Row(
        who=BOOKERS, to_stranger=404, body=lambda: {"answer": "try_again"}
    ),
    ("GET", "/api/stats"): Row(who=READERS),
    ("GET", "/api/export/csv"): Row(who=BOOKERS),
    ("GET", "/api/export/json"): Row(who=BOOKERS),
    ("GET", "/api/properties"): Row(who=READERS),
    ("GET", "/api/scheduled-properties"): Row(who=READERS),
    ("GET", "/api/session-status"): Row(who=READERS),
    ("POST", "/api/manual-login"): Row(who=MANAGERS),
    ("GET", "/api/health"): Row(who=EVERYBODY),
}
ACTORS = (
    "owner", "colleague", "viewer", "manager", "admin", "key",
    "stranger", "bare_staff", "anonymous", "revoked_key", "sleeping_key", "unknown_key",
)  # fmt: skip
NOT_SIGNED_IN = {"anonymous", "revoked_key", "sleeping_key", "unknown_key"}
# Who has several partners names one.
FOR_A_PARTNER = {"/api/auto-book", "/api/property-exists", "/api/check"}
# These read in other threads, which see only what is committed.
IN_OTHER_THREADS = {"/api/auto-book/{job_id}/stream", "/api/property-exists"}


def expected(row: Row, actor: str) -> int:
    if row.who == EVERYBODY:
        return row.answer
    if actor in NOT_SIGNED_IN:
        return 401
    if actor not in ALLOWED[row.who]:
        return 403
    return row.to_stranger if actor == "stranger" else row.answer


def caller(cast: Cast, actor: str) -> Any:
    match actor:
        case "anonymous":
            return browser()
        case "key":
            return program_of(cast.owner)
        case "unknown_key":
            return program("bk_of-nobody")
        case "revoked_key":
            key = people.create_key(cast.owner, "old")
            people.revoke_key(ApiKey.objects.get(), by=cast.admin)
            return program(key)
        case "sleeping_key":
            key = people.create_key(cast.colleague, "left")
            User.objects.filter(pk=cast.colleague.pk).update(is_active=False)
            return program(key)
    return browser(getattr(cast, actor))


def ask(cast: Cast, actor: str, method: str, path: str, row: Row) -> Any:
    request = make_request(cast.partner)
    request.property.address = f"12 {CANARY}"
    request.property.save()
    booking = make_booking(cast.account, property_address=f"12 {CANARY}")
    home = f"14 {CANARY}"
    run = make_run(cast.partner, by=cast.owner, address=home, property_text=home)
    body = row.body() if row.body else None
    if path.endswith("/answer"):
        BookingRun.objects.filter(pk=run.pk).update(state=RunState.REFUSED, reason_code="not_bookable")
    if body and actor == "admin" and path in FOR_A_PARTNER:
        body["partner"] = cast.partner.name
    url = path.format(job_id=run.uuid, booking_id=booking.pk, account_id=cast.account.pk)
    if actor == "admin" and path in ("/api/session-status", "/api/manual-login"):
        url += f"?partner={cast.partner.pk}"
    return send(caller(cast, actor), method, url, body)


def operations() -> set[tuple[str, str]]:
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_every_operation_has_a_row_in_the_table() -> None:
    assert operations() == set(TABLE)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(("method", "path"), [key for key in TABLE if key[1] not in IN_OTHER_THREADS])
def test_everybody_gets_just_what_their_role_allows(cast: Cast, method: str, path: str, actor: str) -> None:
    row = TABLE[method, path]
    answer = ask(cast, actor, method, path, row)
    assert answer.status_code == expected(row, actor), answer
    if answer.status_code >= 400:
        body = answer.json()
        assert body["success"] is False
        assert body["error"].endswith(".")
    if actor == "stranger":
        text = b"".join(answer) if answer.streaming else answer.content
        assert CANARY.encode() not in text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(("method", "path"), [key for key in TABLE if key[1] in IN_OTHER_THREADS])
def test_so_it_is_where_an_answer_takes_time(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch, method: str, path: str, actor: str
) -> None:
    monkeypatch.setattr(streams, "CHECK_DEADLINE", 0.05)
    row = TABLE[method, path]
    answer = ask(cast, actor, method, path, row)
    assert answer.status_code == expected(row, actor)
    if answer.status_code >= 400:
        assert answer.json()["success"] is False


def test_a_wrong_key_is_refused_even_where_a_session_would_do(cast: Cast) -> None:
    client = browser(cast.owner)
    answer = client.get("/api/bookings", headers={"Authorization": "Bearer bk_wrong"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer bk_", "Bearer bk_" + "x" * 5000, "Bearer ü"])
def test_a_header_that_is_no_key_is_refused(cast: Cast, header: str) -> None:
    answer = browser().get("/api/bookings", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_key_needs_no_csrf_token(cast: Cast) -> None:
    key = people.create_key(cast.owner, "test")
    client = browser(enforce_csrf_checks=True)
    answer = send(client, "POST", "/api/auto-book", wish(), Authorization=f"Bearer {key}")
    assert answer.status_code == 202


@pytest.mark.parametrize(("method", "path"), [key for key in TABLE if key[0] != "GET"])
def test_a_session_must_send_the_csrf_token_to_change_anything(cast: Cast, method: str, path: str) -> None:
    client = browser(cast.admin, enforce_csrf_checks=True)
    booking, run = make_booking(cast.account), make_run(cast.partner)
    url = path.format(booking_id=booking.pk, job_id=run.uuid, account_id=cast.account.pk)
    answer = send(client, method, url, {})
    assert answer.status_code == 403
    assert "X-CSRFToken" in answer.json()["error"]


def test_a_session_with_the_csrf_token_may_write(cast: Cast) -> None:
    client = browser(cast.owner, enforce_csrf_checks=True)
    token = "a" * 32
    client.cookies["csrftoken"] = token
    answer = send(client, "POST", "/api/auto-book", wish(), **{"X-CSRFToken": token})
    assert answer.status_code == 202
