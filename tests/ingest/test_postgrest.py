"""The Supabase source against a real PostgREST over a real PostgreSQL."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bookings.models import ShowingRequest, SyncPass, UnreadableRow
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import PassState, RequestState
from ingest.bridge import Bridge
from ingest.parse import read_request
from ingest.passes import Sources, run_pass
from ingest.shapes import Malformed
from ingest.sources.http import SourceRefused
from ingest.sources.supabase import Supabase
from tests.ingest.conftest import QUICK
from tests.ingest.postgrest import CAP, RealSupabase

OPEN = ("pending", "scheduled", "rescheduled")

# PostgreSQL and PostgREST are started once and shared.
pytestmark = pytest.mark.xdist_group("postgrest")


@pytest.fixture
def source(real_supabase: RealSupabase) -> Iterator[Supabase]:
    with closing(reader(real_supabase, real_supabase.key())) as supabase:
        yield supabase


def reader(real: RealSupabase, key: str, table: str = "showing_requests") -> Supabase:
    return Supabase(url=real.url, key=key, table=table, patience=QUICK)


def test_more_rows_than_a_page_and_than_the_servers_cap_are_read_once_in_order(
    real_supabase: RealSupabase, source: Supabase
) -> None:
    real_supabase.sql(
        "insert into showing_requests (status, created_at) select 'scheduled', "
        "case when n %% 7 = 0 then null else timestamptz '2026-11-01' + n / 4 * interval '1 microsecond' "
        "end from generate_series(1, 1250) n"
    )
    pages = list(source.read_requests(statuses=OPEN))
    read = [row["id"] for page in pages for row in page]
    ordered = real_supabase.sql("select id::text from showing_requests order by created_at nulls last, id")
    assert read == [row[0] for row in ordered]
    assert max(len(page) for page in pages) == CAP


def test_only_open_requests_are_read(real_supabase: RealSupabase, source: Supabase) -> None:
    for status in (*OPEN, "cancelled", "completed"):
        real_supabase.sql("insert into showing_requests (status) values (%s)", status)
    rows = [row for page in source.read_requests(statuses=OPEN) for row in page]
    assert sorted(row["status"] for row in rows) == sorted(OPEN)


def test_a_row_is_understood_as_the_database_writes_it(real_supabase: RealSupabase, source: Supabase) -> None:
    row_id = str(uuid.uuid4())
    real_supabase.sql(
        "insert into showing_requests values (%s, %s, 'W12345678', 'scheduled', '2026-11-21 08:00:00.25-05', "
        "'2026-12-01', '14:30', 'Saturday')",
        row_id,
        str(uuid.uuid4()),
    )
    ((raw,),) = source.read_requests(statuses=OPEN)
    row = read_request(raw)
    assert isinstance(row, IncomingShowing)
    assert row.id == row_id
    assert row.created_at is not None
    assert row.created_at.isoformat() == "2026-11-21T13:00:00.250000+00:00"
    assert (str(row.scheduled_date), str(row.scheduled_time)) == ("2026-12-01", "14:30:00")


def test_a_cancelled_request_is_found_by_its_id(real_supabase: RealSupabase, source: Supabase) -> None:
    ((row_id,),) = real_supabase.sql("insert into showing_requests default values returning id::text")
    real_supabase.sql("update showing_requests set status = 'cancelled'")
    assert list(source.read_requests(statuses=OPEN)) == []
    ((row,),) = source.read_by_ids([row_id, str(uuid.uuid4())])
    assert row["status"] == "cancelled"


def test_an_id_that_no_row_can_have_hides_none_that_are_there(
    real_supabase: RealSupabase, source: Supabase
) -> None:
    there = [str(uuid.uuid4()) for _ in range(3)]
    for row_id in there:
        real_supabase.sql("insert into showing_requests (id, status) values (%s, 'cancelled')", row_id)
    asked = ["17", there[0], "imported-1", *there[1:], "9" * 18, str(uuid.uuid4())]
    rows = [row for page in source.read_by_ids(asked) for row in page]
    assert sorted(row["id"] for row in rows) == sorted(there)
    assert list(source.read_by_ids([str(number) for number in range(500)])) == []


def test_a_number_too_large_for_its_column_hides_none_that_are_there(postgrest_server: RealSupabase) -> None:
    postgrest_server.sql(
        "create table if not exists numbered (id integer primary key, created_at timestamptz)"
    )
    postgrest_server.sql("grant select on numbered to service_role")
    postgrest_server.sql("insert into numbered values (1), (2), (3) on conflict do nothing")
    postgrest_server.sql("notify pgrst, 'reload schema'")
    with closing(reader(postgrest_server, postgrest_server.key(), table="numbered")) as source:
        asked = ["1", "9" * 12, str(uuid.uuid4()), "2", "imported", "3"]
        read = [row["id"] for page in source.read_by_ids(asked) for row in page]
    assert sorted(read) == [1, 2, 3]


def test_rows_too_large_for_a_page_are_read_in_smaller_ones(
    real_supabase: RealSupabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.supabase.LARGEST_BODY", 60_000)
    real_supabase.sql(
        "insert into showing_requests (status, created_at, group_name) select 'pending', "
        "timestamptz '2026-11-01' + n * interval '1 second', "
        "repeat('x', case when n in (7, 150) then 70000 when n > 100 then 3000 else 10 end) "
        "from generate_series(1, 200) n"
    )
    with closing(reader(real_supabase, real_supabase.key())) as source:
        read = [row for page in source.read_requests(statuses=OPEN) for row in page]
        ordered = [
            str(row[0]) for row in real_supabase.sql("select id from showing_requests order by created_at")
        ]
        by_id = [row for page in source.read_by_ids(ordered) for row in page]
    assert [row["id"] for row in read] == ordered
    assert sorted(row["id"] for row in by_id) == sorted(ordered)
    reasons = [found.reason for found in map(read_request, read) if isinstance(found, Malformed)]
    assert reasons == ["The row is too large to be read."] * 2


def test_row_level_security_answers_nothing_without_an_error(real_supabase: RealSupabase) -> None:
    real_supabase.sql("insert into showing_requests (status) values ('scheduled')")
    with closing(reader(real_supabase, real_supabase.key("anon"))) as visitor:
        assert list(visitor.read_requests(statuses=OPEN)) == []
        assert "row level security" in visitor.advice_when_empty()


@pytest.mark.parametrize("wrong", ["expired", "forged", "garbage"])
def test_a_bad_key_is_refused_with_the_cure(real_supabase: RealSupabase, wrong: str) -> None:
    key = {
        "expired": real_supabase.key(exp=int(time.time()) - 100),
        "forged": real_supabase.key(secret="another secret, just as long as HS256 wants"),
        "garbage": "no.key.atall",
    }[wrong]
    with closing(reader(real_supabase, key)) as source, pytest.raises(SourceRefused) as refused:
        list(source.read_requests(statuses=OPEN))
    assert "Check SUPABASE_KEY" in refused.value.what_to_do
    assert key not in str(refused.value)


def test_a_table_that_is_not_there_is_named(real_supabase: RealSupabase) -> None:
    source = reader(real_supabase, real_supabase.key(), "tours")
    with closing(source), pytest.raises(SourceRefused, match="Check SUPABASE_TABLE: there is no table tours"):
        list(source.read_requests(statuses=OPEN))


def test_a_key_without_rights_is_refused_with_the_cure(real_supabase: RealSupabase) -> None:
    source = reader(real_supabase, real_supabase.key("authenticated"))
    with closing(source), pytest.raises(SourceRefused, match="may not read the table"):
        list(source.read_requests(statuses=OPEN))


@pytest.mark.django_db
def test_a_pass_follows_what_becomes_of_a_request(real_supabase: RealSupabase) -> None:
    real_supabase.sql("insert into showing_requests (status) select 'scheduled' from generate_series(1, 700)")
    first = make_pass(real_supabase)
    assert (first.state, first.rows_seen, first.rows_new) == (PassState.DONE, 700, 700)
    real_supabase.sql("update showing_requests set status = 'cancelled'")
    real_supabase.sql("insert into showing_requests (status) values ('rescheduled')")
    second = make_pass(real_supabase)
    assert (second.rows_seen, second.rows_new, second.rows_changed) == (701, 1, 700)
    closed = ShowingRequest.objects.filter(status="cancelled", booking_status=RequestState.CLOSED)
    assert closed.count() == 700
    assert make_pass(real_supabase).rows_seen == 1


@pytest.mark.django_db
def test_a_pass_keeps_a_row_that_only_a_database_would_take(real_supabase: RealSupabase) -> None:
    real_supabase.sql(
        "insert into showing_requests (status, property_id, scheduled_date) values "
        "('scheduled', 'W12345678', '9999-12-31'), ('scheduled', 'W12345678', 'infinity'), "
        "('scheduled', 'W12345678', '0044-03-15 BC'), ('scheduled', repeat('W', 100000), null), "
        "('scheduled', 'W12345678', '2026-12-01')"
    )
    made = make_pass(real_supabase)
    assert (made.state, made.rows_seen, made.rows_new, made.rows_unreadable) == (PassState.DONE, 5, 1, 4)
    assert UnreadableRow.objects.count() == 4


@pytest.mark.django_db
def test_twenty_thousand_rows_that_change_under_the_pass_are_all_as_in_the_source(
    real_supabase: RealSupabase,
) -> None:
    real_supabase.sql(
        "insert into showing_requests (status, property_id, scheduled_date, scheduled_time, created_at) "
        "select 'scheduled', 'W' || lpad((n %% 900)::text, 8, '0'), date '2027-01-01' + n %% 200, "
        "time '09:00' + n %% 30 * interval '15 minutes', timestamptz '2026-11-01' + n * interval '1 minute' "
        "from generate_series(1, 20000) n"
    )
    untouched = "scheduled_date < '2027-02-01'"
    with changing(real_supabase, f"not ({untouched})"):
        first = make_pass(real_supabase)
    assert first.state == PassState.DONE
    assert ids_there(real_supabase, untouched) <= ids_held()

    assert make_pass(real_supabase).state == PassState.DONE
    columns = "id::text, status, property_id, scheduled_date, scheduled_time"
    source = {row[0]: row[1:] for row in real_supabase.sql(f"select {columns} from showing_requests")}
    held = {
        pk: rest
        for pk, *rest in ShowingRequest.objects.values_list(
            "pk", "status", "property_id", "scheduled_date", "scheduled_time"
        )
    }
    for row_id, row in source.items():
        assert list(row) == held.get(row_id) or (row_id not in held and row[0] == "cancelled")
    # What is held beyond that was deleted there.
    assert len(held) >= 20000
    third = make_pass(real_supabase)
    assert (third.rows_new, third.rows_changed) == (0, 0)


def ids_there(real: RealSupabase, where: str) -> set[str]:
    return {row[0] for row in real.sql(f"select id::text from showing_requests where {where}")}


def ids_held() -> set[str]:
    return set(ShowingRequest.objects.values_list("pk", flat=True))


@contextmanager
def changing(real: RealSupabase, where: str) -> Iterator[None]:
    """Rows come, go, move in the order and change their status, as fast as the database takes it."""
    some = f"id in (select id from showing_requests where {where} order by random() limit 40)"
    changes = (
        f"update showing_requests set status = 'cancelled' where {some}",
        f"update showing_requests set status = 'scheduled', scheduled_time = '10:15' where {some}",
        f"update showing_requests set created_at = created_at + interval '5 days' where {some}",
        f"update showing_requests set created_at = created_at - interval '5 days' where {some} and "
        "created_at > '2026-11-12'",
        f"delete from showing_requests where {some.replace('40', '5')}",
        "insert into showing_requests (status, created_at) select 'rescheduled', "
        "timestamptz '2026-11-10' + random() * interval '5 days' from generate_series(1, 20)",
    )
    ended = threading.Event()

    def change() -> None:
        for statement in itertools.cycle(changes):
            if ended.is_set():
                return
            real.sql(statement)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.django_db
@pytest.mark.parametrize("was_there", [True, False])
def test_a_page_that_lay_about_undoes_nothing_that_was_read_after_it(
    real_supabase: RealSupabase, was_there: bool
) -> None:
    """The table has no `updated_at`: only when a row was asked for tells which reading is newer."""
    client = str(uuid.uuid4())
    ((row_id,),) = real_supabase.sql(
        "insert into showing_requests (status, user_id, scheduled_time) "
        "values ('scheduled', %s, '10:00') returning id::text",
        client,
    )
    if was_there:
        make_pass(real_supabase)

    def the_client_changes_it_and_the_bridge_hears() -> None:
        real_supabase.sql("update showing_requests set scheduled_time = '16:00', status = 'rescheduled'")
        hear(real_supabase, row_id)

    slow = make_pass(real_supabase, between=the_client_changes_it_and_the_bridge_hears)
    assert (slow.state, slow.rows_seen, slow.rows_new, slow.rows_changed) == (PassState.DONE, 1, 0, 0)
    assert held(row_id) == ("rescheduled", "16:00")
    real_supabase.sql("update showing_requests set scheduled_time = '17:15'")
    assert make_pass(real_supabase).rows_changed == 1
    assert held(row_id) == ("rescheduled", "17:15")


@pytest.mark.django_db
def test_a_page_from_between_a_change_and_its_undoing_is_not_believed(real_supabase: RealSupabase) -> None:
    ((row_id,),) = real_supabase.sql(
        "insert into showing_requests (status, scheduled_time) values ('scheduled', '10:00') "
        "returning id::text"
    )
    make_pass(real_supabase)
    real_supabase.sql("update showing_requests set status = 'cancelled'")

    def it_is_undone_and_the_bridge_hears() -> None:
        real_supabase.sql("update showing_requests set status = 'scheduled'")
        hear(real_supabase, row_id)

    # The row left the list of open ones, so that the pass asks for it by its id.
    assert make_pass(real_supabase, between=it_is_undone_and_the_bridge_hears).rows_changed == 0
    assert held(row_id) == ("scheduled", "10:00")


def hear(real: RealSupabase, row_id: str) -> None:
    """What the bridge does when Realtime rings for a row."""
    ear = Bridge(
        holder="here",
        make_ear=lambda: pytest.fail("nobody listens here"),
        make_supabase=lambda: reader(real, real.key()),
    )
    ear._supabase = reader(real, real.key())
    with closing(ear._supabase):
        ear._read_and_store({row_id: None})


def held(row_id: str) -> tuple[str, str]:
    row = ShowingRequest.objects.get(pk=row_id)
    return row.status, f"{row.scheduled_time:%H:%M}"


class Lying(Supabase):
    """Its pages lie about for a while before they are stored."""

    between: Callable[[], None]

    def read_requests(self, *, statuses: Sequence[str]) -> Iterator[list[Any]]:
        return self._laid(super().read_requests(statuses=statuses))

    def read_by_ids(self, ids: Sequence[str]) -> Iterator[list[Any]]:
        return self._laid(super().read_by_ids(ids))

    def _laid(self, pages: Iterator[list[Any]]) -> Iterator[list[Any]]:
        for page in pages:
            self.between()
            yield page


def make_pass(real: RealSupabase, *, between: Callable[[], None] = lambda: None) -> SyncPass:
    source = Lying(url=real.url, key=real.key(), table="showing_requests", patience=QUICK)
    source.between = between
    made = run_pass("test", sources=Sources(supabase=source, property_api=None))
    assert made is not None
    return made
