"""What becomes of a booking: cancelled, moved, ended by the listing side, compared with BrokerBay's list."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from automation import translate
from automation.engine.contract import OrderKind
from bookings.models import Account, AuditEntry, Booking, BookingRun, Notice
from bookings.services import runs
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import Answer, BookingStatus, Health, RequestState, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_request, make_run

pytestmark = pytest.mark.django_db


def shown(booking: Booking, **fields: Any) -> Seen:
    """The booking as BrokerBay's list shows it, but for what is named."""
    seen = Seen(
        showing_id=booking.showing_id,
        listing_id="",
        address=booking.property_address,
        date=booking.booking_date,
        time=booking.booking_time,
        duration_minutes=None,
        status="confirmed",
        badge="Confirmed",
        url="",
    )
    return replace(seen, **fields)


CANCELLED: dict[str, Any] = {"status": "cancelled", "badge": "Cancelled"}


def held(run: BookingRun) -> BookingRun:
    BookingRun.objects.filter(pk=run.pk).update(not_before=None)
    claimed = runs.claim(run.pk, holder="test/1")
    assert claimed is not None
    return claimed


def ended(run: BookingRun, **end: Any) -> BookingRun:
    run = held(run)
    return runs.settle(run.pk, AttemptEnd(**end), fence=run.attempt_number)


def unconfirmed(run: BookingRun) -> BookingRun:
    run = held(run)
    assert runs.pass_gate(run.pk, fence=run.attempt_number)
    end = AttemptEnd(result="unconfirmed", code="no_answer", message="…")
    return runs.settle(run.pk, end, fence=run.attempt_number)


def cancel(booking: Booking) -> BookingRun:
    return runs.queue_cancel(booking, source=Source.PERSON)


def move(booking: Booking) -> BookingRun:
    return runs.queue_reschedule(booking, date=in_days(5), time=time(12, 0), source=Source.PERSON)


def test_a_cancelled_showing_ends_its_run_and_its_booking_and_closes_the_request(cast: Cast) -> None:
    request = make_request(cast.partner, booking_status=RequestState.BOOKED)
    booking = make_booking(cast.account, request=request)
    run = ended(cancel(booking), result="cancelled", showing=shown(booking, **CANCELLED))
    booking.refresh_from_db()
    request.refresh_from_db()
    assert (run.state, booking.status, booking.badge) == (RunState.DONE, BookingStatus.CANCELLED, "Cancelled")
    assert booking.confirmation_message == "Seen in BrokerBay's own list as “Cancelled”"
    assert request.booking_status == RequestState.CLOSED
    assert AuditEntry.objects.get(action="booking.seen").before["status"] == "Confirmed"


def test_a_moved_showing_moves_its_booking(cast: Cast) -> None:
    booking = make_booking(cast.account)
    there = shown(booking, date=in_days(5), time=time(12, 0), duration_minutes=45)
    run = ended(move(booking), result="booked", showing=there)
    booking.refresh_from_db()
    assert (run.state, run.booking) == (RunState.BOOKED, booking)
    assert (booking.booking_date, booking.booking_time, booking.duration) == (in_days(5), time(12, 0), 45)
    assert booking.starts_at == run.starts_at
    assert Booking.objects.count() == 1


