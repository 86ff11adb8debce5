"""A client moves or cancels what is queued or booked: followed once, by the partner's policy, or told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import AuditEntry, Booking, BookingRun, Client, Notice, ShowingRequest
from bookings.queries import invariants
from bookings.services import people, runs, showings
from bookings.services.bookings import Seen
from bookings.services.errors import NotAllowed
from bookings.services.runs import AttemptEnd
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import (
    Answer,
    BookingStatus,
    ClientChanges,
    NoticeChannel,
    RequestState,
    RunKind,
    RunState,
    Source,
)
from tests.bookings.cast import Cast, in_days, make_booking, make_partner, make_property

pytestmark = pytest.mark.django_db

TEN, NOON, FOUR = time(10), time(12), time(16)
T1 = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def partner(cast: Cast) -> Cast:
    """A partner whose clients' changes are carried out at once, with a client `u1` and a home."""
    Client.objects.create(external_id="u1", partner=cast.partner)
    make_property(property_id="N12345678")
    by_itself(cast)
    return cast


def by_itself(cast: Cast, policy: ClientChanges = ClientChanges.BY_ITSELF) -> None:
    cast.partner.client_changes = policy
    cast.partner.save()


def said(**fields: Any) -> IncomingShowing:
    values = {
        "id": "r1",
        "user_id": "u1",
        "property_id": "N12345678",
        "status": "scheduled",
        "scheduled_date": in_days(3),
        "scheduled_time": TEN,
    }
    return IncomingShowing(**{**values, **fields})


def comes(**fields: Any) -> int:
    """The client's row as it now stands reaches us. Answers how many bookings were queued."""
    showings.take_in([said(**fields)])
    return showings.queue_ready()


def request() -> ShowingRequest:
    return ShowingRequest.objects.get(pk="r1")


def booked(cast: Cast, **fields: Any) -> Booking:
    """The client's request, booked."""
    showings.take_in([said()])
    ShowingRequest.objects.update(booking_status=RequestState.BOOKED)
    wish = request()
    return make_booking(cast.account, request=wish, property=wish.property, **fields)


def changes() -> list[BookingRun]:
    return list(BookingRun.objects.exclude(kind__in=(RunKind.BOOK, RunKind.RECONCILE)).order_by("pk"))


def held(run: BookingRun) -> BookingRun:
    claimed = runs.claim(run.pk, holder="test/1")
    assert claimed is not None
    return claimed


def shown(booking: Booking, **fields: Any) -> Seen:
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


def ended(run: BookingRun, **end: Any) -> BookingRun:
    run = held(run)
    return runs.settle(run.pk, AttemptEnd(**end), fence=run.attempt_number)


# ---- Booked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["scheduled", "rescheduled"])
def test_a_moved_request_moves_its_booking(partner: Cast, status: str) -> None:
    booking = booked(partner)
    assert comes(status=status, scheduled_time=NOON) == 0
    (run,) = changes()
    assert (run.kind, run.booking, run.wanted_time, run.source, run.rehearses) == (
        RunKind.RESCHEDULE,
        booking,
        NOON,
        Source.SYNC,
        False,
    )
    assert request().booking_status == RequestState.QUEUED
    ended(run, result="booked", showing=shown(booking, time=NOON))
    booking.refresh_from_db()
    assert (booking.booking_time, request().booking_status) == (NOON, RequestState.BOOKED)
    assert showings.queue_ready() == 0
    assert len(changes()) == 1
    assert invariants.broken() == []


@pytest.mark.parametrize("status", ["cancelled", "Canceled"])
def test_a_cancelled_request_cancels_its_booking(partner: Cast, status: str) -> None:
    booking = booked(partner)
    comes(status=status)
    (run,) = changes()
    assert (run.kind, run.booking, request().booking_status) == (
        RunKind.CANCEL,
        booking,
        RequestState.QUEUED,
    )
    ended(run, result="cancelled", showing=shown(booking, status="cancelled", badge="Cancelled"))
    booking.refresh_from_db()
    assert (booking.status, request().booking_status) == (BookingStatus.CANCELLED, RequestState.CLOSED)
    assert comes(status=status) == 0
    assert len(changes()) == 1


