"""Connections: a partner's own Slack channels and webhooks, which its managers make, change and remove."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from bookings.models import Connection, Notice, Partner
from bookings.models.connection import ConnectionKind
from bookings.services import audit, notices, people, posting
from bookings.services.errors import Moved, NotAllowed, Rejected
from bookings.services.letters import site
from bookings.services.news import event_id
from bookings.told import tell
from bookings.vocabulary import NoticeChannel, NoticeEvent, Source

MANAGE = "manage_connection"
# Named, not imported: the room that seals stands above this one.
SEAL, UNSEAL = "automation.vault.seal", "automation.vault.unseal"
MOST = 20
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every such secret begins with
BOTH_SECRETS = timedelta(days=1)
SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a connection keeps sealed: its address and the secrets that sign for it, the newest first."""

    url: str
    secrets: tuple[str, ...] = ()


def make(
    partner: Partner,
    kind: ConnectionKind,
    *,
    name: str,
    url: str,
    events: Iterable[NoticeEvent],
    by: User,
) -> tuple[Connection, str]:
    """A new connection, and its secret, to be shown this once (empty for Slack).

    Raises Forbidden, or Rejected for an address that nothing may be sent to.
    """
    people.require(by, MANAGE, partner)
    url = url.strip()
    host = _host(kind, url)
    name = " ".join(name.split())  # mails tell it, in one line
    secret = _new_secret() if kind == ConnectionKind.WEBHOOK else ""
    with transaction.atomic():
        Partner.objects.select_for_update().get(pk=partner.pk)
        if Connection.objects.filter(partner=partner).count() >= MOST:
            raise Rejected("A partner has 20 connections at most. Remove one first.")
        connection = Connection.objects.create(
            partner=partner,
            kind=kind,
            name=name,
            host=host,
            sealed=_sealed(url, secret),
            events=_named(events),
            created_by=by,
        )
        _note("made", connection, by=by, after=_told(connection))
    return connection, secret


def change(
    connection: Connection, *, name: str, events: Iterable[NoticeEvent], by: User, url: str = ""
) -> None:
    """Give it another name, other news, or, with `url`, another address. Raises Forbidden, Rejected."""
    people.require(by, MANAGE, connection.partner)
    with transaction.atomic():
        row = _locked(connection)
        before = _told(row)
        row.name, row.events = " ".join(name.split()), _named(events)
        if url.strip():
            keys = open_keys(row)
            row.host = _host(ConnectionKind(row.kind), url.strip())
            row.sealed = _sealed(url.strip(), *keys.secrets)
            row.rests_until = None
        row.save()
        after = _told(row) | ({"address": "changed"} if url.strip() else {})
        if before != after:
            _note("changed", row, by=by, before=before, after=after)


def rotate(connection: Connection, *, by: User) -> str:
    """A new secret, to be shown this once; for a day messages are signed with both."""
    people.require(by, MANAGE, connection.partner)
    if connection.kind != ConnectionKind.WEBHOOK:
        raise NotAllowed("Slack needs no secret; its address is one.")
    secret = _new_secret()
    with transaction.atomic():
        row = _locked(connection)
        keys = open_keys(row)
        row.sealed = _sealed(keys.url, secret, *keys.secrets[:1])
        row.old_secret_until = timezone.now() + BOTH_SECRETS
        row.save(update_fields=["sealed", "old_secret_until"])
        _note("secret_changed", row, by=by)
    return secret


def turn(connection: Connection, *, on: bool, by: User) -> None:
    """Let news go there, or no more; what waits for a connection that is off is given up."""
    people.require(by, MANAGE, connection.partner)
    with transaction.atomic():
        fresh = {"is_on": on, "trouble": "", "failures": 0, "failing_since": None, "rests_until": None}
        if Connection.objects.filter(pk=connection.pk, is_on=not on).update(**fresh):
            _note("turned_on" if on else "turned_off", connection, by=by)


def remove(connection: Connection, *, by: User) -> None:
    """Forget it, with its address, its secrets and what was sent there."""
    people.require(by, MANAGE, connection.partner)
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(pk=connection.pk).first()
        if row is not None:
            _note("removed", row, by=by, before=_told(row))
            row.delete()


def send_test(connection: Connection, *, by: User) -> Notice:
    """Owe it a message that says only that it is a test. It is tried once."""
    people.require(by, MANAGE, connection.partner)
    if not connection.is_on:
        raise NotAllowed("This connection is turned off. Turn it on, then test it.")
    key = f"test:{connection.pk}:{uuid.uuid4()}"
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(rests_until=None)
        notices.owe([_test(connection, key)])
        _note("tested", connection, by=by)
    sent: Notice = Notice.objects.get(key=key)
    return sent


