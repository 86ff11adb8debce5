"""Many hands on one row: threads against a real database file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from bookings.models import AuditEntry, Booking, BookingRun, RunEvent, SyncPass
from bookings.services import bookings, runs, sync
from bookings.services.errors import AlreadyThere, Moved, Rejected
from bookings.services.runs import AttemptEnd, LogLine
from bookings.vocabulary import Answer, BookingStatus, Source
from tests.bookings.cast import make_account, make_booking, make_cast, make_run

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


def test_each_of_many_workers_takes_another_accounts_run() -> None:
    cast = make_cast()
    for partner in (cast.partner, cast.other):
        for _ in range(HANDS):
            make_run(partner)
    won = [held for held in at_once(lambda n: runs.claim_next(holder=f"worker/{n}")) if held is not None]
    assert {held.account for held in won} == {cast.account, cast.other_account}
    assert len(won) == 2


def test_two_spellings_of_one_home_never_both_pass_the_gate() -> None:
    """Even if one account were held by many at once, one request is on its way for a moment."""
    cast = make_cast()
    waiting = [make_run(cast.partner) for _ in range(HANDS)]
    later = timezone.now() + runs.LEASE
    for number, run in enumerate(waiting):
        # One holder per account is another guard; here it is out of the way, as after a lost lease.
        account = make_account(cast.partner) if number else cast.account
        BookingRun.objects.filter(pk=run.pk).update(account=account)
        assert runs.claim(run.pk, holder=f"worker/{number}") is not None
        BookingRun.objects.filter(pk=run.pk).update(lease_until=None)
    BookingRun.objects.update(account=cast.account)

    def pass_gate(number: int) -> bool:
        run = waiting[number]
        try:
            BookingRun.objects.filter(pk=run.pk).update(lease_until=later)
        except IntegrityError:
            return False  # one holder per account
        passed = runs.pass_gate(run.pk, fence=1)
        BookingRun.objects.filter(pk=run.pk).update(lease_until=None)
        return passed

    assert sum(at_once(pass_gate)) == 1
    assert BookingRun.objects.filter(submitting_at__isnull=False).count() == 1


def test_one_answer_of_many_counts_and_the_others_are_told() -> None:
    cast = make_cast()
    run = make_run(cast.partner)
    assert runs.claim(run.pk, holder="one") is not None
    end = AttemptEnd(result="refused", code="needs_approval", message="It wants approval.")
    run = runs.settle(run.pk, end, fence=1)
    ends = at_once(
        lambda n: runs.answer(run, Answer.ASK_APPROVAL if n % 2 else Answer.GIVE_UP, by=cast.owner)
    )
    assert sum(isinstance(end, BookingRun) for end in ends) == 1
    assert sum(isinstance(end, Moved) for end in ends) == HANDS - 1
    assert AuditEntry.objects.filter(action="run.answered").count() == 1


def test_a_booking_is_changed_by_one_run_at_a_time() -> None:
    booking = make_booking(make_cast().account)
    ends = at_once(lambda _: runs.queue_cancel(booking, source=Source.PERSON))
    assert sum(isinstance(end, BookingRun) for end in ends) == 1
    assert sum(isinstance(end, AlreadyThere) for end in ends) == HANDS - 1


def test_an_account_that_many_want_compared_is_compared_once() -> None:
    account = make_cast().account
    ends = at_once(lambda _: runs.queue_reconcile(account, source=Source.ROBOT))
    assert len({end.pk for end in ends}) == 1


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
