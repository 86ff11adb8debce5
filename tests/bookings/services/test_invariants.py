"""The twelve promises: a sound life keeps them all, and each way of breaking one is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import Schedule

from bookings.models import Attempt, AuditEntry, Booking, BookingRun, Notice, RunEvent
from bookings.queries import invariants
from bookings.queries.invariants import OnSite, Site
from bookings.services import accounts, nightly, runs
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import RequestState, RunState, Source
from tests.bookings.cast import Cast, make_request

pytestmark = pytest.mark.django_db


def seen(run: BookingRun) -> Seen:
    assert run.wanted_date
    assert run.wanted_time
    return Seen(
        showing_id="5" * 24,
        listing_id="",
        address=run.address,
        date=run.wanted_date,
        time=run.wanted_time,
        duration_minutes=30,
        status="confirmed",
        badge="Confirmed",
        url="",
    )


def claimed(run: BookingRun) -> BookingRun:
    BookingRun.objects.filter(pk=run.pk).update(not_before=None)
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    return held


@pytest.fixture
def life(cast: Cast) -> BookingRun:
    """Sent without an answer, looked up twice, sent again, booked."""
    run = claimed(runs.queue_for(make_request(cast.partner), source=Source.SYNC))
    runs.pass_gate(run.pk, fence=1)
    runs.settle(run.pk, AttemptEnd(result="unconfirmed", code="no_answer"), fence=1)
    for fence in (2, 3):
        runs.settle(claimed(run).pk, AttemptEnd(result="absent"), fence=fence)
    run = claimed(run)
    runs.pass_gate(run.pk, fence=4)
    return runs.settle(run.pk, AttemptEnd(result="booked", showing=seen(run)), fence=4)


def on_site(booking: Booking, **fields: Any) -> OnSite:
    there = OnSite(
        account=booking.account.email,
        address=booking.property_address,
        date=booking.booking_date,
        time=booking.booking_time,
        is_live=True,
    )
    return replace(there, **fields)


def names(site: Site | None = None) -> set[str]:
    return {breach.invariant for breach in invariants.broken(site)}


def test_a_sound_life_keeps_every_promise(life: BookingRun) -> None:
    assert life.state == RunState.BOOKED
    site = Site(showings=[on_site(Booking.objects.get())], requests=2)
    assert invariants.broken(site) == []
    out = StringIO()
    call_command("check_runs", stdout=out)
    assert "All 12 promises hold" in out.getvalue()


def test_what_brokerbay_holds_twice_or_we_do_not_know_is_seen(life: BookingRun) -> None:
    ours = on_site(Booking.objects.get())
    assert names(Site(showings=[ours, ours])) == {"I1"}
    assert names(Site(showings=[replace(ours, address="Elsewhere 1")])) == {"I9"}
    assert names(Site(requests=3)) == {"I4"}


def change(model: Any, **fields: Any) -> Callable[[BookingRun], None]:
    return lambda run: model.objects.update(**fields)


def _second_gate_without_a_look(run: BookingRun) -> None:
    Attempt.objects.filter(number__in=(2, 3)).update(result="broke")


LONG_AGO = timezone.now() - timedelta(hours=2)


@pytest.mark.parametrize(
    ("name", "breaking"),
    [
        ("I2", change(BookingRun, booking=None)),
        ("I2", change(Booking, verified_at=None)),
        ("I3", change(BookingRun, state=RunState.RUNNING)),
        ("I4", lambda run: RunEvent.objects.filter(step="submit").delete()),
        ("I5", change(Attempt, submitting_at=LONG_AGO)),
        ("I6", change(BookingRun, attempt_number=9)),
        ("I7", _second_gate_without_a_look),
        ("I9", change(BookingRun, state=RunState.EXPIRED)),
        ("I10", change(BookingRun, submits=3)),
        ("I11", change(BookingRun, lease_until=LONG_AGO)),
        (
            "I11",
            change(BookingRun, state=RunState.UNCONFIRMED, submitting_at=LONG_AGO, reason_code="no_answer"),
        ),
        ("I11", change(BookingRun, state=RunState.QUEUED, updated_at=LONG_AGO, rung_at=LONG_AGO)),
        ("I12", change(Attempt, ended_at=None)),
    ],
)
def test_each_breach_is_seen(life: BookingRun, name: str, breaking: Callable[[BookingRun], None]) -> None:
    breaking(life)
    assert name in names()


def test_a_request_that_everybody_forgot_is_lost(cast: Cast) -> None:
    make_request(cast.partner, booking_status=RequestState.QUEUED)
    assert names() == {"I3"}


def test_a_person_may_have_it_sent_again(life: BookingRun, cast: Cast) -> None:
    _second_gate_without_a_look(life)
    BookingRun.objects.filter(pk=life.pk).update(state=RunState.FAILED)
    assert "I7" in names()
    runs.try_again(life, by=cast.owner)
    Attempt.objects.filter(number=4).update(started_at=timezone.now(), submitting_at=timezone.now())
    assert "I7" not in names()


def test_sent_a_third_time_takes_a_persons_word(life: BookingRun, cast: Cast) -> None:
    now = timezone.now()
    for number in (5, 6):  # a clear no, then the third
        Attempt.objects.create(run=life, number=number, holder="test/1", started_at=now, submitting_at=now)
    Attempt.objects.filter(number__gte=4).update(result="parked")
    assert "I10" in names()
    accounts.sign_in(cast.account, "sealed", by=cast.manager, source=Source.PERSON)
    AuditEntry.objects.filter(action="account.signed_in").update(at=now)
    assert "I10" not in names()


def test_the_night_prunes_checks_and_tells_the_administrators_once(life: BookingRun, cast: Cast) -> None:
    assert nightly.tend() == "0 files and 0 exports pruned, 0 breaches"
    BookingRun.objects.update(submits=3)
    for _ in range(2):
        assert nightly.tend() == "0 files and 0 exports pruned, 2 breaches"
    told = Notice.objects.get(key__startswith="invariants:")
    assert (told.to, "was sent 3 times" in told.body) == (cast.admin.email, True)
    with pytest.raises(CommandError):
        call_command("check_runs", stdout=StringIO())


def test_the_night_is_planned_once(db: None) -> None:
    nightly.ensure_schedule()
    nightly.ensure_schedule()
    planned = Schedule.objects.get(name=nightly.NAME)
    assert (planned.func, planned.next_run.hour) == (nightly.TASK, nightly.HOUR)
