"""How long a line takes from a worker's process to a watcher.

`python -m tests.bench.log_latency [--rounds N] [--lines N]`: a portal of its own (uvicorn, SQLite file), a
process that writes lines one at a time, a watcher who reads the stream. Prints JSON: {"runs": rounds,
"lines": lines a round, "p50_ms": [one a round], "p95_ms": [one a round]}.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bookings.live.portal import Portal, running

FIRST_LINES = 2  # queued, attempt started
EVERY = 0.05  # seconds between two lines


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([5.0], 0.95)
    (2.0, 5.0)
    """
    ordered = sorted(values)
    return ordered[max(0, round(share * len(ordered)) - 1)]


def measure(folder: Path, *, rounds: int, lines: int) -> dict[str, object]:
    with running(folder) as portal:
        people = portal.worker("cast")
        delays = [_round(portal, people, lines) for _ in range(rounds)]
    return {
        "runs": rounds,
        "lines": lines,
        "p50_ms": [percentile(each, 0.5) for each in delays],
        "p95_ms": [percentile(each, 0.95) for each in delays],
    }


def _round(portal: Portal, people: dict[str, Any], lines: int) -> list[float]:
    run = portal.worker("start", partner=people["partner"])
    with portal.events(run["run"], session=people["sessions"]["owner"]) as stream:
        stream.take(FIRST_LINES)
        writer = threading.Thread(
            target=portal.worker, args=("tick",), kwargs={"pk": run["pk"], "number": lines, "every": EVERY}
        )
        writer.start()
        told = stream.take(lines)
        writer.join()
    return [(event.at - float(event.data["message"])) * 1000 for event in told]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=100)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="log-latency-") as folder:
        figures = measure(Path(folder), rounds=said.rounds, lines=said.lines)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
