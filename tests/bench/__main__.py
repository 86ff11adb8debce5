"""`make bench`: the figures that were promised, each beside its floor, measured several times in one go.

Prints a table and writes DATA_DIR/bench.json: {name: {value, unit, goal, more_is_better, floor, runs}}.
Figures are medians; `runs` holds every run, so that the spread can be seen. `machine_ms` tells how fast the
machine was before each measure, for shared hosts differ threefold within an hour: the less, the faster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.log_latency import percentile

ROOT = Path(__file__).resolve().parents[2]
MEASURES = (
    "portal_run",
    "booking_run",
    "busy_workers",
    "long_lists",
    "log_latency",
    "request_to_queue",
    "ingest_pass",
    "screens",
)


def main() -> None:
    figures: dict[str, dict[str, Any]] = {}
    machine = []
    for measure in MEASURES:
        machine.append(_machine_ms())
        figures |= dict(FIGURES_OF[measure](_measured(measure)))
    figures["machine_ms"] = _figure(machine, "ms", goal=None, floor=None)
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(figures, indent=2) + "\n")
    _print(figures)


def _machine_ms() -> float:
    """A fixed bit of work: a million additions."""
    began = time.perf_counter()
    sum(number + 1 for number in range(1_000_000))
    return (time.perf_counter() - began) * 1000


def _measured(name: str) -> dict[str, Any]:
    """One measuring script in a process of its own; it prints JSON on its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{name}"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def _of_portal_run(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The whole run: claim, rows, log, pictures, settle."""
    ours, bare = measured["portal_ms"], measured["bare_ms"]
    yield "booking_run_ratio", _figure(_ratios(ours, bare), "×", goal=1.25, floor=1.0, digits=3)
    yield "booking_run_ms", _figure(ours, "ms", goal=None, floor=statistics.median(bare))


def _of_booking_run(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The engine alone, without the portal's rows."""
    ours, bare = measured["engine_ms"], measured["bare_ms"]
    yield "engine_run_ratio", _figure(_ratios(ours, bare), "×", goal=None, floor=1.0, digits=3)


def _ratios(ours: list[float], floor: list[float]) -> list[float]:
    """Pair by pair, so that a machine that slows down slows both."""
    return [mine / theirs for mine, theirs in zip(ours, floor, strict=True)]


def _of_log_latency(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "log_latency_p95_ms", _figure(measured["p95_ms"], "ms", goal=150, floor=None)
    yield "log_latency_p50_ms", _figure(measured["p50_ms"], "ms", goal=None, floor=None)


def _of_busy_workers(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Two workers and four accounts, nothing waiting but for the machine."""
    yield "bookings_per_minute", _figure(measured["per_minute"], "/min", goal=60, floor=None, more=True)
    yield "worker_mib", _figure(measured["worker_mib"], "MiB", goal=None, floor=None)
    yield "worker_growth_mib", _figure(measured["growth_mib"], "MiB", goal=None, floor=None)


def _of_long_lists(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same where each account has many showings, all of which are read before each booking."""
    name = f"bookings_per_minute_{measured['listed']}_listed"
    yield name, _figure(measured["per_minute"], "/min", goal=None, floor=None, more=True)


def _of_request_to_queue(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Over the bridge, which is up."""
    yield "request_to_queue_p95_ms", _figure(measured["p95_ms"], "ms", goal=2000, floor=None)
    yield "request_to_queue_p50_ms", _figure(measured["p50_ms"], "ms", goal=None, floor=None)


def _of_ingest_pass(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A pass over 100,000 rows, all of them new, and one that finds nothing new, beside a bare script."""
    for name, told in measured.items():
        floor = statistics.median(told["bare"])
        shares = {kind: _ratios(told[kind], told["bare"]) for kind in ("first", "again")}
        yield f"ingest_{name}_ratio", _figure(shares["first"], "×", goal=0.5, floor=1.0, digits=3, more=True)
        yield f"ingest_{name}_again_ratio", _figure(shares["again"], "×", goal=None, floor=1.0, digits=3)
        yield f"ingest_{name}_rows", _figure(told["first"], "/s", goal=None, floor=floor, digits=0)
        yield f"ingest_{name}_peak_mib", _figure(told["peak_mb"], "MiB", goal=None, floor=None)
        yield f"ingest_{name}_tenth_mib", _figure(told["tenth_mb"], "MiB", goal=None, floor=None)


def _of_screens(measured: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A million bookings: whole pages, how they compare with their bare SQL, and an export of all of them."""
    for database, told in measured.items():
        named = "" if database == "sqlite" else f"_{database}"
        pages, boards = (
            [percentile(one, 0.95) for one in told[what]] for what in ("list_ms", "dashboard_ms")
        )
        database, bare = (
            [percentile(one, 0.95) for one in told[what]] for what in ("database_ms", "bare_ms")
        )
        ratios = [ours / floor for ours, floor in zip(database, bare, strict=True)]
        yield f"list_p95_ms{named}", _figure(pages, "ms", goal=200, floor=None)
        yield f"list_ratio{named}", _figure(ratios, "×", goal=2, floor=1.0, digits=2)
        yield (
            f"list_database_p95_ms{named}",
            _figure(database, "ms", goal=None, floor=statistics.median(bare)),
        )
        yield f"dashboard_p95_ms{named}", _figure(boards, "ms", goal=200, floor=None)
        export = told["export_ratios"]
        yield f"export_ratio{named}", _figure(export, "×", goal=0.5, floor=1.0, digits=2, more=True)
        yield f"export_peak_mib{named}", _figure(told["export_peak_mib"], "MiB", goal=150, floor=None)


FIGURES_OF = {
    "screens": _of_screens,
    "portal_run": _of_portal_run,
    "booking_run": _of_booking_run,
    "busy_workers": _of_busy_workers,
    "long_lists": _of_long_lists,
    "log_latency": _of_log_latency,
    "request_to_queue": _of_request_to_queue,
    "ingest_pass": _of_ingest_pass,
}


def _figure(
    runs: list[float],
    unit: str,
    *,
    goal: float | None,
    floor: float | None,
    digits: int = 1,
    more: bool = False,
) -> dict[str, Any]:
    """`goal` is the most that is wanted, or, where `more` is better, the least."""
    return {
        "value": round(statistics.median(runs), digits),
        "unit": unit,
        "goal": goal,
        "more_is_better": more,
        "floor": None if floor is None else round(floor, digits),
        "runs": [round(run, digits) for run in runs],
    }


def _print(figures: dict[str, dict[str, Any]]) -> None:
    row = "{:<22} {:>9} {:<3} {:>7} {:>8}   {}"
    sys.stdout.write(row.format("figure", "median", "", "goal", "floor", "least … most of n runs") + "\n")
    for name, figure in figures.items():
        spread = f"{min(figure['runs'])} … {max(figure['runs'])} of {len(figure['runs'])}"
        goal = (
            "–" if figure["goal"] is None else f"{'≥' if figure['more_is_better'] else '≤'} {figure['goal']}"
        )
        floor = "–" if figure["floor"] is None else figure["floor"]
        sys.stdout.write(row.format(name, figure["value"], figure["unit"], goal, floor, spread) + "\n")


if __name__ == "__main__":
    main()
