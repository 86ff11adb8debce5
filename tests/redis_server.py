"""A real Redis on a free loopback port, for as long as it is wanted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.postgresql import free_port, until


def binary() -> str | None:
    return shutil.which("redis-server")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its address, like redis://127.0.0.1:4711/0. Raises FileNotFoundError where there is no Redis."""
    found = binary()
    if found is None:
        raise FileNotFoundError("No Redis here (apt-get install redis-server).")
    port = free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([found, *words], stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(host="127.0.0.1", port=port) as client:
            until(client.ping, redis.ConnectionError)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()
