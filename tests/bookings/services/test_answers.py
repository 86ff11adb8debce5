"""What a waiting run offers, and what each answer does: once, by who may, with its audit line."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import Account, AuditEntry, Booking, BookingRun, Notice
from bookings.services import runs
from bookings.services.errors import Forbidden, Moved, NotAllowed, Rejected
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import Answer, BookingStatus, Health, NoticeEvent, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_run

pytestmark = pytest.mark.django_db


def ended(run: BookingRun, **end: Any) -> BookingRun:
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    return runs.settle(run.pk, AttemptEnd(**{"message": "…", **end}), fence=held.attempt_number)


def refused(run: BookingRun, code: str, **end: Any) -> BookingRun:
    return ended(run, result="refused", code=code, **end)


def in_doubt(run: BookingRun) -> BookingRun:
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    runs.pass_gate(run.pk, fence=held.attempt_number)
    run = runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=held.attempt_number)
    long_ago = timezone.now() - timedelta(hours=1)
    BookingRun.objects.filter(pk=run.pk).update(submitting_at=long_ago, not_before=None)
    return ended(run, result="broke", code="site_down")


def offered(run: BookingRun) -> list[tuple[str, str]]:
    return [(offer.answer.value, offer.value) for offer in runs.offers(run)]


def test_a_lost_slot_offers_the_open_times_and_takes_the_picked_one(cast: Cast) -> None:
    slots = [{"date": in_days(3).isoformat(), "time": at} for at in ("10:00", "11:15", "09:30")]
    run = refused(make_run(cast.partner), "slot_lost", open_slots=slots)
    picks = [value for said, value in offered(run) if said == "pick_time"]
    assert picks == [f"{in_days(3)}T09:30", f"{in_days(3)}T11:15"]  # never the lost one again
    run = runs.answer(run, Answer.PICK_TIME, by=cast.owner, value=picks[1])
    assert (run.state, run.wanted_time, run.attempts_left) == (
        RunState.QUEUED,
        time(11, 15),
        runs.MAX_ATTEMPTS,
    )
    assert run.starts_at is not None
    entry = AuditEntry.objects.get(action="run.answered")
    assert (entry.actor, entry.after["answer"], entry.after["value"]) == (cast.owner, "pick_time", picks[1])


def test_candidates_are_offered_and_none_is_the_main_one(cast: Cast) -> None:
    candidates = [
        {
            "address": "12 King Street #1",
            "mls_number": "N10000001",
            "listing_id": "a" * 24,
            "city": "Toronto",
        },
        {"address": "12 King Street #2", "mls_number": "N10000002", "listing_id": "", "city": "Toronto"},
    ]
    run = ended(make_run(cast.partner), result="parked", code="ambiguous_listing", candidates=candidates)
    assert not any(offer.is_main for offer in runs.offers(run))
    run = runs.answer(run, Answer.PICK_LISTING, by=cast.owner, value="1")
    assert (run.state, run.mls_number, run.listing_id) == (RunState.QUEUED, "N10000002", "")
    assert run.address == "12 King Street #2"


def test_a_picked_listing_without_a_number_is_looked_for_by_its_address_alone(cast: Cast) -> None:
    candidates = [{"address": "12 King Street", "mls_number": "", "listing_id": "", "city": "Toronto"}]
    run = make_run(cast.partner)
    assert run.mls_number
    run = ended(run, result="parked", code="ambiguous_listing", candidates=candidates)
    run = runs.answer(run, Answer.PICK_LISTING, by=cast.owner, value="0")
    assert (run.mls_number, run.address) == ("", "12 King Street")


def test_too_long_offers_what_the_listing_allows(cast: Cast) -> None:
    listing = {"listing_id": "a" * 24, "max_minutes": 30}
    run = refused(make_run(cast.partner, duration_minutes=60), "duration_too_long", listing=listing)
    assert offered(run)[:2] == [("shorten", "30"), ("shorten", "15")]
    run = runs.answer(run, Answer.SHORTEN, by=cast.owner, value="30")
    assert (run.state, run.duration_minutes) == (RunState.QUEUED, 30)


def test_a_listing_that_wants_approval_is_asked_for_it(cast: Cast) -> None:
    run = refused(make_run(cast.partner, auto_confirm_only=True), "needs_approval")
    run = runs.answer(run, Answer.ASK_APPROVAL, by=cast.owner)
    assert (run.state, run.auto_confirm_only) == (RunState.QUEUED, False)


def test_a_rehearsal_is_released_and_only_then_passes_the_gate(cast: Cast) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(rehearses=True)
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    assert runs.pass_gate(run.pk, fence=1) is False
    run = runs.settle(run.pk, AttemptEnd(result="rehearsed"), fence=1)
    assert (run.state, run.reason_code, run.rehearsed_at is not None) == (RunState.PARKED, "rehearsed", True)
    assert offered(run) == [("release", ""), ("give_up", "")]
    run = runs.answer(run, Answer.RELEASE, by=cast.owner)
    assert (run.state, run.released_by) == (RunState.QUEUED, cast.owner)
    assert runs.claim(run.pk, holder="test/1") is not None
    assert runs.pass_gate(run.pk, fence=2) is True


def test_a_rehearsal_that_nobody_releases_expires_with_its_start(cast: Cast) -> None:
    run = ended(make_run(cast.partner), result="rehearsed")
    BookingRun.objects.filter(pk=run.pk).update(starts_at=timezone.now())
    runs.sweep()
    run.refresh_from_db()
    assert run.state == RunState.EXPIRED


def test_a_dry_run_ends_with_its_rehearsal(cast: Cast) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(rehearses=True, dry_run=True)
    run = ended(run, result="rehearsed")
    assert (run.state, runs.offers(run)) == (RunState.DONE, ())


def test_a_run_in_doubt_has_a_way_out_that_the_list_then_proves(cast: Cast) -> None:
    run = in_doubt(make_run(cast.partner))
    assert run.reason_code == "in_doubt"
    assert [said for said, _ in offered(run)] == ["it_is_there", "it_is_not_there", "give_up"]
    run = runs.answer(run, Answer.IT_IS_THERE, by=cast.owner, reason="Seen at noon")
    assert (run.state, run.reason_code) == (RunState.BOOKED, "told_by_person")
    assert BookingRun.objects.filter(kind=RunKind.RECONCILE, account=cast.account).count() == 1
    cast.account.refresh_from_db()
    assert cast.account.health == Health.UNKNOWN  # a person's word says nothing of the session


def test_not_there_starts_again_with_a_fresh_budget(cast: Cast) -> None:
    run = runs.answer(in_doubt(make_run(cast.partner)), Answer.IT_IS_NOT_THERE, by=cast.owner)
    assert (run.state, run.submits, run.submitting_at) == (RunState.QUEUED, 0, None)


def test_a_second_doubt_of_a_run_is_told_as_the_first_was(cast: Cast) -> None:
    run = in_doubt(make_run(cast.partner))
    for sent in (1, 2):
        assert Notice.objects.filter(run=run, event=NoticeEvent.NEEDS_YOU).count() == sent
        if sent == 1:
            run = in_doubt(runs.answer(run, Answer.IT_IS_NOT_THERE, by=cast.owner))
    BookingRun.objects.filter(pk=run.pk).update(not_before=None)
    run = ended(run, result="broke", code="site_down")  # looked up once more: no news
    assert Notice.objects.filter(run=run, event=NoticeEvent.NEEDS_YOU).count() == 2


def test_giving_up_what_may_have_arrived_has_the_list_compared(cast: Cast) -> None:
    run = runs.answer(in_doubt(make_run(cast.partner)), Answer.GIVE_UP, by=cast.owner)
    assert run.state == RunState.CANCELLED
    assert BookingRun.objects.filter(kind=RunKind.RECONCILE).exists()


def test_a_cancel_in_doubt_speaks_of_cancelling_and_believes_it(cast: Cast) -> None:
    run = in_doubt(runs.queue_cancel(make_booking(cast.account), source=Source.PERSON))
    assert runs.offers(run)[0].label == "It is cancelled on BrokerBay"
    run = runs.answer(run, Answer.IT_IS_THERE, by=cast.owner)
    assert (run.state, Booking.objects.get().status) == (RunState.DONE, BookingStatus.CANCELLED)


def test_a_move_in_doubt_is_believed_with_its_new_time(cast: Cast) -> None:
    booking = make_booking(cast.account)
    run = runs.queue_reschedule(booking, date=in_days(5), time=time(12, 0), source=Source.PERSON)
    runs.answer(in_doubt(run), Answer.IT_IS_THERE, by=cast.owner)
    booking.refresh_from_db()
    assert (booking.booking_date, booking.booking_time, booking.starts_at) == (
        in_days(5),
        time(12, 0),
        run.starts_at,
    )
    assert AuditEntry.objects.get(action="booking.told").before["booking_time"] == "10:00:00"


def test_trying_again_without_signing_in_looks_whether_that_is_so(cast: Cast) -> None:
    run = ended(make_run(cast.partner), result="parked", code="needs_sign_in")
    assert [said for said, _ in offered(run)] == ["sign_in", "try_again", "give_up"]
    run = runs.answer(run, Answer.TRY_AGAIN, by=cast.owner)
    assert (run.state, Account.objects.get(pk=cast.account.pk).health) == (RunState.QUEUED, Health.UNKNOWN)


def test_signing_in_opens_the_hand_off_for_who_may(cast: Cast) -> None:
    run = ended(make_run(cast.partner), result="parked", code="needs_sign_in")
    with pytest.raises(Forbidden):
        runs.answer(run, Answer.SIGN_IN, by=cast.viewer)
    assert runs.answer(run, Answer.SIGN_IN, by=cast.manager).kind == RunKind.SIGN_IN


def test_a_queued_run_of_a_signed_out_account_says_so(cast: Cast) -> None:
    ended(make_run(cast.partner), result="parked", code="needs_sign_in")
    waiting = BookingRun.objects.get(pk=make_run(cast.partner).pk)
    assert [said for said, _ in offered(waiting)] == ["sign_in", "give_up"]


def test_what_is_not_offered_is_no_answer(cast: Cast) -> None:
    run = refused(make_run(cast.partner), "slot_lost", open_slots=[])
    for answer, value in ((Answer.RELEASE, ""), (Answer.PICK_TIME, "2030-01-01T10:00")):
        with pytest.raises(Moved):
            runs.answer(run, answer, by=cast.owner, value=value)
    assert runs.offers(make_run(cast.partner)) == ()


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_only_who_may_book_there_answers(cast: Cast, who: str) -> None:
    run = refused(make_run(cast.partner), "not_bookable")
    with pytest.raises(Forbidden):
        runs.answer(run, Answer.GIVE_UP, by=getattr(cast, who))


def test_the_past_is_not_picked(cast: Cast) -> None:
    slots = [{"date": in_days(-1).isoformat(), "time": "11:00"}]
    run = refused(make_run(cast.partner), "slot_lost", open_slots=slots)
    with pytest.raises(Rejected, match="passed"):
        runs.answer(run, Answer.PICK_TIME, by=cast.owner, value=f"{in_days(-1)}T11:00")
    run.refresh_from_db()
    assert run.state == RunState.REFUSED


def test_an_ended_run_is_not_tried_again(cast: Cast) -> None:
    run = runs.stop(make_run(cast.partner), by=cast.owner)
    with pytest.raises(NotAllowed):
        runs.try_again(run, by=cast.owner)
