"""Verdicts: where a run goes after what its attempt met. Decides only; writes nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto
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
    OUTAGE_PATIENCE,
    QUIET_TIME,
    READS_TO_BELIEVE_ABSENT,
    TOO_NEAR,
)
from bookings.services.runs.moves import Move, books_it, follows_client
from bookings.vocabulary import (
    CHANGING_KINDS,
    EvidenceKind,
    Level,
    RequestState,
    RunKind,
    RunState,
    reason_title,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file in the private store that staff may look at: a trace, or a page's markup."""

    kind: EvidenceKind
    path: str
    step: str


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
    own_showings: Sequence[booking_service.Seen] = ()  # a comparison's: the whole list, read completely
    open_slots: Sequence[dict[str, str]] = ()
    candidates: Sequence[dict[str, str]] = ()
    files: Sequence[KeptFile] = ()


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
    if (well := _ended_well(run, end)) is not None:
        return well
    if run.stop_asked_at is not None and run.submitting_at is None:
        return stopped(run)
    if end.result == "rehearsed":
        return rehearsed(run, end)
    if end.result == "refused":
        return Move(
            to=RunState.REFUSED,
            message=end.message,
            line=f"Refused: {reason_title(end.code)}",
            level=Level.ERROR,
            code=end.code,
            fields=NOTHING_SENT,
        )
    may_send = run.submitting_at is None or run.submits < MAX_SUBMITS
    if end.result == "parked" and end.retry_is_safe and run.attempts_left > 0 and may_send:
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
    if (
        end.code == "stopped" and run.kind in CHANGING_KINDS
    ):  # nobody asked for that: the gate stayed shut, and nothing was sent
        end = replace(
            end,
            code="paused" if run.attempts_left else "attempts_spent",
            message="Another request for that time is on its way, or this one was slow. Nothing was sent.",
            retry_is_safe=True,
        )
    return _once_more(run, end)


def _ended_well(run: BookingRun, end: AttemptEnd) -> Move | None:
    if end.result == "booked" and end.showing is not None:
        return Move(to=RunState.BOOKED, message=end.message or "Booked", level=Level.SUCCESS)
    if end.result == "cancelled" and run.kind == RunKind.CANCEL:
        return Move(to=RunState.DONE, message=end.message or "Cancelled on BrokerBay", level=Level.SUCCESS)
    if end.result == "found":
        return Move(to=RunState.DONE, message=end.message or "Done", level=Level.SUCCESS)
    return None


def rehearsed(run: BookingRun, end: AttemptEnd) -> Move:
    """Everything was filled in, nothing sent: the end of a dry run, else a person looks and releases it."""
    message = end.message or "Everything is filled in; nothing was sent"
    seen: dict[str, Any] = NOTHING_SENT | {"rehearsed_at": timezone.now()}
    if run.dry_run:
        return Move(to=RunState.DONE, message=message, level=Level.SUCCESS, fields=seen)
    return Move(
        to=RunState.PARKED,
        message=message,
        line="Waiting for a person to look at the filled form and send it",
        level=Level.WARNING,
        code="rehearsed",
        fields=seen,
    )


def _once_more(run: BookingRun, end: AttemptEnd) -> Move:
    if end.code == "site_down" and end.retry_is_safe and run.submitting_at is None:
        return _while_down(run, end)
    if run.attempts_left > 0 and end.retry_is_safe:
        return _try_in(backoff(MAX_ATTEMPTS - run.attempts_left), end)
    return _given_up(end, end.code or "attempts_spent")


def _while_down(run: BookingRun, end: AttemptEnd) -> Move:
    """BrokerBay was not there and nothing was sent: the try is given back, and the run waits about as long as
    the outage has lasted. A showing that is near has the usual budget: its people must hear of it in time."""
    now = timezone.now()
    since = run.down_since or now
    near = run.starts_at is not None and run.starts_at - TOO_NEAR <= now
    if now >= since + OUTAGE_PATIENCE or (near and run.attempts_left == 0):
        return _given_up(end, "site_stayed_down")
    if near:
        return _try_in(backoff(MAX_ATTEMPTS - run.attempts_left), end, down_since=since)
    wait = jittered(min(max(now - since, BACKOFF_BASE), BACKOFF_CAP))
    given_back = min(run.attempts_left + 1, MAX_ATTEMPTS)
    return _try_in(wait, end, down_since=since, attempts_left=given_back)


def _try_in(wait: timedelta, end: AttemptEnd, **fields: Any) -> Move:
    return Move(
        to=RunState.PARKED,
        message=end.message,
        line=f"Trying again in {max(1, round(wait.total_seconds()))} s",
        level=Level.WARNING,
        code=end.code,
        not_before=timezone.now() + wait,
        fields=NOTHING_SENT | fields,
    )


def _given_up(end: AttemptEnd, code: str) -> Move:
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
    """Wait before try number `attempt` + 1: doubling from 5 s to 5 min, with jitter over the upper half."""
    return jittered(min(BACKOFF_BASE * 2 ** max(0, attempt - 1), BACKOFF_CAP))


def jittered(wait: timedelta) -> timedelta:
    jitter: float = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    return wait * jitter


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


class Reading(Enum):
    """What one look at BrokerBay's own list tells of a request that may have arrived."""

    ARRIVED = auto()
    ENDED = auto()  # the listing side ended the showing
    NOT_ARRIVED = auto()  # believed only when read twice
    STRANGE = auto()  # neither as it was nor as it was to be: a person must look
    UNREAD = auto()


