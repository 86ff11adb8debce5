"""Slack and webhooks: signed, sent at least once, in order, retried, turned off; never into our network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections as databases
from django.utils import timezone

from bookings.models import AuditEntry, Connection, Notice
from bookings.models.connection import ConnectionKind
from bookings.services import bookings, connections, deliveries, news, notices, posting
from bookings.services.errors import Forbidden, Moved, NotAllowed, Rejected
from bookings.vocabulary import BookingStatus, NoticeChannel, NoticeEvent, NoticeState
from tests.bookings.cast import Cast, make_booking, make_cast, make_run
from tests.bookings.receiver import Got, Receiver, receiving

pytestmark = pytest.mark.django_db
ALL = list(NoticeEvent)


@pytest.fixture(autouse=True)
def _inside(settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as told:
        yield told


def webhook(cast: Cast, url: str, **other: Any) -> tuple[Connection, str]:
    fields: dict[str, Any] = {"name": "Our CRM", "events": ALL, "by": cast.manager, **other}
    return connections.make(cast.partner, ConnectionKind.WEBHOOK, url=url, **fields)


def confirm(cast: Cast, **fields: Any) -> Any:
    booking = make_booking(cast.account, status=BookingStatus.PENDING, **fields)
    return bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)


def owed(channel: NoticeChannel = NoticeChannel.WEBHOOK) -> Notice:
    return Notice.objects.get(channel=channel)


def make_due() -> None:
    now = timezone.now() - timedelta(seconds=1)
    Notice.objects.filter(state=NoticeState.OWED).update(not_before=now, held_until=None)
    Connection.objects.update(rests_until=None)


def is_signed_with(secret: str, got: Got) -> bool:
    """What a receiver does, written from the specification and from nothing of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        [got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body]
    )
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    signatures = [each.partition(",") for each in got.headers["webhook-signature"].split(" ")]
    return any(hmac.compare_digest(wanted, value) for version, _, value in signatures if version == "v1")


# ---- what arrives ------------------------------------------------------------------------------------------


def test_a_webhook_arrives_signed_and_says_what_happened(cast: Cast, receiver: Receiver) -> None:
    _connection, secret = webhook(cast, receiver.url)
    booking = confirm(cast)
    assert deliveries.send_webhooks() == 1
    (got,) = receiver.got
    assert got.path == "/hook?from=portal"
    assert got.headers["content-type"] == "application/json"
    assert is_signed_with(secret, got)
    assert not is_signed_with("whsec_" + base64.b64encode(b"another").decode(), got)
    said = json.loads(got.body)
    assert (said["type"], said["id"]) == ("booking.confirmed", got.headers["webhook-id"])
    told = said["data"]["booking"]
    assert (told["id"], told["status"], told["address"]) == (
        booking.pk,
        "Confirmed",
        booking.property_address,
    )
    assert (told["date"], told["time"], told["time_zone"]) == (
        booking.booking_date.isoformat(),
        "10:00",
        "America/Toronto",
    )
    sent = owed()
    assert (sent.state, sent.answer, sent.attempts) == (NoticeState.SENT, 200, 1)
    assert deliveries.send_webhooks() == 0


def test_only_the_news_that_were_chosen_go_there(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url, events=[NoticeEvent.MOVED])
    confirm(cast)
    assert not Notice.objects.filter(channel=NoticeChannel.WEBHOOK).exists()


def test_another_partners_news_go_nowhere_near(cast: Cast, receiver: Receiver) -> None:
    connections.make(
        cast.other, ConnectionKind.WEBHOOK, name="x", url=receiver.url, events=ALL, by=cast.stranger
    )
    confirm(cast)
    deliveries.send_webhooks()
    assert receiver.got == []


def test_slack_is_told_in_one_line_that_makes_no_link_of_an_address(cast: Cast, receiver: Receiver) -> None:
    connections.make(
        cast.partner,
        ConnectionKind.SLACK,
        name="Team",
        url=f"http://127.0.0.1:{receiver.port}/services/T/B/x",
        events=ALL,
        by=cast.manager,
    )
    confirm(cast, property_address="1 <!channel> & Main <http://evil.example|St>")
    assert deliveries.send_slack() == 1
    (got,) = receiver.got
    text = json.loads(got.body)["text"]
    assert text.startswith(
        "*Showing confirmed*: 1 &lt;!channel&gt; &amp; Main &lt;http://evil.example|St&gt;"
    )
    assert "\n" not in text
    assert "<http://127.0.0.1:8000/" in text
    assert not {"webhook-signature", "webhook-id"} & set(got.headers)


