"""The run's life, on a real database: claimed once, fenced, settled, taken back, never lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from bookings.models import Attempt, AuditEntry, Booking, BookingRun, Notice, RunEvent
from bookings.services import accounts, runs
from bookings.services.bookings import Seen
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.services.runs import AttemptEnd, LogLine
from bookings.vocabulary import (
    FOR_A_PERSON,
    OPEN_RUN_STATES,
    RUN_MOVES,
    Answer,
    Health,
    RequestState,
    RunKind,
    RunState,
    Source,
)
from tests.bookings.cast import (
    Cast,
    in_days,
    make_account,
    make_booking,
    make_partner,
    make_request,
    make_run,
)

pytestmark = pytest.mark.django_db


def seen(run: BookingRun, **fields: Any) -> Seen:
    assert run.wanted_date
    assert run.wanted_time
    values = {
        "showing_id": "5" * 24,
        "listing_id": "a" * 24,
        "address": run.address,
        "date": run.wanted_date,
        "time": run.wanted_time,
        "duration_minutes": 30,
        "status": "confirmed",
        "badge": "Confirmed",
        "url": "https://brokerbay.example/showing",
    }
    return Seen(**{**values, **fields})


def claimed(run: BookingRun) -> BookingRun:
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    return held


def booked_end(run: BookingRun) -> AttemptEnd:
    return AttemptEnd(result="booked", message="Booked", showing=seen(run))


def broke(**fields: Any) -> AttemptEnd:
    return AttemptEnd(
        **{"result": "broke", "code": "site_down", "message": "No answer.", "retry_is_safe": True, **fields}
    )


def test_a_queued_run_has_its_line_its_audit_and_its_bell(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = make_run(cast.partner, by=cast.owner)
    assert run.state == RunState.QUEUED
    assert list(run.events.values_list("seq", flat=True)) == [1]
    assert AuditEntry.objects.filter(action="run.queued", actor=cast.owner).count() == 1
    assert OrmQ.objects.filter(key="booking").count() == 1


def test_only_one_of_two_claims_gets_the_run(cast: Cast) -> None:
    run = make_run(cast.partner)
    assert runs.claim(run.pk, holder="one") is not None
    assert runs.claim(run.pk, holder="two") is None
    assert Attempt.objects.filter(run=run).count() == 1


def test_an_account_is_used_by_one_browser_at_a_time_and_the_next_is_rung_for(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = make_run(cast.partner), make_run(cast.partner)
    held = claimed(first)
    assert runs.claim(second.pk, holder="two") is None
    with django_capture_on_commit_callbacks(execute=True):
        runs.settle(held.pk, booked_end(held), fence=1)
    assert OrmQ.objects.filter(key="booking").count() == 1
    assert claimed(second).state == RunState.RUNNING


def test_another_partners_account_does_not_wait(cast: Cast) -> None:
    claimed(make_run(cast.partner))
    assert claimed(make_run(cast.other)).state == RunState.RUNNING


def test_the_gate_opens_once(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    assert runs.pass_gate(run.pk, fence=1) is True
    assert runs.pass_gate(run.pk, fence=1) is False
    run.refresh_from_db()
    assert (run.submits, run.submitting_at is not None) == (1, True)


def test_the_gate_stays_shut_for_a_run_that_was_sent_as_often_as_it_may(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    BookingRun.objects.filter(pk=run.pk).update(submits=runs.MAX_SUBMITS)
    assert runs.pass_gate(run.pk, fence=1) is False
    run.refresh_from_db()
    assert (run.submits, run.submitting_at) == (runs.MAX_SUBMITS, None)


@pytest.mark.parametrize("lost", ["fence", "lease", "stopped"])
def test_the_gate_stays_shut_for_who_lost_the_run(cast: Cast, lost: str) -> None:
    run = claimed(make_run(cast.partner))
    if lost == "lease":
        BookingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    if lost == "stopped":
        runs.stop(run, by=cast.owner)
    assert runs.pass_gate(run.pk, fence=0 if lost == "fence" else 1) is False
    assert BookingRun.objects.get(pk=run.pk).submits == 0


def test_a_booked_run_has_its_booking_with_the_proof(cast: Cast) -> None:
    request = make_request(cast.partner)
    run = claimed(runs.queue_for(request, source=Source.SYNC))
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, booked_end(run), fence=1)
    booking = Booking.objects.get()
    assert (run.state, run.booking, booking.request) == (RunState.BOOKED, booking, request)
    assert booking.verified_at is not None
    assert (booking.starts_at, booking.partner) == (run.starts_at, cast.partner)
    request.refresh_from_db()
    assert (request.booking_status, request.auto_booked) == (RequestState.BOOKED, True)


def test_two_homes_at_one_time_are_two_bookings(cast: Cast) -> None:
    """BrokerBay's list names no listing: the time alone must not make two showings one."""
    for number in "12":
        run = claimed(make_run(cast.partner))
        found = seen(run, listing_id="", showing_id=number * 24, address=f"{number} Example Street")
        runs.settle(run.pk, AttemptEnd(result="booked", showing=found), fence=1)
        run.refresh_from_db()
        assert run.booking is not None
        assert run.booking.showing_id == number * 24
    assert Booking.objects.count() == 2


