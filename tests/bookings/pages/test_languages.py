"""Which language a page speaks: the person's choice, else what browsers ask for; programs hear English."""

from __future__ import annotations

import pytest
from django.test import Client

from bookings.services import languages, people
from bookings.services.errors import Rejected
from tests.bookings.cast import PASSWORD, Cast, make_run

FRENCH = {"headers": {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}}


def test_a_browser_that_asks_for_french_gets_french(client: Client) -> None:
    answer = client.get("/sign-in", **FRENCH)
    assert '<html lang="fr">' in answer.content.decode()
    assert "Mot de passe oublié" in answer.content.decode()
    assert answer["Content-Language"] == "fr"
    assert "Forgotten password" in client.get("/sign-in").content.decode()
    assert '<html lang="en">' in client.get("/sign-in", headers={"Accept-Language": "de"}).content.decode()


def test_a_persons_choice_counts_more_than_the_browser_and_comes_along_to_the_next(cast: Cast) -> None:
    desk, phone = Client(), Client()
    desk.force_login(cast.owner)
    assert desk.post("/language", {"language": "fr", "next": "/me"})["Location"] == "/me"
    assert "Votre compte" in desk.get("/me").content.decode()
    assert languages.of(cast.owner) == "fr"

    phone.post("/sign-in", {"username": cast.owner.username, "password": PASSWORD})
    assert "Tableau de bord" in phone.get("/").content.decode()
    assert "Dashboard" in phone.post("/language", {"language": "en"}, follow=True, **FRENCH).content.decode()


def test_who_is_not_signed_in_may_choose_too(client: Client) -> None:
    client.post("/language", {"language": "fr", "next": "/sign-in"})
    assert "Mot de passe oublié" in client.get("/sign-in").content.decode()


def test_choosing_leads_nowhere_else_and_takes_no_other_language(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    said = {"language": "fr", "next": "https://elsewhere.example/"}
    assert client.post("/language", said)["Location"] == "/"
    assert client.post("/language", {"language": "xx"}).status_code == 400
    assert client.get("/language").status_code == 405
    with pytest.raises(Rejected):
        languages.choose(cast.owner, "xx")


def test_a_run_is_told_in_french_and_kept_in_english(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    run = make_run(cast.partner, by=cast.owner)
    text = client.get(f"/runs/{run.uuid}", **FRENCH).content.decode()
    assert "En file" in text
    assert "heure de Toronto" in text
    assert run.events.first().message.startswith("Queued: Book ")


def test_what_somebody_does_in_french_is_kept_in_english(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    run = make_run(cast.partner, by=cast.owner)
    client.post(f"/runs/{run.uuid}/stop", **FRENCH)
    run.refresh_from_db()
    assert run.reason == f"Stopped by {cast.owner}"
    assert run.events.last().message == f"Stopped by {cast.owner}"


def test_programs_are_answered_in_english(cast: Cast, client: Client) -> None:
    key = people.create_key(cast.owner, "theirs")
    answer = client.get(
        "/api/bookings/nothing", headers={"Authorization": f"Bearer {key}", "Accept-Language": "fr"}
    )
    assert answer.json()["error"].isascii()
    client.force_login(cast.owner)
    client.post("/language", {"language": "fr"})
    assert client.get("/api/bookings?limit=x").json()["error"].startswith("limit: ")
