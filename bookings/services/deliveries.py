"""Deliveries: what a partner's connections are owed, sent there. At least once, of one thing in order.

A webhook is signed as https://www.standardwebhooks.com says: `webhook-signature` holds, for each secret that
is good, the HMAC-SHA256 of `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Case, F, Value, When
from django.utils import timezone

from bookings.models import Connection, Notice
from bookings.models.connection import ConnectionKind
from bookings.services import connections, notices, posting
from bookings.services.connections import SECRET_PREFIX
from bookings.services.errors import Rejected
from bookings.services.posting import NoReply, NotAllowed, Reply
from bookings.vocabulary import NoticeChannel

# One that does not answer is asked by one message in this time, so that it holds nobody else up.
LONGEST_REST = timedelta(minutes=5)
# Turned off by itself after so many failed tries in a row, over so long.
MOST_FAILURES = 20
FAILS_FOR = timedelta(hours=12)
# What these say is meant for good. Slack's: the channel or the app is gone.
GONE = (410,)
GONE_AT_SLACK = (403, 404, 410)
TURNED_OFF = "This connection is turned off."


def send_slack() -> int:
    """Send what Slack is owed and is due; a doorbell. Returns how many were taken."""
    return _send(NoticeChannel.SLACK)


def send_webhooks() -> int:
    """Send the webhooks that are owed and due; a doorbell. Returns how many were taken."""
    return _send(NoticeChannel.WEBHOOK)


def _send(channel: NoticeChannel) -> int:
    until, went = time.monotonic() + notices.LONGEST_BELL, 0
    while time.monotonic() < until and (notice := notices.take(channel)) is not None:
        went += _deliver(notice)
    return went


def _deliver(notice: Notice) -> bool:
    connection = Connection.objects.select_related("partner").filter(notices=notice).first()
    if connection is None or not connection.is_on:
        notices.failed(notice, TURNED_OFF, for_good=True)
        return False
    try:
        keys = connections.open_keys(connection)
        body = notice.body.encode()
        reply = posting.post(keys.url, body, headers_of(connection, body, keys.secrets))
    except (NotAllowed, Rejected) as never:
        _failed(connection, notice, str(never), gone=True)
    except NoReply as silent:
        _failed(connection, notice, str(silent), rests=True)
    else:
        return _answered(connection, notice, reply)
    return False


def _answered(connection: Connection, notice: Notice, reply: Reply) -> bool:
    if reply.is_taken:
        notices.sent(notice, answer=reply.status)
        connections.works(connection)
        return True
    is_slack = connection.kind == ConnectionKind.SLACK
    _failed(
        connection,
        notice,
        f"It answered {reply.status}.",
        reply=reply,
        gone=reply.status in (GONE_AT_SLACK if is_slack else GONE),
        rests=reply.status == 429 or reply.status >= 500,
    )
    return False


def _failed(
    connection: Connection,
    notice: Notice,
    message: str,
    *,
    reply: Reply | None = None,
    gone: bool = False,
    rests: bool = False,
) -> None:
    """Write down that a message was not taken, and what that says of its connection. A test is tried once,
    and says nothing."""
    asked = (reply.retry_after if reply is not None else None) or timedelta(0)
    is_test = not notice.event
    answer = reply.status if reply is not None else None
    notices.failed(notice, message, for_good=gone or is_test, answer=answer, at_least=asked)
    if is_test:
        return
    now = timezone.now()
    rest = max(min(timedelta(seconds=30) * 2 ** min(connection.failures, 10), LONGEST_REST), asked)
    Connection.objects.filter(pk=connection.pk).update(
        failures=F("failures") + 1,
        failing_since=Case(When(failing_since=None, then=Value(now)), default=F("failing_since")),
        **({"rests_until": now + rest} if rests else {}),
    )
    since = connection.failing_since or now
    is_broken = connection.failures + 1 >= MOST_FAILURES and now - since >= FAILS_FOR
    if gone or is_broken:
        connections.turn_off_by_itself(connection, message)


# ---- signed ------------------------------------------------------------------------------------------------


def headers_of(connection: Connection, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """What goes out beside a body: a webhook's id, the time, and a signature for each secret."""
    if connection.kind == ConnectionKind.SLACK:
        return {}
    message_id, now = json.loads(body)["id"], int(time.time())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(sign(secret, message_id, now, body) for secret in secrets),
    }


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...      b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
