"""What holds for every page: signing in and out, errors in plain words, a strict content security policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from tests.bookings.cast import PASSWORD, Cast, make_run

PAGES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


def test_signing_in_leads_where_one_wanted_to_go(cast: Cast, client: Client) -> None:
    answer = client.post("/sign-in?next=/auto-book", {"username": cast.owner.username, "password": PASSWORD})
    # Django reads `next` from the form first, and then from the address.
    assert answer["Location"] == "/auto-book"
    assert client.get("/sign-in")["Location"] == "/"


def test_a_wrong_password_is_told_without_saying_which_was_wrong(cast: Cast, client: Client) -> None:
    answer = client.post("/sign-in", {"username": cast.owner.username, "password": "no"})
    assert "do not go together" in answer.content.decode()


def test_signing_in_never_leads_to_another_site(cast: Cast, client: Client) -> None:
    wish = {"username": cast.owner.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/sign-in", wish)["Location"] == "/"


def test_signing_out_needs_a_click_and_leads_to_the_door(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/").status_code == 302


def test_every_page_can_be_used_from_the_keyboard_and_by_a_screen_reader(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner)
    client.force_login(cast.owner)
    for address in ("/", "/auto-book", f"/runs/{run.uuid}"):
        text = client.get(address).content.decode()
        assert 'class="skip" href="#main"' in text
        assert text.count("<main") == 1
        assert text.count("<h1") == 1
        assert '<html lang="en">' in text
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), address


def test_a_form_without_its_token_gets_a_page_in_plain_words(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.owner)
    answer = strict.post("/auto-book", {})
    assert answer.status_code == 403
    assert "The form was open too long" in answer.content.decode()


@pytest.mark.parametrize("code", ["400", "403", "404", "500"])
def test_an_error_page_needs_no_request_and_no_database(code: str) -> None:
    assert "To the dashboard" in render_to_string(f"{code}.html")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_no_page_of_ours_holds_inline_script_or_style(page: Path) -> None:
    if "admin" in page.parts:
        pytest.skip("the admin's own frame has another policy")
    if "mail" in page.parts:
        pytest.skip("a mail has no style sheet beside it, and no policy")
    assert INLINE.findall(page.read_text()) == []
