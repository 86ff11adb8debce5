"""A sync pass over many rows against a bare script that does no more than store them.

`python -m tests.bench.ingest_pass [--rows N] [--rounds N]` prints one line of JSON: for each database that is
here ("sqlite", "postgres") {"first": [rows a second, one a round], "again": [...], "bare": [...],
"peak_mb": [the most memory that the process held], "tenth_mb": [the same over a tenth of the rows, once]}.

Portal: `first` stores all rows as new and judges what they lack; `again` finds nothing new. Bare: the same
questions to the same server, read as JSON, and stored with executemany (SQLite) or COPY (PostgreSQL) into the
same table with the same indexes, a page a transaction. All three in turn, each round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import postgresql
from tests.bench import pages

ROOT = Path(__file__).resolve().parents[2]


def measure(rows: int, rounds: int) -> dict[str, Any]:
    figures = {}
    with ExitStack() as stack:
        url = stack.enter_context(pages.serving(rows))
        few = stack.enter_context(pages.serving(rows // 10))
        databases = {"sqlite": ""}
        if (binaries := postgresql.binaries()) is not None:
            words = dict(
                word.split("=") for word in stack.enter_context(postgresql.running(binaries)).split()
            )
            databases["postgres"] = (
                f"postgres://{words['user']}:none@{words['host']}:{words['port']}/{words['dbname']}"
            )
        for name, database in databases.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-pass-"))
            told = [_in_a_process(url, folder, database, rows) for _ in range(rounds)]
            figures[name] = {figure: [each[figure] for each in told] for figure in told[0]}
            figures[name]["tenth_mb"] = [_in_a_process(few, folder, database, rows // 10)["peak_mb"]]
    return figures


def _in_a_process(url: str, folder: str, database: str, rows: int) -> dict[str, float]:
    """A round in a process of its own, so that its memory is its own; the tables are emptied before."""
    environment = {
        **os.environ,
        "ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "brokerbay.settings",
        "SECRET_KEY": "only-for-measuring-" + "0123456789" * 5,
        "SESSION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DATA_DIR": folder,
        "DATABASE_URL": database,
        "REDIS_URL": "",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "WARNING",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.one_pass", url, str(rows)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args()
    sys.stdout.write(json.dumps(measure(said.rows, said.rounds)) + "\n")


if __name__ == "__main__":
    main()