def test_every_change_is_audited_with_its_source_and_what_stood_before(partner: Cast) -> None:
    booking = booked(partner)
    comes(scheduled_time=NOON)
    told = AuditEntry.objects.get(action="request.changed")
    assert (told.source, told.actor, told.partner) == (Source.SYNC, None, partner.partner)
    assert (told.before["scheduled_time"], told.after["scheduled_time"]) == ("10:00:00", "12:00:00")
    moved = AuditEntry.objects.get(action="booking.client_moved")
    assert (moved.subject_id, moved.source, moved.before["time"], moved.after["time"]) == (
        str(booking.pk),
        Source.SYNC,
        "10:00:00",
        "12:00:00",
    )
    comes(status="cancelled")
    assert AuditEntry.objects.get(action="booking.client_cancelled").after["status"] == "cancelled"


def test_with_approval_the_robot_stops_before_its_last_click_until_a_person_releases_it(
    partner: Cast,
) -> None:
    by_itself(partner, ClientChanges.AFTER_APPROVAL)
    booking = booked(partner)
    comes(scheduled_time=NOON)
    run = ended(changes()[0], result="rehearsed")
    assert (run.state, run.reason_code) == (RunState.PARKED, "rehearsed")
    assert request().booking_status == RequestState.NEEDS_PERSON
    run = runs.answer(run, Answer.RELEASE, by=partner.owner)
    assert request().booking_status == RequestState.QUEUED
    ended(run, result="booked", showing=shown(booking, time=NOON))
    assert request().booking_status == RequestState.BOOKED


def test_a_person_may_leave_the_booking_as_it_is(partner: Cast) -> None:
    by_itself(partner, ClientChanges.AFTER_APPROVAL)
    booked(partner)
    comes(status="cancelled")
    run = ended(changes()[0], result="rehearsed")
    runs.answer(run, Answer.GIVE_UP, by=partner.owner)
    assert request().booking_status == RequestState.BOOKED
    assert comes(status="cancelled") == 0
    assert len(changes()) == 1


def test_a_partner_approves_clients_changes_unless_told_otherwise() -> None:
    assert make_partner().client_changes == ClientChanges.AFTER_APPROVAL


def test_a_change_back_before_it_was_acted_on_cancels_itself_out(partner: Cast) -> None:
    booked(partner)
    comes(scheduled_time=NOON)
    comes()
    (run,) = changes()
    assert (run.state, run.reason_code) == (RunState.CANCELLED, "withdrawn")
    assert request().booking_status == RequestState.BOOKED


def test_a_second_change_replaces_the_first(partner: Cast) -> None:
    booked(partner)
    comes(scheduled_time=NOON)
    comes(scheduled_time=FOUR)
    comes(status="cancelled", scheduled_time=FOUR)
    assert [(run.kind, run.state) for run in changes()] == [
        (RunKind.RESCHEDULE, RunState.CANCELLED),
        (RunKind.RESCHEDULE, RunState.CANCELLED),
        (RunKind.CANCEL, RunState.QUEUED),
    ]


@pytest.mark.parametrize("passes_gate", [False, True])
def test_a_change_of_what_a_worker_holds_waits_until_it_rests(partner: Cast, passes_gate: bool) -> None:
    booking = booked(partner)
    comes(scheduled_time=NOON)
    run = held(changes()[0])
    if passes_gate:
        runs.pass_gate(run.pk, fence=1)
    comes(scheduled_time=FOUR)
    assert (len(changes()), request().booking_status) == (1, RequestState.CHANGED)
    end = (
        AttemptEnd(result="booked", showing=shown(booking, time=NOON))
        if passes_gate
        else AttemptEnd(result="broke", code="stopped")
    )
    runs.settle(run.pk, end, fence=1)
    assert request().booking_status == RequestState.CHANGED
    showings.follow_changes()
    assert [(one.wanted_time, one.state) for one in changes()] == [
        (NOON, RunState.BOOKED if passes_gate else RunState.CANCELLED),
        (FOUR, RunState.QUEUED),
    ]