def send_again(notice: Notice, *, by: User) -> None:
    """Send one message anew, under the id that it had. Raises Forbidden, Moved."""
    connection = notice.connection
    if connection is None:
        raise Moved("It went to no connection.")
    people.require(by, MANAGE, connection.partner)
    if not connection.is_on:
        raise NotAllowed("This connection is turned off. Turn it on first.")
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(rests_until=None)
        if not notices.owe_anew(notice, by=by):
            raise Moved("It is on its way already; look again.")


def _test(connection: Connection, key: str) -> Notice:
    said = _("A test from Showings, for %(partner)s. Nothing happened.") % {"partner": connection.partner}
    body: dict[str, Any] = {"text": said}
    if connection.kind == ConnectionKind.WEBHOOK:
        body = {
            "id": event_id(key),
            "type": "test",
            "timestamp": timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": {
                "partner": {"id": connection.partner_id, "name": connection.partner.name},
                "message": said,
            },
        }
    return Notice(
        key=key,
        channel=NoticeChannel(connection.kind),
        connection=connection,
        to=connection.host,
        subject=_("Test"),
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        partner=connection.partner,
    )


def works(connection: Connection) -> None:
    """It took a message: what failed before counts no more."""
    Connection.objects.filter(pk=connection.pk).update(
        failures=0, failing_since=None, rests_until=None, worked_at=timezone.now()
    )


def turn_off_by_itself(connection: Connection, why: str) -> None:
    """It does not work any more: nothing is sent there until a manager has looked, and they are told once."""
    with transaction.atomic():
        row = _locked(connection)
        if not row.is_on:
            return
        row.is_on, row.trouble = False, why[:300]
        row.save(update_fields=["is_on", "trouble"])
        audit.note(
            "connection.turned_off",
            row,
            source=Source.ROBOT,
            partner=row.partner,
            after=_told(row),
            reason=why,
        )
        notices.owe_managers(
            row.partner,
            key=f"connection:{row.pk}:off:{timezone.now().isoformat()}",
            words=lambda: _off_words(row, why),
        )


def _off_words(connection: Connection, why: str) -> tuple[str, str]:
    words = {"name": connection.name, "host": connection.host, "why": tell(why)}
    body = _(
        "The connection “%(name)s” to %(host)s was turned off, and nothing is sent there any more.\n\n"
        "%(why)s\n\nMend the other side, then turn it on again; what was not sent can be sent again from "
        "the same page."
    )
    page = site(reverse("connection", args=[connection.pk]))
    subject = _("Turned off: %(name)s") % words
    return subject, f"{subject}\n\n{body % words}\n\n{_('Look at it')}: {page}\n"


def open_keys(connection: Connection) -> Keys:
    """Raises Rejected when no key of SESSION_KEYS opens them."""
    try:
        kept: dict[str, Any] = import_string(UNSEAL)(connection.sealed) or {}
    except import_string("automation.vault.SessionUnreadable") as strange:
        raise Rejected(
            "Its address cannot be opened with the keys in SESSION_KEYS. Remove it and make it anew."
        ) from strange
    is_old_good = connection.old_secret_until is not None and connection.old_secret_until > timezone.now()
    held = [secret for secret in kept["secrets"] if secret]
    return Keys(url=kept["url"], secrets=tuple(held if is_old_good else held[:1]))


def _sealed(url: str, *held: str) -> str:
    sealed: str = import_string(SEAL)({"url": url, "secrets": list(held)})
    return sealed


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _host(kind: ConnectionKind, url: str) -> str:
    """The host of an address that may be posted to. Raises Rejected."""
    try:
        parts = posting.check(url)
    except posting.NotAllowed as no:
        raise Rejected(str(no), field="url") from no
    host = parts.hostname or ""
    if kind == ConnectionKind.SLACK and host not in SLACK_HOSTS and not settings.WEBHOOKS_INSIDE:
        raise Rejected(
            "That is no address of Slack's. It begins with https://hooks.slack.com/services/.", field="url"
        )
    return host[:255]


def _named(events: Iterable[NoticeEvent]) -> list[str]:
    wanted = set(events)
    return [event.value for event in NoticeEvent if event in wanted]


def _locked(connection: Connection) -> Connection:
    """The row as it stands, nobody else's to change. Raises Moved when it is gone."""
    row: Connection | None = (
        Connection.objects.select_for_update(of=("self",))
        .select_related("partner")
        .filter(pk=connection.pk)
        .first()
    )
    if row is None:
        raise Moved("Somebody removed this connection.")
    return row


def _told(connection: Connection) -> dict[str, Any]:
    return {
        "kind": connection.kind,
        "name": connection.name,
        "host": connection.host,
        "events": connection.events,
    }


def _note(deed: str, connection: Connection, *, by: User, **told: Any) -> None:
    audit.note(
        f"connection.{deed}", connection, source=Source.PERSON, by=by, partner=connection.partner, **told
    )
