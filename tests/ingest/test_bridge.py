"""The bridge between the local Realtime and the portal's tables, through every trouble of the line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from bookings.models import BookingRun, Client, Lease, ShowingRequest, SyncPass
from bookings.models import Upstream as Service
from bookings.services import leases, sync, upstreams
from bookings.vocabulary import PassState, RunState
from ingest.bridge import LEASE, TRIGGER, Bridge, Ear, Pace
from ingest.passes import Sources
from ingest.simulator.control import SECRET_KEY, TABLE, Upstream
from ingest.simulator.line import Line
from ingest.sources.realtime import Realtime, Timing
from ingest.sources.supabase import PAGE, Supabase
from tests.bookings.cast import make_account, make_partner
from tests.ingest.conftest import QUICK

pytestmark = pytest.mark.django_db(transaction=True)

CLIENT = "client-1"
TIMING = Timing(connect=5, heartbeat=0.5, answer=3, subscribe=10)
PACE = Pace(
    lease=5,
    look=0.05,
    first_pause=0.05,
    longest_pause=0.2,
    between_passes=0.1,
    while_another_passes=0.1,
    between_notes=0.1,
)


@pytest.fixture(autouse=True)
def _partner_with_a_client() -> None:
    partner = make_partner("Maple Team")
    make_account(partner)
    Client.objects.create(external_id=CLIENT, partner=partner)


def make_bridge(url: str, *, holder: str = "here", pace: Pace = PACE, **more: Any) -> Bridge:
    def supabase() -> Supabase:
        return Supabase(url=url, key=SECRET_KEY, table=TABLE, patience=QUICK)

    def ear() -> Ear:
        return Ear(Realtime(url=url, key=lambda: SECRET_KEY, table=TABLE, timing=TIMING), pace)

    return Bridge(
        holder=holder,
        make_ear=ear,
        make_supabase=supabase,
        make_sources=lambda: Sources(supabase=supabase(), property_api=None),
        pace=pace,
        **more,
    )


@contextmanager
def working(bridge: Bridge) -> Iterator[Bridge]:
    """A bridge at work in a thread of its own; what breaks there breaks the test."""
    broke: list[BaseException] = []

    def work() -> None:
        try:
            bridge.run()
        except BaseException as error:
            broke.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield bridge
    finally:
        bridge.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert broke == []


@contextmanager
def listening(upstream: Upstream, **more: Any) -> Iterator[Bridge]:
    """…and it hears what changes, and has caught up."""
    with working(make_bridge(more.pop("url", upstream.url), **more)) as bridge:
        until(lambda: upstream.realtime()["subscribed"] == 1)
        until(lambda: SyncPass.objects.filter(trigger="realtime").exclude(finished_at=None).exists())
        yield bridge


def until(true: Callable[[], Any], *, seconds: float = 60) -> None:
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        pause.wait(0.02)


def a_request(upstream: Upstream, name: str, *, mls: str = "W12345678", **columns: Any) -> str:
    return upstream.insert_request(id=name, **{**wish(mls), **columns})


def wish(mls: str = "W12345678") -> dict[str, Any]:
    soon = (timezone.now() + timedelta(days=5)).date().isoformat()
    return {
        "user_id": CLIENT,
        "property_id": mls,
        "status": "scheduled",
        "scheduled_date": soon,
        "scheduled_time": "14:30:00",
    }


def is_queued(name: str) -> bool:
    return BookingRun.objects.filter(request_id=name, state=RunState.QUEUED).exists()


def facts() -> dict[str, Any]:
    service = Service.objects.filter(key=upstreams.REALTIME).first()
    return dict(service.facts) if service else {}


def test_a_new_request_is_queued_and_a_change_of_it_is_followed(upstream: Upstream) -> None:
    with listening(upstream):
        a_request(upstream, "r1")
        until(lambda: is_queued("r1"))
        upstream.change_request("r1", status="cancelled")
        until(lambda: ShowingRequest.objects.get(pk="r1").status == "cancelled")
        until(lambda: not is_queued("r1"))
    assert SyncPass.objects.count() == 1


def test_what_was_there_before_is_read_by_a_pass(upstream: Upstream) -> None:
    upstream.break_it("realtime", "late", seconds=0.3)
    a_request(upstream, "before")
    with working(make_bridge(upstream.url)):
        until(lambda: upstream.realtime()["heard"].get("phx_join"))
        a_request(upstream, "between", mls="W12345679")
        until(lambda: is_queued("before") and is_queued("between"))


def test_addresses_are_asked_for_after_a_pass_that_found_new_homes(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(
        "bookings.services.dispatch.ring_addresses",
        lambda: rung.append(SyncPass.objects.filter(state=PassState.RUNNING).count()),
    )
    a_request(upstream, "before")
    with listening(upstream):
        # Rung while a pass runs, it would find that one running, and go.
        until(lambda: 0 in rung)


@pytest.mark.parametrize("act", ["drop", "close", "crash", "silence", "freeze", "cut"])
def test_what_was_missed_is_found_after_the_line_is_up_again(upstream: Upstream, act: str) -> None:
    with Line(upstream.url) as line, listening(upstream, url=line.url):
        if act in ("freeze", "cut"):
            getattr(line, act)()
        else:
            upstream.disturb(act)
        upstream.break_it("realtime", "lost", times=1)
        a_request(upstream, "missed")
        until(lambda: is_queued("missed"))
        a_request(upstream, "after", mls="W12345679")
        until(lambda: is_queued("after"))


@pytest.mark.parametrize("kind", ["twice", "shuffled", "bare", "large", "blind"])
def test_an_odd_change_does_no_harm(upstream: Upstream, kind: str) -> None:
    with listening(upstream):
        upstream.break_it("realtime", kind)
        a_request(upstream, "r1", group_name="a very long name " * 10)
        upstream.change_request("r1", status="cancelled")
        a_request(upstream, "r2", mls="W12345679")
        until(lambda: is_queued("r2"))
        # Told by the line, it is read even after r2.
        until(lambda: kind == "blind" or ShowingRequest.objects.filter(pk="r1").exists())
        # Whoever is cancelled before it was ever read by a pass is none of ours.
        until(lambda: not ShowingRequest.objects.filter(pk="r1").exclude(status="cancelled").exists())
    if kind != "blind":
        assert ShowingRequest.objects.get(pk="r1").group_name.startswith("a very long name")
    assert BookingRun.objects.filter(request_id="r2").count() == 1
    assert not is_queued("r1")


def test_a_change_waits_while_rest_is_in_trouble(upstream: Upstream) -> None:
    with listening(upstream):
        upstream.break_it("rest", "status", status=503, times=QUICK.attempts)
        a_request(upstream, "r1")
        until(lambda: is_queued("r1"))


def test_a_refused_question_is_left_to_a_pass(upstream: Upstream) -> None:
    with listening(upstream):
        upstream.break_it("rest", "status", status=400, times=1)
        a_request(upstream, "r1")
        until(lambda: is_queued("r1"))
    assert SyncPass.objects.count() == 2


def test_a_pass_that_runs_already_is_followed_by_another(upstream: Upstream) -> None:
    running = sync.begin("somebody else")
    assert running is not None
    a_request(upstream, "r1")
    with working(make_bridge(upstream.url)):
        until(lambda: upstream.realtime()["subscribed"] == 1)
        sync.finish(running)
        until(lambda: is_queued("r1"))


def test_a_pass_that_died_with_its_bridge_is_not_waited_for(upstream: Upstream) -> None:
    dead = sync.begin(TRIGGER)
    a_request(upstream, "r1")
    with working(make_bridge(upstream.url)):
        until(lambda: is_queued("r1"))
    assert dead is not None
    dead.refresh_from_db()
    assert dead.state == PassState.FAILED


def test_a_second_bridge_stands_by_until_the_first_has_ended(upstream: Upstream) -> None:
    with listening(upstream, holder="first") as first, working(make_bridge(upstream.url, holder="second")):
        a_request(upstream, "r1")
        until(lambda: is_queued("r1"))
        assert upstream.realtime()["sockets"] == 1
        first.stop()
        until(lambda: Lease.objects.filter(name=LEASE, holder="second").exists())
        a_request(upstream, "r2", mls="W12345679")
        until(lambda: is_queued("r2"))


def test_a_bridge_whose_place_was_taken_hangs_up(upstream: Upstream) -> None:
    quick = Pace(lease=0.2, look=0.05, first_pause=0.05, between_passes=0.1)
    with listening(upstream, pace=quick):
        until(
            lambda: Lease.objects.filter(name=LEASE).update(
                holder="another", until=timezone.now() + timedelta(hours=1)
            )
        )
        until(lambda: upstream.realtime()["sockets"] == 0)
        assert not leases.hold(LEASE, "here", seconds=1)


def test_the_status_is_told(upstream: Upstream) -> None:
    with listening(upstream):
        until(lambda: facts().get("state") == "listening")
        a_request(upstream, "r1")
        until(lambda: "lag_ms" in facts())
        assert 0 <= facts()["lag_ms"] < 5000
        assert facts()["connected_since"] <= facts()["last_event_at"]
        upstream.break_it("realtime", "status", status=401)
        upstream.disturb("drop")
        until(lambda: "SUPABASE_KEY" in facts().get("trouble", ""))
        assert facts()["state"] == "down"
        assert "connected_since" not in facts()
    assert facts()["state"] == "stopped"


def test_a_long_pass_holds_up_no_change(upstream: Upstream) -> None:
    """The server's cap is lower than what there is, so the pass has pages; between them a change is read."""
    upstream.insert_requests([{"id": f"old-{n:04}", "status": "pending"} for n in range(2 * PAGE + 200)])
    order: list[str] = []
    bridge = make_bridge(upstream.url)
    plain = bridge._between_pages

    def between(progress: Any) -> None:
        if not order:
            order.append("first page")
            a_request(upstream, "urgent")
            until(lambda: bool(bridge._ear and bridge._ear._heard.changed))
        plain(progress)
        if is_queued("urgent") and len(order) == 1:
            order.append(f"urgent after {progress.done}")

    bridge._between_pages = between  # type: ignore[method-assign]
    with working(bridge):
        until(lambda: ShowingRequest.objects.count() == 2 * PAGE + 201)
        until(lambda: SyncPass.objects.filter(trigger="realtime").exclude(finished_at=None).exists())
    assert order == ["first page", f"urgent after {PAGE}"]
