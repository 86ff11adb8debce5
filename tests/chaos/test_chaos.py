"""The harness itself: the same seed plans the same, its documents do not lie, and a few trials go well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automation.engine.browser import BrowserMissing, find_executable
from tests.automation.plant import ROOT
from tests.chaos import plan, rows
from tests.chaos.cases import CASES
from tests.chaos.guards import GUARDS

DOCUMENT = Path(ROOT / "docs" / "chaos.md")
MAY_TAKE = 240.0  # seconds, on a machine that is busy with other tests; alone a quarter of it


def planned(trials: int, seed: int) -> list[plan.Trial]:
    return plan.make(trials=trials, seed=seed, accounts=4, machines=2, pace=0.1)


def test_the_same_seed_makes_the_same_plan_however_many_trials_follow() -> None:
    assert planned(40, 7)[:10] == planned(10, 7)
    assert planned(40, 7) != planned(40, 8)


def test_every_row_of_the_fault_matrix_is_proven_somewhere_or_says_why_not() -> None:
    assert [row.number for row in rows.ROWS] == list(range(1, 50))
    by_cases = {number for case in CASES.values() for number in case.rows}
    assert not [row.number for row in rows.ROWS if row.number not in by_cases and not row.elsewhere]


@pytest.mark.parametrize(
    "row", [row for row in rows.ROWS if "tests/" in row.elsewhere], ids=lambda row: row.number
)
def test_what_proves_a_row_elsewhere_is_there(row: rows.Row) -> None:
    named = [word.strip(",;") for word in row.elsewhere.split() if word.startswith("tests/")]
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_every_guard_names_cases_that_miss_it() -> None:
    assert len(GUARDS) == 8
    assert all(guard.seen_by and set(guard.seen_by) <= CASES.keys() for guard in GUARDS.values())


def test_the_document_has_the_matrix_and_the_guards_as_they_are() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert rows.table() in text, "run: python -m tests.chaos --table"
    assert all(f"| `{guard.name}` | {guard.about} |" in text for guard in GUARDS.values())


def test_a_few_random_injuries_leave_every_showing_booked_once(tmp_path: Path) -> None:
    assert "0 wrong" in report_of("--trials", "6", "--seed", "1", folder=tmp_path)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_is_taken_away_is_missed(guard: str, tmp_path: Path) -> None:
    assert f"without {guard:37} turns red" in report_of("--without", guard, folder=tmp_path)


def report_of(*words: str, folder: Path) -> str:
    """What the harness reports of a session that went as it should."""
    try:
        find_executable(os.environ.get("BROWSER_EXECUTABLE", ""))
    except BrowserMissing:
        pytest.skip("no browser here")
    report = folder / "report.txt"
    played = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words, "--report", str(report)],
        cwd=ROOT,
        timeout=MAY_TAKE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    return report.read_text()
