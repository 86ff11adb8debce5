"""When passes run: every so many minutes, the first at the workers' start, sooner after trouble."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Min
from django.utils import timezone
from django_q.models import Schedule

from bookings.models import SyncPass
from bookings.services import dispatch, sync
from bookings.vocabulary import PassState

NAME = "sync pass"
LONGEST_RETRY_AFTER = timedelta(hours=1)


def ensure_schedule() -> None:
    """See that passes run from now on, and that the first one does at once.

    May be called on any number of machines at the same time: whoever is last leaves exactly one schedule.
    """
    if not settings.SUPABASE_URL:
        Schedule.objects.filter(name=NAME).delete()
        return
    interval = settings.FETCH_INTERVAL_MINUTES
    if not Schedule.objects.filter(name=NAME).exists():
        Schedule.objects.create(
            name=NAME,
            func=dispatch.SYNC,
            args="('schedule',)",
            schedule_type=Schedule.MINUTES,
            minutes=interval,
            cluster="default",
            next_run=timezone.now() + timedelta(minutes=interval),
        )
    _keep_the_first()
    _follow_the_setting(interval)
    dispatch.ring_sync("start")


def plan_next(sync_pass: SyncPass, *, retry_after: float | None = None) -> None:
    """After a pass that went wrong, run the next one in 1, 2, 4… minutes, never later than planned anyway.

    `retry_after` is what a source asked for, in seconds: then not before that.
    """
    sync_pass.refresh_from_db()
    if sync_pass.state == PassState.DONE:
        return
    wait = timedelta(minutes=min(2 ** max(sync.failures_in_a_row() - 1, 0), settings.FETCH_INTERVAL_MINUTES))
    asked = min(timedelta(seconds=retry_after or 0.0), LONGEST_RETRY_AFTER)
    planned = Schedule.objects.filter(name=NAME)
    if asked > wait:
        planned.update(next_run=timezone.now() + asked)
        return
    sooner = timezone.now() + wait
    planned.filter(next_run__gt=sooner).update(next_run=sooner)


def _keep_the_first() -> None:
    """Two machines that started at once may both have made one."""
    first = Schedule.objects.filter(name=NAME).aggregate(first=Min("pk"))["first"]
    Schedule.objects.filter(name=NAME, pk__gt=first).delete()


def _follow_the_setting(interval: int) -> None:
    """A new FETCH_INTERVAL_MINUTES counts from now on."""
    latest = timezone.now() + timedelta(minutes=interval)
    Schedule.objects.filter(name=NAME).exclude(minutes=interval).update(minutes=interval, next_run=latest)
