"""A booking worker as it runs in production: its own processes, the test's database, the local BrokerBay."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
from django.conf import settings
from django.db import connection

from automation import vault
from automation.simulator.control import Control
from bookings.models import BookingRun, RunEvent
from bookings.services import accounts
from bookings.vocabulary import RunState, Source
from tests.bookings.cast import Cast

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
_tick = threading.Event()
T = TypeVar("T")


def until(look: Callable[[], T], *, what: str, timeout: float = PATIENCE) -> T:
    """The first true answer of `look`; fails with what was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {timeout:.0f} s: {what}")
        _tick.wait(0.02)


@contextmanager
def booking_workers(control: Control, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py run_workers booking` over the test's own database; ended, with all below it, on leaving."""
    env = {
        **os.environ,
        "ENV_FILE": "",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "BROKERBAY_URL": control.base_url,
        "LOG_LEVEL": "WARNING",
        **environment,
    }
    # The tests' own cache is in memory; the workers' is a table.
    subprocess.run([sys.executable, "manage.py", "createcachetable"], cwd=ROOT, env=env, check=True)
    process = subprocess.Popen([sys.executable, "manage.py", "run_workers", "booking"], cwd=ROOT, env=env)
    try:
        yield process
    finally:
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        for child in below:
            _kill(child)
        until(lambda: not any(lives(child) for child in below), what="the workers' processes to be gone")


def database_url() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return (
        f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"
    )


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def worker_of(run: BookingRun) -> psutil.Process:
    """The process that holds the run."""
    run.refresh_from_db()
    return psutil.Process(int(run.holder.rpartition("/")[2]))


def browsers_below(process: psutil.Process) -> list[psutil.Process]:
    return [
        child
        for child in process.children(recursive=True)
        if "chrom" in child.name() or child.name() == "node"
    ]


def sign_in(cast: Cast, control: Control) -> None:
    for account in (cast.account, cast.other_account):
        accounts.sign_in(account, vault.seal(control.sign_in(account.email)), by=None, source=Source.ROBOT)


def until_state(run: BookingRun, *states: RunState, timeout: float = PATIENCE) -> BookingRun:
    def look() -> bool:
        run.refresh_from_db()
        return run.state in states

    def story() -> str:
        lines = RunEvent.objects.filter(run=run).values_list("message", flat=True)
        return f"run to be {states}; it is {run.state}: " + " | ".join(lines)

    try:
        until(look, what="…", timeout=timeout)
    except AssertionError:
        raise AssertionError(f"Waited {timeout:.0f} s for the {story()}") from None
    return run


def until_told(run: BookingRun, **fields: Any) -> RunEvent:
    """The first line of the run's log with these fields."""
    return until(lambda: RunEvent.objects.filter(run=run, **fields).first(), what=f"a line {fields}")
