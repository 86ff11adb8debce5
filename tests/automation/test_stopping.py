"""A worker whose supervisor was told to stop begins nothing new."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from automation import holders, tasks
from bookings.models import BookingRun
from bookings.vocabulary import RunState
from tests.bookings.cast import make_cast, make_run


@pytest.mark.django_db
def test_a_bell_is_not_answered_while_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(make_cast().partner)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(holders.SUPERVISOR, "abc")
    assert holders.is_stopping() is False
    holders.stopping_mark(tmp_path, "abc").touch()
    assert "stopping" in tasks.perform_run(run.pk)
    assert BookingRun.objects.get().state == RunState.QUEUED
    monkeypatch.delenv(holders.SUPERVISOR)
    assert holders.is_stopping() is False
