"""Two real booking workers and four accounts with a full queue: bookings a minute, and what a worker weighs.

`python -m tests.bench.busy_workers [RUNS [ROUNDS [LISTED]]]` prints one line of JSON: {runs, listed,
per_minute: [...], worker_mib: [...], growth_mib: [...]}. A round lasts from the first booking that is asked
for to the last one that stands, with rows, pictures and proofs, and no pause between two requests of one
account. Each begins with LISTED showings in every account's list, which is read whole before each booking;
they were last month, so that the new ones come first. A worker is its process with the browser below it;
its memory is what it has alone and its part of what it shares (PSS).
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from automation.simulator.control import Control
from automation.simulator.server import running
from tests.bench import portal_run

ROOT = Path(__file__).resolve().parents[2]
RUNS, WORKERS, ACCOUNTS = 96, 2, 4
ROUNDS, LISTED = 3, 24
LOOK_EVERY, WEIGH_EVERY = 0.25, 4.0  # seconds; to weigh two browsers costs about 40 ms


def measure(runs: int = RUNS, rounds: int = ROUNDS, listed: int = LISTED) -> dict[str, Any]:
    """`rounds` times so many runs by the same workers, after one more round that warms them up."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "brokerbay.sqlite3") as control:
        portal_run.prepare(Path(folder), control)
        accounts = [portal_run.new_account(control) for _ in range(ACCOUNTS)]
        wishes = _wishes(control, accounts, runs * (rounds + 1))
        homes = _homes(control, listed)
        heard = []
        with _workers() as supervisor:
            for number in range(rounds + 1):
                _fill_lists(control, accounts, homes)
                heard.append(_round(wishes[number * runs :][:runs], supervisor))
        heard = heard[1:]
    return {
        "runs": runs,
        "listed": listed,
        "per_minute": [one["per_minute"] for one in heard],
        "worker_mib": [one["worker_mib"] for one in heard],
        "growth_mib": [heard[-1]["worker_mib"] - heard[0]["worker_mib"]],
    }


def _round(wishes: list[tuple[Any, Any]], supervisor: psutil.Process) -> dict[str, float]:
    from bookings.models import BookingRun
    from bookings.services import runs
    from bookings.vocabulary import RunState, Source

    began = clock.perf_counter()
    asked = [runs.queue(wish, partner=partner, source=Source.PERSON).pk for partner, wish in wishes]
    open_runs = BookingRun.objects.filter(pk__in=asked).exclude(state=RunState.BOOKED)
    weights: list[float] = []
    weighed = began
    while left := open_runs.count():
        stuck = open_runs.exclude(state__in=(RunState.QUEUED, RunState.RUNNING)).first()
        assert stuck is None, f"{stuck}: {stuck.state} {stuck.reason}"
        assert clock.perf_counter() - began < len(wishes) * 10, f"{left} runs are still open"
        if clock.perf_counter() - weighed > WEIGH_EVERY:
            weighed = clock.perf_counter()
            weights += _weights(supervisor)
        clock.sleep(LOOK_EVERY)
    took = clock.perf_counter() - began
    return {"per_minute": len(wishes) / took * 60, "worker_mib": statistics.median(weights)}


def _wishes(control: Control, accounts: list[Any], count: int) -> list[tuple[Any, Any]]:
    """Each a home and a moment of its own, the accounts in turn."""
    from bookings.services import runs

    day = datetime.now(ZoneInfo("America/Toronto")).date() + timedelta(days=2)
    wishes = []
    for number in range(count):
        mls, street = f"W{10_000_000 + number}", f"{100 + number} Example Boulevard"
        control.add_listing(mls_number=mls, street=street, max_minutes=60, days_ahead=60)
        on, at = _moment(day, number // len(accounts))
        wish = runs.Wish(
            property_text=mls,
            mls_number=mls,
            address=f"{street}, Toronto",
            date=on,
            time=at,
            duration_minutes=30,
        )
        wishes.append((accounts[number % len(accounts)].partner, wish))
    return wishes


def _homes(control: Control, count: int) -> list[str]:
    return [
        control.add_listing(mls_number=f"C{10_000_000 + number}", street=f"{1 + number} Elsewhere Road")
        for number in range(count)
    ]


def _fill_lists(control: Control, accounts: list[Any], homes: list[str]) -> None:
    """What the last round booked is gone, and each account has had one showing of each home: most of any list
    is over."""
    day = datetime.now(ZoneInfo("America/Toronto")).date() - timedelta(days=30)
    for account in accounts:
        control.forget_showings(account.email)
        for number, home in enumerate(homes):
            on, at = _moment(day, number)
            control.add_showing(listing_id=home, account=account.email, date=on, time=at)


def _moment(day: date, number: int) -> tuple[date, time]:
    days, place = divmod(number, 16)
    hours, halves = divmod(place, 2)
    return day + timedelta(days=days), time(10 + hours, 30 * halves)


@contextmanager
def _workers() -> Iterator[psutil.Process]:
    environment = {
        **os.environ,
        "BOOKING_WORKERS": str(WORKERS),
        "SUBMIT_GAP_SECONDS": "0",
        "COMPARE_EVERY_MINUTES": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_workers", "booking"], cwd=ROOT, env=environment, stdout=sys.stderr
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _weights(supervisor: psutil.Process) -> list[float]:
    """In MiB: one figure for each worker that has its browser, which is its child's child."""
    found = []
    with suppress(psutil.Error):
        for one in supervisor.children(recursive=True):
            below = one.children()
            if any(child.name().startswith("node") for child in below):
                family = [one, *one.children(recursive=True)]
                found.append(sum(each.memory_full_info().pss for each in family) / 2**20)
    return found


if __name__ == "__main__":
    told = [int(word) for word in sys.argv[1:]]
    sys.stdout.write(json.dumps(measure(*told)) + "\n")
