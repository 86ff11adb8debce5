"""Moves: a run's change of state, carried out with all that it owes, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, Value, When
from django.utils import timezone

from bookings.models import BookingRun, Screen, ShowingRequest, Stroke
from bookings.services import audit, news, outcomes
from bookings.services.errors import Moved, NotAllowed
from bookings.services.runs import health
from bookings.services.runs.figures import MAX_ATTEMPTS
from bookings.services.runs.log import write
from bookings.vocabulary import (
    BOOKED_BY_ITSELF,
    RUN_MOVES,
    Level,
    RequestState,
    RunKind,
    RunState,
    Source,
    is_cancelled,
)

# What a run forgets when a person lets it go on.
FRESH: dict[str, Any] = {
    "attempts_left": MAX_ATTEMPTS,
    "submits": 0,
    "submitting_at": None,
    "absent_reads": 0,
    "stop_asked_at": None,
    "down_since": None,
    "open_slots": [],
    "candidates": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A decided move. `message` is the full reason for the row; `line`, where the engine's own last line has
    said that already, is what the log adds to it."""

    to: RunState
    message: str
    line: str = ""
    level: Level = Level.INFO
    code: str = ""
    not_before: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def move_free(run: BookingRun, move: Move, *, source: Source, by: User | None = None) -> None:
    """Carry out a decided move of a run that nobody holds, or whose holder is lost.

    Called in the caller's transaction. Raises Moved when somebody else was faster.
    """
    before = RunState(run.state)
    check_move(before, move.to)
    fields = columns(move)
    moved = BookingRun.objects.filter(
        pk=run.pk, state=before, attempt_number=run.attempt_number, lease_until=run.lease_until
    ).update(**fields)
    if moved != 1:
        raise Moved(f"{run} is no longer {before.label}; look again.")
    for name, value in fields.items():
        setattr(run, name, value)
    line = move.line or move.message
    write(run.pk, line, level=move.level, state=move.to, attempt_number=run.attempt_number)
    after_move(run, before, source=source, by=by)


def columns(move: Move) -> dict[str, Any]:
    """What a move writes into the run's row: nobody holds it afterwards."""
    now = timezone.now()
    return {
        "state": move.to,
        "reason_code": move.code,
        "reason": (move.message if move.code else "")[:500],
        "not_before": move.not_before,
        "lease_until": None,
        "holder": "",
        "rung_at": None,
        "updated_at": now,
        "finished_at": None if move.to.is_open else now,
        **move.fields,
    }


def check_move(before: RunState, to: RunState) -> None:
    stays_in_doubt = before == to == RunState.UNCONFIRMED
    if not stays_in_doubt and to not in RUN_MOVES[before]:
        raise NotAllowed(f"A run that is “{before.label}” cannot become “{to.label}”.")


def after_move(run: BookingRun, before: RunState, *, source: Source, by: User | None = None) -> None:
    """What every move of a run owes: its audit line, request, account and notice."""
    audit.note(
        f"run.{run.state}",
        run,
        source=source,
        by=by,
        partner=run.partner,
        before={"state": before.value},
        after={"state": str(run.state), "reason": run.reason_code},
        reason=run.reason,
    )
    follow_request(run, request_state(run))
    _close_request(run)
    health.follow(run)
    _forget_screen(run)
    news.of_run(run)
    outcomes.owe(run.request_id)


def follows_client(run: BookingRun) -> bool:
    """Whether a change of a booking is the client's own, read from upstream."""
    return run.kind in (RunKind.CANCEL, RunKind.RESCHEDULE) and run.source == Source.SYNC


def books_it(run: BookingRun, request: ShowingRequest) -> bool:
    """Whether a run books what the client now wants. What a person began goes on whatever the status says."""
    is_wanted = request.status.lower() == BOOKED_BY_ITSELF or run.source != Source.SYNC
    return (
        is_wanted
        and not is_cancelled(request.status)
        and run.stop_asked_at is None
        and run.partner_id == request.partner_id
        and run.property_text == request.property_id
        and (run.wanted_date, run.wanted_time) == (request.scheduled_date, request.scheduled_time)
    )


def request_state(run: BookingRun) -> RequestState:
    """How a request stands by its run: the one that books it, or one that follows its client's change."""
    if run.state == RunState.BOOKED:
        return RequestState.BOOKED
    if run.state in (RunState.CANCELLED, RunState.DONE, RunState.EXPIRED):
        return _change_ended(run) if follows_client(run) else _booking_ended(run)
    waits_for_clock = run.state == RunState.PARKED and run.not_before is not None
    if run.state in (RunState.QUEUED, RunState.RUNNING, RunState.UNCONFIRMED) or waits_for_clock:
        return RequestState.QUEUED
    return RequestState.NEEDS_PERSON


def _booking_ended(run: BookingRun) -> RequestState:
    if run.state == RunState.CANCELLED:
        # Withdrawn upstream: judged anew as it now stands. Stopped by a person: theirs to start again.
        return RequestState.RECEIVED if run.reason_code == "withdrawn" else RequestState.NEEDS_PERSON
    # A dry run leaves the request as before.
    return RequestState.CLOSED if run.state == RunState.EXPIRED else RequestState.RECEIVED


def _change_ended(run: BookingRun) -> RequestState:
    if run.state == RunState.CANCELLED:  # a person left the booking as it was
        return RequestState.BOOKED
    # A move whose new time passed unapproved: the booking stands at a time that the client gave up.
    return RequestState.NEEDS_PERSON if run.kind == RunKind.RESCHEDULE else RequestState.CLOSED


def follow_request(run: BookingRun, state: RequestState) -> None:
    """Write a run's state into its request, unless the client changed it meanwhile: that comes first."""
    if run.request_id is None or not (run.kind == RunKind.BOOK or follows_client(run)):
        return
    changed = When(booking_status=RequestState.CHANGED, then=Value(RequestState.CHANGED))
    fields: dict[str, Any] = {
        "booking_status": Case(changed, default=Value(state)),
        "trouble": "",
        "changed_at": timezone.now(),
    }
    if run.kind == RunKind.BOOK:
        fields["auto_booked"] = state == RequestState.BOOKED
    ShowingRequest.objects.filter(pk=run.request_id).update(**fields)


def _close_request(run: BookingRun) -> None:
    """A showing that was cancelled for a person is not booked again by itself."""
    if run.kind == RunKind.CANCEL and run.state == RunState.DONE and not run.dry_run:
        ShowingRequest.objects.filter(pk=run.request_id, booking_status=RequestState.BOOKED).update(
            booking_status=RequestState.CLOSED, changed_at=timezone.now()
        )


def _forget_screen(run: BookingRun) -> None:
    """A sign-in that has ended leaves no picture and no key of it behind."""
    if run.kind == RunKind.SIGN_IN and not run.is_open:
        Screen.objects.filter(run=run).delete()
        Stroke.objects.filter(run=run).delete()
