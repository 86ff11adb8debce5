"""docs/supabase.md, followed to the letter on a real PostgreSQL and PostgREST."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
import requests
from django.conf import settings

from brokerbay import settings as ours
from ingest.passes import OPEN_UPSTREAM
from ingest.sources.http import SourceRefused
from ingest.sources.supabase import Supabase
from tests import postgresql
from tests.ingest.conftest import QUICK
from tests.ingest.postgrest import RealSupabase, serving

GUIDE = (settings.BASE_DIR / "docs" / "supabase.md").read_text(encoding="utf-8")
TABLE = "showing_requests"
# A project as its owner has it before: Supabase's own roles and publication, and the application's table.
PROJECT = """
create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator noinherit login;
grant anon, authenticated, service_role to authenticator;
create publication supabase_realtime;
create table public.showing_requests (
    id uuid primary key default gen_random_uuid(),
    user_id uuid,
    property_id text,
    status text not null default 'pending',
    created_at timestamptz default now(),
    scheduled_date date,
    scheduled_time time,
    group_name text
);
alter table public.showing_requests enable row level security;
"""
TOLD: dict[str, Any] = {
    "booking_status": "confirmed",
    "booking_date": "2026-12-01",
    "booking_time": "14:30:00",
    "booking_reference": "7" * 24,
    "booking_reason": None,
}


@pytest.fixture(scope="module")
def project() -> Iterator[RealSupabase]:
    blocks = re.findall(r"^```sql\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    with serving(PROJECT) as real:
        for block in (*blocks, *blocks):
            real.sql(block)
        real.sql("notify pgrst, 'reload schema'")
        postgresql.until(lambda: _columns_are_known(real), requests.RequestException)
        yield real


def _columns_are_known(real: RealSupabase) -> None:
    """PostgREST reads a new schema some time after it was told to; until then it writes no new column."""
    answer = requests.patch(
        f"{real.url}/rest/v1/{TABLE}?id=is.null",
        json=TOLD,
        headers={"Authorization": f"Bearer {real.key()}"},
        timeout=5,
    )
    answer.raise_for_status()


@pytest.fixture
def row(project: RealSupabase) -> str:
    row_id = str(uuid.uuid4())
    project.sql("truncate public.showing_requests")
    project.sql("insert into showing_requests (id, status) values (%s, 'scheduled')", row_id)
    return row_id


def source(project: RealSupabase, role: str) -> Supabase:
    return Supabase(url=project.url, key=project.key(role), table=TABLE, patience=QUICK)


@pytest.mark.parametrize("role", ["service_role", "showings_portal"])
def test_either_key_reads_the_requests_and_writes_what_became_of_them(
    project: RealSupabase, row: str, role: str
) -> None:
    with closing(source(project, role)) as supabase:
        ((read,),) = supabase.read_requests(statuses=OPEN_UPSTREAM)
        assert read["id"] == row
        assert supabase.write(row, TOLD)
        ((read,),) = supabase.read_by_ids([row])
    assert {name: read[name] for name in TOLD} == TOLD
    assert set(TOLD) == set(ours.SUPABASE_WRITE_COLUMNS.values())


def test_the_portals_own_role_writes_nothing_else(project: RealSupabase, row: str) -> None:
    with closing(source(project, "showings_portal")) as supabase, pytest.raises(SourceRefused) as refused:
        supabase.write(row, {"status": "cancelled"})
    assert "may not write" in refused.value.what_to_do
    for deed in ("delete from public.showing_requests", "insert into public.showing_requests default values"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            project.sql(f"set role showings_portal; {deed}")


def test_all_the_world_sees_nothing(project: RealSupabase, row: str) -> None:
    with closing(source(project, "anon")) as supabase, pytest.raises(SourceRefused, match="said no"):
        list(supabase.read_requests(statuses=OPEN_UPSTREAM))


def test_updated_at_moves_with_the_wish_and_not_with_its_outcome(project: RealSupabase, row: str) -> None:
    def updated_at() -> Any:
        return project.sql("select updated_at from showing_requests")[0][0]

    begun = updated_at()
    with closing(source(project, "showings_portal")) as supabase:
        supabase.write(row, TOLD)
    assert updated_at() == begun
    project.sql("update showing_requests set scheduled_time = '16:00'")
    assert updated_at() > begun


def test_the_table_is_published_for_realtime(project: RealSupabase) -> None:
    published = project.sql("select tablename from pg_publication_tables where pubname = 'supabase_realtime'")
    assert published == [(TABLE,)]


def test_the_index_serves_the_question_that_a_pass_asks(project: RealSupabase, row: str) -> None:
    project.sql(
        "insert into showing_requests (status, created_at) select case when n %% 50 = 0 then 'pending' "
        "else 'completed' end, now() - n * interval '1 minute' from generate_series(1, 20000) n"
    )
    project.sql("analyze showing_requests")
    statuses = ", ".join(f"'{status}'" for status in OPEN_UPSTREAM)
    plan = project.sql(
        f"explain select * from showing_requests where status in ({statuses}) "
        "order by created_at, id limit 300"
    )
    assert "showing_requests_open" in str(plan)


def test_every_setting_and_figure_that_it_names_is_there() -> None:
    named = set(re.findall(r"\b(?:SUPABASE|PROPERTY|FETCH)_[A-Z_]+", GUIDE))
    assert named <= set(settings.ENVIRONMENT.declared)
    measures = (settings.BASE_DIR / "bookings" / "queries" / "measures.py").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"`showings_(\w+)", GUIDE) if f'"{name}"' not in measures] == []
