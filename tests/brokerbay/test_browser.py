"""A machine that lacks what the browser needs hears which package brings it."""

from pathlib import Path

import pytest

from automation.engine.browser import BrowserMissing
from brokerbay.ops import browser

BROKEN = """#!/bin/sh
echo "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file" >&2
exit 127
"""


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No system browser, no package manager, and a driver that does not start."""
    python = tmp_path / "python"
    python.write_text(BROKEN)
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))


@pytest.mark.usefixtures("bare_machine")
def test_a_driver_that_does_not_start_is_told_with_its_cause_and_all_that_is_missing() -> None:
    with pytest.raises(BrowserMissing) as told:
        browser.find_or_install("", tell=print)
    assert "cannot open shared object file" in str(told.value)
    assert "apt-get install libatomic1 chromium-headless-shell" in str(told.value)


@pytest.mark.usefixtures("bare_machine")
def test_whoever_has_chosen_a_browser_is_not_told_to_install_one() -> None:
    with pytest.raises(BrowserMissing, match=r"libatomic1$"):
        browser.find_or_install("/opt/chosen", tell=print)
