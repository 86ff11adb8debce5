"""The pages on which people choose their mail, and managers connect Slack and their own programs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bookings.models import AuditEntry, Connection, Notice, NoticeChoice
from bookings.models.connection import ConnectionKind
from bookings.services import choices, connections, letters
from bookings.templatetags.showing import moment
from bookings.vocabulary import NoticeChannel, NoticeEvent, NoticeState, Role, Telling
from tests.bookings.cast import Cast

pytestmark = pytest.mark.django_db
ADDRESS = "https://crm.example.com/in/very-secret"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(cast: Cast) -> Client:
    return browser(cast.manager)


def connect(cast: Cast, **fields: Any) -> Connection:
    said: dict[str, Any] = {"name": "Our CRM", "url": ADDRESS, "events": [NoticeEvent.CONFIRMED], **fields}
    return connections.make(cast.partner, ConnectionKind.WEBHOOK, by=cast.manager, **said)[0]


# ---- my notices --------------------------------------------------------------------------------------------


def everything(telling: Telling = Telling.OWN) -> dict[str, str]:
    return {"lead": "60", **{event.value: telling.value for event in NoticeEvent}}


def test_the_page_begins_with_what_the_role_tells(cast: Cast) -> None:
    for user, sign_in in ((cast.manager, "all"), (cast.owner, "own"), (cast.viewer, "nothing")):
        page = browser(user).get("/me/notices").content.decode()
        chosen = re.search(r'<select name="sign_in".*?<option value="(\w+)" selected', page, re.DOTALL)
        assert chosen
        assert chosen[1] == sign_in
    assert 'href="/me/notices"' in browser(cast.owner).get("/me").content.decode()


def test_what_is_chosen_is_kept_and_can_go_back(cast: Cast) -> None:
    client = browser(cast.owner)
    assert client.post("/me/notices", {**everything(), "moved": "all"}).status_code == 302
    choice = NoticeChoice.objects.get(user=cast.owner)
    assert (choice.events["moved"], choice.lead_minutes) == ("all", 60)
    assert AuditEntry.objects.filter(action="notices.chosen", actor=cast.owner).count() == 1
    assert client.post("/me/notices", {"back": "1"}).status_code == 302
    assert not NoticeChoice.objects.exists()


@pytest.mark.parametrize("wrong", [{"lead": "7"}, {"moved": "loudly"}, {"moved": ""}, {"lead": "9" * 50}])
def test_nonsense_is_refused_with_a_sentence(cast: Cast, wrong: dict[str, str]) -> None:
    answer = browser(cast.owner).post("/me/notices", {**everything(), **wrong})
    assert answer.status_code == 400
    assert not NoticeChoice.objects.exists()


def test_the_pages_queries_are_few(cast: Cast, django_assert_max_num_queries: Any) -> None:
    client = browser(cast.owner)
    client.get("/me/notices")
    with django_assert_max_num_queries(12):
        client.get("/me/notices")


@pytest.mark.parametrize("token", ["x", "1.confirmed", "1.confirmed~forged", "%00", "~~~~"])
def test_a_link_that_is_none_of_ours_ends_nothing(cast: Cast, token: str) -> None:
    assert Client().post(f"/notices/off/{token}").status_code == 404
    assert not NoticeChoice.objects.exists()


def test_the_link_says_what_it_ends_and_shows_nothing_else(cast: Cast) -> None:
    page = Client().get(f"/notices/off/{letters.token_of(cast.owner, NoticeEvent.MOVED)}").content.decode()
    assert "Moved" in page
    assert cast.owner.email not in page
    assert cast.owner.username not in page
    choices.turn_off(cast.owner, NoticeEvent.MOVED)


# ---- connections -------------------------------------------------------------------------------------------


def test_a_webhooks_secret_is_shown_once(cast: Cast, manager: Client) -> None:
    form = {"kind": "webhook", "name": "Our CRM", "url": ADDRESS, "events": ["confirmed", "moved"]}
    answer = manager.post("/connections", form)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = re.search(r'value="(whsec_[^"]+)"', answer.content.decode())
    assert secret
    connection = Connection.objects.get()
    assert connection.events == ["confirmed", "moved"]
    for path in ("/connections", f"/connections/{connection.pk}"):
        page = manager.get(path).content.decode()
        assert "crm.example.com" in page
        assert secret[1] not in page
        assert "very-secret" not in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://crm.example.com/"}, "begins with https://"),
        ({"url": "https://169.254.169.254/"}, "not on the public internet"),
        ({"url": ""}, "required"),
        ({"events": []}, "at least one"),
        ({"events": ["nonsense"]}, "Choose among"),
        ({"kind": "pigeon"}, "valid choice"),
        ({"name": ""}, "required"),
        ({"name": "x" * 200}, "80"),
    ],
)
def test_a_wrong_connection_is_refused_with_a_sentence(
    cast: Cast, manager: Client, wrong: dict[str, Any], sentence: str
) -> None:
    form = {"kind": "webhook", "name": "Our CRM", "url": ADDRESS, "events": ["confirmed"], **wrong}
    answer = manager.post("/connections", form)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not Connection.objects.exists()


def test_a_connection_is_changed_and_its_address_only_when_a_new_one_is_named(
    cast: Cast, manager: Client
) -> None:
    connection = connect(cast)
    manager.post(f"/connections/{connection.pk}", {"name": "CRM 2", "url": "", "events": ["moved"]})
    connection.refresh_from_db()
    assert (connection.name, connection.events) == ("CRM 2", ["moved"])
    assert connections.open_keys(connection).url == ADDRESS
    secret = connections.open_keys(connection).secrets
    new = {"name": "CRM 2", "url": "https://other.example.com/", "events": ["moved"]}
    manager.post(f"/connections/{connection.pk}", new)
    connection.refresh_from_db()
    assert connection.host == "other.example.com"
    assert connections.open_keys(connection).url == "https://other.example.com/"
    assert connections.open_keys(connection).secrets == secret


def test_a_test_stands_among_what_was_sent_and_can_be_sent_again(cast: Cast, manager: Client) -> None:
    connection = connect(cast)
    assert manager.post(f"/connections/{connection.pk}/test").status_code == 302
    sent = Notice.objects.get(channel=NoticeChannel.WEBHOOK)
    Notice.objects.update(state=NoticeState.GIVEN_UP, attempts=1, answer=500, last_error="…")
    page = manager.get(f"/connections/{connection.pk}").content.decode()
    assert "answered 500" in page
    manager.post(f"/connections/{connection.pk}/deliveries/{sent.pk}/again")
    sent.refresh_from_db()
    assert (sent.state, sent.attempts) == (NoticeState.OWED, 0)


def test_what_waits_behind_a_resting_connection_says_when_it_goes(cast: Cast, manager: Client) -> None:
    connection = connect(cast)
    connections.send_test(connection, by=cast.manager)
    page = f"/connections/{connection.pk}"
    assert "next try" not in manager.get(page).content.decode()
    soon = timezone.now() + timedelta(minutes=5)
    Connection.objects.update(rests_until=soon)
    Notice.objects.update(attempts=1, not_before=soon - timedelta(minutes=9))
    with timezone.override("America/Toronto"):
        told = f"next try {moment(timezone.localtime(soon))}"
    assert told in manager.get(page).content.decode()
    Connection.objects.update(is_on=False)
    assert "next try" not in manager.get(page).content.decode()


def test_it_is_turned_off_rotated_and_removed(cast: Cast, manager: Client) -> None:
    connection = connect(cast)
    base = f"/connections/{connection.pk}"
    manager.post(f"{base}/turn", {"on": "0"})
    connection.refresh_from_db()
    assert not connection.is_on
    assert manager.get(f"{base}/secret").status_code == 200
    assert "whsec_" in manager.post(f"{base}/secret").content.decode()
    assert manager.get(f"{base}/remove").status_code == 200
    assert manager.post(f"{base}/remove").status_code == 302
    assert not Connection.objects.exists()
    deeds = AuditEntry.objects.filter(subject_type="connection").order_by("pk")
    assert list(deeds.values_list("action", flat=True)) == [
        "connection.made",
        "connection.turned_off",
        "connection.secret_changed",
        "connection.removed",
    ]


def test_another_partners_delivery_is_not_sent_through_ones_own_connection(cast: Cast) -> None:
    theirs, _ = connections.make(
        cast.other, ConnectionKind.WEBHOOK, name="x", url=ADDRESS, events=list(NoticeEvent), by=cast.stranger
    )
    sent = connections.send_test(theirs, by=cast.stranger)
    own = connect(cast)
    answer = browser(cast.manager).post(f"/connections/{own.pk}/deliveries/{sent.pk}/again")
    assert answer.status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "9" * 30, "x", ""])
def test_a_strange_page_of_deliveries_is_a_page(cast: Cast, manager: Client, page: str) -> None:
    connection = connect(cast)
    assert manager.get(f"/connections/{connection.pk}", {"page": page}).status_code == 200


def test_the_delivery_pages_queries_are_few(
    cast: Cast, manager: Client, django_assert_max_num_queries: Any
) -> None:
    connection = connect(cast)
    for _ in range(30):
        connections.send_test(connection, by=cast.manager)
    with django_assert_max_num_queries(20):
        manager.get(f"/connections/{connection.pk}")
    with django_assert_max_num_queries(16):
        manager.get("/connections")


def test_the_first_role_is_the_one_that_may_most(cast: Cast) -> None:
    assert choices.first_role(cast.manager) == Role.MANAGER
    assert choices.first_role(cast.bare_staff) is None
