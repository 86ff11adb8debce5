"""Ringing for workers: who waits, and who waits for an account to come free."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from bookings.models import BookingRun
from bookings.services import dispatch
from bookings.vocabulary import RunKind, RunState


def ring(run_id: int) -> None:
    BookingRun.objects.filter(pk=run_id).update(rung_at=timezone.now())
    dispatch.ring(run_id)


def ring_waiting(run: BookingRun) -> None:
    """The account is free again: ring for its soonest due run."""
    now = timezone.now()
    waiting = (
        BookingRun.objects.filter(
            Q(not_before=None) | Q(not_before__lte=now),
            account_id=run.account_id,
            state__in=(RunState.QUEUED, RunState.UNCONFIRMED),
            lease_until=None,
        )
        .exclude(kind=RunKind.SIGN_IN)
        .order_by(F("starts_at").asc(nulls_last=True), "pk")
        .values_list("pk", flat=True)
        .first()
    )
    if waiting is not None:
        ring(waiting)
