"""Runs pytest with the tables in a real PostgreSQL: `python -m tests.with_postgresql tests/bookings`."""

from __future__ import annotations

import os
import subprocess
import sys

from tests import postgresql


def main() -> int:
    binaries = postgresql.binaries()
    if binaries is None:
        sys.stdout.write("Skipped: no PostgreSQL here (apt-get install postgresql).\n")
        return 0
    with postgresql.running(binaries) as dsn:
        words = dict(word.split("=") for word in dsn.split())
        url = f"postgres://{words['user']}:none@{words['host']}:{words['port']}/{words['dbname']}"
        environment = {**os.environ, "TEST_DATABASE_URL": url}
        return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
