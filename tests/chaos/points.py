"""Places in a worker where it can be hurt to the instant: killed, frozen, or made to raise.

A case asks for it by a file in the harness's folder, named for the point and holding the deed; the first
worker that comes there takes the file away and does the deed to itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = "CHAOS_POINTS"


class Point(StrEnum):
    """Where, in the order in which an attempt comes by."""

    BEFORE_CLAIM = "before_claim"
    CHOSEN = "chosen"  # which run to claim; it is not claimed yet
    TRIED = "tried"  # to claim it, in vain or not
    AFTER_CLAIM = "after_claim"
    BEFORE_PRECHECK = "before_check_own_list"
    AFTER_PRECHECK = "after_check_own_list"
    FORM_FILLED = "before_submit"
    BEFORE_INTENT = "before_intent"  # inside the gate, nothing is written down yet
    AFTER_INTENT = "after_intent"  # the intent is committed; the deadline for sending is not looked at yet
    BEFORE_WIRE = "before_wire"  # the request's bytes are at the door: the last instant before they leave
    BEFORE_SETTLE = "before_settle"  # the answer is there, nothing is recorded
    AFTER_SETTLE = "after_settle"  # recorded; the queue does not know yet


class Deed(StrEnum):
    KILL = "kill"
    FREEZE = "freeze"
    RAISE = "raise"
    WAIT = "wait"  # until the case says go on


class Hurt(Exception):
    """What a point raises when it is asked to."""


def ask(folder: Path, point: Point, deed: Deed) -> None:
    """The next worker that comes to `point` does `deed`."""
    (folder / point.value).write_text(deed.value)


def pending(folder: Path) -> list[str]:
    """The points nobody has come to yet."""
    return sorted(path.name for path in folder.iterdir() if path.name in set(Point))


def reached(point: str) -> None:
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    asked = Path(folder) / str(point)
    mine = asked.with_suffix(f".{os.getpid()}")
    try:
        asked.rename(mine)
    except FileNotFoundError:
        return
    deed = mine.read_text()
    mine.write_text(str(os.getpid()))  # the case waits for this
    mine.rename(asked.with_suffix(".done"))
    if deed == Deed.WAIT:
        _wait_for(asked.with_suffix(".go"))
        return
    if deed == Deed.RAISE:
        raise Hurt(f"Asked to break at {point}")
    # To this very thread: sent to the process, another one might take it, and this one go on for a while.
    signal.pthread_kill(threading.get_ident(), signal.SIGKILL if deed == Deed.KILL else signal.SIGSTOP)


def _wait_for(path: Path) -> None:
    while not path.exists():
        threading.Event().wait(0.02)
    path.unlink()


def plant() -> None:
    """Put the points into this process's code."""
    from automation.engine import door
    from automation.engine.attempt import Attempt
    from bookings.services import runs
    from bookings.services.runs import holding

    holding.claim = _around(holding.claim, before=Point.CHOSEN, after=Point.TRIED, always=True)
    runs.claim_next = _around(runs.claim_next, before=Point.BEFORE_CLAIM, after=Point.AFTER_CLAIM)
    runs.pass_gate = _around(runs.pass_gate, before=Point.BEFORE_INTENT, after=Point.AFTER_INTENT)
    runs.settle = _around(runs.settle, before=Point.BEFORE_SETTLE, after=Point.AFTER_SETTLE)
    door._Tunnel._sent_up = _before_wire(door._Tunnel._sent_up)
    Attempt.perform = _perform(Attempt.perform)


def _around(
    function: Callable[..., Any],
    *,
    before: Point | None = None,
    after: Point | None = None,
    always: bool = False,
) -> Any:
    """`after` it did what it is for; or `always`, though it answered None."""

    def wrapped(*args: Any, **named: Any) -> Any:
        if before:
            reached(before)
        answer = function(*args, **named)
        if after and (always or answer is not None):
            reached(after)
        return answer

    return wrapped


def _before_wire(original: Any) -> Any:
    def sent_up(tunnel: Any, data: bytes) -> None:
        door = tunnel._door
        if data.startswith(b"POST ") and tunnel.target == door._watched and not door._in_doubt:
            reached(Point.BEFORE_WIRE)
        original(tunnel, data)

    return sent_up


def _perform(original: Any) -> Any:
    async def perform(attempt: Any, step: Any, act: Any) -> None:
        reached(f"before_{step.value}")
        await original(attempt, step, act)
        reached(f"after_{step.value}")

    return perform
