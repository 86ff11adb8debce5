"""What is asked of BrokerBay beside booking: cancel, move, check, compare; and answers to waiting jobs."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import Http404
from ninja import Router, Status

from bookings.api import rows, shapes
from bookings.api.auth import PersonRequest, may
from bookings.api.jobs import IdempotencyKey, day_meant, digest_of, lines_of, run_or_404
from bookings.api.openapi import OF_A_BODY, answers
from bookings.api.partners import partner_of
from bookings.api.records import booking_or_404
from bookings.models import Account, BookingRun
from bookings.queries.launch import place_named
from bookings.services import runs
from bookings.vocabulary import RunKind, Source

router = Router(tags=["BrokerBay"])


@router.post(
    "/bookings/{int:booking_id}/cancel",
    auth=may("bookings.book_run"),
    response=answers({202: shapes.JobStarted}, 404, 409, *OF_A_BODY),
)
def cancel_booking(
    request: PersonRequest, booking_id: int, asked: shapes.CancelAsked
) -> Status[shapes.JobStarted]:
    """Cancel a showing on BrokerBay: queues a job and answers at once.

    A repeat cancels nothing more: it gets 409 while the first is under way and after it worked.
    """
    booking = booking_or_404(request, booking_id)
    run = runs.queue_cancel(
        booking, source=Source.API, by=request.auth, reason=asked.reason, dry_run=asked.dryRun
    )
    return _started(run)


@router.post(
    "/bookings/{int:booking_id}/reschedule",
    auth=may("bookings.book_run"),
    response=answers({202: shapes.JobStarted}, 404, 409, *OF_A_BODY),
)
def reschedule_booking(
    request: PersonRequest, booking_id: int, asked: shapes.RescheduleAsked
) -> Status[shapes.JobStarted]:
    """Move a showing on BrokerBay to another time: queues a job and answers at once.

    A repeat moves nothing more: it is refused while the first is under way and after it worked.
    """
    booking = booking_or_404(request, booking_id)
    run = runs.queue_reschedule(
        booking,
        date=day_meant(asked.preferredDate, booking.time_zone),
        time=asked.preferredTime,
        duration_minutes=asked.preferredDuration,
        source=Source.API,
        by=request.auth,
        dry_run=asked.dryRun,
    )
    return _started(run)


@router.post(
    "/check",
    auth=may("bookings.book_run"),
    response=answers({202: shapes.JobStarted}, 409, *OF_A_BODY),
)
def start_check(
    request: PersonRequest, asked: shapes.CheckJobAsked, idempotency_key: IdempotencyKey
) -> Status[shapes.JobStarted]:
    """Look a property up on BrokerBay: is it there, can it be booked, and which times are open on a day."""
    partner = partner_of(request.auth, asked.partner)
    place = place_named(request.auth, asked.property)
    zone = place.time_zone or partner.time_zone
    day = day_meant(asked.preferredDate, zone) if asked.preferredDate else None
    wish = replace(place, kind=RunKind.CHECK, date=day)
    run = runs.queue(
        wish,
        partner=partner,
        source=Source.API,
        by=request.auth,
        idempotency_key=idempotency_key,
        asked_digest=digest_of(asked),
    )
    return _started(run)


@router.post(
    "/accounts/{int:account_id}/reconcile",
    auth=may("bookings.book_run"),
    response=answers({202: shapes.JobStarted}, 404, 409),
)
def start_reconcile(request: PersonRequest, account_id: int) -> Status[shapes.JobStarted]:
    """Read the account's own list on BrokerBay whole, and compare it with the bookings here.

    A repeat answers the job that is under way.
    """
    account = Account.objects.visible_to(request.auth).filter(pk=account_id).first()
    if account is None:
        raise Http404("There is no such account.")
    return _started(runs.queue_reconcile(account, source=Source.API, by=request.auth))


@router.post(
    "/auto-book/{uuid:job_id}/answer",
    auth=may("bookings.book_run"),
    response=answers({200: shapes.OneJob}, 404, 409, *OF_A_BODY),
)
def answer_job(request: PersonRequest, job_id: UUID, asked: shapes.AnswerAsked) -> shapes.OneJob:
    """Answer a job that waits for a person, with one of its “offers”. Of two answers the first one counts."""
    run = runs.answer(
        run_or_404(request.auth, job_id),
        asked.answer,
        by=request.auth,
        value=asked.value,
        source=Source.API,
        reason=asked.reason,
    )
    return shapes.OneJob(job=rows.job_with_logs(run, lines_of(run)))


def _started(run: BookingRun) -> Status[shapes.JobStarted]:
    return Status(202, shapes.JobStarted(jobId=run.uuid, job=rows.job_with_logs(run, lines_of(run))))
