"""The sweep: nothing that waits is forgotten, and nothing that died holds a run."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from bookings.models import Account, Attempt, BookingRun
from bookings.services.errors import AlreadyThere, Moved
from bookings.services.runs import lanes
from bookings.services.runs.bells import ring
from bookings.services.runs.changes import queue_reconcile
from bookings.services.runs.figures import RING_AGAIN
from bookings.services.runs.moves import Move, move_free
from bookings.services.runs.verdicts import after_loss
from bookings.vocabulary import OPEN_RUN_STATES, Health, Level, RunKind, RunState, Source, reason_title


def sweep() -> int:
    """Take back what dead workers held, wake what waited for a clock, end what is overdue, have idle accounts
    compared, ring for the rest.

    Safe to run anywhere, any number of times. Returns how many bells were rung.
    """
    _take_back_expired()
    _wake_parked()
    _expire_overdue()
    _compare_idle_accounts()
    return _ring_due()


def _take_back_expired() -> None:
    now = timezone.now()
    for run in BookingRun.objects.filter(lease_until__lte=now).select_related("partner"):
        try:
            with transaction.atomic():
                _take_back(run)
        except Moved:
            continue  # its heartbeat or another sweep was faster


def _take_back(run: BookingRun) -> None:
    fence = run.attempt_number
    move_free(run, after_loss(run), source=Source.ROBOT)
    Attempt.objects.filter(run=run, number=fence, ended_at=None).update(
        ended_at=timezone.now(), result="lost", reason_code="worker_lost"
    )


def _wake_parked() -> None:
    due = BookingRun.objects.filter(state=RunState.PARKED, not_before__lte=timezone.now())
    for run in due.select_related("partner"):
        try:
            with transaction.atomic():
                move_free(run, Move(to=RunState.QUEUED, message="Trying again"), source=Source.ROBOT)
        except Moved:
            continue


def _expire_overdue() -> None:
    move = Move(to=RunState.EXPIRED, message=reason_title("expired"), code="expired", level=Level.ERROR)
    overdue = BookingRun.objects.filter(
        state__in=(RunState.QUEUED, RunState.PARKED), lease_until=None, starts_at__lte=timezone.now()
    )
    for run in overdue.select_related("partner"):
        try:
            with transaction.atomic():
                move_free(run, move, source=Source.ROBOT)
        except Moved:
            continue


def _compare_idle_accounts() -> None:
    """Have the own list of accounts that do nothing else read every COMPARE_EVERY_MINUTES: it is the check of
    their session, and finds what was changed on BrokerBay by hand."""
    if settings.COMPARE_EVERY_MINUTES == 0:
        return
    since = timezone.now() - timedelta(minutes=settings.COMPARE_EVERY_MINUTES)
    runs = BookingRun.objects.filter(account=OuterRef("pk"))
    idle = Account.objects.filter(
        ~Exists(runs.filter(state__in=OPEN_RUN_STATES)),
        ~Exists(runs.filter(kind=RunKind.RECONCILE, queued_at__gt=since)),
        is_active=True,
        health=Health.SIGNED_IN,
        partner__is_active=True,
    )
    for account in idle.select_related("partner")[:20]:
        with suppress(AlreadyThere):  # another machine's sweep was faster
            queue_reconcile(account, source=Source.ROBOT)


def _ring_due() -> int:
    bells = lanes.bells_to_ring(timezone.now(), again_after=RING_AGAIN)
    for run_id in bells:
        ring(run_id)
    return len(bells)
