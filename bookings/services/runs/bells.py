"""Ringing for workers: who waits, and who waits for an account to come free."""

from __future__ import annotations

from django.utils import timezone

from bookings.models import BookingRun
from bookings.services import dispatch
from bookings.services.runs import lanes


def ring(run_id: int) -> None:
    BookingRun.objects.filter(pk=run_id).update(rung_at=timezone.now())
    dispatch.ring(run_id)


def ring_waiting(run: BookingRun) -> None:
    """The account is free again: ring for its soonest run that may go now."""
    waiting = lanes.now_free(run.account_id)
    if waiting is not None:
        ring(waiting)
