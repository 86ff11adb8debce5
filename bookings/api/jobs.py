"""Booking runs as jobs: started, listed, looked at."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.http import Http404
from django.utils import timezone
from ninja import Header, Query, Router, Status

from bookings.api import rows, shapes
from bookings.api.auth import PersonRequest, may
from bookings.api.openapi import OF_A_BODY, answers
from bookings.api.partners import partner_of
from bookings.api.wanted import next_such_day
from bookings.models import BookingRun, Partner, RunEvent
from bookings.queries import jobs
from bookings.queries.launch import place_named
from bookings.services import runs
from bookings.vocabulary import Source

router = Router(tags=["Booking"])

IdempotencyKey = Annotated[
    str,
    Header(
        "",
        alias="Idempotency-Key",
        max_length=120,
        pattern=r"^[\x21-\x7e]*$",
        description="A repeat with the same key and body answers the first job, and books nothing more.",
    ),
]


@router.post(
    "/auto-book",
    auth=may("bookings.book_run"),
    response=answers({202: shapes.JobStarted}, 409, *OF_A_BODY),
)
def start_job(
    request: PersonRequest, wish: shapes.BookingAsked, idempotency_key: IdempotencyKey
) -> Status[shapes.JobStarted]:
    """Book a showing: queues a booking run and answers at once; follow it by its stream."""
    partner = partner_of(request.auth, wish.partner)
    asked = _wish(request.auth, wish, partner)
    run = runs.queue(
        asked,
        partner=partner,
        source=Source.API,
        by=request.auth,
        idempotency_key=idempotency_key,
        asked_digest=digest_of(wish),
        dry_run=wish.dryRun,
    )
    return Status(202, shapes.JobStarted(jobId=run.uuid, job=rows.job_with_logs(run, lines_of(run))))


def _wish(user: User, wish: shapes.BookingAsked, partner: Partner) -> runs.Wish:
    place = place_named(user, wish.property)
    return replace(
        place,
        date=day_meant(wish.preferredDate, place.time_zone or partner.time_zone),
        time=wish.preferredTime,
        duration_minutes=wish.preferredDuration,
        auto_confirm_only=wish.autoConfirmOnly,
    )


def digest_of(asked: shapes.Asked) -> str:
    """The same for the same body, in whatever order and with whatever blanks it was written."""
    return hashlib.sha256(f"{type(asked).__name__} {asked.model_dump_json()}".encode()).hexdigest()


def day_meant(said: date | int, zone: str) -> date:
    """The date that was said; for a bare day of the month, the next such day in that zone."""
    if isinstance(said, date):
        return said
    return next_such_day(said, today=timezone.now().astimezone(ZoneInfo(zone)).date())


@router.get("/auto-book", auth=may("bookings.view_bookingrun"), response=answers({200: shapes.Jobs}))
def list_jobs(request: PersonRequest, page: Query[shapes.JobPage]) -> shapes.Jobs:
    """The newest jobs, without their logs."""
    newest = jobs.bookings_wanted(request.auth)[: page.limit]
    return shapes.Jobs(jobs=[rows.job(run) for run in newest])


@router.get(
    "/auto-book/{uuid:job_id}",
    auth=may("bookings.view_bookingrun"),
    response=answers({200: shapes.OneJob}, 404),
)
def one_job(request: PersonRequest, job_id: UUID) -> shapes.OneJob:
    """A job with its whole log."""
    run = run_or_404(request.auth, job_id)
    return shapes.OneJob(job=rows.job_with_logs(run, lines_of(run)))


@router.get(
    "/auto-booking-queue", auth=may("bookings.view_bookingrun"), response=answers({200: shapes.Queue})
)
def show_queue(request: PersonRequest, page: Query[shapes.JobPage]) -> shapes.Queue:
    """The newest jobs by where they stand (at most `limit` each), and how many there are in all."""
    lists = {word: _newest(request.auth, word, page.limit) for word in rows.WORDS}
    counted = jobs.counted_by_state(request.auth)
    counts = {word: sum(counted.get(state, 0) for state in rows.states_of(word)) for word in rows.WORDS}
    return shapes.Queue(
        data=shapes.QueueLists(
            pending=lists["pending"],
            processing=lists["running"],
            completed=lists["completed"],
            failed=lists["failed"],
        ),
        stats=shapes.QueueCounts(
            pendingCount=counts["pending"],
            processingCount=counts["running"],
            completedCount=counts["completed"],
            failedCount=counts["failed"],
            totalCount=sum(counts.values()),
        ),
    )


def _newest(user: User, word: rows.Status, most: int) -> list[shapes.Job]:
    return [rows.job(run) for run in jobs.newest_in(user, rows.states_of(word), most=most)]


def run_or_404(user: User, uuid: UUID) -> BookingRun:
    found = BookingRun.objects.visible_to(user).filter(uuid=uuid)
    run: BookingRun | None = found.select_related("account", "partner").first()
    if run is None:
        raise Http404("There is no such job.")
    return run


def lines_of(run: BookingRun, *, up_to: int | None = None) -> list[RunEvent]:
    """A run's log, oldest first; with `up_to`, only the lines to that number."""
    lines = RunEvent.objects.filter(run=run).select_related("evidence").order_by("seq")
    return list(lines if up_to is None else lines.filter(seq__lte=up_to))
