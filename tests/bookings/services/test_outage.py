"""While BrokerBay is down: a run keeps trying, spares its budget, and tells a person in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import BookingRun
from bookings.services import runs
from bookings.services.runs import AttemptEnd, figures, lanes
from bookings.vocabulary import RunState
from tests.bookings.cast import Cast, make_run

pytestmark = pytest.mark.django_db

DOWN = AttemptEnd(result="broke", code="site_down", message="No answer.", retry_is_safe=True)
BROKE = AttemptEnd(result="broke", code="page_changed", message="It looks different.", retry_is_safe=True)
NO = AttemptEnd(result="refused", code="not_bookable", message="No online showings.")


def tried(run: BookingRun, end: AttemptEnd = DOWN) -> BookingRun:
    """One more try of a run, as soon as its pause is over."""
    BookingRun.objects.filter(pk=run.pk, state=RunState.PARKED).update(not_before=timezone.now())
    runs.sweep()
    held = runs.claim(run.pk, holder="test")
    assert held is not None
    return runs.settle(run.pk, end, fence=held.attempt_number)


def aged(run: BookingRun, by: timedelta) -> None:
    """Let the outage have begun, and the last try have been, that much earlier."""
    run.refresh_from_db()
    assert run.down_since
    BookingRun.objects.filter(pk=run.pk).update(
        down_since=run.down_since - by, updated_at=run.updated_at - by
    )


def pause_of(run: BookingRun) -> timedelta:
    assert run.not_before
    return run.not_before - timezone.now()


def test_an_outage_is_waited_out_for_two_hours_and_spends_no_budget(cast: Cast) -> None:
    run = tried(make_run(cast.partner))
    waited, tries = timedelta(), 1
    while run.state == RunState.PARKED:
        assert run.attempts_left == runs.MAX_ATTEMPTS
        pause = pause_of(run)
        assert pause <= figures.BACKOFF_CAP
        waited, tries = waited + pause, tries + 1
        aged(run, pause)
        run = tried(run)
    assert (run.state, run.reason_code) == (RunState.FAILED, "site_stayed_down")
    assert "Try again once BrokerBay is back" in run.next_step
    assert figures.OUTAGE_PATIENCE - timedelta(minutes=1) < waited < timedelta(hours=2, minutes=6)
    assert tries < 70, "no storm"


def test_other_breaks_have_their_own_budget_after_an_outage(cast: Cast) -> None:
    run = tried(make_run(cast.partner))
    for _ in range(9):
        run = tried(run)
    for left in range(runs.MAX_ATTEMPTS - 1, 0, -1):
        run = tried(run, BROKE)
        assert (run.state, run.attempts_left, run.down_since) == (RunState.PARKED, left, None)
    assert tried(run, BROKE).state == RunState.FAILED


def test_a_person_hears_of_it_before_the_showing(cast: Cast) -> None:
    run = make_run(cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(starts_at=timezone.now() + timedelta(minutes=10))
    for _ in range(runs.MAX_ATTEMPTS):
        run = tried(run)
    assert (run.state, run.reason_code) == (RunState.FAILED, "site_stayed_down")


def test_one_run_of_an_account_looks_and_the_others_wait_with_it(cast: Cast) -> None:
    first, second = make_run(cast.partner), make_run(cast.partner)
    aged(tried(first), timedelta(minutes=3))
    first = tried(first)
    assert lanes.first(timezone.now()) is None, "the second is not sent into the same wall at once"
    assert lanes.first(timezone.now() + figures.BETWEEN_PROBES) == second.pk


def test_as_soon_as_any_run_gets_an_answer_those_that_wait_are_tried(cast: Cast) -> None:
    waiting = tried(make_run(cast.partner))
    aged(waiting, timedelta(hours=1))
    waiting = tried(waiting)
    assert pause_of(waiting) > timedelta(minutes=2)
    tried(make_run(cast.other), NO)
    runs.sweep()
    waiting.refresh_from_db()
    assert waiting.state == RunState.PARKED, "it looked a moment ago; its own page may be the broken one"
    aged(waiting, figures.BETWEEN_PROBES)
    tried(make_run(cast.other), NO)
    runs.sweep()
    waiting.refresh_from_db()
    assert waiting.state == RunState.QUEUED


def test_trying_again_by_hand_begins_a_new_patience(cast: Cast) -> None:
    run = tried(make_run(cast.partner))
    aged(run, figures.OUTAGE_PATIENCE)
    run = tried(run)
    assert run.state == RunState.FAILED
    run = tried(runs.try_again(run, by=cast.owner))
    assert run.state == RunState.PARKED
