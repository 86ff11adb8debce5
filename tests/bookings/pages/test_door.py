"""The door: too many tries, a forgotten password, one's own sessions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from bookings.models import Notice, PersonSession, Tally
from bookings.services import limits, notices, people, sessions
from tests.bookings.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db
NEW = "quite another sentence"


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.services.dispatch.ring_channel", lambda channel: None)


def sign_in(name: str, password: str, **where: Any) -> Any:
    return Client(**where).post("/sign-in", {"username": name, "password": password})


def test_guessing_a_password_ends_after_some_tries_and_says_until_when(cast: Cast) -> None:
    name = cast.owner.username
    for _ in range(limits.SIGN_IN_HERE.most):
        assert sign_in(name, "wrong").status_code == 200
    refused = sign_in(name, PASSWORD)
    assert refused.status_code == 429, "even the right one: else guessing would go on"
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "Wait 15 minutes" in refused.content.decode()
    assert sign_in(name, PASSWORD, REMOTE_ADDR="192.0.2.9").status_code == 302, "its person is elsewhere"
    assert sign_in(cast.colleague.username, PASSWORD).status_code == 302


def test_the_same_name_in_other_letters_or_as_an_address_is_counted_as_one(cast: Cast) -> None:
    for number in range(limits.SIGN_IN_HERE.most):
        sign_in((cast.owner.email, cast.owner.username)[number % 2], "wrong")
    assert sign_in(cast.owner.email, PASSWORD).status_code == 429


def test_a_right_password_forgets_the_wrong_ones(cast: Cast) -> None:
    for _ in range(3):
        for _ in range(limits.SIGN_IN_HERE.most - 1):
            sign_in(cast.owner.username, "wrong")
        assert sign_in(cast.owner.username, PASSWORD).status_code == 302


def test_what_was_typed_as_a_name_is_kept_nowhere(cast: Cast) -> None:
    sign_in("my password by mistake", "x")
    assert Tally.objects.count() == 3
    assert all(re.fullmatch(r"[0-9a-f]{64}", tally.key) for tally in Tally.objects.all())


@pytest.mark.parametrize("name", ["\x00", "x" * 5000, "\ud800", "é" * 200])
def test_strange_names_are_wrong_names(cast: Cast, name: str) -> None:
    body = f"username={name}&password=x".encode("utf-8", "surrogatepass")
    answer = Client().post("/sign-in", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (200, 400)


def test_behind_proxies_it_is_the_asker_who_is_counted(cast: Cast, settings: Any) -> None:
    settings.BEHIND_PROXY, settings.PROXIES = True, 1
    for number in range(limits.SIGN_IN_HERE.most):
        # What stands before the proxy's own word was written by the asker.
        told = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.5"}
        sign_in(cast.owner.username, "wrong", headers=told)
    blocked = sign_in(cast.owner.username, PASSWORD, headers={"X-Forwarded-For": "203.0.113.5"})
    assert blocked.status_code == 429
    assert (
        sign_in(cast.owner.username, PASSWORD, headers={"X-Forwarded-For": "203.0.113.6"}).status_code == 302
    )


def test_without_a_proxy_the_header_means_nothing(cast: Cast) -> None:
    for number in range(limits.SIGN_IN_HERE.most):
        sign_in(cast.owner.username, "wrong", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert sign_in(cast.owner.username, PASSWORD).status_code == 429


# ---- a forgotten password --------------------------------------------------------------------------


def ask(email: str) -> Any:
    return Client().post("/forgotten-password", {"email": email})


def test_a_forgotten_password_is_replaced_by_mail_once(cast: Cast) -> None:
    open_browser = Client()
    open_browser.force_login(cast.owner)
    assert ask(cast.owner.email).status_code == 200
    notices.send_owed()
    found = re.search(r"http://127.0.0.1:8000(/\S+)", str(mail.outbox[0].body))
    assert found
    client = Client()
    form_at = client.get(found[1])["Location"]
    weak = client.post(form_at, {"new_password1": "short", "new_password2": "short"})
    assert "too short" in weak.content.decode()
    assert client.post(form_at, {"new_password1": NEW, "new_password2": NEW})["Location"] == "/sign-in"
    assert sign_in(cast.owner.username, NEW).status_code == 302
    assert open_browser.get("/").status_code == 302, "every session ended"
    assert "used already" in Client().get(found[1], follow=True).content.decode()


def test_nobody_learns_who_has_an_account(cast: Cast) -> None:
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)
    pages = {
        ask(email).content.decode().replace(email, "X")
        for email in (cast.owner.email, "nobody@example.com", cast.colleague.email)
    }
    assert len(pages) == 1
    assert [notice.to for notice in Notice.objects.all()] == [cast.owner.email]


def test_mails_to_one_address_are_few(cast: Cast) -> None:
    for _ in range(limits.RESET_MAILS.most):
        assert ask("nobody@example.com").status_code == 200
    refused = ask("NOBODY@example.com")
    assert refused.status_code == 429
    assert refused["Retry-After"]
    assert ask("no address").status_code == 400


# ---- one's own account -----------------------------------------------------------------------------


def test_one_signs_out_everywhere_else(cast: Cast) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.post(
            "/sign-in",
            {"username": cast.owner.username, "password": PASSWORD},
            headers={"User-Agent": "A browser"},
        )
    page = here.get("/me").content.decode()
    assert page.count("A browser") == 2
    assert page.count("This browser") == 1
    assert here.post("/me/sign-out-everywhere")["Location"] == "/me"
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 302
    assert PersonSession.objects.filter(user=cast.owner).count() == 1


def test_changing_a_password_keeps_this_browser_and_ends_the_others(cast: Cast) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.force_login(cast.owner)
    wish = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post("/me/password", {**wish, "old_password": "x"}).status_code == 200
    assert here.post("/me/password", wish)["Location"] == "/me"
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 302


def test_old_sessions_and_counts_are_pruned(cast: Cast) -> None:
    Client().force_login(cast.owner)
    limits.count(limits.RESET_MAILS, "x")
    PersonSession.objects.update(expire_date="2020-01-01T00:00Z")
    Tally.objects.update(until="2020-01-01T00:00Z")
    assert not sessions.of(cast.owner).exists()
    assert (sessions.prune(), limits.prune()) == (1, 1)


def test_a_removed_persons_key_is_refused(cast: Cast) -> None:
    key = people.create_key(cast.owner, "their program")
    people.remove(cast.owner.memberships.get(), by=cast.manager)
    answer = Client().get("/api/bookings", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
