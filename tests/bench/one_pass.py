"""One round of tests.bench.ingest_pass, on the database that the settings name: `… URL ROWS`."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import django
import requests

from tests.bench import pages

TOLD = (
    "id user_id property_id status created_at scheduled_date scheduled_time group_name"
    " client_id partner_id raw"
).split()


def main(url: str, rows: int) -> dict[str, float]:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    import ingest.passes  # noqa: F401 - not a part of the pass

    _prepare()
    _empty()
    bare = _timed(lambda: _bare(url), rows)
    _empty()
    first = _timed(lambda: _pass(url, new=rows), rows)
    again = _timed(lambda: _pass(url, new=0), rows)
    return {"first": first, "again": again, "bare": bare, "peak_mb": _peak_mb()}


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
    """What somebody would write who only wants the rows in the table, exactly as the portal leaves them."""
    from django.db import connection

    from bookings.models import Client

    asked = requests.Session()
    asked.trust_env = False
    connection.ensure_connection()
    store = _executemany if connection.vendor == "sqlite" else _copy
    others = _other_columns()
    clients = {client.external_id: client for client in Client.objects.all()}
    columns = ", ".join((*TOLD, *others))
    last = None
    while True:
        question = {"limit": str(pages.PAGE), "order": "created_at,id"}
        if last is not None:
            question["or"] = f'(created_at.gt."{last["created_at"]}",id.gt."{last["id"]}")'
        page = asked.get(f"{url}/rest/v1/showing_requests", params=question).json()
        if not page:
            return
        store(connection.connection, columns, [(*_told(row, clients), *others.values()) for row in page])
        last = page[-1]


def _told(row: dict[str, Any], clients: dict[str, Any]) -> tuple[Any, ...]:
    client = clients[row["user_id"]]
    own = (row["group_name"] or "", client.pk, client.partner_id, json.dumps(row))
    return (*(row[name] for name in TOLD[:7]), *own)


def _other_columns() -> dict[str, Any]:
    """What every new row begins with, by column."""
    from django.db import connection

    from bookings.models import ShowingRequest

    fields = [field for field in ShowingRequest._meta.concrete_fields if field.column not in TOLD]
    return {field.column: field.get_db_prep_save(field.get_default(), connection) for field in fields}


def _executemany(connection: Any, columns: str, rows: list[tuple[Any, ...]]) -> None:
    connection.execute("begin immediate")
    marks = ", ".join("?" * len(rows[0]))
    connection.executemany(f"insert into processed_showing_requests ({columns}) values ({marks})", rows)
    connection.execute("commit")


def _copy(connection: Any, columns: str, rows: list[tuple[Any, ...]]) -> None:
    sql = f"copy processed_showing_requests ({columns}) from stdin"
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _prepare() -> None:
    """Homes, and clients of a partner who books by hand, are there already: only requests are stored."""
    from bookings.models import Account, Client, Partner, Property

    homes, clients = pages.homes(), pages.clients()
    partner, _ = Partner.objects.get_or_create(name="Bench", books_by_itself=False)
    Account.objects.get_or_create(partner=partner, email="bench@example.com")
    Property.objects.bulk_create([Property(property_id=home) for home in homes], ignore_conflicts=True)
    known = [Client(external_id=client, partner=partner) for client in clients]
    Client.objects.bulk_create(known, ignore_conflicts=True)


def _empty() -> None:
    """Reads no row: the peak of memory is the pass's own. Nobody pays for another's dead rows."""
    from django.db import connection

    from bookings.models import AuditEntry, ShowingRequest, SyncPass

    with connection.cursor() as cursor:
        for model in (AuditEntry, ShowingRequest, SyncPass):
            cursor.execute(f"delete from {model._meta.db_table}")
            if connection.vendor == "postgresql":
                cursor.execute(f"vacuum {model._meta.db_table}")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
