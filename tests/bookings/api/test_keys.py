"""A key may do less than its person: only read, or for one partner alone; and not as often as it likes."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bookings.models import BookingRun, Tally
from bookings.services import people
from bookings.services.errors import Rejected
from bookings.vocabulary import KeyScope, Role
from tests.bookings.api.callers import browser, program, send, text_of, wish
from tests.bookings.api.test_permissions import TABLE
from tests.bookings.cast import Cast, make_account, make_booking, make_partner, make_request, make_run

READS = [path for method, path in TABLE if method == "GET" and path != "/api/health"]
WRITES = [key for key in TABLE if key[0] != "GET"]


def reader(user: User) -> Any:
    return program(people.create_key(user, "reads", scope=KeyScope.READ))


def bound(user: User, cast: Cast, scope: KeyScope = KeyScope.BOOK) -> Any:
    return program(people.create_key(user, "one partner", scope=scope, partner=cast.partner))


def located(path: str, cast: Cast) -> str:
    booking, run = make_booking(cast.account), make_run(cast.partner)
    return path.format(booking_id=booking.pk, job_id=run.uuid, account_id=cast.account.pk)


# ---- only reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in READS if not path.endswith("/stream")])
def test_a_key_that_only_reads_reads_everything(cast: Cast, path: str) -> None:
    assert reader(cast.manager).get(located(path, cast)).status_code == 200


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_key_that_only_reads_changes_nothing(cast: Cast, method: str, path: str) -> None:
    url = located(path, cast)
    before = BookingRun.objects.count()
    answer = send(reader(cast.manager), method, url, {})
    assert answer.status_code == 403
    assert "only read" in answer.json()["error"]
    assert BookingRun.objects.count() == before


def test_a_key_never_does_more_than_its_person(cast: Cast) -> None:
    key = people.create_key(cast.viewer, "hopes", scope=KeyScope.BOOK)
    assert send(program(key), "POST", "/api/auto-book", wish()).status_code == 403


# ---- one partner -----------------------------------------------------------------------------------


@pytest.fixture
def everywhere(cast: Cast) -> None:
    """The owner works for both partners, and each has rows that say whose they are."""
    people.join(cast.owner, cast.other, Role.MANAGER)
    for partner, account in ((cast.partner, cast.account), (cast.other, cast.other_account)):
        address = f"1 {partner.name} Street"
        make_booking(account, property_address=address)
        make_run(partner, property_text=address, address=address, time=time(15))
        request = make_request(partner)
        request.property.address = address
        request.property.save()


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("who", ["owner", "admin"])
@pytest.mark.parametrize("path", [path for path in READS if "{" not in path])
def test_a_key_of_one_partner_sees_no_other_whoever_has_it(cast: Cast, path: str, who: str) -> None:
    client = bound(getattr(cast, who), cast)
    if path == "/api/session-status":
        assert client.get(path).json()["session"]["userEmail"] == cast.account.email
        assert client.get(f"{path}?partner={cast.other.pk}").status_code == 422
        return
    told = text_of(client.get(path))
    assert cast.other.name not in told
    if path != "/api/stats":
        assert cast.partner.name in told


@pytest.mark.parametrize("who", ["owner", "admin"])
def test_a_key_of_one_partner_does_nothing_for_another(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    if who == "owner":
        people.join(person, cast.other, Role.MANAGER)
    client = bound(person, cast)
    theirs = make_booking(cast.other_account)
    run = make_run(cast.other)
    assert send(client, "POST", "/api/auto-book", wish(partner=cast.other.pk)).status_code == 422
    assert send(client, "PATCH", f"/api/bookings/{theirs.pk}", {"status": "Pending"}).status_code == 404
    assert send(client, "POST", f"/api/bookings/{theirs.pk}/cancel", {}).status_code == 404
    assert send(client, "DELETE", f"/api/bookings/{theirs.pk}").status_code == 404
    assert client.get(f"/api/auto-book/{run.uuid}").status_code == 404
    mine = make_booking(cast.account)
    assert send(client, "PATCH", f"/api/bookings/{mine.pk}", {"status": "Pending"}).status_code == 200
    assert send(client, "POST", "/api/auto-book", wish()).json()["success"] is True


def test_a_key_is_made_for_a_partner_of_its_person_alone(cast: Cast) -> None:
    with pytest.raises(Rejected, match="does not work for"):
        people.create_key(cast.owner, "sly", partner=cast.other)


def test_a_key_ends_with_the_role_of_its_person_at_its_partner(cast: Cast) -> None:
    people.join(cast.owner, cast.other, Role.MANAGER)
    client = bound(cast.owner, cast)
    make_booking(cast.account)
    make_booking(cast.other_account)
    assert client.get("/api/bookings").json()["total"] == 1
    people.leave(cast.owner.memberships.get(partner=cast.partner), by=cast.admin)
    assert client.get("/api/bookings").json()["data"] == []


def test_a_session_is_bound_to_no_key(cast: Cast) -> None:
    bound(cast.admin, cast)
    make_account(make_partner("Third"))
    make_booking(cast.other_account)
    assert browser(cast.admin).get("/api/bookings").json()["total"] == 1


# ---- how often -------------------------------------------------------------------------------------


def test_a_key_that_asks_too_often_is_told_when_to_come_back(cast: Cast, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    client = reader(cast.owner)
    assert [client.get("/api/stats").status_code for _ in range(2)] == [200, 200]
    refused = client.get("/api/stats")
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["success"] is False
    assert refused["Retry-After"] in refused.json()["error"]
    assert reader(cast.owner).get("/api/stats").status_code == 200
    assert browser(cast.owner).get("/api/stats").status_code == 200
    Tally.objects.update(until=timezone.now())
    assert client.get("/api/stats").status_code == 200


def test_what_a_key_is_refused_counts_too(cast: Cast, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    client = reader(cast.owner)
    assert send(client, "POST", "/api/auto-book", wish()).status_code == 403
    assert client.get("/api/stats").status_code == 429


def test_no_limit_is_zero(cast: Cast, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    client = reader(cast.owner)
    assert {client.get("/api/stats").status_code for _ in range(5)} == {200}
    assert not Tally.objects.exists()
