"""The sign-in's pages: who gets in, what is refused, and that nothing of it is kept by a cache."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from automation import vault
from bookings.models import BookingRun, Stroke
from bookings.services import handoffs, runs
from bookings.services.handoffs import Look
from bookings.vocabulary import RunState
from tests.bookings.cast import Cast, make_run


@pytest.fixture
def run(cast: Cast) -> BookingRun:
    asked = handoffs.open_for(cast.account, by=cast.manager)
    held = runs.claim(asked.pk, holder="a worker", signs_in=True)
    assert held is not None
    look = Look(jpeg=b"\xff\xd8\xff", width=640, height=480, host="auth.example", page={})
    handoffs.show(held.pk, look, fence=held.attempt_number)
    return held


def as_person(client: Client, cast: Cast, who: str) -> Client:
    client.force_login(getattr(cast, who))
    return client


def addresses(run: BookingRun) -> list[tuple[str, str]]:
    return [
        ("get", reverse("sign_in_account", args=[run.account_id])),
        ("post", reverse("sign_in_account", args=[run.account_id])),
        ("get", reverse("handoff", args=[run.uuid])),
        ("get", reverse("handoff_screen", args=[run.uuid])),
        ("post", reverse("handoff_strokes", args=[run.uuid])),
        ("post", reverse("stop_handoff", args=[run.uuid])),
    ]


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("owner", 403), ("stranger", 404), ("bare_staff", 404)]
)
def test_nobody_gets_near_without_the_right_at_that_partner(
    client: Client, cast: Cast, run: BookingRun, who: str, status: int
) -> None:
    as_person(client, cast, who)
    for verb, address in addresses(run):
        answer = getattr(client, verb)(address)
        assert answer.status_code == status, address
    run.refresh_from_db()
    assert (run.state, run.stop_asked_at) == (RunState.RUNNING, None)


def test_strangers_to_the_portal_are_sent_to_its_sign_in(client: Client, run: BookingRun) -> None:
    for verb, address in addresses(run):
        answer = getattr(client, verb)(address)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("sign_in")), address


def test_pressing_sign_in_leads_to_the_one_open_browser(client: Client, cast: Cast) -> None:
    as_person(client, cast, "manager")
    address = reverse("sign_in_account", args=[cast.account.pk])
    shown = client.get(address).content.decode()
    assert "Open the robot" in shown
    assert reverse("admin:bookings_account_upload_session", args=[cast.account.pk]) in shown
    first = client.post(address)
    assert first.url == client.post(address).url
    run = handoffs.open_run(cast.account)
    assert run is not None
    assert first.url == reverse("handoff", args=[run.uuid])
    page = client.get(first.url)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


def test_a_booking_run_has_no_such_page(client: Client, cast: Cast) -> None:
    as_person(client, cast, "manager")
    assert client.get(reverse("handoff", args=[make_run(cast.partner).uuid])).status_code == 404


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("nonsense", 422),
        ("[" * 100_000, 422),
        ('{"kind": "back"}', 422),
        ("[]", 422),
        ('[{"kind": "goto", "text": "http://169.254.169.254/"}]', 422),
        ('[{"kind": "back"}]', 204),
    ],
)
def test_only_strokes_are_taken(client: Client, cast: Cast, run: BookingRun, said: str, status: int) -> None:
    as_person(client, cast, "manager")
    answer = client.post(
        reverse("handoff_strokes", args=[run.uuid]), data=said, content_type="application/json"
    )
    assert answer.status_code == status
    assert Stroke.objects.exists() == (status == 204)


def test_strokes_need_the_forms_token_and_lie_sealed(cast: Cast, run: BookingRun) -> None:
    client = as_person(Client(enforce_csrf_checks=True), cast, "manager")
    address = reverse("handoff_strokes", args=[run.uuid])
    stroke = json.dumps([{"kind": "text", "text": "canary"}])
    assert client.post(address, data=stroke, content_type="application/json").status_code == 403
    client.get(reverse("handoff", args=[run.uuid]))
    headers: dict[str, Any] = {"X-CSRFToken": client.cookies["csrftoken"].value}
    answer = client.post(address, data=stroke, content_type="application/json", headers=headers)
    assert answer.status_code == 204
    sealed = Stroke.objects.get().sealed
    assert "canary" not in sealed
    assert vault.unseal(sealed) == {"kind": "text", "text": "canary"}


def test_after_the_end_strokes_are_refused_and_the_page_says_how_it_ended(
    client: Client, cast: Cast, run: BookingRun
) -> None:
    as_person(client, cast, "manager")
    handoffs.signed_in(run.pk, vault.seal({"cookies": [], "origins": []}), fence=run.attempt_number)
    answer = client.post(
        reverse("handoff_strokes", args=[run.uuid]),
        data='[{"kind": "back"}]',
        content_type="application/json",
    )
    assert answer.status_code == 409
    assert "Signed in." in client.get(reverse("handoff", args=[run.uuid])).content.decode()


def test_stop_is_one_press_and_starting_again_another(client: Client, cast: Cast) -> None:
    as_person(client, cast, "manager")
    run = handoffs.open_for(cast.account, by=cast.manager)
    page = client.post(reverse("stop_handoff", args=[run.uuid]), follow=True).content.decode()
    assert "Stopped." in page
    assert "Start again" in page