@pytest.mark.parametrize("event", [NoticeEvent.NEEDS_YOU, NoticeEvent.FAILED, NoticeEvent.SIGN_IN])
def test_runs_too(cast: Cast, receiver: Receiver, event: NoticeEvent) -> None:
    webhook(cast, receiver.url)
    run = make_run(cast.partner, by=cast.owner)
    news._tell(news.News(key="x", event=event, partner=cast.partner, run=run), own=[])
    deliveries.send_webhooks()
    said = json.loads(receiver.got[0].body)
    assert said["type"] == news.TYPES[event]
    assert said["data"]["run"]["id"] == str(run.uuid)
    assert said["data"]["booking"] is None


# ---- the secret --------------------------------------------------------------------------------------------


def test_for_a_day_both_secrets_sign(cast: Cast, receiver: Receiver) -> None:
    connection, old = webhook(cast, receiver.url)
    new = connections.rotate(connection, by=cast.manager)
    confirm(cast)
    deliveries.send_webhooks()
    assert is_signed_with(old, receiver.got[0])
    assert is_signed_with(new, receiver.got[0])
    Connection.objects.update(old_secret_until=timezone.now())
    confirm(cast)
    deliveries.send_webhooks()
    assert not is_signed_with(old, receiver.got[1])
    assert is_signed_with(new, receiver.got[1])


def test_neither_address_nor_secret_lies_in_the_rows_or_the_audit(cast: Cast) -> None:
    connection, secret = webhook(cast, "https://crm.example.com/in/a-secret-path?key=k")
    connections.rotate(connection, by=cast.manager)
    confirm(cast)
    kept = str(
        [
            *Connection.objects.values_list(),
            *Notice.objects.values_list(),
            *AuditEntry.objects.values_list("subject", "before", "after", "reason"),
        ]
    )
    assert "a-secret-path" not in kept
    assert secret not in kept
    assert secret.removeprefix("whsec_") not in kept


# ---- it does not work --------------------------------------------------------------------------------------


def test_a_receiver_that_is_down_is_tried_again_later_and_later(cast: Cast, receiver: Receiver) -> None:
    connection, _secret = webhook(cast, receiver.url)
    confirm(cast)
    receiver.answers = [500] * 9
    waits = []
    for _ in range(10):
        deliveries.send_webhooks()
        waits.append((owed().not_before - timezone.now()).total_seconds())
        assert deliveries.send_webhooks() == 0  # it rests
        make_due()
    assert [round(wait / 30) for wait in waits[:8]] == [1, 2, 4, 8, 16, 32, 64, 128]
    assert round(waits[8] / 60) == 128
    sent = owed()
    assert (sent.state, sent.attempts, sent.answer) == (NoticeState.SENT, 10, 200)
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    connection.refresh_from_db()
    assert (connection.failures, connection.failing_since) == (0, None)


def test_it_is_given_up_at_last_and_can_be_sent_again(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url)
    confirm(cast)
    Notice.objects.filter(channel=NoticeChannel.WEBHOOK).update(attempts=19)
    receiver.answers = [404]
    deliveries.send_webhooks()
    assert (owed().state, owed().last_error) == (NoticeState.GIVEN_UP, "It answered 404.")
    connections.send_again(owed(), by=cast.manager)
    assert deliveries.send_webhooks() == 1
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]


def test_what_it_asks_for_is_waited(cast: Cast, receiver: Receiver) -> None:
    connection, _secret = webhook(cast, receiver.url)
    confirm(cast)
    receiver.answers, receiver.headers = [429], {"Retry-After": "1800"}
    deliveries.send_webhooks()
    connection.refresh_from_db()
    for moment in (owed().not_before, connection.rests_until):
        assert moment is not None
        assert timedelta(minutes=29) < moment - timezone.now() < timedelta(minutes=31)


def test_one_that_does_not_answer_holds_nobody_up(cast: Cast, receiver: Receiver) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        webhook(cast, f"http://127.0.0.1:{nobody.getsockname()[1]}/", name="Dead")
    webhook(cast, receiver.url, name="Alive")
    for _ in range(3):
        confirm(cast)
    assert deliveries.send_webhooks() == 3
    dead = Notice.objects.filter(connection__name="Dead")
    assert sorted(dead.values_list("attempts", flat=True)) == [0, 0, 1]