def test_an_unconfirmed_move_is_learned_before_the_next_change(partner: Cast) -> None:
    booking = booked(partner)
    comes(scheduled_time=NOON)
    run = held(changes()[0])
    runs.pass_gate(run.pk, fence=1)
    runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=1)
    comes()  # back to ten
    assert (len(changes()), request().booking_status) == (1, RequestState.CHANGED)
    BookingRun.objects.update(not_before=None)
    ended(run, result="found", showing=shown(booking, time=NOON))
    showings.follow_changes()
    assert (changes()[1].wanted_time, changes()[1].state) == (TEN, RunState.QUEUED)


def test_a_booking_that_its_client_withdrew_while_in_doubt_is_not_sent_again(partner: Cast) -> None:
    comes()
    run = held(BookingRun.objects.get())
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=1)
    comes(status="cancelled")
    assert request().booking_status == RequestState.CHANGED
    for _ in range(2):
        BookingRun.objects.update(not_before=None)
        run = ended(run, result="absent")
    assert (run.state, run.reason_code) == (RunState.CANCELLED, "withdrawn")
    showings.follow_changes()
    assert request().booking_status == RequestState.CLOSED


def test_a_change_that_leaves_the_wish_as_it_was_withdraws_nothing(
    partner: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is read between the row's coming in and its being followed."""
    comes()
    run = held(BookingRun.objects.get())
    BookingRun.objects.update(source=Source.PERSON)
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=1)
    with monkeypatch.context() as killed:
        killed.setattr(showings, "follow", lambda pk: RequestState.CHANGED)
        showings.take_in([said(status="rescheduled")])
    assert request().booking_status == RequestState.CHANGED
    for _ in range(2):
        BookingRun.objects.update(not_before=None)
        run = ended(run, result="absent")
    assert run.state == RunState.QUEUED


def test_a_move_that_its_client_gave_up_while_in_doubt_is_not_sent_again(partner: Cast) -> None:
    booking = booked(partner)
    comes(scheduled_time=NOON)
    run = held(changes()[0])
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=1)
    comes(scheduled_time=FOUR)
    for _ in range(2):
        BookingRun.objects.update(not_before=None)
        run = ended(run, result="found", showing=shown(booking, time=TEN))
    assert (run.state, run.reason_code) == (RunState.CANCELLED, "withdrawn")
    showings.follow_changes()
    assert [(one.wanted_time, one.state) for one in changes()] == [
        (NOON, RunState.CANCELLED),
        (FOUR, RunState.QUEUED),
    ]


def test_somebody_elses_change_of_the_booking_goes_first(partner: Cast) -> None:
    booking = booked(partner)
    run = runs.queue_reschedule(booking, date=in_days(3), time=NOON, source=Source.PERSON, by=partner.owner)
    comes(scheduled_time=NOON)
    assert (len(changes()), request().booking_status) == (1, RequestState.CHANGED)
    ended(run, result="booked", showing=shown(booking, time=NOON))
    showings.follow_changes()
    assert (len(changes()), request().booking_status) == (1, RequestState.BOOKED)


