"""Cancel, reschedule and compare: what may be asked, and what each run then says of itself."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import Account, AuditEntry, BookingRun
from bookings.services import runs
from bookings.services.errors import AlreadyThere, Forbidden, NotAllowed, Rejected
from bookings.vocabulary import BookingStatus, Health, Rehearsal, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_request, make_run

pytestmark = pytest.mark.django_db


def move(booking: Any, **fields: Any) -> BookingRun:
    wish: dict[str, Any] = {"date": in_days(4), "time": time(11, 0), "source": Source.PERSON}
    return runs.queue_reschedule(booking, **{**wish, **fields})


def test_a_cancel_names_its_booking_as_the_booking_does(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = runs.queue_cancel(booking, source=Source.PERSON, by=cast.owner, reason="The client is ill")
    assert (run.kind, run.state, run.booking) == (RunKind.CANCEL, RunState.QUEUED, booking)
    assert (run.showing_id, run.listing_id) == (booking.showing_id, booking.listing_id)
    assert (run.cancel_reason, run.starts_at) == ("The client is ill", booking.starts_at)
    assert AuditEntry.objects.filter(action="run.queued", actor=cast.owner).count() == 1


def test_a_reschedule_keeps_the_length_unless_told_otherwise(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = move(booking)
    assert (run.wanted_date, run.wanted_time, run.duration_minutes) == (in_days(4), time(11, 0), 30)
    assert "to " in run.events.get(seq=1).message


def test_one_change_of_a_booking_at_a_time(cast: Cast) -> None:
    booking = make_booking(cast.account)
    runs.queue_cancel(booking, source=Source.PERSON)
    for again in (lambda: move(booking), lambda: runs.queue_cancel(booking, source=Source.PERSON)):
        with pytest.raises(AlreadyThere):
            again()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": BookingStatus.CANCELLED}, "nothing left"),
        ({"starts_at": timezone.now() - timedelta(hours=1)}, "passed"),
        ({"showing_id": "", "verified_at": None}, "never seen"),
    ],
)
def test_what_cannot_be_changed_is_told_in_words(cast: Cast, fields: dict[str, Any], words: str) -> None:
    booking = make_booking(cast.account, **fields)
    with pytest.raises(NotAllowed, match=words):
        runs.queue_cancel(booking, source=Source.PERSON)
    with pytest.raises(NotAllowed, match=words):
        move(booking)
    assert not BookingRun.objects.exists()


def test_a_sleeping_accounts_booking_is_left_alone(cast: Cast) -> None:
    booking = make_booking(cast.account)
    Account.objects.update(is_active=False)
    booking.account.refresh_from_db()
    with pytest.raises(NotAllowed, match="switched off"):
        runs.queue_cancel(booking, source=Source.PERSON)


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_only_who_books_there_may_change_there(cast: Cast, who: str) -> None:
    booking = make_booking(cast.account)
    with pytest.raises(Forbidden):
        runs.queue_cancel(booking, source=Source.PERSON, by=getattr(cast, who))
    with pytest.raises(Forbidden):
        move(booking, by=getattr(cast, who))
    with pytest.raises(Forbidden):
        runs.queue_reconcile(cast.account, source=Source.PERSON, by=getattr(cast, who))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"time": time(11, 5)}, "time"),
        ({"date": in_days(-1)}, "date"),
        ({"duration_minutes": 90}, "duration"),
        ({"date": in_days(3), "time": time(10, 0)}, "time"),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_field(
    cast: Cast, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as no:
        move(make_booking(cast.account), **fields)
    assert no.value.field == field


def test_a_home_is_not_moved_onto_itself(cast: Cast) -> None:
    booking = make_booking(cast.account)
    make_booking(
        cast.account, listing_id=booking.listing_id, booking_date=in_days(4), booking_time=time(11, 0)
    )
    with pytest.raises(AlreadyThere):
        move(booking)


def test_an_open_comparison_is_answered_not_doubled(cast: Cast) -> None:
    first = runs.queue_reconcile(cast.account, source=Source.ROBOT)
    assert runs.queue_reconcile(cast.account, source=Source.PERSON, by=cast.owner) == first


def test_a_person_who_compares_a_signed_out_account_has_it_looked_at_again(cast: Cast) -> None:
    Account.objects.update(health=Health.NEEDS_SIGN_IN)
    runs.queue_reconcile(cast.account, source=Source.PERSON, by=cast.owner)
    cast.account.refresh_from_db()
    assert cast.account.health == Health.UNKNOWN


def test_a_partners_first_ten_changing_runs_are_rehearsed(cast: Cast) -> None:
    cast.partner.rehearsal = Rehearsal.FIRST_RUNS
    cast.partner.save()
    make_run(cast.partner, kind=RunKind.CHECK)
    rehearsed = [make_run(cast.partner).rehearses for _ in range(11)]
    assert rehearsed == [True] * 10 + [False]
    assert runs.queue_cancel(make_booking(cast.account), source=Source.PERSON).rehearses is False


def test_always_and_never_are_kept_to_and_a_dry_run_is_always_one(cast: Cast) -> None:
    assert make_run(cast.partner).rehearses is False
    dry = runs.queue_cancel(make_booking(cast.account), source=Source.PERSON, dry_run=True)
    assert (dry.rehearses, dry.dry_run) == (True, True)
    cast.partner.rehearsal = Rehearsal.ALWAYS
    assert make_run(cast.partner).rehearses is True
    assert make_run(cast.partner, kind=RunKind.CHECK).rehearses is False


@pytest.mark.parametrize(
    ("fields", "words", "field"),
    [
        ({"property_text": "1 " + "Long " * 2000}, "too long", "property"),
        ({"property_text": "1 King\x00 Street"}, "control characters", "property"),
        ({"property_text": "   "}, "Name the property", "property"),
        ({"time": time(10, 50)}, "10:45 or 11:00", "time"),
        ({"duration_minutes": 600}, "15, 30, 45 or 60", "duration"),
        ({"time_zone": "Mars/Base"}, "no time zone", ""),
    ],
)
def test_bad_input_is_refused_in_words(cast: Cast, fields: dict[str, Any], words: str, field: str) -> None:
    with pytest.raises(Rejected, match=words) as no:
        make_run(cast.partner, **fields)
    assert no.value.field == field
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize("address", ["رقم ١٢ شارع الملك", "🏠 12 King Street ‏", "12 Rüe Sainte-Édith"])
def test_any_script_is_kept_as_typed(cast: Cast, address: str) -> None:
    run = make_run(cast.partner, property_text=address, address=address, mls_number="")
    run.refresh_from_db()
    assert run.property_text == address.strip()


def test_a_clients_odd_time_asks_for_a_person(cast: Cast) -> None:
    with pytest.raises(Rejected, match="quarter"):
        runs.queue_for(make_request(cast.partner, scheduled_time=time(10, 5)), source=Source.SYNC)