def test_after_many_failures_over_hours_it_is_turned_off_and_managers_are_told(
    cast: Cast, receiver: Receiver
) -> None:
    connection, _secret = webhook(cast, receiver.url)
    confirm(cast)
    Connection.objects.update(failures=19, failing_since=timezone.now() - timedelta(hours=11))
    receiver.answers = [500, 500]
    deliveries.send_webhooks()
    connection.refresh_from_db()
    assert connection.is_on
    Connection.objects.update(failing_since=timezone.now() - timedelta(hours=13))
    make_due()
    deliveries.send_webhooks()
    connection.refresh_from_db()
    assert (connection.is_on, connection.trouble) == (False, "It answered 500.")
    letter = Notice.objects.get(channel=NoticeChannel.EMAIL, event="")
    assert letter.to == cast.manager.email
    assert f"/connections/{connection.pk}" in letter.body
    make_due()
    deliveries.send_webhooks()
    assert owed().state == NoticeState.GIVEN_UP
    confirm(cast)  # nothing more is owed to it
    assert Notice.objects.filter(channel=NoticeChannel.WEBHOOK).count() == 1
    with pytest.raises(NotAllowed):
        connections.send_again(owed(), by=cast.manager)
    connections.turn(connection, on=True, by=cast.manager)
    connections.send_again(owed(), by=cast.manager)
    assert deliveries.send_webhooks() == 1


def test_what_says_that_it_is_gone_is_turned_off_at_once(cast: Cast, receiver: Receiver) -> None:
    connection, _secret = webhook(cast, receiver.url)
    confirm(cast)
    receiver.answers = [410]
    deliveries.send_webhooks()
    connection.refresh_from_db()
    assert not connection.is_on


def test_a_redirect_is_not_followed(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url)
    confirm(cast)
    receiver.answers, receiver.headers = [302], {"Location": receiver.url}
    assert deliveries.send_webhooks() == 0
    assert len(receiver.got) == 1
    assert owed().last_error == "It answered 302."


def test_a_test_is_tried_once_and_says_nothing_of_the_connection(cast: Cast, receiver: Receiver) -> None:
    connection, secret = webhook(cast, receiver.url)
    receiver.answers = [500]
    for state in (NoticeState.GIVEN_UP, NoticeState.SENT):
        sent = connections.send_test(connection, by=cast.manager)
        deliveries.send_webhooks()
        sent.refresh_from_db()
        assert sent.state == state
    assert is_signed_with(secret, receiver.got[1])
    assert json.loads(receiver.got[1].body)["type"] == "test"
    connection.refresh_from_db()
    assert connection.failures == 0


