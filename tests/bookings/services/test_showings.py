"""Requests from upstream: taken in whole, followed when they change, and never filled in by guess."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking, BookingRun, Client, Property, ShowingRequest
from bookings.services import people, properties, runs, showings
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import FetchState, Need, RequestState, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_property, make_request

pytestmark = pytest.mark.django_db


def incoming(**fields: Any) -> IncomingShowing:
    values = {
        "id": "r1",
        "user_id": "u1",
        "property_id": "N12345678",
        "status": "scheduled",
        "scheduled_date": in_days(3),
        "scheduled_time": time(10, 0),
    }
    return IncomingShowing(**{**values, **fields})


def known_client(cast: Cast) -> Client:
    return Client.objects.create(external_id="u1", partner=cast.partner)


def test_a_page_is_stored_once_and_again_changes_nothing(cast: Cast) -> None:
    first = showings.take_in([incoming(), incoming(id="r2")])
    again = showings.take_in([incoming(), incoming(id="r2")])
    assert (first.new, again.new, again.changed, again.unchanged) == (2, 0, 0, 2)
    assert ShowingRequest.objects.count() == 2


def test_of_two_readings_the_one_that_was_asked_for_later_counts(cast: Cast) -> None:
    first, second, third = (timezone.now() + timedelta(seconds=each) for each in range(3))
    at_ten, at_eleven = incoming(), incoming(scheduled_time=time(11, 0))
    assert showings.take_in([at_eleven], read_at=second).new == 1
    assert showings.take_in([at_ten], read_at=first).unchanged == 1
    assert ShowingRequest.objects.get().scheduled_time == time(11, 0)
    assert showings.take_in([at_ten], read_at=third).changed == 1
    assert showings.take_in([at_eleven], read_at=second).unchanged == 1
    assert ShowingRequest.objects.get().scheduled_time == time(10, 0)


def test_the_rows_own_word_on_its_age_goes_before_when_it_was_asked_for(cast: Cast) -> None:
    early, late = timezone.now(), timezone.now() + timedelta(seconds=1)
    old, new = incoming(updated_at=early), incoming(updated_at=late, scheduled_time=time(11, 0))
    showings.take_in([old], read_at=late)
    assert showings.take_in([new], read_at=early).changed == 1
    assert showings.take_in([old], read_at=late + timedelta(minutes=1)).unchanged == 1
    assert ShowingRequest.objects.get().scheduled_time == time(11, 0)


def test_what_was_read_before_a_change_was_told_does_not_count(cast: Cast) -> None:
    before, told, after = (timezone.now() + timedelta(seconds=each) for each in range(3))
    showings.take_in([incoming(), incoming(id="r2")], read_at=before - timedelta(minutes=1))
    showings.outdate(["r1", "nobody's"], told)
    moved = [incoming(scheduled_time=time(11, 0)), incoming(id="r2", scheduled_time=time(11, 0))]
    assert showings.take_in(moved, read_at=before).changed == 1
    assert showings.take_in(moved, read_at=after).changed == 1
    showings.outdate(["r1"], told)
    assert ShowingRequest.objects.get(pk="r1").read_at == after, "it never goes back"


def test_the_last_of_two_equal_ids_on_a_page_counts(cast: Cast) -> None:
    showings.take_in([incoming(status="pending"), incoming(status="scheduled")])
    assert ShowingRequest.objects.get().status == "scheduled"


def test_a_known_clients_scheduled_request_is_queued_by_itself(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming()])
    assert showings.queue_ready() == 1
    assert showings.queue_ready() == 0
    run = BookingRun.objects.get()
    assert (run.partner, run.wanted_time, run.duration_minutes) == (cast.partner, time(10, 0), 30)


def test_pending_requests_are_kept_and_not_booked(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming(status="pending")])
    assert showings.queue_ready() == 0
    assert ShowingRequest.objects.get().booking_status == RequestState.RECEIVED


def test_a_partner_that_books_by_hand_is_left_to_it(cast: Cast) -> None:
    known_client(cast)
    cast.partner.books_by_itself = False
    cast.partner.save()
    showings.take_in([incoming()])
    assert showings.queue_ready() == 0


@pytest.mark.parametrize(
    ("fields", "need"),
    [
        ({"scheduled_time": None}, Need.TIME),
        ({"scheduled_date": None}, Need.DATE),
        ({"property_id": ""}, Need.PROPERTY),
        ({"property_id": "town-lot"}, Need.ADDRESS),
        ({"user_id": "nobody-we-know"}, Need.CLIENT),
        ({"scheduled_date": in_days(600)}, Need.NEARER),
        ({"scheduled_date": date(9999, 12, 31)}, Need.NEARER),
    ],
)
def test_what_is_missing_is_named_and_shown(cast: Cast, fields: dict[str, Any], need: Need) -> None:
    known_client(cast)
    showings.take_in([incoming(**fields)])
    assert showings.queue_ready() == 0
    request = ShowingRequest.objects.get()
    assert request.booking_status == RequestState.NEEDS_INFO
    assert request.needs == [need.value]
    assert request.needs_in_words()


def test_yesterdays_request_is_closed_not_booked(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming(scheduled_date=in_days(-2))])
    assert showings.queue_ready() == 0
    assert ShowingRequest.objects.get().booking_status == RequestState.CLOSED


def test_what_was_missing_may_come_later(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming(scheduled_time=None)])
    showings.queue_ready()
    showings.take_in([incoming()])
    assert showings.queue_ready() == 1


def test_a_client_may_be_assigned_later(cast: Cast) -> None:
    showings.take_in([incoming()])
    showings.queue_ready()
    client = Client.objects.get()
    assert people.assign_client(client, cast.partner, by=cast.admin, source=Source.PERSON) == 1
    assert showings.queue_ready() == 1


def test_a_new_time_withdraws_the_old_run_and_queues_the_new_one(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming()])
    showings.queue_ready()
    showings.take_in([incoming(scheduled_time=time(11, 30))])
    assert showings.queue_ready() == 1
    states = dict(BookingRun.objects.values_list("wanted_time", "state"))
    assert states == {time(10, 0): RunState.CANCELLED, time(11, 30): RunState.QUEUED}


def test_a_cancelled_request_ends_its_waiting_run(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming()])
    showings.queue_ready()
    showings.take_in([incoming(status="cancelled")])
    assert showings.queue_ready() == 0
    assert BookingRun.objects.get().state == RunState.CANCELLED
    assert ShowingRequest.objects.get().booking_status == RequestState.CLOSED


def test_a_change_after_the_gate_waits_for_brokerbays_answer(cast: Cast) -> None:
    known_client(cast)
    showings.take_in([incoming()])
    showings.queue_ready()
    run = runs.claim(BookingRun.objects.get().pk, holder="test")
    assert run is not None
    runs.pass_gate(run.pk, fence=1)
    showings.take_in([incoming(status="cancelled")])
    run.refresh_from_db()
    assert (run.state, run.stop_asked_at) == (RunState.RUNNING, None)
    assert ShowingRequest.objects.get().booking_status == RequestState.CHANGED


def test_a_booking_made_by_a_person_is_not_doubled_by_the_robot(cast: Cast) -> None:
    known_client(cast)
    home = make_property(property_id="N12345678")
    make_booking(cast.account, property=home)
    showings.take_in([incoming()])
    assert showings.queue_ready() == 0
    assert not BookingRun.objects.exists()
    assert Booking.objects.count() == 1


def test_the_predecessors_query_runs_as_it_stands(cast: Cast) -> None:
    request = make_request(cast.partner, status="scheduled")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT psr.property_id, p.address FROM processed_showing_requests psr "
            "JOIN properties p ON p.property_id = psr.property_id WHERE psr.status IN ('pending','scheduled')"
        )
        rows = cursor.fetchall()
    assert request.property is not None
    assert rows == [(request.property.property_id, request.property.address)]


def test_a_property_keeps_its_address_when_the_api_forgets_it(cast: Cast) -> None:
    home = make_property(address="")
    properties.take_in(properties.IncomingProperty(property_id=home.property_id, address="1 Example Street"))
    properties.take_in(properties.IncomingProperty(property_id=home.property_id, address=""))
    home.refresh_from_db()
    assert (home.address, home.fetch_state) == ("1 Example Street", FetchState.KNOWN)


def test_a_failed_lookup_waits_longer_each_time(cast: Cast) -> None:
    home = make_property(fetch_state=FetchState.WANTED)
    assert properties.wanting_address() == [home.property_id]
    waits = []
    for _ in range(3):
        properties.fetch_failed(home.property_id, FetchState.FAILED, "It did not answer.")
        home.refresh_from_db()
        assert home.fetch_after is not None
        waits.append(home.fetch_after)
    assert waits == sorted(waits)
    assert properties.wanting_address() == []
    assert Property.objects.get().fetch_attempts == 3


def test_a_row_that_was_said_to_be_from_the_future_is_followed_again(cast: Cast) -> None:
    showings.take_in([incoming()])
    ShowingRequest.objects.update(upstream_updated_at=timezone.now() + timedelta(days=3650))
    moved = incoming(scheduled_time=time(11, 0), updated_at=timezone.now())
    assert showings.take_in([moved], read_at=timezone.now()).changed == 1
    assert ShowingRequest.objects.get().scheduled_time == time(11, 0)


def test_each_lot_is_found_by_its_ids_and_not_among_all_that_wait(cast: Cast) -> None:
    """A condition on their state once led SQLite through all that wait, for every lot of them anew."""
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's plan")
    showings.take_in([incoming(id=f"r{number}") for number in range(3)])
    with CaptureQueriesContext(connection) as asked:
        showings.queue_ready()
    lot = next(each["sql"] for each in asked if "needs_text" in each["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {lot}")
        steps = [step for *_, step in cursor.fetchall() if "processed_showing_requests" in step]
    assert steps == [
        "SEARCH processed_showing_requests USING INDEX sqlite_autoindex_processed_showing_requests_1 (id=?)"
    ]
