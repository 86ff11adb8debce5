"""Many hands on one row: threads against a real database file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bookings.models import Booking, BookingRun, RunEvent, SyncPass
from bookings.services import bookings, runs, sync
from bookings.services.errors import AlreadyThere, Moved, Rejected
from bookings.services.runs import LogLine
from bookings.vocabulary import BookingStatus
from tests.bookings.cast import make_booking, make_cast, make_run

pytestmark = pytest.mark.django_db(transaction=True)

HANDS = 8


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Run `work(n)` in as many threads as there are hands, released together; answers or errors."""
    gate = threading.Barrier(HANDS)

    def one(number: int) -> Any:
        try:
            gate.wait()
            return work(number)
        except (AlreadyThere, Moved, Rejected) as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(one, range(HANDS)))


def test_one_claim_of_many_wins() -> None:
    run = make_run(make_cast().partner)
    won = [held for held in at_once(lambda n: runs.claim(run.pk, holder=f"worker/{n}")) if held is not None]
    assert len(won) == 1
    assert BookingRun.objects.get().attempt_number == 1


def test_one_account_is_held_by_one_worker() -> None:
    cast = make_cast()
    waiting = [make_run(cast.partner) for _ in range(HANDS)]
    won = [
        held
        for held in at_once(lambda n: runs.claim(waiting[n].pk, holder=f"worker/{n}"))
        if held is not None
    ]
    assert len(won) == 1


def test_one_gate_of_many_opens() -> None:
    run = make_run(make_cast().partner)
    assert runs.claim(run.pk, holder="one") is not None
    assert sum(at_once(lambda _: runs.pass_gate(run.pk, fence=1))) == 1
    assert BookingRun.objects.get().submits == 1


def test_the_same_wish_from_many_hands_is_one_run() -> None:
    cast = make_cast()
    ends = at_once(lambda _: make_run(cast.partner, property_text="N99999999", mls_number="N99999999"))
    assert sum(isinstance(end, BookingRun) for end in ends) == 1
    assert BookingRun.objects.count() == 1


def test_one_status_change_of_many_wins() -> None:
    cast = make_cast()
    booking = make_booking(cast.account)
    ends = at_once(lambda n: bookings.change_status(booking, BookingStatus.PENDING, by=cast.owner, version=1))
    assert sum(isinstance(end, Booking) for end in ends) == 1


def test_log_lines_of_many_writers_are_numbered_once() -> None:
    run = make_run(make_cast().partner)
    assert runs.claim(run.pk, holder="one") is not None
    at_once(lambda n: runs.tell(run.pk, [LogLine(at=timezone.now(), message=f"{n}")] * 3, fence=1))
    seqs = list(RunEvent.objects.filter(run=run).values_list("seq", flat=True))
    assert seqs == list(range(1, 3 * HANDS + 3))


def test_one_pass_runs_at_a_time() -> None:
    begun = [one for one in at_once(lambda _: sync.begin("test")) if one is not None]
    assert len(begun) == 1
    assert SyncPass.objects.count() == 1
