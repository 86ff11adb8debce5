from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from django_eventstream.views import get_listener_manager

from bookings.live import follow
from bookings.live.channels import RunChannels, channel_of
from bookings.models import BookingRun
from bookings.services import runs
from bookings.services.runs import AttemptEnd, LogLine
from tests.bookings.cast import Cast, make_cast, make_run

FIRST_LINES = 2  # queued, attempt started


def held_run() -> BookingRun:
    run = runs.claim(make_run(make_cast().partner).pk, holder="test")
    assert run is not None
    return run


def tell_and_end(run: BookingRun, *messages: str) -> None:
    """What a worker does, in a thread with a connection of its own."""
    try:
        for message in messages:
            runs.tell(run.pk, [LogLine(at=timezone.now(), message=message)], fence=run.attempt_number)
        end = AttemptEnd(result="refused", code="not_bookable", message="No online showings here.")
        runs.settle(run.pk, end, fence=run.attempt_number)
    finally:
        connections.close_all()


def test_a_run_is_followed_to_its_end_and_no_further(transactional_db: None) -> None:
    run = held_run()
    worker = threading.Thread(target=tell_and_end, args=(run, "one", "two"))

    async def watch() -> list[tuple[int, str]]:
        told = []
        async with aclosing(follow(run, 0)) as lines:
            async for line in lines:
                told.append((line.seq, line.state))
                if line.seq == FIRST_LINES:
                    worker.start()
        return told

    told = asyncio.run(asyncio.wait_for(watch(), timeout=30))
    worker.join()
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == "refused"


def test_a_run_that_has_ended_is_told_from_where_one_left_off(transactional_db: None) -> None:
    run = held_run()
    tell_and_end(run, "one")

    async def watch(after: int) -> list[int]:
        async with aclosing(follow(run, after)) as lines:
            return [line.seq async for line in lines]

    last = BookingRun.objects.get(pk=run.pk).event_seq
    assert asyncio.run(asyncio.wait_for(watch(FIRST_LINES), timeout=30)) == list(range(3, last + 1))
    assert asyncio.run(asyncio.wait_for(watch(last), timeout=30)) == []


def test_a_channel_is_read_by_those_who_see_its_run(cast: Cast) -> None:
    channel = channel_of(make_run(cast.partner).uuid)
    readers = {
        name for name in ("owner", "viewer", "stranger", "admin") if _reads(getattr(cast, name), channel)
    }
    assert readers == {"owner", "viewer", "admin"}
    assert not _reads(None, channel)
    assert not _reads(cast.admin, "run-junk")


def _reads(user: object, channel: str) -> bool:
    return RunChannels().can_read_channel(user, channel)  # type: ignore[arg-type]


@pytest.mark.parametrize("turns", range(5))
def test_who_leaves_as_a_line_arrives_is_let_go(transactional_db: None, turns: int) -> None:
    """A cancellation that meets an arrival must win, or the stream of a watcher who is gone never ends."""
    run = held_run()

    async def watch() -> None:
        lines = follow(run, FIRST_LINES)
        coming = asyncio.ensure_future(anext(lines))
        listener = await _the_listener_of(run)
        listener.aevent.set()
        for _ in range(turns):
            await asyncio.sleep(0)  # one turn of the loop, no time
        coming.cancel()
        gone, _ = await asyncio.wait({coming}, timeout=5)
        assert gone

    asyncio.run(asyncio.wait_for(watch(), timeout=20))


async def _the_listener_of(run: BookingRun) -> Any:
    """The watcher's listener, once it waits for what comes next."""
    manager = get_listener_manager()
    while True:
        await asyncio.sleep(0)
        with manager.lock:
            for listener in manager.listeners_by_channel.get(channel_of(run.uuid), ()):
                if listener.aevent._waiters:
                    return listener