def test_a_showing_that_the_listing_side_ended_is_marked(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = ended(move(booking), result="refused", code="showing_gone", message="It was cancelled.")
    booking.refresh_from_db()
    assert (run.state, booking.status) == (RunState.REFUSED, BookingStatus.CANCELLED)


def test_a_move_onto_another_live_booking_is_told_and_settles(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = move(booking)
    make_booking(
        cast.account, listing_id=booking.listing_id, booking_date=in_days(5), booking_time=time(12, 0)
    )
    run = ended(run, result="booked", showing=shown(booking, date=in_days(5), time=time(12, 0)))
    assert run.state == RunState.BOOKED
    assert run.events.filter(message__contains="Another live booking").exists()


@pytest.mark.parametrize(
    ("status", "state"), [("cancelled", RunState.DONE), ("declined", RunState.DONE), ("confirmed", None)]
)
def test_a_cancel_without_an_answer_is_learned_from_the_list(
    cast: Cast, status: str, state: RunState | None
) -> None:
    booking = make_booking(cast.account)
    run = unconfirmed(cancel(booking))
    assert run.state == RunState.UNCONFIRMED
    order = translate.order_for(held(run))
    assert (order.kind, order.showing and order.showing.showing_id) == (OrderKind.LOOK_UP, booking.showing_id)
    seen = shown(booking, status=status, badge=status)
    run = runs.settle(run.pk, AttemptEnd(result="found", showing=seen), fence=2)
    assert run.state == (state or RunState.UNCONFIRMED)
    if state is None:  # as it was, read twice: it did not arrive
        run = ended(run, result="found", showing=seen)
        assert (run.state, run.submitting_at, run.absent_reads) == (RunState.QUEUED, None, 2)


def test_a_cancel_whose_showing_is_not_in_the_list_is_for_a_person(cast: Cast) -> None:
    run = ended(unconfirmed(cancel(make_booking(cast.account))), result="absent")
    assert (run.state, run.reason_code) == (RunState.UNCONFIRMED, "in_doubt")
    assert Notice.objects.filter(run=run).count() == 1
    run = ended(run, result="absent")
    assert Notice.objects.filter(run=run).count() == 1  # told once


@pytest.mark.parametrize(
    ("day", "at", "state", "code"),
    [
        (5, time(12, 0), RunState.BOOKED, ""),
        (3, time(10, 0), RunState.UNCONFIRMED, "no_answer"),
        (4, time(9, 0), RunState.UNCONFIRMED, "in_doubt"),
    ],
)
def test_a_move_without_an_answer_is_learned_from_the_list(
    cast: Cast, day: int, at: time, state: RunState, code: str
) -> None:
    booking = make_booking(cast.account)
    seen = shown(booking, date=in_days(day), time=at)
    run = ended(unconfirmed(move(booking)), result="found", showing=seen)
    assert (run.state, run.reason_code) == (state, code)


def test_a_nameless_showings_move_is_looked_for_at_its_new_time(cast: Cast) -> None:
    booking = make_booking(cast.account, showing_id="")
    order = translate.order_for(held(unconfirmed(move(booking))))
    assert order.showing is not None
    assert (order.showing.date, order.showing.time) == (in_days(5), time(12, 0))


def test_what_was_changed_in_vain_twice_goes_to_a_person(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = unconfirmed(cancel(booking))
    BookingRun.objects.filter(pk=run.pk).update(submits=runs.MAX_SUBMITS, absent_reads=1)
    run = ended(run, result="found", showing=shown(booking))
    assert (run.state, run.reason_code) == (RunState.FAILED, "not_changed")


def test_an_order_rehearses_until_it_is_released(cast: Cast) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(rehearses=True)
    run = held(run)
    assert translate.order_for(run).rehearse is True
    run = runs.settle(run.pk, AttemptEnd(result="rehearsed"), fence=1)
    run = held(runs.answer(run, Answer.RELEASE, by=cast.owner))
    assert translate.order_for(run).rehearse is False


# ---- Comparing ---------------------------------------------------------------------------------------------


def compared(account: Account, *own: Seen) -> BookingRun:
    return ended(runs.queue_reconcile(account, source=Source.ROBOT), result="found", own_showings=own)


def test_an_account_as_known_is_seen_and_signed_in(cast: Cast) -> None:
    booking = make_booking(cast.account, badge="Confirmed", verified_at=timezone.now() - timedelta(days=1))
    run = compared(cast.account, shown(booking))
    booking.refresh_from_db()
    cast.account.refresh_from_db()
    assert (run.state, run.reason) == (RunState.DONE, "Read 1 showings: 1 as known.")
    assert timezone.now() - booking.verified_at < timedelta(minutes=1)
    assert cast.account.health == Health.SIGNED_IN
    assert booking.version == 1


def test_what_was_changed_on_brokerbay_is_taken_over_with_its_audit(cast: Cast) -> None:
    pending = make_booking(cast.account, status=BookingStatus.PENDING)
    moved = make_booking(cast.account)
    run = compared(cast.account, shown(pending), shown(moved, time=time(15, 0)))
    pending.refresh_from_db()
    moved.refresh_from_db()
    assert (pending.status, moved.booking_time) == (BookingStatus.CONFIRMED, time(15, 0))
    assert moved.starts_at.minute == 0
    assert "2 changed" in run.reason
    assert AuditEntry.objects.filter(action="booking.seen", subject_type="booking").count() == 2


def test_unknown_live_showings_that_lie_ahead_are_adopted(cast: Cast) -> None:
    stranger = shown(make_booking(cast.other_account), showing_id="7" * 24, address="7 Unknown Street")
    dead = replace(stranger, showing_id="8" * 24, address="8 Unknown Street", status="cancelled")
    past = replace(stranger, showing_id="9" * 24, address="9 Unknown Street", date=in_days(-2))
    run = compared(cast.account, stranger, dead, past)
    adopted = Booking.objects.get(account=cast.account)
    assert (adopted.property_address, adopted.showing_id) == ("7 Unknown Street", "7" * 24)
    assert "1 new to the portal" in run.reason


def test_a_missing_live_booking_is_told_once_and_never_cancelled(cast: Cast) -> None:
    booking = make_booking(cast.account)
    make_booking(cast.account, status=BookingStatus.CANCELLED)
    first = compared(cast.account)
    compared(cast.account)
    booking.refresh_from_db()
    assert (booking.status, booking.missing_since is not None) == (BookingStatus.CONFIRMED, True)
    assert "1 missing" in first.reason
    assert Notice.objects.filter(to=cast.manager.email, subject__startswith="Not on BrokerBay").count() == 1
    compared(cast.account, shown(booking))
    booking.refresh_from_db()
    assert booking.missing_since is None


def test_two_live_showings_of_one_home_at_one_time_are_an_alarm(cast: Cast) -> None:
    booking = make_booking(cast.account)
    double = shown(booking, showing_id="7" * 24)
    run = compared(cast.account, shown(booking), double)
    compared(cast.account, shown(booking), double)
    assert "1 booked twice" in run.reason
    assert Notice.objects.filter(subject__startswith="Booked twice").count() == 1


def test_a_home_for_sale_and_for_lease_is_no_double(cast: Cast) -> None:
    sale, lease = (make_booking(cast.account, property_address="1 King Street") for _ in range(2))
    assert "twice" not in compared(cast.account, shown(sale), shown(lease)).reason


def test_a_nameless_booking_learns_its_id(cast: Cast) -> None:
    booking = make_booking(cast.account, showing_id="")
    compared(cast.account, shown(booking, showing_id="5" * 24))
    booking.refresh_from_db()
    assert booking.showing_id == "5" * 24
    assert Booking.objects.count() == 1


def test_what_a_person_saw_gets_its_booking_when_the_list_proves_it(cast: Cast) -> None:
    run = unconfirmed(make_run(cast.partner))
    BookingRun.objects.filter(pk=run.pk).update(reason_code="in_doubt", not_before=None)
    run.refresh_from_db()
    run = runs.answer(run, Answer.IT_IS_THERE, by=cast.owner)
    there = shown(
        make_booking(cast.other_account), showing_id="6" * 24, address=run.address, date=run.wanted_date
    )
    compared(cast.account, there)
    run.refresh_from_db()
    assert run.booking is not None
    assert run.booking.showing_id == "6" * 24


def test_an_unreadable_list_changes_nothing(cast: Cast) -> None:
    booking = make_booking(cast.account)
    ended(runs.queue_reconcile(cast.account, source=Source.ROBOT), result="broke", code="site_down")
    booking.refresh_from_db()
    assert booking.missing_since is None
