"""Our rows as they look on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from bookings.api import shapes
from bookings.models import Booking, BookingRun, Property, RunEvent
from bookings.services import runs
from bookings.vocabulary import EvidenceKind, Level, RunKind, RunState

Status = Literal["pending", "running", "completed", "failed"]
PENDING: Literal["pending"] = "pending"
RUNNING: Literal["running"] = "running"
COMPLETED: Literal["completed"] = "completed"
FAILED: Literal["failed"] = "failed"

# The four words that existing clients know, for each of our precise states.
STATUS_OF: dict[RunState, Status] = {
    RunState.QUEUED: PENDING,
    RunState.PARKED: PENDING,
    RunState.RUNNING: RUNNING,
    # Sent, and being looked up in BrokerBay's own list: not over yet.
    RunState.UNCONFIRMED: RUNNING,
    RunState.BOOKED: COMPLETED,
    RunState.DONE: COMPLETED,
    RunState.REFUSED: FAILED,
    RunState.FAILED: FAILED,
    RunState.CANCELLED: FAILED,
    RunState.EXPIRED: FAILED,
}


WORDS: tuple[Status, ...] = (PENDING, RUNNING, COMPLETED, FAILED)


def states_of(status: Status) -> list[RunState]:
    return [state for state, word in STATUS_OF.items() if word == status]


def job(run: BookingRun) -> shapes.Job:
    return shapes.Job(
        id=run.uuid,
        kind=RunKind(run.kind),
        property=run.property_text,
        status=STATUS_OF[RunState(run.state)],
        state=str(run.state),
        options=shapes.JobOptions(
            preferredTime=f"{run.wanted_time:%H:%M}" if run.wanted_time else None,
            preferredDate=run.wanted_date,
            preferredDuration=run.duration_minutes,
            autoConfirmOnly=run.auto_confirm_only,
        ),
        createdAt=run.queued_at,
        updatedAt=run.updated_at,
        startedAt=run.started_at,
        completedAt=run.finished_at,
        step=run.step,
        result=run.title,
        reasonCode=run.reason_code,
        reason=run.reason,
        nextStep=run.next_step,
        openSlots=run.open_slots,
        candidates=run.candidates,
        offers=[_offer(offer) for offer in runs.offers(run)],
        dryRun=run.dry_run,
        bookingId=run.booking_id,
        url=f"/runs/{run.uuid}",
    )


def _offer(offer: runs.Offer) -> shapes.Offer:
    return shapes.Offer(
        answer=offer.answer,
        value=offer.value,
        label=offer.label,
        detail=offer.detail,
        isMain=offer.is_main,
    )


def job_with_logs(run: BookingRun, events: Iterable[RunEvent]) -> shapes.JobWithLogs:
    return shapes.JobWithLogs(**dict(job(run)), logs=[log_entry(event) for event in events])


def log_entry(event: RunEvent) -> shapes.LogEntry:
    """One line of the live log. Its evidence must have been fetched with it."""
    kept = event.evidence
    is_picture = kept is not None and kept.kind == EvidenceKind.PICTURE
    picture: UUID | None = kept.uuid if kept is not None and is_picture else None
    return shapes.LogEntry(
        id=event.seq,
        timestamp=event.at,
        level=Level(event.level),
        message=event.message,
        step=event.step,
        durationMs=event.duration_ms,
        picture=f"/evidence/{picture}" if picture else None,
    )


def booking(row: Booking) -> shapes.BookingRow:
    return shapes.BookingRow(
        id=row.pk,
        listing_id=row.listing_id,
        property_address=row.property_address,
        booking_date=row.booking_date,
        booking_time=f"{row.booking_time:%H:%M}",
        duration=row.duration,
        user_name=row.user_name,
        user_email=row.user_email,
        organization=row.organization,
        showing_type=row.showing_type,
        status=str(row.status),
        auto_confirmed=1 if row.auto_confirmed else 0,
        booking_url=row.booking_url,
        screenshot_path=row.screenshot_path,
        confirmation_message=row.confirmation_message,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        time_zone=row.time_zone,
        badge=row.badge,
        property_id=row.property_id,
    )


def home(row: Property) -> shapes.PropertyRow:
    names = shapes.PropertyRow.model_fields
    return shapes.PropertyRow(**{name: getattr(row, name) for name in names})
