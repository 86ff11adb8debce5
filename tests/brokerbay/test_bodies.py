"""A body that is too big is refused before it is taken in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from asgiref.sync import async_to_sync

from brokerbay.bodies import LimitedBodies
from tests.bookings.live import portal

MOST = 100
BIG = 50_000_000


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers how much it got; says nothing to a client that has gone."""
    got, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        got += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(got).encode()})


def ask(*parts: int, announced: str | None = None, path: str = "/api/auto-book") -> tuple[int, bytes, int]:
    """Status, body, and how many of the parts were fetched."""
    sent: list[Any] = []
    fetched = 0

    async def receive() -> Any:
        nonlocal fetched
        fetched += 1
        return {"type": "http.request", "body": b"x" * parts[fetched - 1], "more_body": fetched < len(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", announced.encode())] if announced is not None else []
    scope = {"type": "http", "path": path, "headers": headers}
    async_to_sync(LimitedBodies(echo, MOST))(scope, receive, send)
    return sent[0]["status"], sent[1]["body"], fetched


def test_a_body_that_fits_passes_whole() -> None:
    assert ask(60, 40, announced="100") == (200, b"100", 2)
    assert ask(0, announced="nonsense") == (200, b"0", 1)


def test_a_body_that_is_announced_too_big_is_not_fetched_at_all() -> None:
    status, body, fetched = ask(101, announced="101")
    assert (status, fetched) == (413, 0)
    assert json.loads(body)["success"] is False


def test_a_body_that_does_not_say_its_size_is_fetched_to_the_limit_only() -> None:
    status, body, fetched = ask(60, 60, 60, 60)
    assert (status, fetched) == (413, 2)
    assert json.loads(body)["error"].endswith(".")


def test_a_page_is_told_in_plain_text() -> None:
    assert ask(1, announced="101", path="/auto-book")[1].startswith(b"The body is too big")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = portal.free_port()
    with portal.server(portal.environment(folder), port):
        [server] = [child for child in psutil.Process().children() if f"{port}" in child.cmdline()]
        yield port, server


def pieces() -> Iterator[bytes]:
    for _ in range(BIG // 1_000_000):
        yield b" " * 1_000_000


def told_to_one_who_closes(port: int) -> int:
    """As Python's own urllib asks: it sends all of it first, and the line is closed after the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=portal.PATIENCE)
    connection.request("POST", "/auto-book", b" " * BIG, {"Connection": "close"})
    answer = connection.getresponse()
    assert answer.read().startswith(b"The body is too big")
    return answer.status


@pytest.mark.parametrize("is_announced", [True, False])
def test_fifty_megabytes_reach_neither_memory_nor_disk_of_the_real_server(
    tmp_path: Path, is_announced: bool
) -> None:
    with serving(tmp_path) as (port, server):
        before = server.memory_info().rss
        written = server.io_counters().write_bytes
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=portal.PATIENCE)
        headers = {"Content-Type": "application/json"}
        body: Any = b" " * BIG if is_announced else pieces()
        connection.request("POST", "/api/auto-book", body, headers, encode_chunked=not is_announced)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["success"] is False
        assert told_to_one_who_closes(port) == 413
        assert server.memory_info().rss - before < 25_000_000
        assert server.io_counters().write_bytes - written < 10_000_000
        connection.close()
