"""Outcomes written to a real PostgREST over a real PostgreSQL: grants, row level security, columns, rules."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from bookings.models import Notice, ShowingRequest
from bookings.services import bookings, notices, outcomes
from bookings.vocabulary import BookingStatus, NoticeChannel, NoticeState
from brokerbay import settings as ours
from ingest import outcomes as telling
from ingest.sources.http import SourceRefused
from ingest.sources.supabase import Supabase, spoils_every_write
from tests.bookings.cast import Cast, make_booking, make_cast, make_request
from tests.ingest.conftest import QUICK
from tests.ingest.postgrest import RealSupabase

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("postgrest")]

CLIENT = "a client's own words"
UUID = "6f1c1d2e-0000-4000-8000-{:012d}"


@pytest.fixture
def cast(settings: Any, real_supabase: RealSupabase) -> Cast:
    settings.SUPABASE_URL, settings.SUPABASE_TABLE = real_supabase.url, "showing_requests"
    settings.SUPABASE_WRITE_COLUMNS = dict(ours.SUPABASE_WRITE_COLUMNS)
    return make_cast()


def source(real: RealSupabase, role: str = "service_role") -> Supabase:
    return Supabase(url=real.url, key=real.key(role), table="showing_requests", patience=QUICK)


def a_wish(cast: Cast, real: RealSupabase, number: int = 1) -> ShowingRequest:
    wish = make_request(cast.partner, id=UUID.format(number))
    real.sql(
        "insert into showing_requests (id, property_id, status, scheduled_date, scheduled_time, group_name) "
        "values (%s, %s, 'scheduled', %s, '10:00', %s)",
        wish.pk,
        wish.property_id,
        wish.scheduled_date,
        CLIENT,
    )
    return wish


def owe(cast: Cast, wish: ShowingRequest, **fields: Any) -> Any:
    booking = make_booking(cast.account, request=wish, **fields)
    with transaction.atomic():
        outcomes.owe(wish.pk)
    return booking


def told(real: RealSupabase, wish: ShowingRequest) -> tuple[Any, ...]:
    (row,) = real.sql(
        "select booking_status, booking_date, booking_time, booking_reference, booking_reason "
        "from showing_requests where id = %s",
        wish.pk,
    )
    return row


def test_the_outcome_stands_in_the_row_and_the_clients_wish_is_untouched(
    cast: Cast, real_supabase: RealSupabase
) -> None:
    wish = a_wish(cast, real_supabase)
    before = real_supabase.sql("select status, scheduled_date, scheduled_time from showing_requests")
    booking = owe(cast, wish, status=BookingStatus.PENDING, showing_id="abc")
    assert telling.write_all(source(real_supabase)) == 1
    assert told(real_supabase, wish) == (
        "requested",
        booking.booking_date,
        booking.booking_time,
        "abc",
        None,
    )
    assert real_supabase.sql("select status, scheduled_date, scheduled_time from showing_requests") == before


def test_only_the_named_row_is_written(cast: Cast, real_supabase: RealSupabase) -> None:
    first, second = (a_wish(cast, real_supabase, number) for number in (1, 2))
    owe(cast, first)
    telling.write_all(source(real_supabase))
    assert told(real_supabase, second) == (None, None, None, None, None)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_a_key_without_the_right_to_write_is_told_the_cure(
    cast: Cast, real_supabase: RealSupabase, role: str
) -> None:
    wish = a_wish(cast, real_supabase)
    with closing(source(real_supabase, role)) as reader, pytest.raises(SourceRefused) as refused:
        reader.write(wish.pk, {"booking_status": "confirmed"})
    assert "may not write to the table showing_requests" in refused.value.what_to_do
    assert spoils_every_write(refused.value)


@contextmanager
def policy_that_only_shows(real: RealSupabase) -> Iterator[None]:
    real.sql("grant update on showing_requests to anon")
    real.sql("create policy look on showing_requests for select to anon using (true)")
    try:
        yield
    finally:
        real.sql("drop policy look on showing_requests")
        real.sql("revoke update on showing_requests from anon")


def test_row_level_security_that_changes_nothing_is_no_success(
    cast: Cast, real_supabase: RealSupabase
) -> None:
    wish = a_wish(cast, real_supabase)
    owe(cast, wish)
    with policy_that_only_shows(real_supabase):
        assert telling.write_all(source(real_supabase, "anon")) == 0
    notice = Notice.objects.get(channel=NoticeChannel.SUPABASE)
    assert notice.state == NoticeState.GIVEN_UP
    assert notice.last_error.startswith(
        "Supabase changed no row though the row is there. SUPABASE_KEY may not"
    )


def test_a_missing_column_is_named_once_and_asked_for_once_a_row(
    cast: Cast, real_supabase: RealSupabase, settings: Any
) -> None:
    settings.SUPABASE_WRITE_COLUMNS = {"status": "what_became_of_it"}
    for number in (1, 2):
        owe(cast, a_wish(cast, real_supabase, number))
    telling.write_all(source(real_supabase))
    assert telling.write_all(source(real_supabase)) == 0
    mail = Notice.objects.get(channel=NoticeChannel.EMAIL)
    assert "what_became_of_it" in mail.body
    assert "lacks a column of SUPABASE_WRITE_COLUMNS" in mail.body
    given_up = Notice.objects.filter(channel=NoticeChannel.SUPABASE, state=NoticeState.GIVEN_UP, attempts=1)
    assert given_up.count() == 2


def test_a_rule_of_the_table_refuses_one_row_and_its_error_shows_nothing_of_it(
    cast: Cast, real_supabase: RealSupabase, caplog: pytest.LogCaptureFixture
) -> None:
    refused, fine = (a_wish(cast, real_supabase, number) for number in (1, 2))
    owe(cast, refused, status=BookingStatus.DECLINED)
    owe(cast, fine)
    assert telling.write_all(source(real_supabase)) == 1
    notice = Notice.objects.get(to=refused.pk)
    assert notice.state == NoticeState.GIVEN_UP
    assert notice.last_error == (
        "Supabase said no (400, 23514). A rule of the table showing_requests forbids it: look at its "
        "constraints and triggers."
    )
    mail = Notice.objects.get(channel=NoticeChannel.EMAIL)
    assert CLIENT not in caplog.text + mail.body + notice.last_error
    assert telling.upstreams.fact(telling.SUPABASE, telling.REFUSES) is None


def test_a_value_that_a_column_does_not_take_is_said_so(cast: Cast, real_supabase: RealSupabase) -> None:
    wish = a_wish(cast, real_supabase)
    with closing(source(real_supabase)) as writer, pytest.raises(SourceRefused) as refused:
        writer.write(wish.pk, {"booking_date": "confirmed"})
    assert "has a type that does not take what is written" in refused.value.what_to_do


@pytest.mark.django_db(transaction=True)
def test_killed_between_the_answer_and_the_mark_it_is_sent_twice_and_stands_once(
    cast: Cast, real_supabase: RealSupabase
) -> None:
    wish = a_wish(cast, real_supabase)
    booking = owe(cast, wish, status=BookingStatus.PENDING)
    connections.close_all()
    assert status_of_a_sender_killed_before_its_mark(real_supabase) == signal.SIGKILL
    assert told(real_supabase, wish)[0] == "requested"
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == (NoticeState.OWED, 1)
    assert telling.write_all(source(real_supabase)) == 0  # the dead one's time is not out yet
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    Notice.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert telling.write_all(source(real_supabase)) == 1
    assert told(real_supabase, wish)[0] == "confirmed"
    assert Notice.objects.get(channel=NoticeChannel.SUPABASE).state == NoticeState.SENT


def status_of_a_sender_killed_before_its_mark(real: RealSupabase) -> int:
    """Which signal ended a process that wrote the row and never came to say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its parent has threads, and it uses none
        child = os.fork()
    if child == 0:
        notices.sent = lambda notice: os.kill(os.getpid(), signal.SIGKILL)
        try:
            telling.write_all(source(real))
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])
