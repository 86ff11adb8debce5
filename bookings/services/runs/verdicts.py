"""Verdicts: where a run goes after what its attempt met. Decides only; writes nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from bookings.models import BookingRun
from bookings.services import bookings as booking_service
from bookings.services.runs.figures import (
    BACKOFF_BASE,
    BACKOFF_CAP,
    BETWEEN_READS,
    DOUBT_AFTER,
    MAX_ATTEMPTS,
    MAX_SUBMITS,
    QUIET_TIME,
    READS_TO_BELIEVE_ABSENT,
)
from bookings.services.runs.moves import Move
from bookings.vocabulary import Level, RunKind, RunState, reason_title


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """How an attempt ended, in the engine's words (see automation.engine.contract.Result)."""

    result: str
    code: str = ""
    message: str = ""
    step: str = ""
    retry_is_safe: bool = False
    listing: dict[str, Any] = field(default_factory=dict)
    showing: booking_service.Seen | None = None
    open_slots: Sequence[dict[str, str]] = ()
    candidates: Sequence[dict[str, str]] = ()


# BrokerBay answered clearly that it booked nothing: the next try passes the gate anew.
NOTHING_SENT: dict[str, Any] = {"submitting_at": None}


def not_ours(end: AttemptEnd, mls_number: str) -> AttemptEnd:
    """The end of an attempt that found a showing of this address and time which is another home's."""
    return replace(
        end,
        result="parked",
        code="in_doubt",
        message=f"BrokerBay's list shows this address at this time, but for {mls_number}. Nothing was sent.",
        retry_is_safe=False,
        showing=None,
    )


def after_perform(run: BookingRun, end: AttemptEnd) -> Move:
    if end.result == "booked" and end.showing is not None:
        return Move(to=RunState.BOOKED, message=end.message or "Booked", level=Level.SUCCESS)
    if run.stop_asked_at is not None and run.submitting_at is None:
        return stopped(run)
    if end.result == "found":
        return Move(to=RunState.DONE, message=end.message or "Done", level=Level.SUCCESS)
    if end.result == "refused":
        return Move(
            to=RunState.REFUSED,
            message=end.message,
            line=f"Refused: {reason_title(end.code)}",
            level=Level.ERROR,
            code=end.code,
            fields=NOTHING_SENT,
        )
    if end.result == "parked" and end.retry_is_safe and run.attempts_left > 0:
        return _once_more(run, end)
    if end.result == "parked":
        return Move(
            to=RunState.PARKED,
            message=end.message,
            line=f"Waiting: {reason_title(end.code)}",
            level=Level.WARNING,
            code=end.code,
            fields=NOTHING_SENT,
        )
    if run.submitting_at is not None:
        return unconfirmed(run, end.message or "The answer never came", code=end.code or "no_answer")
    return _once_more(run, end)


def _once_more(run: BookingRun, end: AttemptEnd) -> Move:
    if run.attempts_left > 0 and end.retry_is_safe:
        wait = backoff(MAX_ATTEMPTS - run.attempts_left)
        return Move(
            to=RunState.PARKED,
            message=end.message,
            line=f"Trying again in {max(1, round(wait.total_seconds()))} s",
            level=Level.WARNING,
            code=end.code,
            not_before=timezone.now() + wait,
            fields=NOTHING_SENT,
        )
    code = end.code or "attempts_spent"
    return Move(
        to=RunState.FAILED,
        message=end.message,
        line=f"Given up: {reason_title(code)}",
        level=Level.ERROR,
        code=code,
    )


def stopped(run: BookingRun) -> Move:
    code = run.reason_code if run.reason_code == "withdrawn" else "stopped"
    return Move(to=RunState.CANCELLED, message="Stopped before anything was sent", code=code)


def backoff(attempt: int) -> timedelta:
    """Wait before try number `attempt` + 1: doubling from 5 s to 10 min, with jitter over the upper half."""
    full: timedelta = min(BACKOFF_BASE * 2 ** max(0, attempt - 1), BACKOFF_CAP)
    jitter: float = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    return full * jitter


def unconfirmed(run: BookingRun, message: str, *, code: str) -> Move:
    sent_at = run.submitting_at or timezone.now()
    return Move(
        to=RunState.UNCONFIRMED,
        message=message,
        line="BrokerBay's own list will tell whether it arrived; nothing is clicked twice",
        level=Level.WARNING,
        code=code,
        not_before=sent_at + QUIET_TIME,
        fields={"absent_reads": 0},
    )


def after_reconcile(run: BookingRun, end: AttemptEnd) -> Move:
    now = timezone.now()
    if end.showing is not None and end.showing.status in ("declined", "cancelled"):
        return Move(
            to=RunState.REFUSED,
            message=f"BrokerBay's list shows it as “{end.showing.badge}”.",
            level=Level.ERROR,
            code="declined",
        )
    if end.showing is not None and end.result in ("found", "booked"):
        return Move(to=RunState.BOOKED, message="BrokerBay's list shows it: booked", level=Level.SUCCESS)
    if end.result != "absent":
        doubt = run.submitting_at is not None and now - run.submitting_at > DOUBT_AFTER
        return Move(
            to=RunState.UNCONFIRMED,
            message=end.message or "BrokerBay's list could not be read",
            level=Level.WARNING,
            code="in_doubt" if doubt else end.code or "no_answer",
            not_before=now + backoff(5 if doubt else 2),
        )
    reads = run.absent_reads + 1
    if reads < READS_TO_BELIEVE_ABSENT:
        return Move(
            to=RunState.UNCONFIRMED,
            message="BrokerBay's list does not show it yet; it is read once more",
            code="no_answer",
            not_before=now + BETWEEN_READS,
            fields={"absent_reads": reads},
        )
    if run.submits < MAX_SUBMITS and run.attempts_left > 0 and run.stop_asked_at is None:
        return Move(
            to=RunState.QUEUED,
            message="BrokerBay's list, read twice, does not show it: nothing arrived. Trying again.",
            level=Level.WARNING,
            fields={"absent_reads": reads, "submitting_at": None},
        )
    return Move(
        to=RunState.FAILED,
        message="BrokerBay's list, read twice, does not show it: it was not booked.",
        level=Level.ERROR,
        code="not_listed",
        fields={"absent_reads": reads},
    )


def after_loss(run: BookingRun) -> Move:
    """Where a run goes whose worker vanished: what may have been sent is looked up, the rest starts again."""
    if run.state == RunState.UNCONFIRMED:
        return Move(
            to=RunState.UNCONFIRMED, message="The worker stopped while reading the list", code="no_answer"
        )
    if run.submitting_at is not None:
        return unconfirmed(run, "The worker stopped after sending", code="no_answer")
    if run.stop_asked_at is not None:
        return stopped(run)
    if run.kind == RunKind.SIGN_IN:
        return Move(
            to=RunState.FAILED,
            message="The robot's browser stopped in the middle of the sign-in. Nothing of it was kept.",
            level=Level.ERROR,
            code="sign_in_broke",
        )
    if run.attempts_left > 0:
        return Move(
            to=RunState.QUEUED,
            message="The worker stopped in the middle; nothing was sent, so it starts again",
            level=Level.WARNING,
        )
    return Move(
        to=RunState.FAILED,
        message="The worker stopped again and again; nothing was sent",
        level=Level.ERROR,
        code="attempts_spent",
    )
