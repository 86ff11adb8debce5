"""One warm booking run of the engine, with its pictures and its log, against the bare script's.

`python -m tests.bench.booking_run` prints one line of JSON: {runs, engine_ms: [...], bare_ms: [...]}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time as clock
from collections.abc import Awaitable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from automation.engine.browser import WarmBrowser
from automation.engine.contract import Line, Order, OrderKind, Result, Site
from automation.engine.flow import play
from automation.simulator.control import Control
from automation.simulator.server import running
from tests.bench import bare_booking

RUNS = 11
ACCOUNT, MLS, ADDRESS = "robin@lakeside.example", "N12345678", "100 Example Boulevard #3008, Toronto"
MINUTES = 30


class Keeping:
    """A listener that keeps the lines and lets every request pass."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def told(self, line: Line) -> None:
        self.lines.append(line)

    async def before_submit(self) -> None:
        return


async def measure(runs: int = RUNS) -> dict[str, Any]:
    """Both in turn, the first one changing, each pair on a fresh site and a context warmed by one visit.

    As for every booking of a worker but its first, the engine finds a blank page laid ready.
    """
    day = datetime.now(ZoneInfo("America/Toronto")).date() + timedelta(days=2)
    engine_ms, bare_ms = [], []
    browser = WarmBrowser()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "brokerbay.sqlite3") as control:
        try:
            for run in range(runs + 1):
                pair = await _pair(browser, control, day, engine_first=bool(run % 2))
                if run:  # the very first pays for the browser's start
                    engine_ms.append(pair["engine"])
                    bare_ms.append(pair["bare"])
        finally:
            await browser.close()
    return {"runs": runs, "engine_ms": engine_ms, "bare_ms": bare_ms}


async def _pair(browser: WarmBrowser, control: Control, day: date, *, engine_first: bool) -> dict[str, float]:
    control.reset()
    control.add_account(ACCOUNT)
    control.add_listing(
        mls_number=MLS, street="100 Example Boulevard", unit="3008", max_minutes=60, days_ahead=60
    )
    took = {}
    session = control.sign_in(ACCOUNT)
    async with browser.context_for(ACCOUNT, session) as context:
        page = await context.new_page()
        await page.goto(control.base_url)
        await page.close()
    await browser.lay_page(ACCOUNT)
    async with browser.context_for(ACCOUNT, session) as context:
        for name in ("engine", "bare") if engine_first else ("bare", "engine"):
            at = time(11) if name == "engine" else time(15)
            if name == "engine":
                took[name] = await _timed(_engine(context, control.base_url, day, at))
            else:
                took[name] = await _timed(
                    bare_booking.book(
                        context, base_url=control.base_url, mls_number=MLS, day=day, at=at, minutes=MINUTES
                    )
                )
    assert len(control.posts()) == 2
    return took


async def _engine(context: Any, base_url: str, day: date, at: time) -> None:
    listener = Keeping()
    order = Order(
        kind=OrderKind.BOOK, mls_number=MLS, address=ADDRESS, date=day, time=at, duration_minutes=MINUTES
    )
    outcome = await play(context, order, site=Site(base_url=base_url), listener=listener)
    assert outcome.result is Result.BOOKED, outcome
    assert sum(line.picture is not None for line in listener.lines) == 9


async def _timed(work: Awaitable[None]) -> float:
    began = clock.perf_counter()
    await work
    return (clock.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure())) + "\n")
