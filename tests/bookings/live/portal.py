"""A real portal for tests: an ASGI server and a worker, each a process of its own, on their own database."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

PROJECT = Path(__file__).resolve().parents[3]
PATIENCE = 30.0  # seconds; a deadline, never a wait


def environment(folder: Path, **other: str) -> dict[str, str]:
    """The whole environment of the portal's processes; nothing of this process's own gets in."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "brokerbay.settings",
        # Style sheets and scripts straight from their folders, without collectstatic.
        "DEBUG": "true",
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DATA_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
        **other,
    }


class Worker:
    """Another process, as a booking worker is one: it does what it is told by name and answers JSON."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bookings.live.worker"],
            cwd=PROJECT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, deed: str, **said: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"deed": deed, **said}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the worker died"
        return json.loads(answer)

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(PATIENCE)


@dataclass(slots=True)
class Portal:
    port: int
    worker: Worker
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def events(self, run: str, *, session: str, last_id: str = "") -> Stream:
        return Stream(self.port, f"/runs/{run}/events", session=session, last_id=last_id)


@contextmanager
def running(folder: Path, **other: str) -> Iterator[Portal]:
    """The portal, migrated and answering; its processes are gone afterwards."""
    env = environment(folder, **other)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT, env=env, check=True)
    worker = Worker(env)
    port = free_port()
    try:
        with server(env, port):
            yield Portal(port=port, worker=worker, folder=folder)
    finally:
        worker.close()


@contextmanager
def server(
    env: dict[str, str], port: int, *, application: str = "brokerbay.asgi:application"
) -> Iterator[None]:
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port)]
    command += ["--log-level", "warning", "--timeout-graceful-shutdown", "1"]
    process = subprocess.Popen(command, cwd=PROJECT, env=env)
    try:
        wait_until(lambda: process.poll() is None and answers(port), patience=4 * PATIENCE)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/live", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def wait_until(true: Any, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        pause.wait(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Told:
    """One server-sent event. `at` is this machine's clock when its last byte had come."""

    event: str
    id: str
    data: Any
    at: float


class Stream:
    """A client of server-sent events that reads bytes and nothing else."""

    def __init__(self, port: int, path: str, *, session: str, last_id: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Cookie": f"sessionid={session}", "Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self._connection.request("GET", path, headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.content_type = self._answer.getheader("Content-Type")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A closed socket alone would leave the answer's file open and the server waiting.
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._answer.close()
        self._connection.close()

    def __iter__(self) -> Iterator[Told]:
        """Every event that carries data."""
        fields: dict[str, str] = {}
        for raw in self._lines(self._answer):
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if fields.get("data"):
                yield Told(
                    event=fields.get("event", "message"),
                    id=fields.get("id", ""),
                    data=json.loads(fields["data"]),
                    at=time.time(),
                )
            fields = {}

    def _lines(self, answer: IO[bytes]) -> Iterator[bytes]:
        while line := answer.readline():
            yield line

    def take(self, number: int, event: str = "log") -> list[Told]:
        """The next `number` events of that name."""
        taken: list[Told] = []
        for told in self:
            if told.event == event:
                taken.append(told)
            if len(taken) == number:
                break
        return taken
