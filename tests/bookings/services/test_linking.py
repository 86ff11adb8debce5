"""A showing that a person booked by hand on BrokerBay answers the client's request that wants it, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from bookings.models import AuditEntry, Booking, BookingRun, Notice, Property, ShowingRequest
from bookings.services import linking, runs, showings
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import NoticeChannel, RequestState, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_property, make_request, make_run

pytestmark = pytest.mark.django_db


def by_hand(request: ShowingRequest, **fields: Any) -> Seen:
    """The showing that the request wants, as BrokerBay's list shows it; no run of ours asked for it."""
    assert request.property is not None
    assert request.scheduled_date is not None
    assert request.scheduled_time is not None
    seen = Seen(
        showing_id="7" * 24,
        listing_id="",
        address=request.property.address,
        date=request.scheduled_date,
        time=request.scheduled_time,
        duration_minutes=30,
        status="confirmed",
        badge="Confirmed",
        url="",
    )
    return replace(seen, **fields)


def compare(cast: Cast, *own: Seen) -> BookingRun:
    run = runs.queue_reconcile(cast.account, source=Source.ROBOT)
    BookingRun.objects.filter(pk=run.pk).update(not_before=None)
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    return runs.settle(held.pk, AttemptEnd(result="found", own_showings=own), fence=held.attempt_number)


def state_of(request: ShowingRequest) -> RequestState:
    request.refresh_from_db()
    return RequestState(request.booking_status)


def linked() -> int:
    return AuditEntry.objects.filter(action="request.found_booked").count()


# ---- it is linked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [RequestState.RECEIVED, RequestState.NEEDS_INFO, RequestState.NEEDS_PERSON])
def test_what_brokerbays_list_shows_is_given_to_the_request_that_wants_it(
    cast: Cast, settings: Any, state: RequestState
) -> None:
    settings.SUPABASE_URL = "https://project.supabase.example"
    request = make_request(cast.partner, booking_status=state, trouble="Somebody must look.")
    run = compare(cast, by_hand(request))
    assert state_of(request) == RequestState.BOOKED
    assert (request.trouble, request.auto_booked) == ("", False)
    booking = Booking.objects.get()
    assert (booking.request, booking.property) == (request, request.property)
    note = AuditEntry.objects.get(action="request.found_booked")
    assert (note.subject_id, note.partner, note.before) == (request.pk, cast.partner, {"state": state.value})
    assert note.after == {"state": "booked", "booking": booking.pk, "run": str(run.uuid)}
    assert AuditEntry.objects.get(action="booking.linked").after["request"] == request.pk
    assert '"status": "confirmed"' in Notice.objects.get(channel=NoticeChannel.SUPABASE).body


def test_seen_again_it_is_not_linked_again_and_nothing_is_booked(cast: Cast) -> None:
    request = make_request(cast.partner)
    for _ in range(2):
        compare(cast, by_hand(request))
        assert showings.queue_ready() == 0
    assert (linked(), Booking.objects.count(), state_of(request)) == (1, 1, RequestState.BOOKED)
    assert not BookingRun.objects.filter(kind=RunKind.BOOK).exists()


def test_a_request_that_comes_after_the_showing_was_seen_is_given_it_instead_of_a_run(cast: Cast) -> None:
    known = make_request(cast.partner)
    seen = by_hand(known)
    ShowingRequest.objects.filter(pk=known.pk).update(scheduled_date=in_days(9))
    compare(cast, seen)
    assert linked() == 0
    ShowingRequest.objects.filter(pk=known.pk).update(scheduled_date=seen.date)
    assert showings.queue_ready() == 0
    assert (linked(), state_of(known)) == (1, RequestState.BOOKED)
    assert not BookingRun.objects.filter(kind=RunKind.BOOK).exists()


def test_what_a_person_booked_through_the_portal_answers_the_request_too(cast: Cast) -> None:
    request = make_request(cast.partner)
    booking = make_booking(cast.account, property=request.property, property_address="as BrokerBay has it")
    assert linking.link_to(request)
    booking.refresh_from_db()
    assert (booking.request, state_of(request)) == (request, RequestState.BOOKED)


