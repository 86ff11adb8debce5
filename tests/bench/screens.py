"""Lists, searches, the dashboard and an export of a database that has grown large.

`python -m tests.bench.screens [--bookings N] [--rounds N]` prints one line of JSON: for each database that is
here ("sqlite", "postgres") what tests.bench.one_screen tells. SQLite's rows are made once, in DATA_DIR/bench;
PostgreSQL's are made anew each time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import postgresql

ROOT = Path(__file__).resolve().parents[2]


def measure(bookings: int, rounds: int) -> dict[str, Any]:
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve() / "bench" / str(bookings)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        databases = {"sqlite": ""}
        if (binaries := postgresql.binaries()) is not None:
            dsn = stack.enter_context(postgresql.running(binaries))
            words = dict(word.split("=") for word in dsn.split())
            databases["postgres"] = (
                f"postgres://{words['user']}:none@{words['host']}:{words['port']}/{words['dbname']}"
            )
        for url in databases.values():
            _in_a_process(folder, url, bookings=bookings, rounds=0)
        return {
            name: _in_a_process(folder, url, bookings=bookings, rounds=rounds)
            for name, url in databases.items()
        }


def _in_a_process(folder: Path, url: str, *, bookings: int, rounds: int) -> dict[str, Any]:
    environment = {
        **os.environ,
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "brokerbay.settings",
        "SECRET_KEY": "only-for-measuring-" + "0123456789" * 5,
        "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "WARNING",
    }
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.one_screen", str(rounds), str(bookings)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(told.stdout.strip().splitlines()[-1])
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bookings", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    said = parser.parse_args()
    sys.stdout.write(json.dumps(measure(said.bookings, said.rounds)) + "\n")


if __name__ == "__main__":
    main()
