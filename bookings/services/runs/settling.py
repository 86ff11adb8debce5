"""Settling: an attempt's end written down, its account freed, its booking adopted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from bookings.models import Attempt, Booking, BookingRun, Evidence
from bookings.services import bookings as booking_service
from bookings.services import comparing
from bookings.services.errors import AlreadyThere, Moved
from bookings.services.runs.bells import bring_forward, ring_waiting
from bookings.services.runs.log import write
from bookings.services.runs.moves import Move, after_move, check_move, columns
from bookings.services.runs.verdicts import AttemptEnd, after_look_up, after_perform, not_ours
from bookings.vocabulary import CHANGING_KINDS, Level, RunKind, RunState, Source


def settle(run_id: int, end: AttemptEnd, *, fence: int) -> BookingRun:
    """Write down how the held attempt ended, free the account, and ring for whoever waits for it.

    Raises Moved when the fence is old: somebody else took over, and this attempt's word counts no more.
    """
    with transaction.atomic():
        row = BookingRun.objects.select_for_update(of=("self",)).select_related(
            "account", "partner", "booking"
        )
        run = row.get(pk=run_id)
        if run.attempt_number != fence or run.lease_until is None:
            raise Moved(f"Attempt {fence} of run {run_id} is no longer the holder.")
        if twin := _twins_booking(run, end):
            end = not_ours(end, twin.property_id or "")
        looked_up = run.state == RunState.UNCONFIRMED
        move = after_look_up(run, end) if looked_up else after_perform(run, end)
        if run.kind == RunKind.RECONCILE and move.to == RunState.DONE:
            found = comparing.compare(run, end.own_showings)
            move = replace(
                move, line=found.in_words(), level=found.level, fields={"reason": found.in_words()}
            )
        _apply(run, move, end, fence)
    if end.result not in ("broke", "unconfirmed"):  # BrokerBay answered, whatever it said
        bring_forward()
    return run


def _twins_booking(run: BookingRun, end: AttemptEnd) -> Booking | None:
    """The booking of another home that this showing already is, where this run itself sent nothing."""
    if run.kind != RunKind.BOOK or end.showing is None or run.submitting_at is not None:
        return None
    return booking_service.of_another_home(run, end.showing)


def _apply(run: BookingRun, move: Move, end: AttemptEnd, fence: int) -> None:
    """Carry out a decided move of a held run: row, attempt, booking, request, log, audit, notice, bells."""
    now = timezone.now()
    before = RunState(run.state)
    check_move(before, move.to)
    if end.listing:
        run.listing = end.listing
        run.listing_id = end.listing.get("listing_id") or run.listing_id
    booking = _follow_booking(run, end)
    fields: dict[str, Any] = {"down_since": None} | columns(move)
    fields |= {"listing": run.listing, "listing_id": run.listing_id}
    fields |= {"open_slots": list(end.open_slots), "candidates": list(end.candidates)}
    if booking is not None:
        fields["booking"] = booking
    moved = BookingRun.objects.filter(pk=run.pk, attempt_number=fence, state=before).update(**fields)
    if moved != 1:
        raise Moved(f"{run} is no longer {before.label}.")
    for name, value in fields.items():
        setattr(run, name, value)
    Attempt.objects.filter(run=run, number=fence).update(
        ended_at=now, result=end.result, reason_code=end.code, reason=end.message[:500], step=end.step
    )
    Evidence.objects.bulk_create(
        Evidence(run=run, attempt_number=fence, step=kept.step, kind=kept.kind, file=kept.path)
        for kept in end.files
    )
    line = move.line or move.message
    write(run.pk, line, level=move.level, state=move.to, attempt_number=fence, step=end.step)
    after_move(run, before, source=Source.ROBOT)
    ring_waiting(run)


def _follow_booking(run: BookingRun, end: AttemptEnd) -> Booking | None:
    """The booking of a run, as BrokerBay's list now shows it; None while nothing was seen."""
    if run.kind == RunKind.BOOK:
        return booking_service.adopt(run, end.showing) if end.showing is not None else None
    if run.kind not in CHANGING_KINDS or run.booking is None:
        return None
    if end.showing is None:
        if end.code == "showing_gone" or end.result == "cancelled":
            booking_service.believe(run, by=None, source=Source.ROBOT)
        return run.booking
    try:
        booking_service.follow(run.booking, end.showing, run=run)
    except AlreadyThere as double:
        write(run.pk, double.message, level=Level.ERROR, attempt_number=run.attempt_number)
    return run.booking