def test_the_twins_showing_is_not_taken_for_ours(cast: Cast) -> None:
    """For sale and for lease at one address: nothing was sent for the second, so it is not booked."""
    sale = claimed(make_run(cast.partner))
    runs.settle(sale.pk, booked_end(sale), fence=1)
    lease = claimed(make_run(cast.partner))
    lease = runs.settle(lease.pk, booked_end(lease), fence=1)
    assert (lease.state, lease.reason_code, lease.booking) == (RunState.PARKED, "in_doubt", None)
    assert sale.mls_number in lease.reason
    assert Booking.objects.count() == 1


def test_a_showing_seen_again_is_the_same_booking(cast: Cast) -> None:
    first = claimed(make_run(cast.partner))
    runs.settle(first.pk, booked_end(first), fence=1)
    Booking.objects.update(status="Cancelled")
    second = claimed(make_run(cast.partner, property_text=first.property_text, mls_number=first.mls_number))
    runs.settle(second.pk, booked_end(second), fence=1)
    assert Booking.objects.get().status == "Confirmed"


@pytest.mark.parametrize(("auto_confirm", "status"), [(True, "confirmed"), (False, "requested")])
def test_asked_for_is_not_confirmed(cast: Cast, auto_confirm: bool, status: str) -> None:
    run = claimed(make_run(cast.partner))
    end = AttemptEnd(
        result="booked", showing=seen(run, status=status), listing={"auto_confirm": auto_confirm}
    )
    runs.settle(run.pk, end, fence=1)
    booking = Booking.objects.get()
    assert booking.auto_confirmed is auto_confirm
    assert booking.status == ("Confirmed" if auto_confirm else "Pending")


