"""The hand on the simulated upstream: for tests and the demo."""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from ingest.simulator.server import SECRET_KEY, TABLE, VISITOR_KEY

__all__ = ["SECRET_KEY", "TABLE", "VISITOR_KEY", "Upstream", "running"]

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 20.0
STOP_TIMEOUT = 5.0


class Upstream:
    """A running simulator at `url`: what is changed here, the portal sees with its next question."""

    def __init__(self, url: str, *, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy cannot reach this machine's own services
        self._session.headers["X-Control-Token"] = token

    def close(self) -> None:
        self._session.close()

    def insert_request(self, **columns: Any) -> str:
        """Put in one showing request (columns of the table; what is left out gets its default). Its id."""
        return str(self.insert_requests([columns])[0]["id"])

    def insert_requests(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put in rows, however odd; a known id replaces its row. Answers them with their defaults."""
        stored = self._ask("POST", "/control/requests", {"requests": rows})["requests"]
        return list(stored)

    def change_request(self, request_id: str, **columns: Any) -> None:
        self._ask("PATCH", f"/control/requests/{request_id}", columns)

    def delete_request(self, request_id: str) -> None:
        self._ask("DELETE", f"/control/requests/{request_id}")

    def insert_property(self, property_id: str, **home: Any) -> None:
        """Put in a home: street, city, state, postal_code, facts.

        `shape` and `address_as` say how it is told (see ingest.simulator.homes); `payload` is told verbatim.
        """
        self.insert_properties([{"id": property_id, **home}])

    def insert_properties(self, homes: list[dict[str, Any]]) -> None:
        self._ask("POST", "/control/properties", {"properties": homes})

    def break_it(self, surface: str, kind: str, **fault: Any) -> None:
        """Play a fault on a surface; see ingest.simulator.world.Fault for surfaces, kinds and fields."""
        self._ask("POST", "/control/faults", {"surface": surface, "kind": kind, **fault})

    def mend(self) -> None:
        self._ask("DELETE", "/control/faults")

    def disturb(self, act: str, **how: Any) -> None:
        """Do something to the sockets that are there: silence, drop (code), close (message), crash."""
        self._ask("POST", "/control/realtime", {"act": act, **how})

    def realtime(self) -> dict[str, Any]:
        """How many `sockets` there are, how many channels are `subscribed`, what was `heard` how often."""
        return self._ask("GET", "/control/realtime")

    def seen(self) -> list[dict[str, str]]:
        """Every question to the two surfaces so far: method, path, query, user_agent."""
        return list(self._ask("GET", "/control/seen")["seen"])

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """All `requests` and `properties`."""
        return dict(self._ask("GET", "/control/state"))

    def reset(self) -> None:
        """Forget everything."""
        self._ask("POST", "/control/reset")

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._session.request(method, self.url + path, json=body, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())


@contextmanager
def running(state: Path | None = None, *, port: int = 0, options: tuple[str, ...] = ()) -> Iterator[Upstream]:
    """A simulator in a process of its own, ended on leaving. Raises RuntimeError when it does not start."""
    command = [sys.executable, "-m", "ingest.simulator", "--port", str(port), "--die-with-parent", *options]
    if state is not None:
        command += ["--state", str(state)]
    token = secrets.token_urlsafe()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "SIMULATOR_TOKEN": token},
    )
    upstream: Upstream | None = None
    try:
        upstream = Upstream(_address_of(process), token=token)
        yield upstream
    finally:
        if upstream is not None:
            upstream.close()
        _end(process)


def _address_of(process: subprocess.Popen[bytes]) -> str:
    if process.stdout is None:
        raise RuntimeError("The local upstream's output is not connected.")
    ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
    line = process.stdout.readline().decode() if ready else ""
    if "http://" not in line:
        raise RuntimeError("The local upstream did not start; run `python -m ingest.simulator` to see why.")
    return "http://" + line.partition("http://")[2].strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
