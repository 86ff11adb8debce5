"""The table: number, scenario, expected, and what each broker saw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.scenarios import upstream
from tests.scenarios.table import ROWS

__all__ = ["show", "upstream"]

HEAD = """# The 83 things of the site

Written by `make scenarios`, which plays each of them with real workers and a real browser against the local
BrokerBay (82 and 83: the local Supabase and property API), on the queue in the tables and on Redis. A row
that ended otherwise than expected says how.

"""


def show(seen: Mapping[str, Mapping[int, str]], *, report: Path | None) -> int:
    """Prints the table (and writes it to `report`); answers the exit code."""
    numbers = sorted(next(iter(seen.values())))
    lines = [f"| no. | scenario | expected | {' | '.join(seen)} |", "|---|---|---|" + "---|" * len(seen)]
    wrong = 0
    for number in numbers:
        row = ROWS[number]
        cells = ["as expected" if one[number] == row.expects else one[number] for one in seen.values()]
        wrong += any(cell != "as expected" for cell in cells)
        lines.append(f"| {number} | {row.name} | {row.expects} | {' | '.join(cells)} |")
    print("\n".join(lines))
    print(
        f"\n{len(numbers)} scenarios on {', '.join(seen)}: {len(numbers) - wrong} as expected, {wrong} not."
    )
    if report is not None:
        report.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return 1 if wrong else 0
