"""Holding a run: claimed by one worker, kept by its heartbeat, through the gate once, released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Case, F, PositiveSmallIntegerField, Q, Value, When
from django.utils import timezone

from bookings.models import Account, Attempt, BookingRun
from bookings.services.runs import lanes
from bookings.services.runs.figures import LEASE, MAX_SUBMITS, SEND_MARGIN
from bookings.services.runs.log import write
from bookings.vocabulary import AttemptPurpose, RunKind, RunState

RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What the heartbeat learned: is the run still ours, and does a person want it stopped."""

    held: bool
    stop_asked: bool


def claim(run_id: int, *, holder: str, signs_in: bool = False) -> BookingRun | None:
    """Take a due run: one compare-and-swap that raises the fencing number and sets the lease.

    None when there is nothing to do: held by another, not due, its account busy, or ended.
    A queued run is performed; an unconfirmed one is looked up in BrokerBay's own list. A sign-in is taken
    only with `signs_in`: its browser is opened for a person, not by the next free booking worker.
    """
    now = timezone.now()
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    on_time = Q(starts_at__isnull=True) | Q(starts_at__gt=now) | Q(state=RunState.UNCONFIRMED)
    try:
        with transaction.atomic():
            taken = (
                BookingRun.objects.filter(due, on_time, pk=run_id, lease_until__isnull=True)
                .filter(Q(kind=RunKind.SIGN_IN) if signs_in else ~Q(kind=RunKind.SIGN_IN))
                .filter(state__in=(RunState.QUEUED, RunState.UNCONFIRMED))
                .update(
                    state=Case(
                        When(state=RunState.QUEUED, then=Value(RunState.RUNNING.value)), default=F("state")
                    ),
                    attempts_left=Case(
                        When(state=RunState.QUEUED, attempts_left__gt=0, then=F("attempts_left") - 1),
                        default=F("attempts_left"),
                        output_field=PositiveSmallIntegerField(),
                    ),
                    attempt_number=F("attempt_number") + 1,
                    holder=holder,
                    lease_until=now + LEASE,
                    not_before=None,
                    started_at=Case(When(started_at__isnull=True, then=Value(now)), default=F("started_at")),
                    updated_at=now,
                )
            )
            if taken != 1:
                return None
            run = BookingRun.objects.select_related("account", "partner", "request", "booking").get(pk=run_id)
            performs = run.state == RunState.RUNNING
            Attempt.objects.create(
                run=run,
                number=run.attempt_number,
                purpose=AttemptPurpose.PERFORM if performs else AttemptPurpose.RECONCILE,
                holder=holder,
                started_at=now,
            )
            write(
                run.pk,
                f"Attempt {run.attempt_number} started"
                if performs
                else "Reading BrokerBay's own list to learn whether the showing is there",
                attempt_number=run.attempt_number,
                state=RunState(run.state),
            )
            return run
    except IntegrityError:
        return None  # one browser at a time uses an account; whoever holds it rings again at its end


def claim_next(*, holder: str, rung: int | None = None) -> BookingRun | None:
    """Take the run that goes first now (see lanes.py), whichever the bell was rung for.

    None when no waiting run may go: each is not due, or its account is busy, pausing or needs a person.
    """
    for _ in range(RACES):
        best = lanes.first(timezone.now(), rung=rung)
        if best is None:
            return None
        run = claim(best, holder=holder)
        if run is not None:
            return run  # else another worker was faster; its account is busy now
    return None


def heartbeat(run_id: int, *, fence: int) -> Beat:
    """Extend the lease. Not held: somebody else took over, or the run ended; stop at once."""
    now = timezone.now()
    held = BookingRun.objects.filter(pk=run_id, attempt_number=fence, lease_until__isnull=False).update(
        lease_until=now + LEASE
    )
    if held != 1:
        return Beat(held=False, stop_asked=False)
    stop = BookingRun.objects.filter(pk=run_id, stop_asked_at__isnull=False).exists()
    return Beat(held=True, stop_asked=stop)


def pass_gate(run_id: int, *, fence: int) -> bool:
    """The point of no return: commit the intent before a byte leaves. False forbids the submit."""
    now = timezone.now()
    try:
        with transaction.atomic():
            return _pass(run_id, fence, now)
    except IntegrityError:
        return False  # another request for this moment is on its way, under whatever spelling


def _pass(run_id: int, fence: int, now: datetime) -> bool:
    passed = BookingRun.objects.filter(
        ~Q(rehearses=True, released_at=None),
        pk=run_id,
        dry_run=False,
        attempt_number=fence,
        state=RunState.RUNNING,
        submitting_at__isnull=True,
        submits__lt=MAX_SUBMITS,
        stop_asked_at__isnull=True,
        lease_until__gt=now + SEND_MARGIN,
    ).update(submitting_at=now, submits=F("submits") + 1, lease_until=now + LEASE, updated_at=now)
    if passed != 1:
        return False
    Account.objects.filter(runs=run_id).update(last_submit_at=now)
    Attempt.objects.filter(run_id=run_id, number=fence).update(submitting_at=now)
    write(run_id, "Sending the request to BrokerBay", attempt_number=fence, step="submit")
    return True


def release(holder_prefix: str) -> int:
    """The workers whose names begin so are dead for certain: end their leases now. Returns how many."""
    return BookingRun.objects.filter(lease_until__isnull=False, holder__startswith=holder_prefix).update(
        lease_until=timezone.now()
    )
