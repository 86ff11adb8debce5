"""What people decide about a run, and what a changed request or a fresh sign-in means for it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from bookings.models import Account, BookingRun
from bookings.services import audit, people
from bookings.services.errors import NotAllowed
from bookings.services.runs.bells import ring
from bookings.services.runs.log import write
from bookings.services.runs.moves import FRESH, Move, move_free
from bookings.vocabulary import CURED_AT_THE_BROWSER, Level, RunState, Source


def stop(run: BookingRun, *, by: User, source: Source = Source.PERSON, reason: str = "") -> BookingRun:
    """Stop a run for a person. One that a worker holds is asked to stop, which it does before the gate only.

    Raises NotAllowed for a run that has ended, or that may have been sent: its outcome is learned first.
    """
    now = timezone.now()
    people.require(by, "book_run", run.partner)
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("partner").get(pk=run.pk)
        before = RunState(run.state)
        if before == RunState.UNCONFIRMED or (run.submitting_at is not None and run.is_open):
            raise NotAllowed("It may already have reached BrokerBay: its own list is read first.")
        if before == RunState.RUNNING:
            BookingRun.objects.filter(pk=run.pk, state=before).update(stop_asked_at=now, updated_at=now)
            run.stop_asked_at = now
            write(run.pk, f"{by} asked to stop this run", level=Level.WARNING)
            audit.note("run.stop_asked", run, source=source, by=by, partner=run.partner, reason=reason)
            return run
        stopped = Move(to=RunState.CANCELLED, message=reason or f"Stopped by {by}", code="stopped")
        move_free(run, stopped, source=source, by=by)
    return run


def withdraw(run: BookingRun, *, reason: str) -> bool:
    """The client no longer wants what a run is for: end it where nothing was sent.

    Called in a transaction that holds the run's row. False while it goes on: a worker was asked to stop it,
    or it may have been sent and BrokerBay's list tells first. Raises Moved.
    """
    if run.state == RunState.UNCONFIRMED or (run.is_open and run.submitting_at is not None):
        return False
    if run.state == RunState.RUNNING:
        if run.stop_asked_at is None:
            now = timezone.now()
            BookingRun.objects.filter(pk=run.pk).update(stop_asked_at=now, reason_code="withdrawn")
            write(run.pk, f"{reason}; asked to stop", level=Level.WARNING)
        return False
    move_free(run, Move(to=RunState.CANCELLED, message=reason, code="withdrawn"), source=Source.SYNC)
    return True


def resume_signed_in(account: Account, *, by: User | None, source: Source) -> int:
    """The account is signed in again: its waiting runs go on. Returns how many."""
    waiting = BookingRun.objects.filter(
        account=account, state=RunState.PARKED, reason_code__in=CURED_AT_THE_BROWSER
    )
    resumed = 0
    for run in waiting.select_related("partner"):
        with transaction.atomic():
            again = Move(to=RunState.QUEUED, message="The account is signed in again", fields=FRESH)
            move_free(run, again, source=source, by=by)
            ring(run.pk)
        resumed += 1
    return resumed
