"""Bad input gets a sentence in the envelope, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError

from bookings.api import health, records
from bookings.models import Account, BookingRun
from bookings.services import people
from bookings.vocabulary import Health, Role
from tests.bookings.api.callers import browser, send, wish
from tests.bookings.cast import Cast, make_booking

BODIES = [
    ("POST", "/api/auto-book"),
    ("POST", "/api/property-exists"),
    ("PATCH", "/api/bookings/{booking}"),
]
UNREADABLE = {
    "half of an object": b'{"property": ',
    "no UTF-8": b"\xff\xfe\x00",
    "a number of 5000 digits": b'{"version": ' + b"9" * 5000 + b"}",
    "a hundred thousand brackets": b"[" * 100_000,
    "two documents": b"{}{}",
}
NO_OBJECT = {"nothing": b"", "a list": b"[]", "a text": b'"x"', "a number": b"1", "null": b"null"}


def envelope(answer: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.content)
    assert body["success"] is False
    assert body["error"].endswith(".")
    assert set(body) <= {"success", "error", "fields", "jobId"}
    return body


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_is_no_json_is_400(cast: Cast, method: str, path: str, body: bytes) -> None:
    url = path.format(booking=make_booking(cast.account).pk)
    answer = send(browser(cast.owner), method, url, body)
    assert answer.status_code == 400
    assert "JSON" in envelope(answer)["error"]


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize("body", NO_OBJECT.values(), ids=NO_OBJECT)
def test_a_body_that_is_no_object_is_422(cast: Cast, method: str, path: str, body: bytes) -> None:
    url = path.format(booking=make_booking(cast.account).pk)
    answer = send(browser(cast.owner), method, url, body)
    assert answer.status_code == 422
    envelope(answer)


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_of_fifty_megabytes_is_413(cast: Cast, method: str, path: str) -> None:
    url = path.format(booking=make_booking(cast.account).pk)
    answer = send(browser(cast.owner), method, url, b" " * 50_000_000)
    assert answer.status_code == 413
    envelope(answer)


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense"]
)
def test_a_body_that_says_it_is_no_json_is_415(cast: Cast, method: str, path: str, kind: str) -> None:
    url = path.format(booking=make_booking(cast.account).pk)
    answer = browser(cast.owner).generic(method, url, json.dumps(wish()), kind)
    assert answer.status_code == 415
    assert "application/json" in envelope(answer)["error"]
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", ""])
def test_a_body_of_json_may_say_so_in_any_way(cast: Cast, kind: str) -> None:
    answer = browser(cast.owner).generic("POST", "/api/auto-book", json.dumps(wish()), kind)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "path", ["bookings", "stats", "auto-book", "export/csv", "properties", "scheduled-properties"]
)
def test_a_parameter_that_nobody_knows_is_refused_by_name(cast: Cast, path: str) -> None:
    answer = browser(cast.owner).get(f"/api/{path}?stat%00us=Pending")
    assert answer.status_code == 422
    assert list(envelope(answer)["fields"]) == ["stat\x00us"]


def test_what_scripts_add_against_memories_is_let_through(cast: Cast) -> None:
    assert browser(cast.owner).get("/api/stats?_=1700000000").status_code == 200
    assert browser().get("/api/health?nonce=1").status_code == 200


def test_more_parameters_than_anybody_needs_are_400(cast: Cast) -> None:
    answer = browser(cast.owner).get("/api/bookings?" + "&".join(f"a{number}=1" for number in range(2000)))
    assert answer.status_code == 400
    envelope(answer)


@pytest.mark.parametrize("text", ["\ud800 broken", "12 King St\ud83d", "\udfff" * 9])
def test_half_a_character_is_refused(cast: Cast, text: str) -> None:
    answer = send(browser(cast.owner), "POST", "/api/auto-book", wish(property=text))
    assert answer.status_code == 422
    assert set(envelope(answer)["fields"]) == {"property"}


@pytest.mark.parametrize("name", ["\ud800", "x" * 5000, "", "<script>", "__class__", "\x00"])
def test_a_field_that_nobody_asked_for_is_refused(cast: Cast, name: str) -> None:
    answer = send(browser(cast.owner), "POST", "/api/auto-book", {**wish(), name: 1})
    assert answer.status_code == 422
    envelope(answer)


@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/nothing", "/api/bookings/", "/api/bookings/1/", "/api/auto-book/", "/api/auto-book/1",
     "/api/auto-book/not-a-uuid", "/api/auto-book/00000000-0000-0000-0000-000000000000", "/api/export/xml",
     "/api/auto-book/00000000-0000-0000-0000-00000000000g/stream", "/api/bookings/%00", "/api/%ff",
     "/api/bookings/a%0Ab", "/api/%0A"],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_404(cast: Cast, path: str) -> None:
    answer = browser(cast.owner).get(path)
    assert answer.status_code == 404
    envelope(answer)


def test_no_page_of_djangos_answers_where_the_api_describes_itself(cast: Cast) -> None:
    client = browser(cast.owner, enforce_csrf_checks=True)
    assert send(client, "POST", "/api/openapi.json", {}).json()["openapi"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_so_it_is_for_a_write_that_comes_without_a_csrf_token(cast: Cast, method: str) -> None:
    answer = send(browser(cast.owner, enforce_csrf_checks=True), method, "/api/bookings/abc", {})
    assert answer.status_code == 404
    envelope(answer)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/bookings"), ("POST", "/api/stats"), ("DELETE", "/api/auto-book"),
     ("GET", "/api/manual-login"),
     ("GET", "/api/property-exists"), ("TRACE", "/api/health"), ("POST", "/api/bookings/1")],
)  # fmt: skip
def test_a_method_that_is_not_meant_is_405_and_names_those_that_are(
    cast: Cast, method: str, path: str
) -> None:
    answer = send(browser(cast.owner), method, path)
    assert answer.status_code == 405
    assert answer["Allow"]
    envelope(answer)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/health", 200), ("/api/bookings", 200), ("/api/bookings/999", 404), ("/api/bookings?x=1", 422),
     ("/api/manual-login", 405), ("/api/export/csv", 200)],
)  # fmt: skip
def test_what_is_there_to_get_is_there_for_head_too(cast: Cast, path: str, status: int) -> None:
    answer = browser(cast.owner).head(path)
    assert (answer.status_code, answer.getvalue()) == (status, b"")


def test_no_answer_that_holds_rows_is_kept_by_whoever_carries_it(cast: Cast) -> None:
    assert browser(cast.owner).get("/api/bookings")["Cache-Control"] == "no-store"


def test_a_silent_database_is_503_and_says_when_to_come_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(user: object, wanted: object) -> None:
        raise OperationalError("the password is hunter2")

    monkeypatch.setattr(records.reads, "matching", down)
    answer = browser(cast.owner).get("/api/bookings")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "hunter2" not in envelope(answer)["error"]


def test_a_fault_of_ours_is_told_in_the_envelope_and_says_nothing_of_itself(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(user: object, wanted: object) -> None:
        raise ZeroDivisionError("the password is hunter2")

    monkeypatch.setattr(records.reads, "matching", broken)
    answer = browser(cast.owner, raise_request_exception=False).get("/api/bookings")
    assert answer.status_code == 500
    assert "hunter2" not in answer.content.decode()
    envelope(answer)


def test_a_fault_of_ours_still_reaches_those_who_listen_for_faults(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(user: object, wanted: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(records.reads, "matching", broken)
    with pytest.raises(ZeroDivisionError):
        browser(cast.owner).get("/api/bookings")


# ---- health and the account ------------------------------------------------------------------------


@pytest.mark.django_db
def test_health_needs_no_sign_in_and_says_nothing_more() -> None:
    answer = browser().get("/api/health")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["success"], body["status"], body["database"]) == (True, "ok", "up")
    assert set(body) == {"success", "status", "timestamp", "database"}


def test_health_is_503_while_the_database_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_database_answers", lambda: False)
    answer = browser().get("/api/health")
    body = answer.json()
    assert answer.status_code == 503
    assert (body["success"], body["status"], body["database"]) == (False, "down", "down")
    assert body["error"].endswith(".")


def test_a_session_is_valid_once_the_account_is_signed_in(cast: Cast) -> None:
    client = browser(cast.owner)
    before = client.get("/api/session-status").json()["session"]
    Account.objects.filter(pk=cast.account.pk).update(health=Health.SIGNED_IN, session="sealed")
    after = client.get("/api/session-status").json()["session"]
    assert set(before) >= {"isValid", "lastLogin", "userEmail", "createdAt"}
    assert (before["isValid"], after["isValid"]) == (False, True)
    assert after["userEmail"] == cast.account.email
    assert "sealed" not in str(after)


def test_a_partner_without_an_account_has_no_session(cast: Cast) -> None:
    Account.objects.filter(pk=cast.account.pk).update(is_active=False)
    session = browser(cast.owner).get("/api/session-status").json()["session"]
    assert (session["isValid"], session["userEmail"]) == (False, None)
    answer = send(browser(cast.manager), "POST", "/api/manual-login")
    assert answer.status_code == 422


def test_the_sign_in_is_handed_to_a_person_once_however_often_it_is_asked(cast: Cast) -> None:
    body = send(browser(cast.manager), "POST", "/api/manual-login").json()
    assert set(body) == {"success", "message", "url"}
    run = BookingRun.objects.get(kind="sign_in", account=cast.account)
    assert body["url"] == f"/sign-ins/{run.uuid}"
    assert send(browser(cast.manager), "POST", "/api/manual-login").json() == body


def test_who_works_for_several_partners_names_whose_account(cast: Cast) -> None:
    people.join(cast.manager, cast.other, Role.MANAGER)
    client = browser(cast.manager)
    assert set(client.get("/api/session-status").json()["fields"]) == {"partner"}
    session = client.get("/api/session-status", {"partner": cast.other.name}).json()["session"]
    assert session["userEmail"] == cast.other_account.email
