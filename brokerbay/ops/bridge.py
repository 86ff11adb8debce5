"""Keeps the bridge running: starts it as a child process, anew when it dies or falls silent.

The child's name among the bridges is this process's, so that a new child goes on where a dead one stopped.
"""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from brokerbay.ops.processes import leashed, own_temporary_folder

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.25  # seconds
GRACE = 10.0
# One question to Supabase may take a minute and a half, and a busy machine long to start.
SILENT_AFTER = 180.0
RESTART_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY = 60.0


class Keeper:
    """Runs `command`, to which it adds the holder's name and the file that the child is to touch."""

    def __init__(self, command: Sequence[str] = ("manage.py", "run_bridge", "--bare")) -> None:
        self._command = tuple(command)
        self._holder = f"{socket.gethostname()[:60]}-{uuid.uuid4().hex[:12]}"
        self._folder = own_temporary_folder(Path(settings.DATA_DIR) / "tmp", "bridge")
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None
        self._restarts = 0
        self._started = 0.0
        self._beat = 0
        self._heard = 0.0

    def run(self) -> None:
        """Block until SIGTERM or SIGINT, then end the bridge."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._stop)
        try:
            while not self._stopping:
                self._keep_child()
                time.sleep(LOOK_EVERY)
        finally:
            self._end_child()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _stop(self, *_: object) -> None:
        # A flag and no Event: the signal may come while its own thread is half-way into waiting for one.
        self._stopping = True

    def _keep_child(self) -> None:
        if self._child is not None:
            if self._child.poll() is None and not self._is_silent():
                return
            self._child.kill()
            logger.warning("The bridge ended (%s); starting it anew", self._child.wait())
            self._pause(RESTART_PAUSES[min(self._restarts, len(RESTART_PAUSES) - 1)])
            self._restarts = 0 if time.monotonic() - self._started > STEADY else self._restarts + 1
        if not self._stopping:
            self._started = self._heard = time.monotonic()
            self._child = self._start_child()

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < end:
            time.sleep(LOOK_EVERY)

    @property
    def _pulse(self) -> Path:
        return self._folder / "pulse"

    def _is_silent(self) -> bool:
        """To be asked again and again: only a look notices a pulse, since a clock may be set."""
        now = time.monotonic()
        beat = self._pulse.stat().st_mtime_ns if self._pulse.exists() else 0
        if beat != self._beat:
            self._beat, self._heard = beat, now
        return now - self._heard > SILENT_AFTER

    def _start_child(self) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C at a terminal reaches the keeper, which ends its child in order.
        return subprocess.Popen(
            leashed(sys.executable, *self._command, self._holder, str(self._pulse)),
            cwd=settings.BASE_DIR,
            start_new_session=True,
        )

    def _end_child(self) -> None:
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