def test_a_worker_with_an_old_fence_changes_nothing(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    BookingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    runs.sweep()
    again = claimed(run)
    assert again.attempt_number == 2
    with pytest.raises(Moved):
        runs.settle(run.pk, booked_end(run), fence=1)
    assert runs.tell(run.pk, [LogLine(at=timezone.now(), message="late")], fence=1) is False
    assert runs.heartbeat(run.pk, fence=1).held is False
    assert not Booking.objects.exists()
    assert not RunEvent.objects.filter(message="late").exists()


def test_a_dead_worker_before_the_gate_means_start_again(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    BookingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    runs.sweep()
    run.refresh_from_db()
    assert (run.state, run.lease_until) == (RunState.QUEUED, None)
    assert Attempt.objects.get(run=run).result == "lost"


def test_a_dead_worker_after_the_gate_means_look_it_up(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    runs.pass_gate(run.pk, fence=1)
    BookingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    runs.sweep()
    run.refresh_from_db()
    assert run.state == RunState.UNCONFIRMED
    assert run.not_before is not None
    assert run.submitting_at is not None
    assert run.not_before == run.submitting_at + runs.QUIET_TIME
    assert runs.claim(run.pk, holder="too early") is None


def unconfirmed(cast: Cast) -> BookingRun:
    run = claimed(make_run(cast.partner))
    runs.pass_gate(run.pk, fence=1)
    return runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer", message="…"), fence=1)


def when_due(run: BookingRun) -> BookingRun:
    BookingRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
    return claimed(run)


def test_an_unconfirmed_run_that_the_list_shows_is_booked(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    assert run.state == RunState.UNCONFIRMED
    run = runs.settle(run.pk, AttemptEnd(result="found", showing=seen(run)), fence=2)
    assert (run.state, Booking.objects.count()) == (RunState.BOOKED, 1)


def test_what_the_list_shows_as_declined_is_refused_and_kept(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    found = seen(run, status="declined", badge="Declined")
    run = runs.settle(run.pk, AttemptEnd(result="found", showing=found), fence=2)
    assert (run.state, run.reason_code) == (RunState.REFUSED, "declined")
    assert Booking.objects.get().status == "Declined"


def test_when_asked_to_slow_down_it_waits_by_the_clock(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    runs.pass_gate(run.pk, fence=1)
    slow = broke(result="parked", code="rate_limited")
    run = runs.settle(run.pk, slow, fence=1)
    assert (run.state, run.submitting_at) == (RunState.PARKED, None)
    assert run.not_before is not None


def test_what_was_sent_twice_and_clearly_refused_goes_on_by_a_person_only(cast: Cast) -> None:
    run = make_run(cast.partner)
    for fence in (1, 2):
        run = claimed(run)
        assert runs.pass_gate(run.pk, fence=fence)
        run = runs.settle(run.pk, broke(result="parked", code="rate_limited"), fence=fence)
        assert (run.state, run.submitting_at) == (RunState.PARKED, None)
        BookingRun.objects.filter(pk=run.pk, not_before__isnull=False).update(not_before=timezone.now())
        runs.sweep()
        run.refresh_from_db()
    assert (run.state, run.submits, run.reason_code) == (RunState.PARKED, 2, "rate_limited")
    assert run.next_step == FOR_A_PERSON
    assert Notice.objects.filter(run=run).count() == 1
    assert runs.answer(run, Answer.TRY_AGAIN, by=cast.owner).submits == 0


def test_who_signs_in_lets_a_run_send_anew(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    BookingRun.objects.filter(pk=run.pk).update(absent_reads=1)
    run = runs.settle(run.pk, AttemptEnd(result="absent"), fence=2)
    run = claimed(run)
    assert runs.pass_gate(run.pk, fence=3)
    run = runs.settle(run.pk, AttemptEnd(result="parked", code="needs_sign_in", message="…"), fence=3)
    assert (run.state, run.submits) == (RunState.PARKED, 2)
    BookingRun.objects.filter(pk=run.pk).update(attempts_left=0)
    accounts.sign_in(cast.account, "sealed", by=cast.manager, source=Source.PERSON)
    run = claimed(run)
    assert runs.pass_gate(run.pk, fence=4)
    run.refresh_from_db()
    assert (run.submits, run.attempts_left) == (1, runs.MAX_ATTEMPTS - 1)


def test_absent_is_believed_only_when_read_twice(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    run = runs.settle(run.pk, AttemptEnd(result="absent"), fence=2)
    assert run.state == RunState.UNCONFIRMED
    run = when_due(run)
    run = runs.settle(run.pk, AttemptEnd(result="absent"), fence=3)
    assert (run.state, run.submitting_at) == (RunState.QUEUED, None)
    assert runs.claim(run.pk, holder="again") is not None


def test_what_was_sent_twice_and_never_arrived_goes_to_a_person(cast: Cast) -> None:
    run = unconfirmed(cast)
    BookingRun.objects.filter(pk=run.pk).update(submits=runs.MAX_SUBMITS, absent_reads=1)
    run = when_due(run)
    run = runs.settle(run.pk, AttemptEnd(result="absent"), fence=2)
    assert (run.state, run.reason_code) == (RunState.FAILED, "not_listed")


@pytest.mark.parametrize("code", ["ambiguous_listing", "listing_not_found"])
def test_a_showing_that_no_listing_tells_apart_is_asked_of_a_person_at_once(cast: Cast, code: str) -> None:
    run = when_due(unconfirmed(cast))
    run = runs.settle(run.pk, AttemptEnd(result="parked", code=code, message="…"), fence=2)
    assert (run.state, run.reason_code, run.absent_reads) == (RunState.UNCONFIRMED, "in_doubt", 0)
    assert runs.offers(run)


def test_a_list_that_cannot_be_read_is_never_taken_for_absent(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    run = runs.settle(run.pk, broke(), fence=2)
    assert (run.state, run.absent_reads) == (RunState.UNCONFIRMED, 0)


def test_a_look_that_fails_does_not_say_that_nothing_was_sent(cast: Cast) -> None:
    run = when_due(unconfirmed(cast))
    asked_to_wait = "BrokerBay asks us to slow down (429). Nothing was sent."
    run = runs.settle(run.pk, broke(code="rate_limited", message=asked_to_wait), fence=2)
    assert (run.state, run.reason) == (RunState.UNCONFIRMED, "BrokerBay's list could not be read")


def test_a_safe_break_waits_and_wakes(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    run = runs.settle(run.pk, broke(), fence=1)
    assert run.state == RunState.PARKED
    assert run.not_before is not None
    assert run.not_before > timezone.now()
    BookingRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
    runs.sweep()
    assert claimed(run).attempt_number == 2


def test_the_budget_of_tries_ends_at_a_person(cast: Cast) -> None:
    run = make_run(cast.partner)
    for fence in range(1, runs.MAX_ATTEMPTS + 1):
        held = claimed(run)
        held = runs.settle(held.pk, broke(code="page_changed"), fence=fence)
        BookingRun.objects.filter(pk=run.pk, state=RunState.PARKED).update(not_before=timezone.now())
        runs.sweep()
    run.refresh_from_db()
    assert (run.state, run.reason_code) == (RunState.FAILED, "page_changed")


def test_a_gate_that_never_opens_ends_at_a_person_who_is_told_so(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    BookingRun.objects.filter(pk=run.pk).update(attempts_left=0)
    run = runs.settle(run.pk, broke(code="stopped", retry_is_safe=False), fence=1)
    assert (run.state, run.reason_code) == (RunState.FAILED, "attempts_spent")


def test_a_break_that_is_not_safe_is_not_tried_again(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    run = runs.settle(run.pk, broke(code="page_changed", retry_is_safe=False), fence=1)
    assert run.state == RunState.FAILED


def test_whatever_broke_after_the_gate_is_unconfirmed(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, broke(code="engine_broke"), fence=1)
    assert run.state == RunState.UNCONFIRMED


def test_a_refusal_keeps_the_open_slots_and_tells_the_person_who_asked(cast: Cast) -> None:
    run = claimed(make_run(cast.partner, by=cast.owner))
    slots = [{"date": "2030-01-01", "time": "11:00"}]
    end = AttemptEnd(
        result="refused", code="slot_unavailable", message="10:00 is not offered.", open_slots=slots
    )
    run = runs.settle(run.pk, end, fence=1)
    assert (run.state, run.open_slots, run.title) == (RunState.REFUSED, slots, "That time is not offered")
    assert Notice.objects.get().to == cast.owner.email


def test_a_signed_out_account_parks_its_runs_until_it_is_signed_in(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    run = runs.settle(run.pk, AttemptEnd(result="parked", code="needs_sign_in", message="…"), fence=1)
    cast.account.refresh_from_db()
    assert (run.state, cast.account.health) == (RunState.PARKED, Health.NEEDS_SIGN_IN)
    assert runs.sweep() == 0
    resumed = accounts.sign_in(cast.account, "sealed", by=cast.manager, source=Source.PERSON)
    run.refresh_from_db()
    assert (resumed, run.state, cast.account.health) == (1, RunState.QUEUED, Health.SIGNED_IN)


def test_a_person_stops_a_waiting_run_at_once_and_a_running_one_before_its_gate(cast: Cast) -> None:
    waiting = runs.stop(make_run(cast.partner), by=cast.owner)
    assert waiting.state == RunState.CANCELLED
    with pytest.raises(NotAllowed):
        runs.stop(waiting, by=cast.owner)
    running = claimed(make_run(cast.partner))
    runs.stop(running, by=cast.owner)
    assert runs.heartbeat(running.pk, fence=1).stop_asked
    ended = runs.settle(running.pk, broke(code="stopped"), fence=1)
    assert ended.state == RunState.CANCELLED


def test_what_may_have_been_sent_cannot_be_stopped(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    runs.pass_gate(run.pk, fence=1)
    with pytest.raises(NotAllowed):
        runs.stop(run, by=cast.owner)


def test_trying_again_gives_a_fresh_budget(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    run = runs.settle(run.pk, broke(retry_is_safe=False, code="page_changed"), fence=1)
    run = runs.try_again(run, by=cast.owner)
    assert (run.state, run.attempts_left, run.finished_at) == (RunState.QUEUED, runs.MAX_ATTEMPTS, None)
    with pytest.raises(NotAllowed):
        runs.try_again(run, by=cast.owner)


def test_a_run_whose_start_has_passed_expires(cast: Cast) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(starts_at=timezone.now() - timedelta(minutes=1))
    assert runs.claim(run.pk, holder="late") is None
    runs.sweep()
    run.refresh_from_db()
    assert run.state == RunState.EXPIRED


def test_the_same_wish_twice_is_refused_and_the_same_key_answers_the_first(cast: Cast) -> None:
    first = make_run(cast.partner, by=cast.owner, property_text="N99999999")
    with pytest.raises(AlreadyThere):
        make_run(cast.partner, by=cast.owner, property_text="N99999999")
    wish = runs.Wish(property_text="N99999998", kind=RunKind.CHECK)
    keyed = runs.queue(wish, partner=cast.partner, source=Source.API, by=cast.owner, idempotency_key="k1")
    again = runs.queue(wish, partner=cast.partner, source=Source.API, by=cast.owner, idempotency_key="k1")
    assert keyed.pk == again.pk != first.pk


def test_a_live_booking_is_not_booked_again(cast: Cast) -> None:
    booking = make_booking(cast.account)
    with pytest.raises(AlreadyThere):
        make_run(
            cast.partner,
            address=booking.property_address,
            date=booking.booking_date,
            time=booking.booking_time,
        )


@pytest.mark.parametrize(
    ("missing", "field"), [("date", "date"), ("time", "time"), ("duration_minutes", "duration")]
)
def test_nothing_is_invented_for_what_is_missing(cast: Cast, missing: str, field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        make_run(cast.partner, **{missing: None})
    assert refusal.value.field == field
    assert not BookingRun.objects.exists()


def test_yesterday_and_a_skipped_hour_are_refused_in_words(cast: Cast) -> None:
    with pytest.raises(Rejected, match="passed"):
        make_run(cast.partner, date=in_days(-1))


@pytest.mark.parametrize("day", [in_days(600), date(9999, 12, 31)])
def test_a_day_absurdly_far_away_is_refused_in_words(cast: Cast, day: date) -> None:
    with pytest.raises(Rejected, match="18 months") as refusal:
        make_run(cast.partner, date=day)
    assert refusal.value.field == "date"
    assert not BookingRun.objects.exists()


def test_a_day_a_year_ahead_is_booked(cast: Cast) -> None:
    assert make_run(cast.partner, date=in_days(365)).state == RunState.QUEUED


def test_a_partner_without_an_account_is_told_so(cast: Cast) -> None:
    with pytest.raises(Rejected, match="no BrokerBay account"):
        make_run(make_partner("Bare"))


def test_a_dead_supervisors_runs_are_released_at_once(cast: Cast) -> None:
    run = runs.claim(make_run(cast.partner).pk, holder="web1/abc/77")
    assert run is not None
    assert runs.release("web1/other/") == 0
    assert runs.release("web1/abc/") == 1
    runs.sweep()
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_the_sweep_rings_once_for_what_nobody_answers(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(rung_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.sweep() == 1
        assert runs.sweep() == 0
    assert OrmQ.objects.filter(key="booking").count() == 1


def test_lines_are_numbered_without_gaps(cast: Cast) -> None:
    run = claimed(make_run(cast.partner))
    now = timezone.now()
    runs.tell(run.pk, [LogLine(at=now, message=str(n), step="submit") for n in range(3)], fence=1)
    runs.pass_gate(run.pk, fence=1)
    seqs = list(RunEvent.objects.filter(run=run).values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))


def test_every_state_has_its_moves_and_ended_ones_stay_ended() -> None:
    assert set(RUN_MOVES) == set(RunState)
    assert RunState.QUEUED not in RUN_MOVES[RunState.BOOKED]
    for state in OPEN_RUN_STATES:
        assert RUN_MOVES[state]


def test_a_second_account_of_the_partner_is_not_needed_for_the_first_to_work(cast: Cast) -> None:
    make_account(cast.partner)
    assert make_run(cast.partner).account == cast.account
