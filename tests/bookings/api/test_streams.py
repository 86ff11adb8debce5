"""The stream and the waiting check, with a worker's writes made while somebody waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.test import AsyncClient
from django.utils import timezone

from bookings.api import streams
from bookings.models import BookingRun, Membership, RunEvent
from bookings.services import people, runs
from bookings.vocabulary import RunKind, RunState
from tests.bookings.api.callers import browser, send
from tests.bookings.api.contract import CHECKED, JOB, JOB_WITH_LOGS, LOG, unlike
from tests.bookings.cast import Cast, make_cast, make_run

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
PATIENCE = 10.0  # seconds, for a whole test


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One server-sent event."""

    event: str
    data: dict[str, Any]
    id: str = ""


def in_loop(play: Callable[[], Awaitable[Any]]) -> Any:
    """Run a scene to its end, or fail when it takes too long."""

    async def scene() -> Any:
        async with asyncio.timeout(PATIENCE):
            return await play()

    return async_to_sync(scene)()


async def elsewhere(work: Callable[..., T], *args: Any) -> T:
    """Do what a worker does, in a thread and over a connection of its own."""

    def done() -> T:
        try:
            return work(*args)
        finally:
            connections.close_all()

    return await asyncio.to_thread(done)


async def watch(user: User, run: BookingRun, last: str = "") -> Any:
    client = AsyncClient()
    await client.aforce_login(user)
    headers = {"Last-Event-ID": last} if last else {}
    return await client.get(f"/api/auto-book/{run.uuid}/stream", headers=headers)


async def events_of(answer: Any) -> AsyncIterator[Told]:
    async for chunk in answer.streaming_content:
        for block in chunk.decode().split("\n\n"):
            fields = dict(
                line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":"
            )
            if "event" in fields:
                yield Told(event=fields["event"], data=json.loads(fields["data"]), id=fields.get("id", ""))


def claim(run: BookingRun) -> int:
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    return claimed.attempt_number


def tell(run: BookingRun, fence: int, *messages: str) -> None:
    lines = [runs.LogLine(at=timezone.now(), message=message, step="open_site") for message in messages]
    assert runs.tell(run.pk, lines, fence=fence)


def refuse(run: BookingRun, fence: int, code: str = "slot_unavailable") -> None:
    runs.settle(run.pk, runs.AttemptEnd(result="refused", code=code, message="No."), fence=fence)


def end_well(run: BookingRun, fence: int) -> None:
    runs.settle(run.pk, runs.AttemptEnd(result="found", message="It is there."), fence=fence)


# ---- the stream ------------------------------------------------------------------------------------


def test_a_stream_tells_the_job_its_lines_and_its_moves_and_ends_with_it(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)

    async def scene() -> list[Told]:
        told = events_of(await watch(cast.colleague, run))
        seen = [await anext(told)]
        fence = await elsewhere(claim, run)
        await elsewhere(tell, run, fence, "Opened the site", "Found the listing")
        await elsewhere(refuse, run, fence)
        return seen + [event async for event in told]

    snapshot, *rest = in_loop(scene)
    assert snapshot.event == "snapshot"
    assert snapshot.data["id"] == str(run.uuid)
    assert [entry["id"] for entry in snapshot.data["logs"]] == [1]
    assert snapshot.id == "1"
    logs = [event for event in rest if event.event == "log"]
    assert [event.id for event in logs] == [str(event.data["id"]) for event in logs] == ["2", "3", "4", "5"]
    assert logs[1].data["message"] == "Opened the site"
    last = rest[-1]
    assert (last.event, last.data["status"], last.data["state"]) == ("status", "failed", "refused")
    assert "logs" not in last.data
    assert last.data["reasonCode"] == "slot_unavailable"
    shapes = {"snapshot": JOB_WITH_LOGS, "log": LOG, "status": JOB}
    assert [told for event in (snapshot, *rest) for told in unlike(event.data, shapes[event.event])] == []


