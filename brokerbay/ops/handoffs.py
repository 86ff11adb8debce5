"""Browsers for people who sign an account in: one leashed child process for each, as long as it is wanted."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from automation import holders
from bookings.services import handoffs, runs
from brokerbay.ops.processes import end_all_in, leashed

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds
REST = 5.0
FOLDER = "sign-in"  # …-PID: where a child's browser keeps its files
# A browser each; who comes later waits until one ends.
MOST_AT_ONCE = 3


class Handoffs:
    """The children of one supervisor. `tend` is called often, from one thread, and returns at once."""

    def __init__(self, supervisor: str) -> None:
        self._supervisor = supervisor
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._rests: dict[int, float] = {}  # until when a run whose child ended too early is let be
        self._next_look = 0.0

    def tend(self) -> None:
        """Start a browser for who waits for one; take back at once what a dead child held."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        try:
            for run_id, child in list(self._children.items()):
                if child.poll() is not None:
                    del self._children[run_id]
                    self._rests[run_id] = time.monotonic() + REST
                    self._clear_after(run_id, child)
            for run in handoffs.waiting():
                if self._may_start(run.pk):
                    self._children[run.pk] = self._start(run.pk)
        except DatabaseError:
            logger.exception("The sign-ins could not be looked at; trying again")
        finally:
            close_old_connections()

    def end(self) -> None:
        """Close every browser: a sign-in is not waited for, its person starts it again."""
        for run_id, child in self._children.items():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            try:
                self._clear_after(run_id, child)
            except DatabaseError:
                logger.exception("A closed sign-in could not be taken back; its lease will run out")
        self._children.clear()

    def _may_start(self, run_id: int) -> bool:
        rests = self._rests.get(run_id, 0.0) > time.monotonic()
        return run_id not in self._children and len(self._children) < MOST_AT_ONCE and not rests

    def _start(self, run_id: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            leashed(sys.executable, "manage.py", "sign_in_account", "--run", str(run_id)),
            cwd=settings.BASE_DIR,
            env={**os.environ, holders.SUPERVISOR: self._name(run_id)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _name(self, run_id: int) -> str:
        """A name of its own: what the dead cluster held is taken back without it."""
        return f"{self._supervisor}-sign-in-{run_id}"

    def _clear_after(self, run_id: int, child: subprocess.Popen[bytes]) -> None:
        """Nothing of a child that has ended stays: no browser, no file of it, no lease."""
        folder = Path(settings.DATA_DIR) / "tmp" / f"{FOLDER}-{child.pid}"
        end_all_in(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if runs.release(holders.supervisor_prefix(self._name(run_id))):
            logger.warning("The browser of sign-in %s is gone; it is taken back", run_id)
            runs.sweep()
