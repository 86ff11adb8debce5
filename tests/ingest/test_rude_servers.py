"""What stands at an address and means us no good: every answer ends soon, small, and in plain words."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from websockets.sync.server import ServerConnection, serve

from ingest.sources.http import (
    LONGEST_ASKED,
    HttpSource,
    Patience,
    SourceDown,
    SourceError,
    SourceRefused,
    SourceUnreadable,
)
from ingest.sources.realtime import TOPIC, Changed, Realtime, Subscribed, Timing, Told
from ingest.sources.supabase import Supabase

HASTY = Patience(connect=0.2, read=0.3, attempts=1, total=1)
SMALL = 100_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Script = Callable[[socket.socket, threading.Event], object]


@contextmanager
def answering(script: Script) -> Iterator[str]:
    """A server that says just these bytes to whoever asks; the event tells a script that drips to end."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_all() -> None:
            while True:
                caller, _ = listener.accept()
                with caller, suppress(OSError):  # it hangs up on us, as it should
                    if over.is_set():
                        return
                    caller.recv(65536)
                    script(caller, over)

        thread = threading.Thread(target=serve_all, daemon=True)
        thread.start()
        address = ("127.0.0.1", listener.getsockname()[1])
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            over.set()
            socket.create_connection(address).close()
            thread.join(5)


def saying(answer: bytes) -> Script:
    return lambda caller, over: caller.sendall(answer)


def ask(url: str, *, largest_body: int = SMALL) -> object:
    source = HttpSource(name="It", base_url=url, headers={}, patience=HASTY, largest_body=largest_body)
    with closing(source):
        return source.get("/").body


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"Content-Length: 100000\r\n\r\n", b" "), (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")],
)
def test_a_body_that_drips_is_not_waited_for(head: bytes, drop: bytes) -> None:
    def drip(caller: socket.socket, over: threading.Event) -> None:
        caller.sendall(HEAD + head)
        while not over.wait(0.05):
            caller.sendall(drop)

    began = time.monotonic()
    with answering(drip) as url, pytest.raises(SourceDown, match="did not finish its answer in time"):
        ask(url)
    assert time.monotonic() - began < 3


def test_a_body_without_an_end_is_cut_off() -> None:
    def pour(caller: socket.socket, over: threading.Event) -> None:
        caller.sendall(HEAD + b"\r\n")
        while not over.is_set():
            caller.sendall(b" " * 65536)

    with answering(pour) as url, pytest.raises(SourceUnreadable, match="more than 97 kB"):
        ask(url)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_body_that_unpacks_to_a_thousandfold_is_cut_off(layers: int) -> None:
    body = b" " * 50_000_000
    for _ in range(layers):
        body = gzip.compress(body, 9)
    encoding = ", ".join(["gzip"] * layers).encode()
    head = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    with answering(saying(head + body)) as url, pytest.raises(SourceUnreadable, match="more than 97 kB"):
        ask(url)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", SourceDown),
        (HEAD + b"Content-Length: 500\r\n\r\n[]", SourceDown),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n", SourceDown),
        (b"SSH-2.0-OpenSSH\r\n\r\n", SourceDown),
        (b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n", SourceRefused),
    ],
)
def test_an_answer_that_is_none_is_told_as_such(answer: bytes, error: type[SourceError]) -> None:
    with answering(saying(answer)) as url, pytest.raises(error, match=r"It at 127\.0\.0\.1"):
        ask(url)