def test_the_clients_later_change_moves_what_was_booked_by_hand(cast: Cast) -> None:
    request = make_request(cast.partner)
    compare(cast, by_hand(request))
    moved = IncomingShowing(
        id=request.pk,
        user_id=request.user_id,
        property_id=request.property_id,
        status="rescheduled",
        scheduled_date=request.scheduled_date,
        scheduled_time=time(16, 0),
    )
    showings.take_in([moved])
    change = BookingRun.objects.get(kind=RunKind.RESCHEDULE)
    assert (change.booking, change.wanted_time) == (Booking.objects.get(), time(16, 0))


# ---- it is not ---------------------------------------------------------------------------------------------


def refused(cast: Cast, request: ShowingRequest, seen: Seen) -> None:
    before = state_of(request)
    compare(cast, seen)
    assert (linked(), state_of(request)) == (0, before)
    assert not Booking.objects.exclude(request=None).exists()


@pytest.mark.parametrize(
    "other",
    [
        {"address": "9999 Another Street"},
        {"time": time(10, 15)},
        {"date": in_days(4)},
        {"status": "declined"},
        {"status": "cancelled"},
    ],
)
def test_another_home_another_time_and_a_dead_showing_answer_nothing(
    cast: Cast, other: dict[str, Any]
) -> None:
    request = make_request(cast.partner)
    refused(cast, request, by_hand(request, **other))


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "cancelled"},
        {"status": "completed"},
        {"booking_status": RequestState.CLOSED},
        {"booking_status": RequestState.CHANGED},
        {"booking_status": RequestState.BOOKED},
    ],
)
def test_a_request_that_wants_nothing_or_is_being_followed_is_left_alone(
    cast: Cast, fields: dict[str, Any]
) -> None:
    request = make_request(cast.partner, **fields)
    refused(cast, request, by_hand(request))


def test_another_partners_request_is_not_answered(cast: Cast) -> None:
    request = make_request(cast.other)
    refused(cast, request, by_hand(request))


def test_of_two_requests_for_one_showing_a_person_must_tell_which(cast: Cast) -> None:
    request = make_request(cast.partner)
    make_request(cast.partner, property=request.property)
    refused(cast, request, by_hand(request))


def test_an_address_of_two_listings_tells_no_home(cast: Cast) -> None:
    request = make_request(cast.partner)
    assert request.property is not None
    make_property(address=request.property.address)
    refused(cast, request, by_hand(request))


def test_a_request_without_an_address_is_not_guessed_at(cast: Cast) -> None:
    request = make_request(cast.partner)
    Property.objects.update(address="")
    refused(cast, request, by_hand(request, address=""))


def test_what_our_own_run_is_about_comes_to_its_booking_by_that(cast: Cast) -> None:
    request = make_request(cast.partner)
    assert showings.queue_ready() == 1
    run = BookingRun.objects.get()
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.PARKED)
    ShowingRequest.objects.update(booking_status=RequestState.NEEDS_PERSON)
    refused(cast, request, by_hand(request))


def test_a_request_has_one_booking_and_gets_no_second(cast: Cast) -> None:
    request = make_request(cast.partner, booking_status=RequestState.NEEDS_PERSON)
    first = make_booking(cast.account, request=request)
    second = make_booking(cast.account, property=request.property)
    assert linking.link([second]) == []
    assert list(request.bookings.all()) == [first]


def test_two_showings_of_one_request_are_not_both_linked(cast: Cast) -> None:
    request = make_request(cast.partner)
    compare(cast, by_hand(request), by_hand(request, showing_id="8" * 24))
    assert (linked(), request.bookings.count()) == (1, 1)


def test_a_booking_of_a_run_without_a_request_keeps_its_run(cast: Cast) -> None:
    """What a person began on /auto-book is theirs; the request is answered by it all the same."""
    request = make_request(cast.partner)
    assert request.property is not None
    run = make_run(cast.partner, property_text=request.property.property_id, by=cast.owner)
    assert showings.queue_ready() == 0, "it is under way"
    assert (linked(), state_of(request)) == (0, RequestState.RECEIVED)
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.BOOKED)
    booking = make_booking(cast.account, property=request.property)
    BookingRun.objects.filter(pk=run.pk).update(booking=booking)
    assert showings.queue_ready() == 0
    assert (linked(), state_of(request)) == (1, RequestState.BOOKED)
    assert BookingRun.objects.get().request is None
