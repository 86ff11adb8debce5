"""Plays the scenarios of one broker, several at once, and answers what was seen."""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections

from automation.simulator.control import Control
from tests.scenarios import upstream
from tests.scenarios.stage import house, make_stage
from tests.scenarios.table import ROWS, Row

__all__ = ["play", "upstream"]

WORKERS = 3


def play(folder: Path, *, only: Collection[int], pace: float, at_once: int) -> dict[int, str]:
    """What each scenario ended with, in the words of the table."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    rows = [one for number, one in sorted(ROWS.items()) if not only or number in only]
    with (
        house(folder, pace=pace, workers=WORKERS) as (control, person),
        ThreadPoolExecutor(max_workers=at_once) as pool,
    ):
        played = [pool.submit(_play, one, control, person) for one in rows]
        return {one.number: done.result() for one, done in zip(rows, played, strict=True)}


def _play(row: Row, control: Control, person: User) -> str:
    began = time.monotonic()
    # A control client is one HTTP session: no two threads share it.
    own = Control(control.base_url, control.token)
    try:
        seen = row.play(make_stage(own, person))
    except Exception as broke:
        seen = f"{type(broke).__name__}: {broke}"[:400]
    finally:
        own.close()
        connections.close_all()
    mark = "as expected" if seen == row.expects else f"NOT AS EXPECTED: {seen}"
    print(f"{row.number:3} {row.name:44} {time.monotonic() - began:5.1f} s  {mark}", flush=True)
    return seen
