"""One round of tests.bench.ingest_pass: `python -m tests.bench.one_pass URL ROWS`, settings by environment."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import django
import requests

from tests.bench import pages

COLUMNS = (
    "id user_id property_id status created_at scheduled_date scheduled_time group_name"
    " processed_at auto_booked booking_status needs changed_at raw"
).split()


def main(url: str, rows: int) -> dict[str, float]:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    _prepare()
    _empty()
    bare = _timed(lambda: _bare(url), rows)
    _empty()
    first = _timed(lambda: _pass(url, new=rows), rows)
    before = _peak_mb()
    again = _timed(lambda: _pass(url, new=0), rows)
    return {"first": first, "again": again, "bare": bare, "peak_mb": before, "grown_mb": _peak_mb() - before}


def _timed(work: Any, rows: int) -> float:
    """Rows a second."""
    began = time.perf_counter()
    work()
    return rows / (time.perf_counter() - began)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _pass(url: str, *, new: int) -> None:
    from bookings.models import ShowingRequest
    from bookings.vocabulary import PassState
    from ingest.passes import Sources, run_pass
    from ingest.sources.supabase import Supabase

    source = Supabase(url=url, key="sb_secret_bench", table="showing_requests")
    made = run_pass("bench", sources=Sources(supabase=source, property_api=None))
    assert made is not None
    assert (made.state, made.rows_new) == (PassState.DONE, new), made.error
    assert ShowingRequest.objects.count() == made.rows_seen


def _bare(url: str) -> None:
    """What somebody would write who only wants the rows in the table."""
    from django.db import connection

    asked = requests.Session()
    asked.trust_env = False
    connection.ensure_connection()
    store = _executemany if connection.vendor == "sqlite" else _copy
    last = None
    while True:
        question = {"limit": "500", "order": "created_at,id"}
        if last is not None:
            question["or"] = f'(created_at.gt."{last["created_at"]}",id.gt."{last["id"]}")'
        page = asked.get(f"{url}/rest/v1/showing_requests", params=question).json()
        if not page:
            return
        store(connection.connection, page)
        last = page[-1]


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    now = "2026-11-21 12:00:00"
    own = (now, False, "received", "[]", now, json.dumps(row))
    return (*(row[name] for name in COLUMNS[:7]), row["group_name"] or "", *own)


def _executemany(connection: Any, page: list[dict[str, Any]]) -> None:
    marks = ", ".join("?" * len(COLUMNS))
    sql = f"insert into processed_showing_requests ({', '.join(COLUMNS)}) values ({marks})"
    connection.execute("begin immediate")
    connection.executemany(sql, [_values(row) for row in page])
    connection.execute("commit")


def _copy(connection: Any, page: list[dict[str, Any]]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        sql = f"copy processed_showing_requests ({', '.join(COLUMNS)}) from stdin"
        with cursor.copy(sql) as copy:
            for row in page:
                copy.write_row(_values(row))


def _prepare() -> None:
    """Homes and clients are there already: both ways store requests only."""
    from bookings.models import Client, Property

    homes, clients = pages.homes(), pages.clients()
    Property.objects.bulk_create([Property(property_id=home) for home in homes], ignore_conflicts=True)
    Client.objects.bulk_create([Client(external_id=client) for client in clients], ignore_conflicts=True)


def _empty() -> None:
    from bookings.models import AuditEntry, ShowingRequest, SyncPass

    for model in (AuditEntry, ShowingRequest, SyncPass):
        model.objects.all().delete()


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
