"""Clients' changes with many hands at work, and with a process that dies in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from bookings.models import AuditEntry, Booking, BookingRun, Client, ShowingRequest
from bookings.queries import invariants
from bookings.services import runs, showings
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import OPEN_RUN_STATES, ClientChanges, RequestState, RunKind, RunState
from tests.bookings.cast import in_days, make_account, make_booking, make_partner, make_property

pytestmark = pytest.mark.django_db(transaction=True)

HANDS = 8
T1 = datetime(2026, 1, 1, 12, tzinfo=UTC)


def said(version: int, **fields: Any) -> IncomingShowing:
    """The client's row, moved `version` times."""
    values = {
        "id": "r1",
        "user_id": "u1",
        "property_id": "N12345678",
        "status": "scheduled",
        "scheduled_date": in_days(3),
        "scheduled_time": time(10 + version),
        "updated_at": T1 + timedelta(minutes=version),
    }
    return IncomingShowing(**{**values, **fields})


@pytest.fixture
def booking() -> Booking:
    partner = make_partner()
    partner.client_changes = ClientChanges.BY_ITSELF
    partner.save()
    account = make_account(partner)
    Client.objects.create(external_id="u1", partner=partner)
    home = make_property(property_id="N12345678")
    showings.take_in([said(0)])
    ShowingRequest.objects.update(booking_status=RequestState.BOOKED)
    return make_booking(account, request=ShowingRequest.objects.get(), property=home)


def at_once(work: Callable[[int], Any], hands: int = HANDS) -> list[Any]:
    gate = threading.Barrier(hands)

    def one(number: int) -> Any:
        try:
            gate.wait()
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, range(hands)))


def test_of_many_writers_the_newest_row_counts_and_one_move_is_under_way(booking: Booking) -> None:
    at_once(lambda number: showings.take_in([said(number + 1)]))
    showings.follow_changes()
    assert ShowingRequest.objects.get().scheduled_time == time(10 + HANDS)
    under_way = BookingRun.objects.get(state__in=OPEN_RUN_STATES)
    assert (under_way.kind, under_way.wanted_time) == (RunKind.RESCHEDULE, time(10 + HANDS))
    assert ShowingRequest.objects.get().booking_status == RequestState.QUEUED
    assert invariants.broken() == []


def test_the_same_change_told_by_many_is_one_change(booking: Booking) -> None:
    taken = at_once(lambda _: showings.take_in([said(2)]))
    showings.follow_changes()
    assert sum(each.changed for each in taken) == 1
    assert AuditEntry.objects.filter(action="request.changed").count() == 1
    assert BookingRun.objects.count() == 1


def test_a_new_row_told_by_many_is_one_row_at_its_newest(booking: Booking) -> None:
    taken = at_once(lambda number: showings.take_in([said(number, id="r2", status="pending")]))
    assert sum(each.new for each in taken) == 1
    assert ShowingRequest.objects.get(pk="r2").scheduled_time == time(10 + HANDS - 1)


def test_two_who_follow_at_once_queue_one_run(booking: Booking) -> None:
    showings.take_in([said(1)])
    BookingRun.objects.all().delete()
    ShowingRequest.objects.update(booking_status=RequestState.CHANGED)
    at_once(lambda _: showings.follow_changes())
    assert BookingRun.objects.count() == 1


def test_a_worker_that_claims_while_the_client_moves_ends_in_one_wish(booking: Booking) -> None:
    showings.take_in([said(1)])
    first = BookingRun.objects.get()

    def either(number: int) -> object:
        return showings.take_in([said(2)]) if number else runs.claim(first.pk, holder="worker/1")

    at_once(either, hands=2)
    first.refresh_from_db()
    if first.state == RunState.RUNNING:
        assert first.stop_asked_at is not None
        runs.settle(first.pk, runs.AttemptEnd(result="broke", code="stopped"), fence=first.attempt_number)
    showings.follow_changes()
    assert BookingRun.objects.get(state__in=OPEN_RUN_STATES).wanted_time == time(12)


@pytest.mark.parametrize("dies_in", ["follow", "_change", "_note"])
def test_a_process_that_dies_in_the_middle_loses_and_doubles_nothing(
    booking: Booking, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    def die(*_args: object, **_more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(showings, dies_in, die)
        with pytest.raises(SystemExit):
            showings.take_in([said(1)])
    showings.take_in([said(1)])
    showings.queue_ready()
    assert BookingRun.objects.get().wanted_time == time(11)
    assert AuditEntry.objects.filter(action="request.changed").count() == 1