@pytest.mark.parametrize("asked", [b"999999999", b"Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_is_left_alone_for_years(asked: bytes) -> None:
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n" % asked
    with answering(saying(answer)) as url:
        with pytest.raises(SourceDown) as rest:
            ask(url)
        realtime = Realtime(url=url, key=lambda: "sb_secret_x", table="t")
        with pytest.raises(SourceDown) as line:
            next(realtime.listen())
    assert (rest.value.retry_after, line.value.retry_after) == (LONGEST_ASKED, LONGEST_ASKED)


@pytest.mark.parametrize("code", ["23514 Failing row contains (a client's words)", {"a": "b" * 5000}, ["x"]])
def test_an_error_code_that_is_none_is_not_quoted(code: object) -> None:
    body = json.dumps({"code": code, "message": "m"}).encode()
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with answering(saying(answer)) as url:
        source = Supabase(url=url, key="sb_secret_x", table="t", patience=HASTY)
        with closing(source), pytest.raises(SourceRefused) as refused:
            list(source.read_by_ids(["a"]))
    assert refused.value.message == "Supabase said no (400)."


@contextmanager
def talking(*frames: str, rings_after: int = 0) -> Iterator[Iterator[Told]]:
    """What is told by a Realtime that says just these frames after a join; JOIN is the answer to it.

    It may ring once more after so many heartbeats.
    """

    def talk(line: ServerConnection) -> None:
        join = json.loads(line.recv())
        reply = json.dumps({**JOINED, "ref": join["ref"]})
        for frame in frames:
            line.send(reply if frame == "JOIN" else frame)
        for count, beat in enumerate(map(json.loads, line), 1):
            line.send(json.dumps({**JOINED, "topic": "phoenix", "ref": beat["ref"]}))
            if count == rings_after:
                line.send(RING)

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        realtime = Realtime(url=url, key=lambda: "a.stale.token", table="t", timing=QUICK)
        with closing(realtime.listen()) as told:
            yield told


QUICK = Timing(connect=2, heartbeat=0.2, answer=1, subscribe=0.5)
JOINED = {"topic": TOPIC, "event": "phx_reply", "payload": {"status": "ok", "response": {}}}


def system(status: str, message: str, *, extension: str = "postgres_changes") -> str:
    payload = {"status": status, "extension": extension, "message": message}
    return json.dumps({"topic": TOPIC, "event": "system", "payload": payload})


def change(row: str) -> str:
    return f'{{"topic": "{TOPIC}", "event": "postgres_changes", "payload": {{"data": {{"record": {row}}}}}}}'


READY = system("ok", "Subscribed to PostgreSQL")
RING = change('{"id": "r1"}')


def test_a_row_with_an_endless_number_still_rings() -> None:
    with talking("JOIN", READY, change('{"id": "r1", "price": ' + "9" * 5000 + "}")) as told:
        assert [next(told), next(told)] == [Subscribed(), Changed(id="r1")]


@pytest.mark.parametrize("frames", [("JOIN", READY), (READY, "JOIN"), ("JOIN", READY, "JOIN")])
def test_a_join_is_answered_in_any_order_and_the_line_is_kept(frames: tuple[str, ...]) -> None:
    with talking(*frames, rings_after=5) as told:
        assert [next(told), next(told)] == [Subscribed(), Changed(id="r1")]


@pytest.mark.parametrize(
    "frames",
    [
        ("JOIN", system("error", "Token has expired 3 seconds ago", extension="system")),
        ("JOIN", json.dumps({"topic": TOPIC, "event": "phx_close", "payload": {}})),
        (json.dumps({"topic": TOPIC, "event": "phx_error", "payload": None}),),
    ],
)
def test_a_token_that_runs_out_in_the_middle_of_joining_ends_the_line(frames: tuple[str, ...]) -> None:
    with talking(*frames) as told, pytest.raises(SourceDown) as down:
        next(told)
    assert "stale" not in str(down.value)


@pytest.mark.parametrize(
    "noise",
    ["", "[]", "7", "{", '{"topic": 1}', "[" * 50_000, '{"event": {}}', change("[1]"), '{"payload": 1e999}'],
)
def test_noise_on_the_line_is_passed_over(noise: str) -> None:
    with talking("JOIN", READY, noise, RING) as told:
        heard = [one for one in (next(told), next(told)) if one != Changed(id=None)]
        assert (heard if len(heard) == 2 else [*heard, next(told)]) == [Subscribed(), Changed(id="r1")]
