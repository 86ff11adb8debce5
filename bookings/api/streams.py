"""Jobs as they happen: server-sent events, and the check that waits for its answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Annotated, ParamSpec, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Router
from ninja.responses import NinjaJSONEncoder
from pydantic import BaseModel

from bookings.api import rows, shapes
from bookings.api.auth import PersonRequest, may, person_again
from bookings.api.errors import problem
from bookings.api.jobs import lines_of, run_or_404
from bookings.api.openapi import OF_A_BODY, answers, body_of, events_of
from bookings.api.partners import partner_of
from bookings.live import follow, follow_until_person, release_thread
from bookings.models import BookingRun, RunEvent
from bookings.queries.launch import place_named
from bookings.services import runs
from bookings.vocabulary import OPEN_RUN_STATES, RunKind, RunState, Source

router = Router(tags=["Booking"])
P = ParamSpec("P")
T = TypeVar("T")

KEEP_ALIVE = 15.0  # seconds; proxies drop a stream that says nothing for a minute
CHECK_DEADLINE = 25.0  # seconds; below the half minute after which proxies give up
RECONNECT_AFTER = 2000  # milliseconds, told to the browser

LastEventId = Annotated[
    str,
    Header("", alias="Last-Event-ID", max_length=40, description="The last log id seen; resumes after it."),
]


@router.get(
    "/auto-book/{uuid:job_id}/stream",
    auth=may("bookings.view_bookingrun"),
    response=answers({200: None, 204: None}, 404),
    openapi_extra=body_of(
        200,
        "text/event-stream",
        events_of("`data` is JSON: a job with its logs, a job, or a log entry.", "snapshot", "status", "log"),
    ),
)
async def stream_job(request: PersonRequest, job_id: UUID, last_event_id: LastEventId) -> HttpResponseBase:
    """A job as it happens.

    `snapshot` is the job with the log so far, `log` one line (its id resumes the stream), `status` the job
    after it moved. The stream ends with the job, and soon after its listener may no longer see the job; a
    browser that comes back for nothing new is told so by 204.
    """
    run = await apart(run_or_404, request.auth, job_id)
    seen = _line_number(last_event_id, run)
    if seen is not None and not run.is_open and seen == run.event_seq:
        return HttpResponse(status=204)
    told = await apart(lines_of, run, up_to=seen)
    stream = StreamingHttpResponse(_frames(request, run, told), content_type="text/event-stream")
    stream["Cache-Control"] = "no-store"
    stream["X-Accel-Buffering"] = "no"
    return stream


def _line_number(last_event_id: str, run: BookingRun) -> int | None:
    """The log id that a client saw last; None for a first visit or for what was never an id."""
    if not (last_event_id.isascii() and last_event_id.isdecimal()):
        return None
    number = int(last_event_id)
    return number if number <= run.event_seq else None


async def _frames(request: PersonRequest, run: BookingRun, told: list[RunEvent]) -> AsyncGenerator[str, None]:
    last = told[-1].seq if told else 0
    await release_thread()
    yield f"retry: {RECONNECT_AFTER}\n" + _frame("snapshot", rows.job_with_logs(run, told), last)
    state, looked_at = run.state, time.monotonic()
    async with aclosing(_with_signs_of_life(follow(run, last))) as lines:
        async for line in lines:
            # A job that talks all the time must not keep somebody in who was removed meanwhile.
            if line is None or time.monotonic() - looked_at > KEEP_ALIVE:
                looked_at = time.monotonic()
                if not await apart(_still_hears, request, run):
                    return
            if line is None:
                yield ": still here\n\n"
                continue
            yield _frame("log", rows.log_entry(line), line.seq)
            if line.state:
                run = await apart(_again, run)
                state = run.state
                yield _frame("status", rows.job(run))
    run = await apart(_again, run)
    if run.state != state:
        yield _frame("status", rows.job(run))


def _frame(event: str, body: BaseModel, number: int | None = None) -> str:
    line = f"id: {number}\n" if number is not None else ""
    return f"{line}event: {event}\ndata: {json.dumps(body, cls=NinjaJSONEncoder)}\n\n"


async def _with_signs_of_life(lines: AsyncGenerator[RunEvent, None]) -> AsyncGenerator[RunEvent | None, None]:
    """The same lines, and None whenever nothing came for a while."""
    coming = asyncio.ensure_future(anext(lines))
    try:
        while True:
            came, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE)
            if not came:
                yield None
                continue
            try:
                yield coming.result()
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(lines))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
        await lines.aclose()


async def apart(read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Read in a thread of the pool and give its connection back: an open stream must hold neither."""

    def done() -> T:
        try:
            return read(*args, **named)
        finally:
            connections.close_all()

    return await sync_to_async(done, thread_sensitive=False)()


def _still_hears(request: PersonRequest, run: BookingRun) -> bool:
    """A job may wait for days; who was removed meanwhile, or whose key was revoked, hears no more of it."""
    person = person_again(request)
    return person is not None and BookingRun.objects.visible_to(person).filter(pk=run.pk).exists()


def _again(run: BookingRun) -> BookingRun:
    return BookingRun.objects.select_related("account").get(pk=run.pk)


@router.post(
    "/property-exists",
    auth=may("bookings.book_run"),
    response=answers({200: shapes.Checked, 504: shapes.Problem}, 409, *OF_A_BODY),
)
async def check_property(request: PersonRequest, check: shapes.CheckAsked) -> shapes.Checked | HttpResponse:
    """Whether BrokerBay has a listing: the robot looks it up while you wait (up to 25 seconds)."""
    run = await sync_to_async(_checking)(request.auth, check)
    lines: list[RunEvent] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(CHECK_DEADLINE), aclosing(follow_until_person(run)) as told:
            async for line in told:
                lines.append(line)
    run = await apart(_again, run)
    if run.state == RunState.DONE or run.state == RunState.REFUSED:
        return shapes.Checked(
            exists=run.reason_code != "listing_not_found",
            logs=[rows.log_entry(line) for line in lines],
            jobId=run.uuid,
        )
    if run.state in (RunState.QUEUED, RunState.RUNNING) or _waits_for_clock(run):
        return problem(
            504,
            "BrokerBay has not answered yet; the check goes on. Ask again in a minute.",
            jobId=str(run.uuid),
        )
    return problem(503, f"{run.title}. {run.next_step}".strip(), jobId=str(run.uuid))


def _checking(user: User, check: shapes.CheckAsked) -> BookingRun:
    """The run that looks this property up: the one under way, or a new one."""
    partner = partner_of(user, check.partner)
    place = place_named(user, check.property)
    under_way = BookingRun.objects.visible_to(user).filter(
        partner=partner, kind=RunKind.CHECK, property_text=place.property_text, state__in=OPEN_RUN_STATES
    )
    run: BookingRun | None = under_way.order_by("-pk").first()
    return run or runs.queue(replace(place, kind=RunKind.CHECK), partner=partner, source=Source.API, by=user)


def _waits_for_clock(run: BookingRun) -> bool:
    return run.state == RunState.PARKED and run.not_before is not None
