"""Ringing for workers: who waits, and who waits for an account to come free."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from bookings.models import BookingRun
from bookings.services import dispatch
from bookings.services.runs import lanes
from bookings.services.runs.figures import BETWEEN_PROBES
from bookings.vocabulary import RunState


def ring(run_id: int) -> None:
    BookingRun.objects.filter(pk=run_id).update(rung_at=timezone.now())
    dispatch.ring(run_id)


def ring_waiting(run: BookingRun) -> None:
    """The account is free again: ring for its soonest run that may go now."""
    waiting = lanes.now_free(run.account_id)
    if waiting is not None:
        ring(waiting)


def bring_forward() -> None:
    """BrokerBay answers: who waits because it was down tries now, but for those that found it so just before
    (a page of theirs may be broken, and nothing else). The sweep wakes them."""
    now = timezone.now()
    waiting = BookingRun.objects.filter(
        state=RunState.PARKED,
        down_since__isnull=False,
        not_before__gt=now,
        updated_at__lt=now - BETWEEN_PROBES,
    )
    with transaction.atomic():
        found = list(waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
        if found:
            BookingRun.objects.filter(pk__in=found).update(not_before=now)
