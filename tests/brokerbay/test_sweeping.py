"""What a queue's supervisor does every few seconds beside watching its cluster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from brokerbay.ops import supervisor
from brokerbay.ops.supervisor import Supervisor


@pytest.mark.parametrize(
    ("queue", "rings"), [("default", ["reminders", "notices", "exports"]), ("booking", [])]
)
def test_the_default_queues_supervisor_rings_for_what_is_owed(
    queue: str, rings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    watcher = Supervisor(queue)
    monkeypatch.setattr(supervisor, "SWEEP_EVERY", 0.0)
    monkeypatch.setattr(supervisor, "connections", SimpleNamespace(close_all=lambda: None))
    monkeypatch.setattr(supervisor, "close_old_connections", watcher._stop.set)
    monkeypatch.setattr(supervisor.reminders, "owe_due", lambda: rung.append("reminders"))
    monkeypatch.setattr(supervisor.notices, "ring_due", lambda: rung.append("notices"))
    monkeypatch.setattr(supervisor.exporting, "ring_due", lambda: rung.append("exports"))
    monkeypatch.setattr(supervisor.showings, "follow_changes", lambda: 0)
    monkeypatch.setattr(supervisor.runs, "sweep", lambda: 0)
    monkeypatch.setattr(watcher, "_end_lost_workers", lambda: None)
    watcher._sweep_until_stopped()
    assert rung == rings
