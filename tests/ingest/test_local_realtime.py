"""Supabase's own two clients judge the local Realtime; what they cannot do is asked on the bare socket."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from realtime import AsyncRealtimeClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ingest.simulator.control import ROOT, SECRET_KEY, TABLE, VISITOR_KEY, Upstream

TOOLS = ROOT / "var/tools"
WISH = {"event": "*", "schema": "public", "table": TABLE}


def test_the_python_client_subscribes_and_is_told(upstream: Upstream) -> None:
    told = asyncio.run(_listen_in_python(upstream))
    assert [change["data"]["type"] for change in told] == ["INSERT", "UPDATE", "DELETE"]
    assert told[0]["data"]["record"]["status"] == "scheduled"
    assert told[1]["data"]["record"]["status"] == "cancelled"
    assert told[1]["data"]["old_record"] == {"id": "r1"}
    assert "record" not in told[2]["data"]


def test_the_javascript_client_subscribes_and_is_told(upstream: Upstream) -> None:
    node, package = shutil.which("node"), TOOLS / "node_modules/@supabase/realtime-js"
    if node is None or not package.exists():
        pytest.skip(
            "no realtime-js: npm install --ignore-scripts --prefix var/tools @supabase/realtime-js ws"
        )
    script = Path(__file__).with_name("realtime_js.mjs")
    url = upstream.url.replace("http", "ws") + "/realtime/v1"
    with subprocess.Popen(
        [node, script, TOOLS, url, SECRET_KEY, TABLE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        lines = map(json.loads, client.stdout)
        first = [next(lines) for _ in range(2)]
        assert [line["what"] for line in first] == ["status", "system"]
        assert first[0]["told"] == "SUBSCRIBED"
        assert first[1]["told"]["message"] == "Subscribed to PostgreSQL"
        _live_a_life(upstream)
        changes = [next(lines)["told"] for _ in range(3)]
        client.communicate()
    assert [change["eventType"] for change in changes] == ["INSERT", "UPDATE", "DELETE"]
    assert changes[0]["new"]["status"] == "scheduled"
    assert changes[2]["old"] == {"id": "r1"}


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_changes_before_it_is_subscribed_are_lost(upstream: Upstream, version: str) -> None:
    upstream.break_it("realtime", "late", seconds=0.3)
    with _socket(upstream, version=version) as line:
        assert line.join()["status"] == "ok"
        upstream.insert_request(id="too early")
        assert line.next()["payload"]["message"] == "Subscribed to PostgreSQL"
        upstream.insert_request(id="heard")
        assert line.change()["record"]["id"] == "heard"


def test_a_change_may_be_lost_doubled_overtaken_and_spoilt(upstream: Upstream) -> None:
    with _socket(upstream) as line:
        line.subscribe()
        upstream.break_it("realtime", "lost", times=1)
        upstream.break_it("realtime", "twice", times=1)
        upstream.break_it("realtime", "shuffled", times=1)
        for name in ("lost", "twice", "second", "first"):
            upstream.insert_request(id=name)
        assert [line.change()["record"]["id"] for _ in range(4)] == ["twice", "twice", "first", "second"]
        upstream.break_it("realtime", "bare", times=1)
        upstream.break_it("realtime", "large", times=1)
        upstream.break_it("realtime", "blind", times=1)
        for name in ("bare", "large", "blind"):
            upstream.insert_request(id=name, group_name="a long name " * 10)
        bare, large, blind = (line.change() for _ in range(3))
    assert "columns" not in bare
    assert "group_name" not in large["record"]
    assert large["errors"] == ["Error 413: Payload Too Large"]
    assert (blind["record"], blind["errors"]) == ({}, ["Error 401: Unauthorized"])


def test_joins_and_handshakes_are_refused_in_its_words(upstream: Upstream) -> None:
    upstream.break_it("realtime", "refused", reason="ChannelRateLimitReached: Too many channels", times=1)
    with _socket(upstream) as line:
        refused = line.join()
        assert refused == {
            "status": "error",
            "response": {"reason": "ChannelRateLimitReached: Too many channels"},
        }
        assert line.join(topic="realtime:")["response"]["reason"].startswith("TopicNameRequired")
    for key, status in (("", 401), ("sb_secret_wrong", 401)):
        with pytest.raises(InvalidStatus) as refusal, _socket(upstream, key=key):
            pass
        assert refusal.value.response.status_code == status
    upstream.break_it("realtime", "status", status=429, times=1)
    with pytest.raises(InvalidStatus) as refusal, _socket(upstream):
        pass
    assert refusal.value.response.status_code == 429


def test_a_token_that_runs_out_ends_the_channel_and_a_fresh_one_keeps_it(upstream: Upstream) -> None:
    with _socket(upstream) as line:
        line.subscribe(access_token=_jwt(0.8))
        line.send("access_token", {"access_token": _jwt(60)})
        line.send("heartbeat", {}, topic="phoenix")
        assert line.next()["payload"] == {"status": "ok", "response": {}}
        upstream.insert_request(id="still heard")
        assert line.change()["record"]["id"] == "still heard"
        line.send("access_token", {"access_token": _jwt(0.1)})
        assert "Token has expired" in line.next()["payload"]["message"]
        assert line.next()["event"] == "phx_close"


def test_a_visitor_is_told_of_deletions_alone(upstream: Upstream) -> None:
    with _socket(upstream, key=VISITOR_KEY) as line:
        line.subscribe()
        _live_a_life(upstream)
        assert line.change()["type"] == "DELETE"


def test_a_filter_and_another_table_are_heeded(upstream: Upstream) -> None:
    with _socket(upstream) as line:
        line.subscribe(wish={**WISH, "filter": "status=in.(scheduled,pending)"})
        upstream.insert_request(id="a", status="cancelled")
        upstream.insert_request(id="b", status="pending")
        assert line.change()["record"]["id"] == "b"
    with _socket(upstream) as line:
        line.join(wish={**WISH, "table": "elsewhere"})
        assert line.next()["payload"]["status"] == "error"


@pytest.mark.parametrize(("act", "events"), [("close", ["system", "phx_close"]), ("crash", ["phx_error"])])
def test_channels_end_while_the_socket_stays(upstream: Upstream, act: str, events: list[str]) -> None:
    with _socket(upstream) as line:
        line.subscribe()
        upstream.disturb(act)
        assert [line.next()["event"] for _ in events] == events
        line.send("heartbeat", {}, topic="phoenix")
        assert line.next()["event"] == "phx_reply"


def test_it_can_fall_silent_without_hanging_up(upstream: Upstream) -> None:
    with _socket(upstream) as line:
        line.subscribe()
        upstream.disturb("silence")
        line.send("heartbeat", {}, topic="phoenix")
        upstream.insert_request(id="unheard")
        with pytest.raises(TimeoutError):
            line.next(timeout=0.3)


async def _listen_in_python(upstream: Upstream) -> list[dict[str, Any]]:
    client = AsyncRealtimeClient(upstream.url.replace("http", "ws") + "/realtime/v1", SECRET_KEY)
    await client.connect()
    changes: asyncio.Queue[Any] = asyncio.Queue()
    system: asyncio.Queue[Any] = asyncio.Queue()
    channel = client.channel("showings")
    channel.on_postgres_changes("*", schema="public", table=TABLE, callback=changes.put_nowait)
    channel.on_system(system.put_nowait)
    await channel.subscribe()
    subscribed = await asyncio.wait_for(system.get(), 5)
    assert subscribed.message == "Subscribed to PostgreSQL"
    await asyncio.to_thread(_live_a_life, upstream)
    told = [await asyncio.wait_for(changes.get(), 5) for _ in range(3)]
    await client.close()
    return told


def _live_a_life(upstream: Upstream) -> None:
    upstream.insert_request(id="r1", status="scheduled")
    upstream.change_request("r1", status="cancelled")
    upstream.delete_request("r1")


def _jwt(seconds: float) -> str:
    """An unsigned token that runs out after so long."""
    claims = json.dumps({"role": "service_role", "exp": time.time() + seconds}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig"


class _Socket:
    def __init__(self, connection: ClientConnection, version: str) -> None:
        self._connection = connection
        self._second = version.startswith("2")

    def send(self, event: str, payload: Any, *, topic: str = "realtime:showings") -> None:
        frame: Any = {"topic": topic, "event": event, "payload": payload, "ref": "1", "join_ref": "1"}
        self._connection.send(json.dumps(["1", "1", topic, event, payload] if self._second else frame))

    def next(self, *, timeout: float = 5) -> dict[str, Any]:
        told = json.loads(self._connection.recv(timeout))
        if self._second:
            told = dict(zip(("join_ref", "ref", "topic", "event", "payload"), told, strict=True))
        return dict(told)

    def join(self, *, topic: str = "realtime:showings", wish: Any = None, **more: Any) -> dict[str, Any]:
        self.send("phx_join", {"config": {"postgres_changes": [wish or WISH]}, **more}, topic=topic)
        return dict(self.next()["payload"])

    def subscribe(self, **more: Any) -> None:
        assert self.join(**more)["status"] == "ok"
        assert self.next()["payload"]["status"] == "ok"

    def change(self) -> dict[str, Any]:
        told = self.next()
        assert told["event"] == "postgres_changes"
        return dict(told["payload"]["data"])


@contextmanager
def _socket(upstream: Upstream, *, key: str = SECRET_KEY, version: str = "1.0.0") -> Iterator[_Socket]:
    url = f"{upstream.url.replace('http', 'ws')}/realtime/v1/websocket?apikey={key}&vsn={version}"
    with connect(url, proxy=None) as connection:
        yield _Socket(connection, version)
