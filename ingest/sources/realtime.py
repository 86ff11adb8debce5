"""Supabase Realtime: somebody who rings when a row came or changed. What the row says is read over REST.

It tells each change at most once and never again, so that whoever listens reads what was missed after every
`Subscribed`. No message and no log line holds the key or a row.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from ingest.sources.http import (
    LOOPBACK,
    USER_AGENT,
    SourceDown,
    SourceRefused,
    read_json,
    retry_after_seconds,
)

NAME = "Supabase Realtime"
TOPIC = "realtime:showings"
LARGEST_FRAME = 8 * 1024 * 1024

# Its debug lines would hold the address, and the address holds the key.
_WIRE = logging.getLogger(f"{__name__}.wire")
_WIRE.setLevel(logging.WARNING)

# Refusals of a join that no waiting mends.
_FOR_A_PERSON = {
    "InvalidJWTToken": "Check SUPABASE_KEY: it is wrong or has expired.",
    "MalformedJWT": "Check SUPABASE_KEY: it is no key of this project.",
    "JwtSignatureError": "Check SUPABASE_KEY: it is no key of this project.",
    "Unauthorized": "Check SUPABASE_KEY: it may not listen. Use the service_role or a secret key.",
    "PrivateOnly": "Allow public channels in Supabase's Realtime settings.",
    "TenantNotFound": "Check SUPABASE_URL: there is no such project.",
    "RealtimeDisabledForTenant": "Switch Realtime on in Supabase's settings.",
}
_NOT_PUBLISHED = "Switch Realtime on for the table: add it to the publication supabase_realtime."


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """In seconds: to connect, between heartbeats, for the answer to one, and from the join to "Subscribed".

    A line that went dead without a word is noticed within `heartbeat` + `answer`.
    """

    connect: float = 10.0
    heartbeat: float = 15.0
    answer: float = 10.0
    subscribe: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """From now on changes are told; those before are not, and must be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A row came or changed. `id` is None when the message did not say which one."""

    id: str | None
    committed_at: datetime | None = None


Told = Subscribed | Changed


class Realtime:
    """Listens to the table. One `listen` at a time; `close` may be called from any thread."""

    def __init__(self, *, url: str, key: Callable[[], str], table: str, timing: Timing | None = None) -> None:
        """`key` is asked again before every heartbeat, so that a fresh token is handed on."""
        self._url = url
        self._host = urlsplit(url).hostname or "?"
        self._key = key
        self._table = table
        self._timing = timing or Timing()
        self._connection: ClientConnection | None = None

    def close(self) -> None:
        """End the line; whoever listens gets SourceDown."""
        if self._connection is not None:
            self._connection.close()

    def listen(self) -> Generator[Told, None, None]:
        """Connect, join and tell, until the line ends: SourceDown, or SourceRefused for a person to mend."""
        key = self._key()
        with self._connected(key) as connection:
            talk = _Talk(connection, self._table, self._timing, key)
            talk.join()
            while True:
                talk.keep_alive(self._key)
                with contextlib.suppress(TimeoutError):
                    yield from talk.hear(connection.recv(talk.next_look()))

    @contextlib.contextmanager
    def _connected(self, key: str) -> Iterator[ClientConnection]:
        try:
            connection = connect(
                address(self._url, key),
                open_timeout=self._timing.connect,
                close_timeout=1,
                ping_interval=None,  # the heartbeat asks further: not the line alone, but who answers there
                max_size=LARGEST_FRAME,
                proxy=None if self._host in LOOPBACK else True,
                user_agent_header=USER_AGENT,
                logger=_WIRE,
            )
        except InvalidStatus as refused:
            raise self._refusal(refused) from None
        except (OSError, InvalidHandshake, WebSocketException) as trouble:
            raise self._down(f"cannot be reached ({type(trouble).__name__})") from None
        self._connection = connection
        try:
            with connection:
                yield connection
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            raise self._down(f"hung up ({code})" if code else "broke off") from None
        except OSError as trouble:
            raise self._down(f"broke off ({type(trouble).__name__})") from None

    def _down(self, what: str, *, status: int = 0, retry_after: float | None = None) -> SourceDown:
        return SourceDown(NAME, f"{NAME} at {self._host} {what}.", status=status, retry_after=retry_after)

    def _refusal(self, refused: InvalidStatus) -> SourceDown | SourceRefused:
        status = refused.response.status_code
        if status in (401, 403):
            cure = "Check SUPABASE_KEY: it is missing, wrong or has expired."
        elif status == 404:
            cure = "Check SUPABASE_URL: Realtime is not there."
        else:
            asked = retry_after_seconds(refused.response.headers.get("Retry-After", ""))
            return self._down(f"does not let us in ({status})", status=status, retry_after=asked)
        return SourceRefused(NAME, f"{NAME} said no ({status}).", status=status, what_to_do=cure)


class _Talk:
    """What is said on one connection: a join, heartbeats, and what is heard."""

    def __init__(self, connection: ClientConnection, table: str, timing: Timing, key: str) -> None:
        self._connection = connection
        self._table = table
        self._timing = timing
        self._key = key
        self._said = 0
        self._join_ref = ""
        self._next_beat = time.monotonic() + timing.heartbeat
        self._beat = ""  # the reference of a heartbeat that is not answered yet
        self._deadline: float | None = None  # an answer, or "Subscribed", is due by then
        self._overdue = ""
        self._is_subscribed = False
        self._trouble = ""  # what Realtime said is wrong with the subscription

    def join(self) -> None:
        wishes = [
            {"event": event, "schema": "public", "table": self._table} for event in ("INSERT", "UPDATE")
        ]
        payload: dict[str, Any] = {
            "config": {
                "broadcast": {"ack": False, "self": False},
                "presence": {"key": "", "enabled": False},
                "private": False,
                "postgres_changes": wishes,
            }
        }
        if _is_token(self._key):
            payload["access_token"] = self._key
        self._join_ref = self._say(TOPIC, "phx_join", payload, join=True)
        self._expect("did not answer", self._timing.answer)

    def next_look(self) -> float:
        """Seconds until there is something to do, whether or not anything is heard."""
        due = self._next_beat if self._deadline is None else min(self._next_beat, self._deadline)
        return max(0.0, due - time.monotonic())

    def keep_alive(self, key: Callable[[], str]) -> None:
        """Send the heartbeat when it is due; SourceDown when the last one, or the join, was not answered."""
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            raise self._ended()
        if now < self._next_beat:
            return
        if self._beat:
            raise SourceDown(NAME, f"{NAME} fell silent.")
        self._hand_on(key())
        self._beat = self._say("phoenix", "heartbeat", {})
        self._next_beat = now + self._timing.answer

    def hear(self, text: str | bytes) -> Iterator[Told]:
        """What a message means for whoever listens; nothing, for most."""
        message = _read(text)
        event, payload = message.get("event"), message.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        if event == "phx_reply":
            self._hear_reply(message.get("ref"), payload)
        elif message.get("topic") != TOPIC:
            return
        elif event == "postgres_changes":
            yield _change(payload.get("data"))
        elif event == "system":
            yield from self._hear_system(payload)
        elif event in ("phx_close", "phx_error"):
            raise SourceDown(NAME, f"{NAME} ended the channel ({event}).")

    def _hear_reply(self, ref: Any, payload: Mapping[str, Any]) -> None:
        if ref == self._beat and self._beat:
            self._beat = ""
            # From one beat to the next, however long the answer took.
            self._next_beat += self._timing.heartbeat - self._timing.answer
        elif ref == self._join_ref:
            if payload.get("status") != "ok":
                raise _refused_join(payload.get("response"))
            if not self._is_subscribed:  # the two may come in either order, and a reply twice
                self._expect("did not subscribe to the table", self._timing.subscribe)

    def _hear_system(self, payload: Mapping[str, Any]) -> Iterator[Told]:
        is_ok, said = payload.get("status") == "ok", str(payload.get("message") or "")[:200]
        if payload.get("extension") != "postgres_changes":
            if not is_ok:
                raise SourceDown(NAME, f"{NAME} ends the channel: {said}.")
        elif is_ok:
            self._deadline, self._trouble, self._is_subscribed = None, "", True
            yield Subscribed()
        elif not self._trouble:
            # It tries again by itself every few seconds, and what changes meanwhile is lost.
            self._trouble = said
            self._expect("did not subscribe to the table", self._timing.subscribe)

    def _hand_on(self, key: str) -> None:
        """A fresh token keeps the channel open when the old one runs out."""
        if key == self._key:
            return
        self._key = key
        if _is_token(key):
            self._say(TOPIC, "access_token", {"access_token": key})

    def _expect(self, overdue: str, seconds: float) -> None:
        self._overdue, self._deadline = overdue, time.monotonic() + seconds

    def _ended(self) -> SourceDown | SourceRefused:
        message = f"{NAME} {self._overdue} in time."
        if not self._trouble:
            return SourceDown(NAME, message)
        return SourceRefused(
            NAME, f"{message} It says: {self._trouble}.", status=0, what_to_do=_NOT_PUBLISHED
        )

    def _say(self, topic: str, event: str, payload: Mapping[str, Any], *, join: bool = False) -> str:
        self._said += 1
        ref = str(self._said)
        frame = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        if topic == TOPIC:
            frame["join_ref"] = ref if join else self._join_ref
        self._connection.send(json.dumps(frame))
        return ref


def address(url: str, key: str) -> str:
    """Where Realtime listens for a project. It holds the key: never to be shown or logged.

    >>> address("https://x.supabase.co/", "k")
    'wss://x.supabase.co/realtime/v1/websocket?apikey=k&vsn=1.0.0'
    """
    parts = urlsplit(url)
    scheme = "ws" if parts.scheme == "http" else "wss"
    path = parts.path.rstrip("/").removesuffix("/rest/v1") + "/realtime/v1/websocket"
    return urlunsplit((scheme, parts.netloc, path, urlencode({"apikey": key, "vsn": "1.0.0"}), ""))


def _is_token(key: str) -> bool:
    """New keys (sb_…) are no tokens: the one in the address counts, and they never run out."""
    return not key.startswith("sb_")


def _read(text: str | bytes) -> dict[str, Any]:
    """A frame's message, whatever numbers a row in it holds; {} for what is no message."""
    message = read_json(text).value
    return message if isinstance(message, dict) else {}


def _change(data: Any) -> Changed:
    """Which row a change is about. Whatever else it says, or leaves out, is read over REST."""
    data = data if isinstance(data, dict) else {}
    record = data.get("record")
    identity = record.get("id") if isinstance(record, dict) else None
    return Changed(
        id=str(identity) if isinstance(identity, str | int) and identity != "" else None,
        committed_at=_moment(data.get("commit_timestamp")),
    )


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _refused_join(response: Any) -> SourceDown | SourceRefused:
    said = str(response.get("reason") or "") if isinstance(response, dict) else ""
    code = said.partition(":")[0][:60]
    message = f"{NAME} does not let us listen ({code or 'no reason given'})."
    if code in _FOR_A_PERSON:
        return SourceRefused(NAME, message, status=0, code=code, what_to_do=_FOR_A_PERSON[code])
    return SourceDown(NAME, message)
