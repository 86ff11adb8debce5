"""The sweep: nothing that waits is forgotten, and nothing that died holds a run."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings.models import Attempt, BookingRun
from bookings.services.errors import Moved
from bookings.services.runs.bells import ring
from bookings.services.runs.figures import RING_AGAIN
from bookings.services.runs.moves import Move, move_free
from bookings.services.runs.verdicts import after_loss
from bookings.vocabulary import Level, RunKind, RunState, Source, reason_title


def sweep() -> int:
    """Take back what dead workers held, wake what waited for a clock, end what is overdue, ring for the rest.

    Safe to run anywhere, any number of times. Returns how many runs were rung for.
    """
    _take_back_expired()
    _wake_parked()
    _expire_overdue()
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


def _ring_due() -> int:
    now = timezone.now()
    due = BookingRun.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(rung_at=None) | Q(rung_at__lt=now - RING_AGAIN),
        state__in=(RunState.QUEUED, RunState.UNCONFIRMED),
        lease_until=None,
    ).exclude(kind=RunKind.SIGN_IN)
    due = due.order_by(F("starts_at").asc(nulls_last=True))
    rung = 0
    for run_id in due.values_list("pk", flat=True)[:500]:
        rung += 1
        ring(run_id)
    return rung