def test_a_move_that_brokerbay_refused_is_a_persons_and_taken_back_with_the_clients_wish(
    partner: Cast,
) -> None:
    booked(partner)
    comes(scheduled_time=NOON)
    run = ended(changes()[0], result="refused", code="slot_unavailable", message="Not offered.")
    assert (run.state, request().booking_status) == (RunState.REFUSED, RequestState.NEEDS_PERSON)
    comes()
    run.refresh_from_db()
    assert (run.state, request().booking_status) == (RunState.CANCELLED, RequestState.BOOKED)
    assert runs.offers(run) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "pending"}, "set it back to “pending”"),
        ({"property_id": "W7654321"}, "wants another home now (W7654321)"),
        ({"scheduled_time": None}, "took back the day or the time"),
        ({"scheduled_time": time(10, 7)}, "10:00 or 10:15"),
        ({"scheduled_date": in_days(-1)}, "the robot cannot"),
    ],
)
def test_what_the_robot_cannot_follow_is_told_in_words(
    partner: Cast, fields: dict[str, Any], words: str
) -> None:
    booked(partner)
    comes(**fields)
    assert request().booking_status == RequestState.NEEDS_PERSON
    assert words in request().trouble
    assert changes() == []
    comes()
    assert (request().booking_status, request().trouble) == (RequestState.BOOKED, "")


def test_a_client_who_moved_to_another_partner_is_for_a_person(partner: Cast) -> None:
    booked(partner)
    Client.objects.create(external_id="u2", partner=partner.other)
    comes(user_id="u2", scheduled_time=NOON)
    assert "another partner" in request().trouble


def test_a_booking_that_the_listing_side_ended_is_told_and_not_booked_again(partner: Cast) -> None:
    booking = booked(partner)
    compared = runs.queue_reconcile(partner.account, source=Source.ROBOT)
    gone = shown(booking, status="cancelled", badge="Cancelled")
    ended(compared, result="found", own_showings=[gone])
    assert request().booking_status == RequestState.NEEDS_PERSON
    assert "the client still wants it" in request().trouble
    assert comes() == 0
    again = runs.queue_reconcile(partner.account, source=Source.ROBOT)
    ended(again, result="found", own_showings=[shown(booking)])
    assert (request().booking_status, request().trouble) == (RequestState.BOOKED, "")


def test_after_the_listing_side_ended_it_the_client_may_cancel_or_name_another_time(partner: Cast) -> None:
    booking = booked(partner)
    Booking.objects.filter(pk=booking.pk).update(status=BookingStatus.DECLINED)
    ShowingRequest.objects.update(booking_status=RequestState.NEEDS_PERSON)
    assert comes(scheduled_time=NOON) == 1
    comes(status="cancelled", scheduled_time=NOON)
    assert request().booking_status == RequestState.CLOSED
    assert not BookingRun.objects.filter(state=RunState.QUEUED).exists()


@pytest.mark.parametrize(
    "fields", [{"group_name": "Saturday"}, {"status": "Confirmed"}, {"status": "completed"}]
)
def test_words_that_mean_nothing_to_the_robot_change_nothing(partner: Cast, fields: dict[str, Any]) -> None:
    booked(partner)
    comes(**fields)
    assert (request().booking_status, changes()) == (RequestState.BOOKED, [])


def test_a_past_showing_is_moved_by_nobody(partner: Cast) -> None:
    booked(partner, starts_at=T1)
    assert comes(scheduled_time=NOON) == 1  # another showing is wanted
    assert changes() == []


# ---- Queued ------------------------------------------------------------------------------------------------


def test_a_queued_request_that_is_moved_is_booked_at_its_new_time_whatever_word_says_so(
    partner: Cast,
) -> None:
    assert comes() == 1
    assert comes(status="rescheduled", scheduled_time=NOON) == 1
    states = dict(BookingRun.objects.values_list("wanted_time", "state"))
    assert states == {TEN: RunState.CANCELLED, NOON: RunState.QUEUED}
    assert comes(id="r2", status="rescheduled", scheduled_time=FOUR) == 0  # never begun: kept and shown


def test_a_queued_request_that_still_wants_the_same_keeps_its_run(partner: Cast) -> None:
    comes()
    comes(group_name="Saturday")
    comes(status="pending")
    comes()
    assert list(BookingRun.objects.order_by("pk").values_list("state", flat=True)) == [
        RunState.CANCELLED,  # pending takes it back, scheduled begins anew
        RunState.QUEUED,
    ]


