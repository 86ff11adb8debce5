from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from bookings.models import SyncPass
from bookings.services import sync
from ingest import schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def configured(settings: Any) -> None:
    settings.SUPABASE_URL = "https://project.example.com"
    settings.FETCH_INTERVAL_MINUTES = 12


def ended(*, error: str = "", partial: bool = False) -> SyncPass:
    begun = sync.begin("test")
    assert begun is not None
    return sync.finish(begun, error=error, partial=partial)


def minutes_until_next() -> float:
    return (Schedule.objects.get().next_run - timezone.now()) / timedelta(minutes=1)


def test_the_first_pass_is_rung_for_at_once_and_the_next_is_planned(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        schedule.ensure_schedule()
    assert OrmQ.objects.count() == 1
    assert OrmQ.objects.get().task["func"] == "ingest.tasks.sync"
    assert minutes_until_next() == pytest.approx(12, abs=0.1)


def test_many_starts_leave_one_schedule() -> None:
    for _ in range(3):
        schedule.ensure_schedule()
    Schedule.objects.create(name=schedule.NAME, func="ingest.tasks.sync", minutes=12)
    schedule.ensure_schedule()
    assert Schedule.objects.count() == 1


def test_a_new_interval_counts_from_the_next_start(settings: Any) -> None:
    schedule.ensure_schedule()
    settings.FETCH_INTERVAL_MINUTES = 30
    schedule.ensure_schedule()
    assert Schedule.objects.get().minutes == 30
    assert minutes_until_next() == pytest.approx(30, abs=0.1)


def test_without_supabase_nothing_is_scheduled(settings: Any) -> None:
    schedule.ensure_schedule()
    settings.SUPABASE_URL = ""
    schedule.ensure_schedule()
    assert Schedule.objects.count() == 0


def test_after_trouble_the_next_pass_comes_sooner_and_each_time_a_bit_later() -> None:
    waits = []
    for _ in range(6):
        Schedule.objects.all().delete()
        schedule.ensure_schedule()
        schedule.plan_next(ended(error="Supabase is down."))
        waits.append(round(minutes_until_next()))
    assert waits == [1, 2, 4, 8, 12, 12]


def test_after_a_good_pass_trouble_starts_small_again() -> None:
    schedule.ensure_schedule()
    for _ in range(4):
        ended(error="Supabase is down.")
    ended()
    schedule.plan_next(ended(error="The property API is down.", partial=True))
    assert round(minutes_until_next()) == 1


def test_a_good_pass_leaves_the_plan_alone() -> None:
    schedule.ensure_schedule()
    schedule.plan_next(ended())
    assert round(minutes_until_next()) == 12


def test_what_a_source_asks_for_is_waited() -> None:
    schedule.ensure_schedule()
    schedule.plan_next(ended(error="Slow down."), retry_after=1500.0)
    assert round(minutes_until_next()) == 25
    schedule.plan_next(ended(error="Slow down."), retry_after=1e9)
    assert round(minutes_until_next()) == 60


def test_a_pass_planned_sooner_by_others_stays_so() -> None:
    schedule.ensure_schedule()
    soon = timezone.now() + timedelta(seconds=5)
    Schedule.objects.update(next_run=soon)
    schedule.plan_next(ended(error="Supabase is down."))
    assert Schedule.objects.get().next_run == soon
