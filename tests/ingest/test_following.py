"""A client's change from the (local) Supabase to the run that carries it out, pass by pass."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from bookings.models import Booking, BookingRun, Client, Property, ShowingRequest
from bookings.vocabulary import ClientChanges, RequestState, RunKind, RunState
from ingest.passes import Sources, run_pass
from ingest.simulator.control import SECRET_KEY, TABLE, Upstream
from ingest.sources.supabase import Supabase
from tests.bookings.cast import in_days, make_account, make_booking, make_partner
from tests.ingest.conftest import QUICK

pytestmark = pytest.mark.django_db


def make_pass(upstream: Upstream) -> None:
    source = Supabase(url=upstream.url, key=SECRET_KEY, table=TABLE, patience=QUICK)
    assert run_pass("test", sources=Sources(supabase=source, property_api=None)) is not None


@pytest.fixture
def booked(upstream: Upstream) -> Booking:
    """A request in Supabase that was read and is booked; its partner lets changes happen by themselves."""
    partner = make_partner()
    partner.client_changes = ClientChanges.BY_ITSELF
    partner.save()
    Client.objects.create(external_id="u1", partner=partner)
    account = make_account(partner)
    upstream.insert_request(
        id="r1",
        user_id="u1",
        property_id="N12345678",
        status="pending",
        scheduled_date=in_days(3).isoformat(),
        scheduled_time="10:00:00",
    )
    make_pass(upstream)
    ShowingRequest.objects.update(booking_status=RequestState.BOOKED, status="scheduled")
    upstream.change_request("r1", status="scheduled")
    home = Property.objects.get()
    return make_booking(account, request=ShowingRequest.objects.get(), property=home)


@pytest.mark.parametrize(
    ("changes", "kind", "at"),
    [
        ({"status": "rescheduled", "scheduled_time": "12:30:00"}, RunKind.RESCHEDULE, time(12, 30)),
        ({"scheduled_time": "12:30:00"}, RunKind.RESCHEDULE, time(12, 30)),
        ({"status": "cancelled"}, RunKind.CANCEL, time(10)),
    ],
)
def test_a_pass_carries_a_change_over_once(
    upstream: Upstream, booked: Booking, changes: dict[str, Any], kind: RunKind, at: time
) -> None:
    upstream.change_request("r1", **changes)
    make_pass(upstream)
    make_pass(upstream)
    run = BookingRun.objects.get()
    assert (run.kind, run.booking, run.wanted_time, run.state) == (kind, booked, at, RunState.QUEUED)


def test_a_change_that_was_taken_back_between_two_passes_is_none(upstream: Upstream, booked: Booking) -> None:
    upstream.change_request("r1", status="cancelled")
    upstream.change_request("r1", status="scheduled")
    make_pass(upstream)
    assert not BookingRun.objects.exists()
    assert ShowingRequest.objects.get().booking_status == RequestState.BOOKED


def test_a_cancelled_row_that_comes_back_is_wanted_again(upstream: Upstream, booked: Booking) -> None:
    upstream.change_request("r1", status="cancelled")
    make_pass(upstream)
    upstream.change_request("r1", status="scheduled")
    make_pass(upstream)
    assert BookingRun.objects.get().state == RunState.CANCELLED
    assert ShowingRequest.objects.get().booking_status == RequestState.BOOKED


def test_a_booked_row_is_followed_whatever_word_another_program_wrote(
    upstream: Upstream, booked: Booking
) -> None:
    upstream.change_request("r1", status="confirmed")
    make_pass(upstream)
    assert ShowingRequest.objects.get().status == "confirmed"
    upstream.change_request("r1", status="cancelled")
    make_pass(upstream)
    assert BookingRun.objects.get().kind == RunKind.CANCEL
