"""kill -9 of the booking worker before, at and after the submit: one showing, one booking, nothing left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from django.utils import timezone

from automation.simulator.control import Control
from automation.simulator.server import running
from bookings.models import Booking, BookingRun
from bookings.services import runs
from bookings.vocabulary import BookingStatus, RunState
from tests.automation.plant import (
    booking_workers,
    browsers_below,
    lives,
    sign_in,
    until,
    until_state,
    until_told,
    worker_of,
)
from tests.bookings.cast import Cast, in_days, make_cast, make_run

pytestmark = pytest.mark.django_db(transaction=True)

MLS = "N10000001"


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with running(tmp_path / "brokerbay.sqlite3") as control:
        control.add_listing(mls_number=MLS, street="1 Example Street", city="Toronto", max_minutes=60)
        yield control


@pytest.fixture
def cast(control: Control) -> Cast:
    cast = make_cast()
    sign_in(cast, control)
    return cast


def wish(cast: Cast) -> BookingRun:
    return make_run(
        cast.partner, property_text=MLS, mls_number=MLS, address="", date=in_days(2), time=time(10, 0)
    )


def kill_holder_of(run: BookingRun) -> None:
    """kill -9 the worker; its browser must be gone soon after."""
    worker = worker_of(run)
    browsers = browsers_below(worker)
    assert browsers, "the worker drives no browser: nothing is proven by killing it"
    os.kill(worker.pid, signal.SIGKILL)
    until(
        lambda: not any(lives(one) for one in browsers),
        what="the dead worker's browser to be gone",
        timeout=10,
    )


def let_quiet_time_pass(run: BookingRun) -> None:
    """Move the clock of the row, not of the test."""
    run.refresh_from_db()
    if run.state != RunState.UNCONFIRMED:
        return
    BookingRun.objects.filter(pk=run.pk, state=RunState.UNCONFIRMED, lease_until=None).update(
        not_before=timezone.now(), rung_at=None
    )


def assert_one_showing(control: Control, run: BookingRun, *, posts: int) -> None:
    assert run.state == RunState.BOOKED
    assert len(control.showings()) == 1
    assert len(control.posts()) == posts
    booking = Booking.objects.get()
    assert (booking.status, booking.booking_time) == (BookingStatus.CONFIRMED, time(10, 0))
    assert booking.verified_at is not None


def test_killed_before_the_submit_it_starts_again(control: Control, cast: Cast) -> None:
    control.set_fault("slow", path="/search/", seconds=20, times=1)
    with booking_workers(control):
        run = wish(cast)
        until(lambda: not control.faults(), what="the search to be under way")
        kill_holder_of(run)
        run = until_state(run, RunState.BOOKED, timeout=runs.LEASE.total_seconds() + 30)
    assert run.attempt_number == 2
    assert_one_showing(control, run, posts=1)


def test_killed_at_the_submit_it_looks_first_and_then_sends_once_more(control: Control, cast: Cast) -> None:
    control.set_fault("hold_before_commit", times=1)
    with booking_workers(control):
        run = wish(cast)
        control.wait_for_post("held", timeout=60)
        kill_holder_of(run)
        control.release(go_on=False)
        run = until_state(run, RunState.UNCONFIRMED)
        assert run.not_before is not None
        assert run.not_before > timezone.now()
        until(lambda: (let_quiet_time_pass(run), run.absent_reads)[1] == 1, what="the first read of the list")
        until(
            lambda: (let_quiet_time_pass(run), run.state)[1] == RunState.BOOKED, what="the run to be booked"
        )
    assert run.submits == 2
    assert_one_showing(control, run, posts=2)


def test_killed_after_the_submit_it_adopts_what_the_list_shows(control: Control, cast: Cast) -> None:
    control.set_fault("hold_after_commit", times=1)
    with booking_workers(control):
        run = wish(cast)
        control.wait_for_post("held", timeout=60)
        kill_holder_of(run)
        control.release()
        run = until_state(run, RunState.UNCONFIRMED)
        until(
            lambda: (let_quiet_time_pass(run), run.state)[1] == RunState.BOOKED, what="the run to be booked"
        )
    assert run.submits == 1
    assert_one_showing(control, run, posts=1)


def test_no_process_outlives_a_killed_supervisor(control: Control, cast: Cast) -> None:
    with booking_workers(control) as supervisor:
        run = wish(cast)
        until_told(run, step="check_own_list")
        worker = worker_of(run)
        below = [worker, *worker.parents()[:1], *browsers_below(worker)]
        os.kill(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
        until(lambda: not any(lives(one) for one in below), what="every process below to be gone", timeout=10)
