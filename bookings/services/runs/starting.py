"""Writing a run down: its row, its first line, its audit line and its bell, in one transaction."""

from __future__ import annotations

from django.contrib.auth.models import User

from bookings.models import BookingRun, Partner
from bookings.services import audit, outcomes
from bookings.services.runs.bells import ring
from bookings.services.runs.figures import MAX_ATTEMPTS
from bookings.services.runs.log import write
from bookings.told import in_english
from bookings.vocabulary import CHANGING_KINDS, Rehearsal, RunKind, RunState, Source

FIRST_RUNS = 10


def start(
    run: BookingRun, *, source: Source, by: User | None, after_approval: bool = False, reason: str = ""
) -> BookingRun:
    """Store a run that was decided on, and ring for a worker. `after_approval` rehearses it first; the
    `reason` is for the history.

    Called inside a transaction. Raises IntegrityError when the same is under way already.
    """
    run.source, run.created_by, run.attempts_left = source, by, MAX_ATTEMPTS
    run.rehearses = run.dry_run or after_approval or is_to_rehearse(run.partner, RunKind(run.kind))
    run.save(force_insert=True)
    write(run.pk, f"Queued: {in_words(run)}", state=RunState.QUEUED)
    after = {"state": run.state}
    audit.note("run.queued", run, source=source, by=by, partner=run.partner, after=after, reason=reason)
    outcomes.owe(run.request_id)
    ring(run.pk)
    return run


def is_to_rehearse(partner: Partner, kind: RunKind) -> bool:
    """Whether a new run of this kind stops before the last click until a person releases it."""
    if kind not in CHANGING_KINDS or partner.rehearsal == Rehearsal.NEVER:
        return False
    if partner.rehearsal == Rehearsal.ALWAYS:
        return True
    earlier = BookingRun.objects.filter(partner=partner, kind__in=CHANGING_KINDS, dry_run=False)
    return earlier.order_by()[:FIRST_RUNS].count() < FIRST_RUNS


def in_words(run: BookingRun) -> str:
    words = f"{in_english(RunKind(run.kind).label)} {run.property_text}"
    if run.wanted_date and run.wanted_time:
        to = "to" if run.kind == RunKind.RESCHEDULE else "on"
        words += f" {to} {run.wanted_date:%a %d %b %Y} at {run.wanted_time:%H:%M} ({run.time_zone})"
    if run.duration_minutes and run.kind != RunKind.CANCEL:
        words += f", {run.duration_minutes} minutes"
    if run.dry_run:
        words += "; nothing will be sent"
    return words
