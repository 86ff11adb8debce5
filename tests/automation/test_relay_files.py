"""What an attempt leaves for staff, and how long anything is kept."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.utils import timezone

from automation import evidence, relay, translate
from automation.engine.contract import Outcome, Result
from bookings.models import Booking, BookingRun, Evidence
from bookings.services import evidence as kept_evidence
from bookings.services import runs
from bookings.vocabulary import EvidenceKind
from tests.bookings.cast import make_booking, make_cast, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    options = {**live_settings.STORAGES["evidence"]["OPTIONS"], "location": tmp_path}
    backend = live_settings.STORAGES["evidence"]["BACKEND"]
    monkeypatch.setitem(
        storages._storages, "evidence", storages.create_storage({"BACKEND": backend, "OPTIONS": options})
    )
    return tmp_path


@pytest.fixture
def run() -> BookingRun:
    held = runs.claim(make_run(make_cast().partner).pk, holder="test/1")
    assert held is not None
    return held


def aged(kept: Evidence, store: Path, *, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    Evidence.objects.filter(pk=kept.pk).update(taken_at=then)
    os.utime(store / kept.file.name, (then.timestamp(), then.timestamp()))


def settled(run: BookingRun, store: Path) -> list[Evidence]:
    outcome = Outcome(
        result=Result.BROKE, code="page_changed", step="choose_slot", snapshot="<p>", trace=b"PK"
    )
    files = relay._Watch(run).keep_files(outcome)
    runs.settle(run.pk, translate.end_of(outcome, picture="", files=files), fence=1)
    return list(Evidence.objects.order_by("pk"))


def test_a_trace_and_a_pages_markup_are_kept_with_their_rows(run: BookingRun, store: Path) -> None:
    markup, trace = settled(run, store)
    assert (markup.kind, trace.kind) == (EvidenceKind.MARKUP, EvidenceKind.TRACE)
    assert (store / markup.file.name).read_bytes() == b"<p>"
    assert trace.file.name.endswith("-choose_slot.zip")


def test_an_attempt_is_traced_once_an_earlier_one_broke(run: BookingRun, store: Path) -> None:
    assert relay._Watch(run).traces is False
    settled(run, store)
    assert relay._Watch(run).traces is True


def test_what_is_old_goes_with_its_file_and_the_young_stays(run: BookingRun, store: Path) -> None:
    old, young = settled(run, store)
    make_booking(run.account, screenshot_path=old.file.name)
    aged(old, store, days=91)
    call_command("prune_evidence")
    assert list(Evidence.objects.all()) == [young]
    assert not (store / old.file.name).exists()
    assert (store / young.file.name).exists()
    assert Booking.objects.get().screenshot_path == ""


def test_a_pruning_that_was_killed_is_ended_by_the_next(
    run: BookingRun, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = settled(run, store)
    aged(old, store, days=91)

    def killed(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Booking.objects, "filter", killed)
        with pytest.raises(KeyboardInterrupt):
            kept_evidence.prune()
    assert Evidence.objects.filter(pk=old.pk).exists()
    kept_evidence.prune()
    assert not Evidence.objects.filter(pk=old.pk).exists()


def test_old_files_that_no_row_names_go_too(run: BookingRun, store: Path) -> None:
    name = evidence.keep(run, number=1, step="submit", content=b"jpeg")
    young = evidence.keep(run, number=2, step="verify", content=b"jpeg")
    then = (timezone.now() - timedelta(days=91)).timestamp()
    os.utime(store / name, (then, then))
    assert kept_evidence.prune() == 1
    assert [path.name for path in store.rglob("*.jpg")] == [Path(young).name]


def test_an_empty_store_is_pruned_in_peace(store: Path) -> None:
    store.rmdir()
    assert kept_evidence.prune(days=1) == 0
