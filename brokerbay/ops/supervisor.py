"""Keeps one queue's cluster running, and sweeps: what dead workers held is taken back, what waits is rung.

The supervisor itself runs no task and opens no browser, so that nothing a task does can take it down.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from automation import holders
from bookings.queries import holders as lost_holders
from bookings.services import exporting, notices, reminders, runs, showings
from brokerbay.ops import pulse
from brokerbay.ops.handoffs import Handoffs
from brokerbay.ops.processes import end_all_in, leashed, living_in, own_temporary_folder

logger = logging.getLogger(__name__)

SWEEP_EVERY = 5.0  # seconds
REMIND_EVERY = 30.0
LOOK_EVERY = 0.25
# A run in the browser gets this long to end by itself when we are told to stop.
GRACE = 25.0
RESTART_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0)


class Supervisor:
    """Starts the cluster as a child process, anew when it dies or falls silent; ends it when told to stop."""

    program = "manage.py"  # what runs the cluster; the chaos harness has its own

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.name = uuid.uuid4().hex[:12]
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._folder = Path(settings.DATA_DIR) / "tmp" / f"{queue}-{os.getpid()}"
        self._pulse = self._new_pulse()
        self._restarts = 0
        self._started = 0.0
        self._reminded: float | None = None
        self._handoffs = Handoffs(self.name) if queue == "booking" else None

    def run(self) -> None:
        """Block until SIGTERM or SIGINT, then end the cluster and everything below it."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._asked_to_stop)
        sweeper = threading.Thread(target=self._sweep_until_stopped, name="sweep", daemon=True)
        sweeper.start()
        try:
            while not self._stop.is_set():
                self._keep_child()
                if self._handoffs is not None:
                    self._handoffs.tend()
                self._stop.wait(LOOK_EVERY)
        finally:
            if self._handoffs is not None:
                self._handoffs.end()
            self._end_child()
            self._release()

    def _keep_child(self) -> None:
        if self._child is not None and self._child.poll() is None:
            if not self._pulse.is_silent():
                return
            logger.critical("The %s cluster has been silent for %s s", self.queue, pulse.SILENT_AFTER)
        if self._child is not None:
            self._kill_child(self._child)
            logger.warning("The %s cluster ended (%s); starting it anew", self.queue, self._child.returncode)
            self._release()
            self._stop.wait(RESTART_PAUSES[min(self._restarts, len(RESTART_PAUSES) - 1)])
            self._restarts = 0 if time.monotonic() - self._started > 60 else self._restarts + 1
        if not self._stop.is_set():
            self._started = time.monotonic()
            self._child = self._start_child()
            self._pulse = self._new_pulse()

    def _new_pulse(self) -> pulse.Pulse:
        workers = settings.BOOKING_WORKERS if self.queue == "booking" else settings.DEFAULT_WORKERS
        return pulse.Pulse(self._folder, workers=workers)

    def _start_child(self) -> subprocess.Popen[bytes]:
        self._folder = own_temporary_folder(self._folder.parent, self.queue)
        environment = {
            **os.environ,
            holders.SUPERVISOR: self.name,
            "Q_CLUSTER_NAME": self.queue,
            "TMPDIR": str(self._folder),
            pulse.FOLDER: str(self._folder),
        }
        # A session of its own: Ctrl-C at a terminal reaches the supervisor, which ends its child in order.
        return subprocess.Popen(
            leashed(sys.executable, self.program, "run_workers", self.queue, "--cluster"),
            cwd=settings.BASE_DIR,
            env=environment,
            start_new_session=True,
        )

    def _end_child(self) -> None:
        if self._child is None:
            return
        if self._child.poll() is None:
            with contextlib.suppress(OSError):  # its folder is gone, or the disk is full: it is ended anyway
                holders.stopping_mark(self._folder, self.name).touch()
            self._child.terminate()
        try:
            self._child.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            logger.warning("The %s cluster is still busy; ending it. Its run is taken up again.", self.queue)
        self._kill_child(self._child)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kill_child(self, child: subprocess.Popen[bytes]) -> None:
        """Whatever is left of a cluster, frozen or not, with the browsers that it drove."""
        with contextlib.suppress(ProcessLookupError):  # it ended in order, and everything with it
            os.killpg(child.pid, signal.SIGKILL)
        end_all_in(self._folder)
        child.wait()

    def _release(self) -> None:
        """Every process of the cluster is dead: what they held need not wait for its lease to run out."""
        try:
            runs.release(holders.supervisor_prefix(self.name))
            runs.sweep()
        except DatabaseError:
            logger.exception("The dead cluster's runs could not be released; their leases will run out")

    def _end_lost_workers(self) -> None:
        """A worker of ours whose lease ran out is ended before its run goes on elsewhere: frozen between the
        gate and the wire, it would send when it wakes up. Its cluster would follow it and is ended with it.
        """
        lost = lost_holders.lost(holders.supervisor_prefix(self.name))
        if not lost or self._child is None:
            return
        living = {int(name.rpartition("/")[2]) for name in lost}.intersection(living_in(self._folder))
        if living:
            logger.warning("Workers %s lost the lease of their runs; ending their cluster", sorted(living))
            self._kill_child(self._child)

    def _remind(self) -> None:
        now = time.monotonic()
        if self._reminded is None or now - self._reminded >= REMIND_EVERY:
            self._reminded = now
            reminders.owe_due()

    def _asked_to_stop(self, *_: object) -> None:
        # In a thread of its own: the signal may come while this one holds the event's lock.
        threading.Thread(target=self._stop.set, daemon=True).start()

    def _sweep_until_stopped(self) -> None:
        while not self._stop.wait(SWEEP_EVERY):
            try:
                self._end_lost_workers()
                runs.sweep()
                showings.follow_changes()
                if self.queue == "default":
                    self._remind()
                    notices.ring_due()
                    exporting.ring_due()
            except DatabaseError:
                logger.exception("The sweep failed; it is tried again in %s s", SWEEP_EVERY)
            finally:
                close_old_connections()
        connections.close_all()
