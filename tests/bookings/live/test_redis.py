"""The live log with REDIS_URL: the word of a new line goes over a real Redis."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.bookings.live.portal import PATIENCE, free_port, running, wait_until

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[None]:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port))
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
        return True
    return False


def test_lines_arrive_over_redis(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port), running(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}/0") as portal:
        people = portal.worker("cast")
        run = portal.worker("start", partner=people["partner"])
        with portal.events(run["run"], session=people["sessions"]["owner"]) as stream:
            stream.take(2)
            portal.worker("tick", pk=run["pk"], number=5, every=0.05)
            told = stream.take(5)
            # Each came by itself and soon, not with the look once a second.
            assert max(event.at - float(event.data["message"]) for event in told) < 0.9
