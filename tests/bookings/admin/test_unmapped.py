"""The inbox of requests that are nobody's yet."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client as Browser

from bookings.models import AuditEntry, Client, ShowingRequest, UpstreamGroup
from bookings.services import mapping, showings
from bookings.services.errors import Forbidden
from bookings.vocabulary import StaffRole
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast, make_request, staff

pytestmark = pytest.mark.django_db
INBOX = "/admin/bookings/client/unmapped/"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    calls: list[bool] = []
    monkeypatch.setattr("bookings.services.dispatch.ring_ready", lambda: calls.append(True))
    return calls


@pytest.fixture
def desk(sign_in: SignIn) -> Browser:
    return sign_in(staff(StaffRole.OPERATOR))


def told(answer: object) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))  # type: ignore[attr-defined]


def test_one_click_says_whose_client_it_is_and_the_requests_flow(
    cast: Cast, desk: Browser, rung: list[bool]
) -> None:
    first = make_request(None, group_name="Saturday tour")
    assert first.client is not None
    second = make_request(None, client=first.client)
    make_request(cast.partner)
    page = desk.get(INBOX)
    assert [(row.client, row.requests, list(row.groups)) for row in page.context["clients"]] == [
        (first.client, 2, ["Saturday tour"])
    ]
    answer = desk.post(INBOX, {"client": first.client.pk, "partner": cast.partner.name.upper()})
    assert f"2 requests are {cast.partner}'s now." in told(answer)
    assert set(ShowingRequest.objects.filter(partner=cast.partner)) >= {first, second}
    assert rung, "judged at once"
    assert not desk.get(INBOX).context["clients"]
    assert AuditEntry.objects.filter(action="client.assigned", partner=cast.partner).exists()


def test_a_group_brings_what_waits_and_what_comes_but_no_other_partners_client(
    cast: Cast, desk: Browser, rung: list[bool]
) -> None:
    waits = make_request(None, group_name="Maple")
    theirs = make_request(cast.other, group_name="Maple")
    assert [(row.name, row.requests) for row in desk.get(INBOX).context["groups"]] == [("Maple", 1)]
    answer = desk.post(INBOX, {"group": "Maple", "partner": cast.partner.name})
    assert f"1 request is {cast.partner}'s now." in told(answer)
    later = make_request(None, group_name="Maple")
    showings.queue_ready()
    for request in (waits, theirs, later):
        request.refresh_from_db()
    assert (waits.partner, theirs.partner, later.partner) == (cast.partner, cast.other, cast.partner)
    mapping.forget_group(UpstreamGroup.objects.get(), by=cast.admin)
    last = make_request(None, group_name="Maple")
    assert mapping.give_groups_to_partners() == 0
    assert ShowingRequest.objects.get(pk=last.pk).partner is None


@pytest.mark.parametrize(
    "wish",
    [
        {"client": "x", "partner": "{partner}"},
        {"client": "9" * 30, "partner": "{partner}"},
        {"client": "1", "partner": "Nobody"},
        {"client": "1", "partner": "\x00"},
        {"group": "\x00", "partner": "{partner}"},
        {},
    ],
)
def test_a_crafted_wish_maps_nothing(
    cast: Cast, desk: Browser, rung: list[bool], wish: dict[str, str]
) -> None:
    make_request(None)
    asked = {name: value.format(partner=cast.partner.name) for name, value in wish.items()}
    answer = desk.post(INBOX, asked)
    assert answer.status_code == 302
    assert told(answer)
    assert not Client.objects.exclude(partner=None).exists()


def test_an_auditor_looks_and_a_partners_people_do_not(cast: Cast, sign_in: SignIn) -> None:
    request = make_request(None)
    auditor = sign_in(staff(StaffRole.AUDITOR))
    assert auditor.get(INBOX).status_code == 200
    wish = {"client": request.client_id, "partner": cast.partner.name}
    assert auditor.post(INBOX, wish).status_code == 403
    for person in (cast.manager, cast.bare_staff):
        assert sign_in(person).get(INBOX).status_code == 403
        assert sign_in(person).post(INBOX, wish).status_code == 403
    with pytest.raises(Forbidden):
        mapping.map_group("Maple", cast.partner, by=cast.manager)


def test_groups_are_listed_added_moved_and_forgotten(cast: Cast, desk: Browser, rung: list[bool]) -> None:
    at = "/admin/bookings/upstreamgroup/"
    desk.post(f"{at}add/", {"name": "Maple", "partner": cast.partner.pk})
    group = UpstreamGroup.objects.get()
    desk.post(f"{at}{group.pk}/change/", {"partner": cast.other.pk})
    group.refresh_from_db()
    assert group.partner == cast.other
    assert desk.get(at).status_code == 200
    desk.post(f"{at}{group.pk}/delete/", {"post": "yes"})
    assert not UpstreamGroup.objects.exists()
    actions = AuditEntry.objects.filter(subject_type="upstreamgroup").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "upstreamgroup.mapped",
        "upstreamgroup.mapped",
        "upstreamgroup.forgotten",
    ]
