"""One watcher's side: every event after the last one seen, once each and in order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TypeVar

from asgiref.sync import SyncToAsync
from django.contrib.auth.models import User
from django.db import connections
from django.utils import translation
from django_eventstream.storage import EventDoesNotExist
from django_eventstream.utils import get_channelmanager, get_storage, sse_encode_error, sse_encode_event
from django_eventstream.views import Listener, get_listener_manager

from bookings.live.channels import Told, channel_of, status_of, wire_of
from bookings.live.relay import relay
from bookings.models import BookingRun, RunEvent
from bookings.queries.board import NEEDS_PERSON
from bookings.told import tell
from bookings.vocabulary import OPEN_RUN_STATES, RunState

T = TypeVar("T")

QUIET = 15.0  # seconds; after it the rows are read once more, and proxies get a sign of life
RECONNECT_AFTER = 1000  # milliseconds, told to the browser
AT_ONCE = 100

# All streams of a process share these few threads, and so as few database connections.
_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-log")


async def follow(run: BookingRun, after_seq: int) -> AsyncGenerator[RunEvent, None]:
    """The run's events after `after_seq`, in order and once each, until it has ended and all were told.

    Whoever stops early closes it (`contextlib.aclosing`). Row scope is the caller's business.
    """
    told = after_seq
    async with aclosing(arrivals(channel_of(run.uuid), after_seq)) as batches:
        async for batch in batches:
            for event in batch:
                told = event.id or told
                if event.row is not None:
                    yield event.row
            moved = any(event.row and event.row.state for event in batch)
            if (moved or not batch) and await _read(lambda: _has_ended(run.pk, told)):  # noqa: B023 - awaited here
                return


async def follow_until_person(run: BookingRun) -> AsyncGenerator[RunEvent, None]:
    """The run's events from the first on, until it has ended or waits for a person."""
    async with aclosing(follow(run, 0)) as lines:
        async for line in lines:
            yield line
            waits = line.state in (RunState.PARKED, RunState.UNCONFIRMED)
            if waits and await _read(lambda: _needs_person(run.pk)):
                return


def _needs_person(run_id: int) -> bool:
    return BookingRun.objects.filter(NEEDS_PERSON, pk=run_id, state__in=OPEN_RUN_STATES).exists()


def _has_ended(run_id: int, told: int) -> bool:
    ended = BookingRun.objects.exclude(state__in=OPEN_RUN_STATES)
    return ended.filter(pk=run_id, event_seq__lte=told).exists()


async def sse(user: User, run_uuid: object, after_seq: int, *, language: str) -> AsyncGenerator[str, None]:
    """The event stream of one run for one person, in their language; it ends when they may no longer see it.

    Events: `log` (a line, its seq as the id), before it `status` where the line moved the run,
    `stream-open`, `stream-reset` (the client's id was never given: load the page again), `keep-alive`.
    """
    channel = f"run-{run_uuid}"
    await release_thread()
    yield f"retry: {RECONNECT_AFTER}\nevent: stream-open\ndata:\n\n"
    try:
        looked_at = time.monotonic()
        async with aclosing(arrivals(channel, after_seq)) as batches:
            async for batch in batches:
                # A run that talks all the time must not keep somebody in who was removed meanwhile.
                if not batch or time.monotonic() - looked_at > QUIET:
                    looked_at = time.monotonic()
                    if not await _read(lambda: _may_read(user.pk, channel)):
                        yield sse_encode_error("forbidden", "This run is not yours to see any more.")
                        return
                yield "".join(_encode(event, language) for event in batch) or "event: keep-alive\ndata:\n\n"
    except EventDoesNotExist:
        yield sse_encode_event("stream-reset", {"channels": [channel]}, json_encode=True)


def _encode(event: Told, language: str) -> str:
    if event.row is None:
        return str(sse_encode_event(event.type, event.data, event_id=event.id))
    text = ""
    with translation.override(language):
        line = json.dumps({**wire_of(event.row), "message": tell(event.row.message)})
        if event.row.state:
            # Before its line and without an id: a connection that breaks between the two tells both again.
            text = sse_encode_event("status", json.dumps(status_of(event.row)))
    return text + str(sse_encode_event(event.type, line, event_id=event.id))


def _may_read(user_id: int, channel: str) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return bool(get_channelmanager().can_read_channel(user, channel))


async def arrivals(channel: str, after: int) -> AsyncGenerator[list[Told], None]:
    """Batches of events after `after`, gapless; an empty one when all were told, and after each quiet time.

    The relay may push a line twice, or late, or drop some of a burst: since `seq` counts without gaps, an
    old one is known by its number, and a missing one sends us back to the rows.
    """
    listener = Listener()
    listener.channels = {channel}
    listener.assign_loop()
    manager = get_listener_manager()
    manager.add_listener(listener)
    relay.wake()
    try:
        while True:
            while batch := await _read(lambda: get_storage().get_events(channel, after, limit=AT_ONCE)):  # noqa: B023
                after = batch[-1].id
                yield batch
            yield []
            while pushed := await _next_push(listener):
                fresh = [event for event in pushed if event.id > after]
                if fresh and [event.id for event in fresh] != list(range(after + 1, after + len(fresh) + 1)):
                    break
                if fresh:
                    after = fresh[-1].id
                    yield fresh
    finally:
        manager.remove_listener(listener)


async def _next_push(listener: Listener) -> list[Told]:
    """What the relay pushed; empty after a quiet time, or when it dropped something: read the rows."""
    try:
        # Not wait_for: before Python 3.12 it swallows a cancellation that meets an arrival, and the stream of
        # a watcher who is gone would then go on for ever.
        async with asyncio.timeout(QUIET):
            await listener.aevent.wait()
    except TimeoutError:
        return []
    with get_listener_manager().lock:
        items = [event for events in listener.channel_items.values() for event in events]
        overflow = listener.overflow
        listener.aevent.clear()
        listener.channel_items = {}
        listener.overflow = False
    return [] if overflow else items


async def _read(read: Callable[[], T]) -> T:
    """Read rows in one of the few reader threads, and give the connection back."""

    def done() -> T:
        try:
            return read()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(_readers, done)


async def release_thread() -> None:
    """Give back the request's own thread and database connection: a stream would hold them for hours.

    For the body of an endless answer only. A view that is still being waited for keeps its thread: the
    middleware waits in it, so work that is given to it there would never begin.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor is None:
        return
    await asyncio.get_running_loop().run_in_executor(executor, connections.close_all)
    executor.shutdown(wait=False)