def test_a_run_past_its_gate_is_learned_and_its_booking_then_follows(partner: Cast) -> None:
    comes()
    run = held(BookingRun.objects.get())
    runs.pass_gate(run.pk, fence=1)
    comes(status="cancelled")
    assert request().booking_status == RequestState.CHANGED
    seen = shown(make_booking(partner.other_account), showing_id="7" * 24)
    runs.settle(run.pk, AttemptEnd(result="booked", showing=seen), fence=1)
    assert request().booking_status == RequestState.CHANGED
    showings.follow_changes()
    (cancel,) = changes()
    assert (cancel.kind, cancel.booking and cancel.booking.showing_id) == (RunKind.CANCEL, "7" * 24)


def test_a_run_asked_to_stop_ends_and_the_new_wish_is_booked(partner: Cast) -> None:
    comes()
    run = held(BookingRun.objects.get())
    assert comes(scheduled_time=NOON) == 0
    runs.settle(run.pk, AttemptEnd(result="broke", code="stopped"), fence=1)
    assert showings.follow_changes() == 1
    assert BookingRun.objects.get(state=RunState.QUEUED).wanted_time == NOON
    assert request().booking_status == RequestState.QUEUED


# ---- Order, repeats, cost ----------------------------------------------------------------------------------


def test_an_older_row_changes_nothing(partner: Cast) -> None:
    booked(partner)
    comes(updated_at=T1 + timedelta(minutes=2), scheduled_time=NOON)
    taken = showings.take_in([said(updated_at=T1, scheduled_time=FOUR), said(updated_at=T1)])
    assert (taken.changed, taken.unchanged) == (0, 1)
    assert request().scheduled_time == NOON
    assert len(changes()) == 1


def test_what_came_between_a_change_and_its_taking_back_does_not_count_when_it_comes_late(
    partner: Cast,
) -> None:
    comes(updated_at=T1)
    comes(updated_at=T1 + timedelta(minutes=2))
    comes(updated_at=T1 + timedelta(minutes=1), scheduled_time=NOON)
    assert request().scheduled_time == TEN
    assert AuditEntry.objects.filter(action="request.changed").count() == 0


def test_a_repeat_costs_one_query_and_writes_nothing(partner: Cast) -> None:
    booked(partner)
    page = [said(updated_at=T1)]
    showings.take_in(page)
    with CaptureQueriesContext(connection) as queries:
        showings.take_in(page)
    assert len(queries) == 1


def test_a_client_assigned_later_keeps_what_was_booked(partner: Cast) -> None:
    booked(partner)
    client = Client.objects.get(external_id="u1")
    people.assign_client(client, partner.partner, by=partner.admin, source=Source.PERSON)
    assert request().booking_status == RequestState.BOOKED


def test_a_change_that_cannot_be_followed_is_a_persons_with_its_reason(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(cast)

    def no(*_: object, **__: object) -> None:
        raise NotAllowed("A rule that nobody thought of.")

    monkeypatch.setattr("bookings.services.following.wanted_of", no)
    taken = showings.take_in([said(scheduled_time=FOUR), said(id="r2", property_id="W7")])
    assert (taken.new, taken.changed) == (1, 1)
    assert (request().booking_status, request().trouble) == (
        RequestState.NEEDS_PERSON,
        "A rule that nobody thought of.",
    )
    assert request().scheduled_time == FOUR, "the client's word is kept"
    assert ShowingRequest.objects.filter(pk="r2").exists(), "the other rows go on"
    assert showings.queue_ready() == 0


def test_what_its_client_cancelled_while_it_waited_is_told_upstream_as_cancelled(
    partner: Cast, settings: Any
) -> None:
    settings.SUPABASE_URL, settings.SUPABASE_WRITE_COLUMNS = "https://rest.example", {"status": "outcome"}
    comes()
    ended(BookingRun.objects.get(), result="parked", code="slot_unavailable")
    told = Notice.objects.filter(channel=NoticeChannel.SUPABASE)
    assert json.loads(told.get().body)["status"] == "needs_person"
    comes(status="cancelled")
    assert json.loads(told.get().body)["status"] == "cancelled"