def test_a_stream_of_an_ended_job_tells_it_and_ends(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    refuse(run, claim(run))

    async def scene() -> list[Told]:
        return [event async for event in events_of(await watch(cast.owner, run))]

    [snapshot] = in_loop(scene)
    assert (snapshot.event, snapshot.data["status"]) == ("snapshot", "failed")
    assert [entry["id"] for entry in snapshot.data["logs"]] == [1, 2, 3]


def test_a_stream_goes_on_after_the_last_event_seen(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    fence = claim(run)
    tell(run, fence, "one", "two", "three")
    refuse(run, fence)

    async def scene() -> list[Told]:
        return [event async for event in events_of(await watch(cast.owner, run, last="3"))]

    snapshot, *rest = in_loop(scene)
    assert [entry["id"] for entry in snapshot.data["logs"]] == [1, 2, 3]
    assert [event.id for event in rest if event.event == "log"] == ["4", "5", "6"]


def test_a_browser_that_comes_back_for_nothing_is_sent_home(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    refuse(run, claim(run))
    answer = in_loop(lambda: watch(cast.owner, run, last="3"))
    assert answer.status_code == 204


@pytest.mark.parametrize("last", ["abc", "-1", "99", "9" * 40, "³", "1.5"])
def test_an_id_that_was_never_given_starts_from_the_snapshot(cast: Cast, last: str) -> None:
    run = make_run(cast.partner, by=cast.owner)
    refuse(run, claim(run))

    async def scene() -> list[Told]:
        return [event async for event in events_of(await watch(cast.owner, run, last=last))]

    [snapshot] = in_loop(scene)
    assert len(snapshot.data["logs"]) == 3


def test_a_silent_stream_gives_signs_of_life(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE", 0.02)
    run = make_run(cast.partner, by=cast.owner)

    async def scene() -> list[bytes]:
        chunks = (await watch(cast.owner, run)).streaming_content
        return [await anext(chunks), await anext(chunks), await anext(chunks)]

    snapshot, *silence = in_loop(scene)
    assert b"event: snapshot" in snapshot
    assert silence == [b": still here\n\n"] * 2


def test_who_is_removed_from_the_partner_soon_hears_no_more(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE", 0.02)
    run = make_run(cast.partner, by=cast.owner)
    membership = Membership.objects.get(user=cast.colleague)

    async def scene() -> list[bytes]:
        chunks = (await watch(cast.colleague, run)).streaming_content
        first = await anext(chunks)
        await elsewhere(lambda: people.leave(membership, by=cast.manager))
        return [first, *[chunk async for chunk in chunks]]

    snapshot, *silence = in_loop(scene)
    assert b"event: snapshot" in snapshot
    assert set(silence) <= {b": still here\n\n"}


@pytest.mark.parametrize("lines", [1, 60])
def test_a_stream_costs_the_same_however_long_the_log(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    run = make_run(cast.partner, by=cast.owner)
    fence = claim(run)
    tell(run, fence, *("line",) * lines)
    refuse(run, fence)
    asked: list[str] = []
    execute = CursorWrapper.execute

    def count(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return execute(self, sql, params)

    async def scene() -> list[Told]:
        answer = await watch(cast.owner, run)
        monkeypatch.setattr(CursorWrapper, "execute", count)
        return [event async for event in events_of(answer)]

    [snapshot] = in_loop(scene)
    assert len(snapshot.data["logs"]) == lines + 3
    # The relay's own looks are among them, as often as it looks.
    reads = [sql for sql in asked if sql.startswith("SELECT")]
    assert len(reads) < 20, "\n".join(reads)


def test_nobody_keeps_a_stream_for_later(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    refuse(run, claim(run))
    answer = in_loop(lambda: watch(cast.owner, run))
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store"


def test_a_stranger_hears_nothing(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    answer = in_loop(lambda: watch(cast.stranger, run))
    assert (answer.status_code, answer.json()["success"]) == (404, False)


# ---- the check -------------------------------------------------------------------------------------


async def check(user: User, **body: Any) -> Any:
    client = AsyncClient()
    await client.aforce_login(user)
    return await client.post("/api/property-exists", body, content_type="application/json")


async def queued_check() -> BookingRun:
    """The run of the check, once somebody asked for it."""
    while True:
        run = await elsewhere(BookingRun.objects.filter(kind=RunKind.CHECK).first)
        if run is not None:
            return run
        await asyncio.sleep(0.01)


def answered_by(cast: Cast, work: Callable[[BookingRun], None]) -> Any:
    """Ask whether a property exists while a worker does `work` on the run."""

    async def scene() -> Any:
        asking = asyncio.ensure_future(check(cast.owner, property="N7654321"))
        run = await queued_check()
        await elsewhere(work, run)
        return await asking

    return in_loop(scene)


def test_a_listing_that_brokerbay_has_exists(cast: Cast) -> None:
    answer = answered_by(cast, lambda run: end_well(run, claim(run)))
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"success", "exists", "logs", "jobId"}
    assert (body["success"], body["exists"]) == (True, True)
    assert list(unlike(body, CHECKED)) == []
    assert [entry["id"] for entry in body["logs"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "exists"), [("listing_not_found", False), ("ambiguous_listing", True), ("not_bookable", True)]
)
def test_a_refusal_says_whether_it_exists(cast: Cast, code: str, exists: bool) -> None:
    answer = answered_by(cast, lambda run: refuse(run, claim(run), code))
    assert (answer.status_code, answer.json()["exists"]) == (200, exists)


def test_a_check_that_takes_too_long_says_so_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_DEADLINE", 0.05)
    answer = in_loop(lambda: check(cast.owner, property="N7654321"))
    assert answer.status_code == 504
    assert answer.json()["success"] is False
    run = BookingRun.objects.get()
    assert (run.kind, run.state, answer.json()["jobId"]) == (RunKind.CHECK, RunState.QUEUED, str(run.uuid))


def test_asking_again_waits_for_the_check_under_way(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_DEADLINE", 0.05)
    for _ in range(2):
        in_loop(lambda: check(cast.owner, property="N7654321"))
    assert BookingRun.objects.count() == 1


def test_a_check_that_waits_for_a_person_says_so_at_once(cast: Cast) -> None:
    def park(run: BookingRun) -> None:
        end = runs.AttemptEnd(result="parked", code="needs_sign_in", message="Signed out.")
        runs.settle(run.pk, end, fence=claim(run))

    answer = answered_by(cast, park)
    assert answer.status_code == 503
    assert "sign-in" in answer.json()["error"]


@pytest.mark.parametrize("body", [{}, {"property": "N1"}, {"property": "  x  "}, {"property": None}])
def test_a_check_needs_three_characters(cast: Cast, body: dict[str, Any]) -> None:
    answer = send(browser(cast.owner), "POST", "/api/property-exists", body)
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"property"}
    assert not RunEvent.objects.exists()