def test_a_slow_answer_is_cut_off(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TOTAL", 0.3)
    receiver.holding = threading.Event()
    with pytest.raises(posting.NoReply):
        posting.post(receiver.url, b"{}", {})


def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes come one by one, each well within the time for one."""
    monkeypatch.setattr(posting, "TOTAL", 0.5)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.02):
                    try:
                        peer.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            with pytest.raises(posting.NoReply):
                posting.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        finally:
            ended.set()
            thread.join()


# ---- in order, once, whoever sends -------------------------------------------------------------------------


def test_of_one_booking_it_is_told_in_order(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url)
    booking = confirm(cast)
    receiver.answers = [418]
    assert deliveries.send_webhooks() == 0
    bookings.change_status(booking, BookingStatus.CANCELLED, by=cast.owner)
    other = confirm(cast)
    assert deliveries.send_webhooks() == 1  # the other booking's; the cancelling waits for the confirming
    assert json.loads(receiver.got[-1].body)["data"]["booking"]["id"] == other.pk
    make_due()
    assert deliveries.send_webhooks() == 2
    assert [json.loads(got.body)["type"] for got in receiver.got[-2:]] == [
        "booking.confirmed",
        "booking.cancelled",
    ]


@pytest.mark.django_db(transaction=True)
def test_of_racing_senders_each_message_goes_once(receiver: Receiver) -> None:
    cast = make_cast()
    webhook(cast, receiver.url)
    for _ in range(12):
        confirm(cast)

    def send(_: int) -> int:
        try:
            return deliveries.send_webhooks()
        finally:
            databases.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(send, range(4))) == 12
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 12


@pytest.mark.django_db(transaction=True)
def test_killed_between_the_answer_and_the_mark_it_is_sent_again_under_its_id(receiver: Receiver) -> None:
    cast = make_cast()
    webhook(cast, receiver.url)
    confirm(cast)
    databases.close_all()
    assert status_of_a_sender_killed_before_its_mark() == signal.SIGKILL
    assert (owed().state, owed().attempts) == (NoticeState.OWED, 1)
    assert deliveries.send_webhooks() == 0  # the dead one's time is not out yet
    make_due()
    assert deliveries.send_webhooks() == 1
    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


def status_of_a_sender_killed_before_its_mark() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its parent has threads, and it uses none
        child = os.fork()
    if child == 0:
        notices.sent = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        try:
            deliveries.send_webhooks()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def test_a_repeat_of_the_same_news_is_owed_once(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url)
    run = make_run(cast.partner, by=cast.owner)
    run.state, run.reason_code = "failed", "page_changed"
    news.of_run(run)
    news.of_run(run)
    assert deliveries.send_webhooks() == 1


def test_what_is_being_sent_is_not_sent_again_by_hand(cast: Cast, receiver: Receiver) -> None:
    webhook(cast, receiver.url)
    confirm(cast)
    taken = notices.take(NoticeChannel.WEBHOOK)
    assert taken is not None
    with pytest.raises(Moved):
        connections.send_again(taken, by=cast.manager)


# ---- whom nothing is ever sent to --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/",
        "ftp://crm.example.com/",
        "https://",
        "https:///path",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://user:word@crm.example.com/",
        "https://crm.example.com:0/",
        "https://crm.example.com:99999/",
        "https://crm.example.com/a b",
        "https://crm.example.com/\r\nX-Evil: 1",
        "https://crm.example.com/\x00",
        "https://crm.exämple.com/",
        "https://crm.example.com/" + "a" * 1000,
        "javascript:alert(1)",
        "not an address",
        "",
    ],
)
def test_an_address_that_is_not_on_the_public_internet_is_refused(
    cast: Cast, url: str, settings: Any
) -> None:
    settings.WEBHOOKS_INSIDE = False
    with pytest.raises(Rejected) as no:
        webhook(cast, url)
    assert no.value.field == "url"
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:192.168.0.1"],
        ["8.8.8.8", "10.1.2.3"],  # one good and one bad
    ],
)
def test_a_name_that_leads_into_our_network_is_refused_as_it_is_sent(
    cast: Cast, addresses: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_INSIDE = False
    connection, _secret = webhook(cast, "https://rebinding.example.com/")
    confirm(cast)
    found = [(2, 1, 6, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was connected to"))
    deliveries.send_webhooks()
    assert owed().state == NoticeState.GIVEN_UP
    connection.refresh_from_db()
    assert not connection.is_on


def test_just_the_address_that_was_looked_at_is_spoken_to(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_INSIDE = False
    asked: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.215.14", 443))])

    def connect(address: Any, **_: Any) -> Any:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(posting.NoReply):
        posting.post("https://crm.example.com/", b"{}", {})
    assert asked == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("ff02::1", False),
        ("fec0::1", False),
        ("::", False),
        ("64:ff9b::808:808", True),
        ("192.0.0.192", False),
        ("192.88.99.1", False),
        ("168.63.129.16", False),
        ("3fff::1", False),
        ("64:ff9b:1::7f00:1", False),
    ],
)
def test_which_addresses_are_public(address: str, is_public: bool) -> None:
    assert posting.is_public(ipaddress.ip_address(address)) is is_public


def test_slack_is_slack(cast: Cast, settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = False
    make = {"name": "Team", "events": ALL, "by": cast.manager}
    with pytest.raises(Rejected):
        connections.make(cast.partner, ConnectionKind.SLACK, url="https://slack.example.com/x", **make)
    good = "https://hooks.slack.com/services/T/B/x"
    connection, secret = connections.make(cast.partner, ConnectionKind.SLACK, url=good, **make)
    assert (connection.host, secret) == ("hooks.slack.com", "")


# ---- who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["owner", "viewer", "stranger", "bare_staff"])
def test_a_partners_managers_alone_connect(cast: Cast, actor: str) -> None:
    connection, _secret = webhook(cast, "https://127.0.0.1/x")
    who = getattr(cast, actor)
    with pytest.raises(Forbidden):
        webhook(cast, "https://127.0.0.1/x", by=who)
    with pytest.raises(Forbidden):
        connections.change(connection, name="x", events=ALL, by=who)
    for deed in (connections.rotate, connections.remove, connections.send_test):
        with pytest.raises(Forbidden):
            deed(connection, by=who)
    with pytest.raises(Forbidden):
        connections.turn(connection, on=False, by=who)


def test_a_partner_has_twenty_at_most(cast: Cast) -> None:
    for _ in range(20):
        webhook(cast, "https://127.0.0.1/x")
    with pytest.raises(Rejected):
        webhook(cast, "https://127.0.0.1/x")
