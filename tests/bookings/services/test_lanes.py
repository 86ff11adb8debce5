"""Who goes first, and who must wait: lanes per account, fair between partners, nobody forgotten."""

from __future__ import annotations

import itertools
from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries

from bookings.models import Account, BookingRun, Notice
from bookings.services import accounts, handoffs, runs
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import Health, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_run

pytestmark = pytest.mark.django_db


def taken(**said: Any) -> BookingRun | None:
    return runs.claim_next(holder="test/1", **said)


def sent(run: BookingRun) -> BookingRun:
    """The run after its request left and no answer came."""
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    assert runs.pass_gate(run.pk, fence=held.attempt_number)
    return runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=held.attempt_number)


def test_the_soonest_showing_goes_first_whichever_bell_rang(cast: Cast) -> None:
    late, soon = make_run(cast.partner, date=in_days(9)), make_run(cast.partner, date=in_days(2))
    assert taken(rung=late.pk) == soon
    assert taken(rung=late.pk) is None  # one browser per account


def test_the_partner_with_fewer_browsers_goes_first(cast: Cast) -> None:
    make_run(cast.partner, date=in_days(2))
    first = taken()
    second_account = make_account(cast.partner)
    urgent = make_run(cast.partner, date=in_days(2), time=time(9, 0))
    BookingRun.objects.filter(pk=urgent.pk).update(account=second_account)
    other = make_run(cast.other, date=in_days(9))
    assert first is not None
    assert taken() == other
    assert taken() == urgent


def test_a_doubt_and_a_check_go_before_bookings(cast: Cast) -> None:
    doubt = sent(make_run(cast.partner, date=in_days(9)))
    BookingRun.objects.filter(pk=doubt.pk).update(not_before=None)
    make_run(cast.partner, date=in_days(2))
    assert taken() == doubt
    make_run(cast.other, date=in_days(2))
    check = make_run(cast.other, kind=RunKind.CHECK)
    assert taken() == check


def test_a_sign_in_is_never_a_booking_workers(cast: Cast) -> None:
    handoffs.open_for(cast.account, by=None)
    assert taken() is None
    assert runs.sweep() == 0


def test_two_requests_of_one_account_keep_their_pause(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.SUBMIT_GAP_SECONDS = 10
    first = make_run(cast.partner, date=in_days(2))
    waiting = make_run(cast.partner)
    with django_capture_on_commit_callbacks(execute=True):
        sent(first)
    assert OrmQ.objects.count() == 0  # no bell within the pause …
    assert taken() is None
    check = make_run(cast.partner, kind=RunKind.CHECK)
    assert taken() == check  # … but reading may go on
    runs.settle(check.pk, AttemptEnd(result="found"), fence=1)
    Account.objects.filter(pk=cast.account.pk).update(last_submit_at=timezone.now() - timedelta(seconds=10))
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.sweep() == 1  # the bell after it, though one rang in vain a moment ago
    assert taken() == waiting


def test_while_one_is_in_doubt_no_other_is_sent_for_that_moment(cast: Cast) -> None:
    """By MLS number and by address: maybe the same home, and the list may show it late."""
    doubt = sent(make_run(cast.partner))
    by_address = make_run(cast.partner, property_text="1 Example Street", mls_number="")
    elsewhen = make_run(cast.partner, time=time(15, 0))
    assert taken() == elsewhen
    runs.settle(elsewhen.pk, AttemptEnd(result="refused", code="slot_lost"), fence=1)
    assert taken() is None
    held = runs.claim(by_address.pk, holder="past the lanes")
    assert held is not None
    assert runs.pass_gate(by_address.pk, fence=1) is False  # the table has the last word
    run = runs.settle(by_address.pk, AttemptEnd(result="broke", code="stopped"), fence=1)
    assert (run.state, run.reason_code, run.not_before is not None) == (RunState.PARKED, "paused", True)
    BookingRun.objects.filter(pk=doubt.pk).update(state=RunState.BOOKED)
    BookingRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
    runs.sweep()
    assert taken() == by_address


@pytest.mark.parametrize("code", ["needs_sign_in", "challenge_shown"])
def test_an_account_that_needs_a_person_keeps_all_its_runs_and_says_so_once(cast: Cast, code: str) -> None:
    waiting = [make_run(cast.partner, by=cast.owner, date=in_days(day)) for day in range(2, 6)]
    first, second, *others = waiting
    for run in (first, second):
        held = runs.claim(run.pk, holder="test/1")
        assert held is not None
        runs.settle(run.pk, AttemptEnd(result="parked", code=code, message="…"), fence=1)
    assert taken() is None
    assert runs.sweep() == 0
    told = Notice.objects.values_list("to", flat=True)
    assert sorted(told) == sorted([cast.owner.email, cast.manager.email])
    accounts.sign_in(cast.account, "sealed", by=cast.manager, source=Source.PERSON)
    assert set(BookingRun.objects.filter(state=RunState.QUEUED)) == set(waiting)
    assert taken() == first
    assert len(others) == 2


def test_a_sleeping_accounts_runs_wait(cast: Cast) -> None:
    make_run(cast.partner)
    Account.objects.update(is_active=False)
    assert taken() is None


def test_the_cost_of_a_claim_does_not_grow_with_the_queue(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    template = make_run(cast.partner)
    starts = itertools.count(1)
    rows = [
        BookingRun(
            partner=account.partner,
            account=account,
            property_text=f"N{number:08d}",
            wanted_date=in_days(5),
            wanted_time=time(10, 0),
            duration_minutes=30,
            time_zone="America/Toronto",
            starts_at=template.starts_at + timedelta(minutes=next(starts)),  # type: ignore[operator]
        )
        for account in (cast.account, cast.other_account)
        for number in range(2500)
    ]
    BookingRun.objects.bulk_create(rows, batch_size=500)
    began = timezone.now()
    with django_assert_max_num_queries(12):
        assert taken() == template
    assert timezone.now() - began < timedelta(seconds=1)
    with django_assert_max_num_queries(12):
        runs.sweep()


def test_idle_signed_in_accounts_are_compared_by_and_by(cast: Cast, settings: Any) -> None:
    settings.COMPARE_EVERY_MINUTES = 60
    Account.objects.filter(pk=cast.account.pk).update(health=Health.SIGNED_IN)
    runs.sweep()
    runs.sweep()
    compared = BookingRun.objects.get(kind=RunKind.RECONCILE)
    assert (compared.account, compared.source) == (cast.account, Source.ROBOT)
    held = runs.claim(compared.pk, holder="test/1")
    assert held is not None
    runs.settle(compared.pk, AttemptEnd(result="broke", code="page_changed"), fence=1)
    runs.sweep()
    assert BookingRun.objects.filter(kind=RunKind.RECONCILE).count() == 1  # failed, and not again at once
    BookingRun.objects.update(queued_at=timezone.now() - timedelta(hours=2))
    make_run(cast.partner)
    runs.sweep()
    assert BookingRun.objects.filter(kind=RunKind.RECONCILE).count() == 1  # it has something better to do


def test_a_cancel_keeps_the_pause_too(cast: Cast, settings: Any) -> None:
    settings.SUBMIT_GAP_SECONDS = 10
    Account.objects.update(last_submit_at=timezone.now())
    runs.queue_cancel(make_booking(cast.account), source=Source.PERSON)
    assert taken() is None
