"""When a cluster counts as silent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from brokerbay.ops import pulse


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(pulse.time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def beat(folder: Path, at: int) -> None:
    (folder / "pulse").touch()
    os.utime(folder / "pulse", ns=(at, at))


def test_a_cluster_that_beats_is_not_silent(clock: Clock, tmp_path: Path) -> None:
    watched = pulse.Pulse(tmp_path, workers=1)
    for number in range(1, 5):
        clock.wait(pulse.SILENT_AFTER - 1)
        beat(tmp_path, number)
        assert not watched.is_silent()


def test_one_that_stops_beating_is_silent_within_a_minute(clock: Clock, tmp_path: Path) -> None:
    watched = pulse.Pulse(tmp_path, workers=1)
    beat(tmp_path, 1)
    assert not watched.is_silent()
    clock.wait(pulse.SILENT_AFTER + 1)
    assert watched.is_silent()
    assert pulse.SILENT_AFTER < 60


def test_one_whose_workers_are_all_busy_may_keep_silent_until_one_is_free(
    clock: Clock, tmp_path: Path
) -> None:
    watched = pulse.Pulse(tmp_path, workers=2)
    beat(tmp_path, 1)
    for name in ("busy-7", "busy-8"):
        (tmp_path / name).touch()
    clock.wait(pulse.SILENT_AFTER * 3)
    assert not watched.is_silent()
    (tmp_path / "busy-7").unlink()
    clock.wait(pulse.SILENT_AFTER + 1)
    assert watched.is_silent()


def test_a_start_may_take_longer_than_a_pulse(clock: Clock, tmp_path: Path) -> None:
    watched = pulse.Pulse(tmp_path, workers=1)
    clock.wait(pulse.STARTS_WITHIN - 1)
    assert not watched.is_silent()
    clock.wait(2)
    assert watched.is_silent()