def after_look_up(run: BookingRun, end: AttemptEnd) -> Move:
    """Where an unconfirmed run goes after BrokerBay's own list was read for it; nothing is ever clicked."""
    reading = _READ_BY[RunKind(run.kind)](run, end)
    if reading is Reading.ARRIVED:
        return _arrived(run)
    if reading is Reading.ENDED:
        badge = end.showing.badge if end.showing else ""
        return Move(
            to=RunState.REFUSED,
            message=f"BrokerBay's list shows it as “{badge}”.",
            level=Level.ERROR,
            code="declined" if run.kind == RunKind.BOOK else "showing_gone",
        )
    if reading is Reading.NOT_ARRIVED:
        return _not_arrived(run)
    return _still_unconfirmed(run, end, strange=reading is Reading.STRANGE)


def _read_booking(run: BookingRun, end: AttemptEnd) -> Reading:
    if end.showing is not None and end.showing.status in ENDED:
        return Reading.ENDED
    if end.showing is not None and end.result in ("found", "booked"):
        return Reading.ARRIVED
    return Reading.NOT_ARRIVED if end.result == "absent" else Reading.UNREAD


def _read_cancel(run: BookingRun, end: AttemptEnd) -> Reading:
    if end.result == "cancelled" or (end.showing is not None and end.showing.status in ENDED):
        return Reading.ARRIVED
    if end.showing is not None and end.result in ("found", "booked"):
        return Reading.NOT_ARRIVED if end.showing.status != "unknown" else Reading.STRANGE
    return Reading.STRANGE if end.result == "absent" else Reading.UNREAD


def _read_reschedule(run: BookingRun, end: AttemptEnd) -> Reading:
    if end.showing is None or end.result not in ("found", "booked"):
        if end.result != "absent":
            return Reading.UNREAD
        # By its id the showing is found at whatever time; else it was looked for at the new one.
        return Reading.STRANGE if run.showing_id else Reading.NOT_ARRIVED
    if end.showing.status in ENDED:
        return Reading.ENDED
    stands = (end.showing.date, end.showing.time)
    if stands == (run.wanted_date, run.wanted_time):
        return Reading.ARRIVED
    booking = run.booking
    as_it_was = booking is not None and stands == (booking.booking_date, booking.booking_time)
    return Reading.NOT_ARRIVED if as_it_was else Reading.STRANGE


ENDED = ("declined", "cancelled")
# The list has a showing at this time, and no listing tells whether it is this home's: only a person can.
_TOLD_BY_NO_LIST = ("ambiguous_listing", "listing_not_found")
_READ_BY = {
    RunKind.BOOK: _read_booking,
    RunKind.CANCEL: _read_cancel,
    RunKind.RESCHEDULE: _read_reschedule,
}


def _arrived(run: BookingRun) -> Move:
    if run.kind == RunKind.CANCEL:
        return Move(to=RunState.DONE, message="BrokerBay's list shows it: cancelled", level=Level.SUCCESS)
    said = "booked" if run.kind == RunKind.BOOK else "moved"
    return Move(to=RunState.BOOKED, message=f"BrokerBay's list shows it: {said}", level=Level.SUCCESS)


def _still_unconfirmed(run: BookingRun, end: AttemptEnd, *, strange: bool) -> Move:
    now = timezone.now()
    old = run.submitting_at is not None and now - run.submitting_at > DOUBT_AFTER
    doubt = strange or old or end.code in _TOLD_BY_NO_LIST
    # That nothing was sent is true of the look, not of the run.
    is_told = end.message and "othing was" not in end.message
    message = end.message if is_told else "BrokerBay's list could not be read"
    if strange:
        message = "BrokerBay's list shows the showing neither as it was nor as it was to be"
    return Move(
        to=RunState.UNCONFIRMED,
        message=message,
        level=Level.WARNING,
        code="in_doubt" if doubt else end.code or "no_answer",
        not_before=now + backoff(5 if doubt else 2),
    )


def _not_arrived(run: BookingRun) -> Move:
    reads = run.absent_reads + 1
    books = run.kind == RunKind.BOOK
    if reads < READS_TO_BELIEVE_ABSENT:
        yet = "does not show it yet" if books else "shows it unchanged so far"
        return Move(
            to=RunState.UNCONFIRMED,
            message=f"BrokerBay's list {yet}; it is read once more",
            code="no_answer",
            not_before=timezone.now() + BETWEEN_READS,
            fields={"absent_reads": reads},
        )
    shows = "does not show it" if books else "shows it unchanged"
    ended = "it was not booked" if books else "nothing was changed"
    so_it_ended = f"BrokerBay's list, read twice, {shows}: {ended}."
    if _client_wants_otherwise(run):
        return Move(
            to=RunState.CANCELLED, message=so_it_ended, code="withdrawn", fields={"absent_reads": reads}
        )
    if run.submits < MAX_SUBMITS and run.attempts_left > 0 and run.stop_asked_at is None:
        return Move(
            to=RunState.QUEUED,
            message=f"BrokerBay's list, read twice, {shows}: nothing arrived. Trying again.",
            level=Level.WARNING,
            fields={"absent_reads": reads, "submitting_at": None},
        )
    return Move(
        to=RunState.FAILED,
        message=so_it_ended,
        level=Level.ERROR,
        code="not_listed" if books else "not_changed",
        fields={"absent_reads": reads},
    )


def _client_wants_otherwise(run: BookingRun) -> bool:
    """The client changed the request while it was unknown whether it had arrived."""
    if run.request is None or run.request.booking_status != RequestState.CHANGED:
        return False
    if run.kind == RunKind.BOOK:
        return not books_it(run, run.request)
    return follows_client(run)


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
