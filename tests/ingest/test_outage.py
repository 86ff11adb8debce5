"""Supabase away for an hour, then busy, then slow: told, not stormed, and made good afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import Schedule

from bookings.models import BookingRun, ShowingRequest, SyncPass
from bookings.models import Upstream as Service
from bookings.vocabulary import PassState, UpstreamState
from ingest import schedule
from ingest.passes import Sources, run_pass
from ingest.simulator.control import SECRET_KEY, TABLE, Upstream
from ingest.sources.http import Patience
from ingest.sources.supabase import PATIENCE, Supabase
from tests.ingest.test_passes import a_request, partner_with_a_client

__all__ = ["partner_with_a_client"]

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
# As many tries as in earnest; a slow answer is given up on sooner, for the sockets have a real clock.
AS_PATIENT = Patience(connect=2, read=0.3, attempts=PATIENCE.attempts, total=60)


class Days:
    """The workers' days on a clock of ours: each pass when its schedule says so, waits included."""

    def __init__(self, upstream: Upstream) -> None:
        self.now = timezone.now()
        self.upstream = upstream
        self.told: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def go_on_until(self, end: Callable[[SyncPass], bool]) -> SyncPass:
        while True:
            planned = Schedule.objects.get(name=schedule.NAME)
            self.now = max(self.now, planned.next_run)
            # What the queue's scheduler does when it rings.
            planned.next_run = self.now + timedelta(minutes=settings.FETCH_INTERVAL_MINUTES)
            planned.save()
            made = self.make_pass()
            self.told.append(made.error)
            if end(made):
                return made

    def make_pass(self) -> SyncPass:
        source = Supabase(
            url=self.upstream.url, key=SECRET_KEY, table=TABLE, patience=AS_PATIENT, sleep=self.sleep
        )
        made = run_pass("schedule", sources=Sources(supabase=source, property_api=None))
        assert made is not None
        return made


@pytest.fixture
def days(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Days:
    made = Days(upstream)
    monkeypatch.setattr(settings, "SUPABASE_URL", upstream.url)
    schedule.ensure_schedule()
    monkeypatch.setattr(timezone, "now", lambda: made.now)
    return made


def asked(upstream: Upstream) -> int:
    return len(upstream.seen())


def test_an_hour_away_then_busy_then_slow_and_all_is_made_good(
    upstream: Upstream, days: Days, partner_with_a_client: Any
) -> None:
    first = a_request(upstream)
    assert days.go_on_until(lambda made: True).state == PassState.DONE
    began, before = days.now, asked(upstream)

    upstream.break_it("rest", "status", status=503)
    upstream.change_request(first, status="cancelled")
    second = a_request(upstream, "X87654321")
    days.go_on_until(lambda made: days.now - began >= HOUR)
    assert asked(upstream) - before <= 40
    supabase = Service.objects.get(key="supabase")
    assert supabase.state in (UpstreamState.RESTING, UpstreamState.TRYING)
    assert supabase.opened_at is not None
    assert "in trouble (503)" in supabase.last_error
    assert any("Supabase is left alone until" in told for told in days.told)
    assert Browser().get("/ready").json()["services"] == {"supabase": supabase.state}

    upstream.mend()
    upstream.break_it("rest", "status", status=429, retry_after="1200")
    busy_since, before = days.now, asked(upstream)
    days.go_on_until(lambda made: days.now - busy_since >= HOUR)
    # Asked for 20 minutes each time: three or four questions in an hour, and none in between.
    assert asked(upstream) - before <= 4
    assert "asked us to slow down" in Service.objects.get(key="supabase").last_error

    upstream.mend()
    upstream.break_it("rest", "slow", seconds=1, times=PATIENCE.attempts)
    slow = days.go_on_until(lambda made: "did not answer in time" in made.error)
    assert slow.state == PassState.FAILED

    recovered = days.go_on_until(lambda made: made.state == PassState.DONE)
    assert recovered.error == ""
    assert Service.objects.get(key="supabase").state == UpstreamState.OK
    held = dict(ShowingRequest.objects.values_list("pk", "status"))
    assert held == {first: "cancelled", second: "scheduled"}
    assert BookingRun.objects.filter(request_id=second).count() == 1


def test_many_machines_do_not_try_a_resting_service_at_once(upstream: Upstream, days: Days) -> None:
    upstream.break_it("rest", "status", status=503)
    for _ in range(3):
        days.make_pass()
    before = asked(upstream)
    for _ in range(50):
        days.make_pass()
    assert asked(upstream) == before
