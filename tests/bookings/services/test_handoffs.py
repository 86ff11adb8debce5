"""The sign-in hand-off's rows: who may, one at a time, sealed on the way, gone at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from automation import vault
from bookings.models import AuditEntry, BookingRun, Screen, Stroke
from bookings.services import handoffs, people, runs
from bookings.services.errors import Forbidden, Moved, NotAllowed, Rejected
from bookings.services.handoffs import Look
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import Health, Role, RunKind, RunState
from tests.bookings.cast import Cast, make_run

SEALED = vault.seal({"cookies": [], "origins": []})
LOOK = Look(jpeg=b"\xff\xd8\xff", width=640, height=480, host="auth.example", page={"title": "Sign in"})


def opened(cast: Cast) -> BookingRun:
    """A hand-off that a worker holds and shows."""
    run = handoffs.open_for(cast.account, by=cast.manager)
    claimed = runs.claim(run.pk, holder="a worker", signs_in=True)
    assert claimed is not None
    assert handoffs.show(run.pk, LOOK, fence=claimed.attempt_number)
    return claimed


def strokes_of(run: BookingRun) -> list[dict[str, Any] | None]:
    return [vault.unseal(sealed) for sealed in handoffs.take(run.pk)]


def test_two_people_who_press_at_once_get_one_browser(cast: Cast) -> None:
    run = handoffs.open_for(cast.account, by=cast.manager)
    assert (run.kind, run.state) == (RunKind.SIGN_IN, RunState.QUEUED)
    assert handoffs.open_for(cast.account, by=cast.admin) == run


@pytest.mark.parametrize("who", ["owner", "viewer", "stranger", "bare_staff"])
def test_only_whom_the_role_allows_signs_in(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    with pytest.raises(Forbidden):
        handoffs.open_for(cast.account, by=person)
    run = opened(cast)
    with pytest.raises(Forbidden):
        handoffs.send(run, [{"kind": "back"}], by=person)
    with pytest.raises(Forbidden):
        handoffs.stop(run, by=person)


def test_an_account_that_is_off_is_not_signed_in(cast: Cast) -> None:
    cast.account.is_active = False
    with pytest.raises(Rejected, match="switched off"):
        handoffs.open_for(cast.account, by=cast.manager)


def test_no_booking_worker_takes_a_sign_in_and_no_bell_rings_for_it(cast: Cast) -> None:
    run = handoffs.open_for(cast.account, by=cast.manager)
    assert runs.claim(run.pk, holder="a booking worker") is None
    assert runs.sweep() == 0


def test_while_a_browser_is_open_no_booking_uses_the_account(cast: Cast) -> None:
    opened(cast)
    booking = make_run(cast.partner)
    assert runs.claim(booking.pk, holder="another worker") is None


def test_what_is_typed_is_stored_sealed_and_taken_once_in_order(cast: Cast) -> None:
    run = opened(cast)
    handoffs.send(run, [{"kind": "text", "text": "canary"}], by=cast.manager)
    handoffs.send(run, [{"kind": "key", "key": "Enter", "more": "left out"}], by=cast.admin)
    assert "canary" not in Stroke.objects.values_list("sealed", flat=True)[0]
    assert strokes_of(run) == [{"kind": "text", "text": "canary"}, {"kind": "key", "key": "Enter"}]
    assert strokes_of(run) == []
    assert AuditEntry.objects.get(action="handoff.steered").actor == cast.admin


@pytest.mark.parametrize(
    "nonsense",
    [
        "text",
        {},
        {"kind": "eval", "text": "1"},
        {"kind": ["text"]},
        {"kind": "text"},
        {"kind": "text", "text": "x" * 501},
        {"kind": "text", "text": "a\x00b"},
        {"kind": "key", "key": "F12"},
        {"kind": "click", "x": True, "y": 1},
        {"kind": "click", "x": 1.5, "y": 1},
        {"kind": "click", "x": 10**9, "y": 1},
    ],
)
def test_what_is_no_stroke_is_refused_without_being_repeated(cast: Cast, nonsense: Any) -> None:
    run = opened(cast)
    with pytest.raises(Rejected) as no:
        handoffs.send(run, [nonsense], by=cast.manager)
    assert "xxx" not in no.value.message
    assert not Stroke.objects.exists()


def test_without_an_open_browser_nothing_is_stored(cast: Cast) -> None:
    run = handoffs.open_for(cast.account, by=cast.manager)
    with pytest.raises(NotAllowed):
        handoffs.send(run, [{"kind": "back"}], by=cast.manager)


def test_only_the_newest_picture_is_kept_and_only_from_the_holder(cast: Cast) -> None:
    run = opened(cast)
    assert handoffs.show(run.pk, LOOK, fence=run.attempt_number)
    assert not handoffs.show(run.pk, LOOK, fence=run.attempt_number - 1)
    assert Screen.objects.get().seq == 2


def test_signed_in_keeps_the_session_and_sends_waiting_runs_on(cast: Cast) -> None:
    waiting = make_run(cast.partner)
    held = runs.claim(waiting.pk, holder="a worker")
    assert held is not None
    runs.settle(held.pk, AttemptEnd(result="parked", code="needs_sign_in"), fence=held.attempt_number)
    run = opened(cast)

    ended = handoffs.signed_in(run.pk, SEALED, fence=run.attempt_number)

    waiting.refresh_from_db()
    cast.account.refresh_from_db()
    assert (ended.state, waiting.state) == (RunState.DONE, RunState.QUEUED)
    assert (cast.account.health, cast.account.session) == (Health.SIGNED_IN, SEALED)
    assert AuditEntry.objects.get(action="account.signed_in").actor == cast.manager
    assert not Screen.objects.exists()
    with pytest.raises(Moved):
        handoffs.signed_in(run.pk, SEALED, fence=run.attempt_number)


def test_a_right_lost_on_the_way_keeps_no_session(cast: Cast) -> None:
    run = opened(cast)
    people.join(cast.manager, cast.partner, Role.VIEWER)
    with pytest.raises(Forbidden):
        handoffs.signed_in(run.pk, SEALED, fence=run.attempt_number)
    cast.account.refresh_from_db()
    assert cast.account.session == ""


def test_stop_ends_a_waiting_one_at_once_and_tells_an_open_browser(cast: Cast) -> None:
    waiting = handoffs.open_for(cast.account, by=cast.manager)
    assert handoffs.stop(waiting, by=cast.manager).state == RunState.CANCELLED
    run = opened(cast)
    handoffs.stop(run, by=cast.admin)
    assert strokes_of(run) == [{"kind": "stop"}]
    ended = runs.settle(run.pk, AttemptEnd(result="broke", code="stopped"), fence=run.attempt_number)
    assert ended.state == RunState.CANCELLED
    assert not Screen.objects.exists()
    with pytest.raises(NotAllowed):
        handoffs.stop(run, by=cast.manager)


def test_a_lost_worker_leaves_nothing_and_one_click_starts_again(cast: Cast) -> None:
    run = opened(cast)
    handoffs.send(run, [{"kind": "text", "text": "canary"}], by=cast.manager)
    runs.release("a worker")
    runs.sweep()
    run.refresh_from_db()
    assert (run.state, run.reason_code) == (RunState.FAILED, "sign_in_broke")
    assert not Screen.objects.exists()
    assert not Stroke.objects.exists()
    assert handoffs.open_for(cast.account, by=cast.manager) != run


def test_a_browser_opens_only_while_somebody_waits_for_it(cast: Cast) -> None:
    run = handoffs.open_for(cast.account, by=cast.manager)
    assert handoffs.waiting() == [run]
    BookingRun.objects.update(updated_at=timezone.now() - handoffs.FRESH - timedelta(seconds=1))
    assert handoffs.waiting() == []
    run.refresh_from_db()
    assert run.state == RunState.EXPIRED


def test_for_a_challenge_the_browser_opens_where_it_was_asked(cast: Cast) -> None:
    challenged = make_run(cast.partner)
    BookingRun.objects.filter(pk=challenged.pk).update(
        state=RunState.PARKED, reason_code="challenge_shown", listing_id="5" * 24
    )
    assert handoffs.open_for(cast.account, by=cast.manager).listing_id == "5" * 24
