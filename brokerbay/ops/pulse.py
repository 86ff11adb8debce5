"""A cluster's pulse: whether what is queued still comes through it, from its first process to its last.

Every few seconds the cluster's pusher finds a task in its hands that nobody queued, the canary. It takes the
way of every task: to a worker, and on to the monitor, which acknowledges it. That is the pulse: it touches a
file which the supervisor watches. No broker is asked, so a pulse tells of this cluster alone: with Redis and
with the database, on one machine and on many.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from django_q import signals
from django_q.signing import SignedPackage

logger = logging.getLogger(__name__)

CANARY_EVERY = 10.0  # seconds
# A restart may come this long after the last pulse, while a worker is free to answer.
SILENT_AFTER = 40.0
# Until its first pulse a cluster gets this long: a machine may be too busy to start it any faster.
STARTS_WITHIN = 180.0
# Between two tries to reach a queue that does not answer.
ASK_AGAIN = 1.0
FOLDER = "SHOWINGS_PULSE"  # where the supervisor looks for the files, set by it

_CANARY = "canary"
_BEAT = "pulse"
_BUSY = "busy"


def sing() -> None:
    """What the canary does: nothing but arrive."""


class Watched:
    """The cluster's broker, with a canary slipped in from time to time and taken back at its way's end."""

    def __init__(self, broker: Any, folder: Path) -> None:
        self._broker = broker
        self._folder = folder
        self._next_canary = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def dequeue(self) -> Any:
        """Tasks as (ack id, payload), or None. A queue that does not answer is asked anew, without canary."""
        try:
            tasks = self._broker.dequeue()
        except Exception:
            logger.exception("The queue cannot be asked for tasks; it is asked again in %s s", ASK_AGAIN)
            threading.Event().wait(ASK_AGAIN)
            return None
        now = time.monotonic()
        if now < self._next_canary:
            return tasks
        self._next_canary = now + CANARY_EVERY
        return [*(tasks or ()), (_CANARY, _canary())]

    def acknowledge(self, ack_id: Any) -> Any:
        if ack_id == _CANARY:
            _touch(self._folder / _BEAT)
            return None
        return self._broker.acknowledge(ack_id)


def _canary() -> str:
    task = {
        "id": _CANARY,
        "name": _CANARY,
        "func": f"{__name__}.sing",
        "args": (),
        "kwargs": {},
        "save": False,
    }
    payload: str = SignedPackage.dumps(task)
    return payload


def watch(cluster_module: Any) -> None:
    """Give the clusters of `cluster_module` (django_q.cluster) a pulse, if a supervisor looks for one."""
    if not (named := os.environ.get(FOLDER)):
        return
    folder = Path(named)
    make_broker = cluster_module.get_broker
    cluster_module.get_broker = lambda: Watched(make_broker(), folder)
    signals.pre_execute.connect(_busy, weak=False)
    signals.post_execute_in_worker.connect(_free, weak=False)


def _busy(**_: Any) -> None:
    _touch(_marker())


def _free(**_: Any) -> None:
    _marker().unlink(missing_ok=True)


def _marker() -> Path:
    return Path(os.environ[FOLDER]) / f"{_BUSY}-{os.getpid()}"


def _touch(path: Path) -> None:
    """A full disk has room for this; a folder that was swept away has not, but then its cluster is ending."""
    try:
        path.touch()
    except OSError:
        logger.exception("%s could not be touched", path)


class Pulse:
    """The supervisor's side: whether a cluster is silent while one of its `workers` is free to answer."""

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder = folder
        self._workers = workers
        self._beat = 0
        self._heard = time.monotonic()

    def is_silent(self) -> bool:
        """To be asked again and again: only a look notices a pulse."""
        now = time.monotonic()
        beat = _changed(self._folder / _BEAT)
        if beat != self._beat or self._all_busy():
            self._beat, self._heard = beat, now
        return now - self._heard > (SILENT_AFTER if beat else STARTS_WITHIN)

    def _all_busy(self) -> bool:
        return len(list(self._folder.glob(f"{_BUSY}-*"))) >= self._workers


def _changed(path: Path) -> int:
    """When the file was last touched, in nanoseconds; compared only, since a clock may be set."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
