"""The project's list of what the real site does, number by number: each can be had from the local site."""

from __future__ import annotations

import re
from pathlib import Path

from automation.simulator.scenarios import SCENARIOS
from automation.simulator.site import STATIC
from tests.scenarios import upstream
from tests.scenarios.table import ROWS

README = (STATIC.parent / "README.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
BUILT = set(range(1, 82))
UPSTREAM = {82, 83}  # where the wishes come from: the local Supabase and property API play those

# A row of the README's table of what needs no switch: numbers, what, the test that tries it.
ALWAYS = re.findall(r"^\| ([\d, ]+) \| [^|]+ \| `(test_\w+)` \|$", README, flags=re.MULTILINE)


def test_every_number_has_a_switch_or_needs_none() -> None:
    by_switch = {number for scenario in SCENARIOS.values() for number in scenario.facts}
    always = {int(number) for numbers, _ in ALWAYS for number in numbers.split(",")}
    assert BUILT - by_switch - always == set()


def test_the_rest_is_played_by_the_local_upstream() -> None:
    assert sorted(BUILT | UPSTREAM) == list(range(1, 84))
    played_there = {number for number, row in ROWS.items() if row.play.__module__ == upstream.__name__}
    assert played_there == UPSTREAM


def test_what_needs_no_switch_is_tried_all_the_same() -> None:
    assert len(ALWAYS) > 10
    assert [name for _, name in ALWAYS if f"def {name}(" not in TESTS] == []
