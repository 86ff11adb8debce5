"""The table is whole, and a piece of it is played with every check; `make scenarios` plays all of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from automation.simulator.scenarios import SCENARIOS
from tests.automation.plant import ROOT
from tests.scenarios import table, upstream
from tests.scenarios.table import ROWS

# A kind of sign-in, of search, of reading, of booking with a loss, of cancel and of move.
SAMPLE = "5,12,52,60,64,71"
# Tools for tests, and faults that have no number: the chaos harness plays them.
WITHOUT_A_ROW = {
    *("hold_before_commit", "hold_after_commit", "list_500", "list_rows_missing", "list_total"),
    *("commits_late", "half_written", "answer_late", "error_after_commit", "listing_side_answers"),
    *("slot_taken_while_chosen", "double_cancel", "no_cancel_toast", "reasons_need_keys"),
    *("device_forgotten", "code_late", "code_expires", "classes_renamed"),
    *("empty_first", "pager_first", "parts_late"),
}


def test_each_of_the_83_has_its_row() -> None:
    assert sorted(ROWS) == list(range(1, 84))
    assert len({one.name for one in ROWS.values()}) == 83


def test_each_switch_of_the_local_site_is_in_some_row_or_named_as_without_one() -> None:
    played = inspect.getsource(table) + inspect.getsource(upstream)
    named = {name for name in SCENARIOS if f'"{name}"' in played}
    assert named | WITHOUT_A_ROW == set(SCENARIOS)
    assert not named & WITHOUT_A_ROW


def test_a_sample_of_the_table_is_as_expected(tmp_path: Path) -> None:
    report = tmp_path / "table.md"
    command = [sys.executable, "-m", "tests.scenarios", "--broker", "orm", "--only", SAMPLE]
    done = subprocess.run(
        [*command, "--report", str(report)], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert report.read_text().count("as expected") == len(SAMPLE.split(","))


def test_the_kept_table_has_each_row_as_it_stands() -> None:
    kept = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for one in ROWS.values():
        assert f"| {one.number} | {one.name} | {one.expects} | as expected | as expected |\n" in kept, (
            f"Row {one.number} changed: `make scenarios` writes docs/scenarios.md anew."
        )
