"""Hurting the tables: SQLite's write lock held by somebody else, PostgreSQL crashed and started anew."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from django.db import connection

_one_at_a_time = threading.Lock()


def hurt(seconds: float) -> None:
    """Lock SQLite for so long; or crash PostgreSQL, which is back after so long."""
    with _one_at_a_time:
        if connection.vendor == "sqlite":
            with locked():
                threading.Event().wait(seconds)
        else:
            crash(seconds)


@contextmanager
def locked() -> Iterator[None]:
    """Hold SQLite's write lock."""
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, timeout=20, isolation_level=None)) as rows:
        rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            rows.execute("ROLLBACK")


def crash(seconds: float) -> None:
    """kill -9 of every process of PostgreSQL; the same command starts it `seconds` later."""
    port = str(connection.settings_dict["PORT"])
    main = next(
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and port in (process.info["cmdline"] or ())
    )
    command, home, owner = main.cmdline(), main.cwd(), main.uids().real
    main.send_signal(signal.SIGQUIT)  # PostgreSQL's own word for "crash now": nothing is written any more
    psutil.wait_procs([main], timeout=20)
    threading.Event().wait(seconds)
    Path(command[command.index("-D") + 1], "postmaster.pid").unlink(missing_ok=True)
    restarted.append(
        subprocess.Popen(
            command,
            cwd=home,
            user=owner,
            group=Path(home).stat().st_gid,
            extra_groups=[],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )


restarted: list[subprocess.Popen[bytes]] = []


def end() -> None:
    """End what was started anew, at once: a polite end would wait for our own connection."""
    for process in restarted:
        process.send_signal(signal.SIGINT)
        process.wait(20)
