"""Outcomes on their way back: the portal's tables on one side, the local upstream on the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from bookings.models import AuditEntry, BookingRun, Notice, ShowingRequest, Upstream
from bookings.services import bookings, notices, outcomes, runs
from bookings.services.errors import Forbidden, Moved
from bookings.vocabulary import (
    BookingStatus,
    NoticeChannel,
    NoticeState,
    Outcome,
    RequestState,
    RunState,
    Source,
)
from brokerbay import settings as ours
from ingest import outcomes as telling
from ingest import tasks
from ingest.simulator.control import SECRET_KEY, TABLE
from ingest.simulator.control import Upstream as LocalUpstream
from ingest.sources.http import Patience
from ingest.sources.supabase import Supabase
from tests.bookings.cast import Cast, make_booking, make_cast, make_request
from tests.ingest.test_passes import make_pass

pytestmark = pytest.mark.django_db

QUICK = Patience(connect=1, read=2, attempts=1, total=3, longest_wait=0.1, first_wait=0.01)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def connected(upstream: LocalUpstream, settings: Any) -> None:
    settings.SUPABASE_URL, settings.SUPABASE_KEY, settings.SUPABASE_TABLE = upstream.url, SECRET_KEY, TABLE
    settings.SUPABASE_WRITE_COLUMNS = dict(ours.SUPABASE_WRITE_COLUMNS)


def a_wish(cast: Cast, upstream: LocalUpstream) -> ShowingRequest:
    """A request that both sides know."""
    wish = make_request(cast.partner)
    upstream.insert_request(
        id=wish.pk,
        user_id=wish.user_id,
        property_id=wish.property_id,
        status=wish.status,
        scheduled_date=str(wish.scheduled_date),
        scheduled_time="10:00:00",
    )
    return wish


def a_booking(cast: Cast, wish: ShowingRequest, **fields: Any) -> Any:
    return make_booking(cast.account, request=wish, **fields)


def told(upstream: LocalUpstream, wish: ShowingRequest) -> dict[str, Any]:
    row = next(row for row in upstream.state()["requests"] if row["id"] == wish.pk)
    return {name: value for name, value in row.items() if name.startswith("booking_")}


def owe(wish: ShowingRequest) -> None:
    with transaction.atomic():
        outcomes.owe(wish.pk)


def write(upstream: LocalUpstream) -> int:
    source = Supabase(url=upstream.url, key=SECRET_KEY, table=TABLE, patience=QUICK)
    return telling.write_all(source)


def test_a_booking_is_written_to_its_row(cast: Cast, upstream: LocalUpstream) -> None:
    wish = a_wish(cast, upstream)
    booking = a_booking(cast, wish, status=BookingStatus.CONFIRMED, showing_id="5f3e")
    owe(wish)
    assert tasks.write_back() == "1 rows written"
    assert told(upstream, wish) == {
        "booking_status": "confirmed",
        "booking_date": str(booking.booking_date),
        "booking_time": booking.booking_time.isoformat(),
        "booking_reference": "5f3e",
        "booking_reason": None,
    }
    assert Notice.objects.get().state == NoticeState.SENT
    assert tasks.write_back() == "0 rows written"


def test_a_persons_change_of_status_follows(cast: Cast, upstream: LocalUpstream) -> None:
    wish = a_wish(cast, upstream)
    booking = a_booking(cast, wish, status=BookingStatus.PENDING)
    owe(wish)
    write(upstream)
    assert told(upstream, wish)["booking_status"] == Outcome.REQUESTED
    bookings.change_status(booking, BookingStatus.DECLINED, by=cast.owner)
    assert write(upstream) == 1
    assert told(upstream, wish)["booking_status"] == Outcome.DECLINED
    assert told(upstream, wish)["booking_reason"] == "Declined"
    assert Notice.objects.filter(channel=NoticeChannel.SUPABASE).count() == 1


def test_a_run_that_a_person_stopped_is_told_and_a_new_one_takes_it_back(
    cast: Cast, upstream: LocalUpstream
) -> None:
    wish = a_wish(cast, upstream)
    first = runs.queue_for(wish, source=Source.PERSON, by=cast.owner)
    assert not Notice.objects.exists()  # nothing has come of it yet
    runs.stop(first, by=cast.owner)
    write(upstream)
    assert told(upstream, wish)["booking_status"] == Outcome.CANCELLED
    assert told(upstream, wish)["booking_reason"] == "Stopped by a person"
    runs.queue_for(ShowingRequest.objects.get(pk=wish.pk), source=Source.PERSON, by=cast.owner)
    write(upstream)
    assert told(upstream, wish)["booking_status"] == Outcome.IN_PROGRESS
    assert told(upstream, wish)["booking_date"] is None


def test_a_clients_change_that_waits_for_a_person_is_told_and_forgotten_when_it_is_done(
    cast: Cast, upstream: LocalUpstream
) -> None:
    wish = a_wish(cast, upstream)
    booking = a_booking(cast, wish, status=BookingStatus.CONFIRMED, showing_id="5f3e")
    change = runs.queue_cancel(booking, source=Source.SYNC)
    assert change.request_id == wish.pk
    for state, status in (
        (RunState.QUEUED, Outcome.CONFIRMED),
        (RunState.PARKED, Outcome.NEEDS_PERSON),
        (RunState.CANCELLED, Outcome.CONFIRMED),
    ):
        BookingRun.objects.filter(pk=change.pk).update(state=state, reason_code="rehearsed")
        owe(wish)
        write(upstream)
        assert told(upstream, wish)["booking_status"] == status
        assert told(upstream, wish)["booking_reference"] == "5f3e"
    BookingRun.objects.filter(pk=change.pk).update(state=RunState.PARKED)
    bookings.change_status(booking, BookingStatus.DECLINED, by=cast.owner)
    write(upstream)
    assert told(upstream, wish)["booking_status"] == Outcome.DECLINED


def test_what_is_known_already_is_not_written_twice(cast: Cast, upstream: LocalUpstream) -> None:
    wish = a_wish(cast, upstream)
    a_booking(cast, wish)
    for _ in range(3):
        owe(wish)
        write(upstream)
    patches = [asked for asked in upstream.seen() if asked["method"] == "PATCH"]
    assert len(patches) == 1


def test_our_own_writing_comes_back_and_changes_nothing(cast: Cast, upstream: LocalUpstream) -> None:
    wish = a_wish(cast, upstream)
    make_pass(upstream)
    ShowingRequest.objects.filter(pk=wish.pk).update(booking_status=RequestState.BOOKED)
    a_booking(cast, wish)
    owe(wish)
    write(upstream)
    upstream.change_request(wish.pk, updated_at=timezone.now().isoformat())  # a trigger of the table
    lines = AuditEntry.objects.count()
    held = ShowingRequest.objects.get(pk=wish.pk)
    echo = make_pass(upstream)
    assert (echo.rows_seen, echo.rows_changed, echo.runs_queued) == (1, 0, 0)
    now = ShowingRequest.objects.get(pk=wish.pk)
    assert (now.booking_status, now.changed_at) == (RequestState.BOOKED, held.changed_at)
    assert AuditEntry.objects.count() == lines
    assert BookingRun.objects.filter(request=wish).count() == 1  # that of the first pass


def test_nothing_is_owed_where_nothing_is_to_be_written(
    cast: Cast, upstream: LocalUpstream, settings: Any
) -> None:
    settings.SUPABASE_WRITE_COLUMNS = {}
    wish = a_wish(cast, upstream)
    a_booking(cast, wish)
    owe(wish)
    assert not Notice.objects.exists()


def test_a_newer_state_that_comes_while_the_older_is_sent_arrives_last(
    cast: Cast, upstream: LocalUpstream
) -> None:
    wish = a_wish(cast, upstream)
    booking = a_booking(cast, wish, status=BookingStatus.PENDING)
    owe(wish)
    slow = notices.take(NoticeChannel.SUPABASE)
    assert slow is not None
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    assert write(upstream) == 0  # the row is held: nothing overtakes
    notices.sent(slow)
    assert write(upstream) == 1
    assert told(upstream, wish)["booking_status"] == Outcome.CONFIRMED


def test_a_sender_that_slept_too_long_makes_the_newest_state_go_again(
    cast: Cast, upstream: LocalUpstream
) -> None:
    wish = a_wish(cast, upstream)
    booking = a_booking(cast, wish, status=BookingStatus.PENDING)
    owe(wish)
    frozen = notices.take(NoticeChannel.SUPABASE)
    assert frozen is not None
    frozen_columns = telling.columns_of(frozen)
    Notice.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    assert write(upstream) == 1
    upstream.change_request(wish.pk, **frozen_columns)  # it wakes up and sends what it had in hand
    notices.sent(frozen)
    assert write(upstream) == 1
    assert told(upstream, wish)["booking_status"] == Outcome.CONFIRMED


def test_supabase_down_costs_nothing_but_time(cast: Cast, upstream: LocalUpstream) -> None:
    wishes = [a_wish(cast, upstream) for _ in range(5)]
    for wish in wishes:
        a_booking(cast, wish)
        owe(wish)
    upstream.break_it("rest", "status", status=503)
    assert write(upstream) == 0
    asked = [seen for seen in upstream.seen() if seen["method"] == "PATCH"]
    assert len(asked) == 3  # then it is left alone
    assert Notice.objects.filter(state=NoticeState.OWED, not_before__gt=timezone.now()).count() == 5
    upstream.mend()
    Notice.objects.update(not_before=timezone.now())
    Upstream.objects.update(retry_at=timezone.now())
    assert write(upstream) == 5


def test_it_is_left_to_a_person_at_last_who_can_send_it_again(
    cast: Cast, upstream: LocalUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    wish = a_wish(cast, upstream)
    a_booking(cast, wish)
    owe(wish)
    upstream.break_it("rest", "status", status=500)
    waits = []
    for _ in range(notices.PACES[NoticeChannel.SUPABASE].tries):
        Upstream.objects.update(retry_at=timezone.now())
        Notice.objects.filter(channel=NoticeChannel.SUPABASE).update(not_before=timezone.now())
        write(upstream)
        wait = Notice.objects.get(channel=NoticeChannel.SUPABASE).not_before - timezone.now()
        waits.append(wait.total_seconds())
    notice = Notice.objects.get(channel=NoticeChannel.SUPABASE)
    assert notice.state == NoticeState.GIVEN_UP
    assert "Supabase" in notice.last_error
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert Notice.objects.filter(to=cast.admin.email, subject="Outcomes do not reach Supabase").count() == 1
    with pytest.raises(Forbidden):
        notices.send_again(notice, by=cast.owner)
    upstream.mend()
    Upstream.objects.update(retry_at=timezone.now())
    notices.send_again(notice, by=cast.admin)
    with pytest.raises(Moved):
        notices.send_again(notice, by=cast.admin)
    assert write(upstream) == 1
    assert AuditEntry.objects.filter(action="notice.sent_again", actor=cast.admin).count() == 1


def test_a_portal_that_may_not_write_says_so_once_and_goes_on_by_itself_when_it_may(
    cast: Cast, upstream: LocalUpstream, settings: Any
) -> None:
    settings.SUPABASE_WRITE_COLUMNS = {"status": "outcome_of_it"}
    wishes = [a_wish(cast, upstream) for _ in range(3)]
    for wish in wishes:
        a_booking(cast, wish)
        owe(wish)
    assert write(upstream) == 0
    assert write(upstream) == 0
    assert len([seen for seen in upstream.seen() if seen["method"] == "PATCH"]) == 3
    mails = Notice.objects.filter(channel=NoticeChannel.EMAIL)
    assert [mail.to for mail in mails] == [cast.admin.email]
    assert "lacks a column of SUPABASE_WRITE_COLUMNS" in mails.get().body
    assert Notice.objects.filter(state=NoticeState.GIVEN_UP).count() == 3
    settings.SUPABASE_WRITE_COLUMNS = dict(ours.SUPABASE_WRITE_COLUMNS)
    another = a_wish(cast, upstream)
    a_booking(cast, another)
    owe(another)
    assert write(upstream) == 4
    assert {told(upstream, wish)["booking_status"] for wish in wishes} == {"confirmed"}


def test_a_row_that_is_gone_is_left_to_a_person(cast: Cast, upstream: LocalUpstream) -> None:
    wish = a_wish(cast, upstream)
    a_booking(cast, wish)
    owe(wish)
    upstream.delete_request(wish.pk)
    assert write(upstream) == 0
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == (NoticeState.GIVEN_UP, 1)
    assert notice.last_error == "Supabase does not show this row any more."


def test_a_bell_that_was_lost_is_rung_again(
    cast: Cast,
    upstream: LocalUpstream,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("bookings.services.dispatch.async_task", lambda task, *_, **__: rung.append(task))
    wish = a_wish(cast, upstream)
    a_booking(cast, wish)
    with django_capture_on_commit_callbacks(execute=True):
        owe(wish)
    assert rung == ["ingest.tasks.write_back"]
    with django_capture_on_commit_callbacks(execute=True):
        notices.ring_due()
    assert rung == ["ingest.tasks.write_back"] * 2
    write(upstream)
    with django_capture_on_commit_callbacks(execute=True):
        notices.ring_due()
    assert len(rung) == 2
