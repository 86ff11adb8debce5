"""From a row that is put into Supabase to its run in the queue, over the bridge.

`python -m tests.bench.request_to_queue` prints one line of JSON, a figure for each round: {p50_ms: [...],
p95_ms: [...]}. The clock starts before the row is put in and stops when the run's row is seen; the bridge is
`manage.py run_bridge`, in processes of its own.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ingest.simulator.control import running
from ingest.simulator.line import Line
from tests.ingest.bridge_trial import Trial, a_wish, bridge_of, prepare

ROUNDS, REQUESTS = 3, 40
LOOK_EVERY = 0.005
GIVE_UP = 60.0


def measure() -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder, running() as upstream, Line(upstream.url) as line:
        prepare(Path(folder), line.url)
        trial = Trial(upstream, line, random.Random(1))
        with bridge_of(trial):
            trial.wait_until_it_listens()
            rounds = [list(_each(trial, place * REQUESTS)) for place in range(ROUNDS)]
    return {
        "p50_ms": [statistics.median(taken) for taken in rounds],
        "p95_ms": [statistics.quantiles(taken, n=20)[-1] for taken in rounds],
    }


def _each(trial: Trial, before: int) -> Iterator[float]:
    """Milliseconds of each request of a round; `before` are there already."""
    from bookings.models import BookingRun

    for number in range(before + 1, before + REQUESTS + 1):
        name = f"r{number}"
        began = time.perf_counter()
        trial.upstream.insert_request(id=name, **a_wish(number))
        while not BookingRun.objects.filter(request_id=name).exists():
            if time.perf_counter() - began > GIVE_UP:
                raise TimeoutError(f"{name} was never queued.")
            time.sleep(LOOK_EVERY)
        yield (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
