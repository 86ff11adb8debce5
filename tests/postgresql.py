"""A real PostgreSQL on a free loopback port, in a folder of its own, for as long as it is wanted."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running(binaries: Path) -> Iterator[str]:
    """A new cluster in a directory of its own; PostgreSQL refuses to be root, so root becomes `postgres`."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    demoted: dict[str, Any] = (
        {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    )
    home = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if owner:
        os.chown(home, owner.pw_uid, owner.pw_gid)
    port = free_port()
    process: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [binaries / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            cwd=home,
            **demoted,
        )
        process = subprocess.Popen(
            [
                *(binaries / "postgres", "-D", home / "data", "-p", str(port), "-h", "127.0.0.1"),
                *("-k", home, "-c", "fsync=off", "-c", "shared_buffers=32MB"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            **demoted,
        )
        dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        until(lambda: psycopg.connect(dsn).close(), psycopg.OperationalError)
        yield dsn
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # whoever is still connected is let go
            process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(attempt: Any, error: type[Exception]) -> None:
    Retrying(
        retry=retry_if_exception_type(error), stop=stop_after_delay(30), wait=wait_fixed(0.1), reraise=True
    )(attempt)
