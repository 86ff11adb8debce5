"""As `busy_workers`, with accounts that have 150 showings: `python -m tests.bench.long_lists`."""

from __future__ import annotations

import json
import sys

from tests.bench.busy_workers import measure

if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(48, 1, listed=150)) + "\n")
