"""One database of tests.bench.screens: `python -m tests.bench.one_screen ROUNDS [BOOKINGS]`, by environment.

Prints one line of JSON: {"list_ms": [[ms of each page] of each round], "dashboard_ms": …, "database_ms": …,
"bare_ms": …, "queries": most of a page, "slowest": {page: ms}, "export_ratios": [one a round],
"export_peak_mib": [of a process that did nothing else]}. With 0 rounds it only makes the rows.

A page is asked for through Django's whole stack, with its middleware and templates, in a process settled as
the web server's are, as an administrator who sees every row and as one partner's manager. `database_ms` is
all the time that a list spends in the database, `bare_ms` that of the statements which its content takes, run
once more by themselves: its rows, their keys where a search finds them, how many there are, and how
many in each state, as its tabs tell.
"""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings

LISTS = {
    "booking": (
        "",
        "p=2",
        "p={deep}",
        "status__exact=Time+Suggested",
        "status__exact=Declined&auto_confirmed__exact=1",
        "booking_date_from={day}&booking_date_to={day}",
        "q=Z00000120",
        "q=345+Juniper+Lane",
        "q=Juniper",
        "q=Juniper&status__exact=Declined",
        "q=nothing+like+this",
        "o=1",
        "filters=1",
    ),
    "showingrequest": (
        "",
        "p=2",
        "p={deep}",
        "booking_status__exact=needs_info",
        "q=Z00000120",
        "q=345+Juniper+Lane",
        "q=Juniper",
        "q=Ada",
        "filters=1",
    ),
    "bookingrun": (
        "",
        "p=2",
        "p={deep}",
        "state__exact=failed",
        "q=Z00000120",
        "q=345+Juniper+Lane",
        "filters=1",
    ),
    "property": ("", "p=2", "q=Z00000120", "q=Juniper", "filters=1"),
}


def main(rounds: int, bookings: int) -> dict[str, Any]:
    # Hashed names would need collectstatic first.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    django.setup()
    if not rounds:
        _fill(bookings)
        return {}
    exports = _exports(rounds)
    from django.contrib.auth.models import User

    from bookings.models import Membership
    from bookings.vocabulary import Role
    from brokerbay import serving

    serving.post_worker_init(None)
    administrator, _ = User.objects.get_or_create(
        username="sample-administrator", defaults={"is_superuser": True, "is_staff": True}
    )
    manager = Membership.objects.filter(role=Role.MANAGER).order_by("pk")[5].user
    lists: list[list[float]] = [[] for _ in range(rounds)]
    boards: list[list[float]] = [[] for _ in range(rounds)]
    database: list[list[float]] = [[] for _ in range(rounds)]
    bare: list[list[float]] = [[] for _ in range(rounds)]
    slowest: dict[str, float] = {}
    queries = 0.0
    for person in (administrator, manager):
        browser = _signed_in(person)
        who = "all" if person.is_superuser else "one partner"
        for name, address in _addresses(deep=_deep() if person.is_superuser else 0):
            took = [_asked(browser, address) for _ in range(rounds + 1)][1:]
            for number, one in enumerate(took):
                (boards if name == "dashboard" else lists)[number].append(one["page"])
                if name != "dashboard":
                    database[number].append(one["database"])
                    bare[number].append(one["bare"])
            queries = max(queries, *(one["queries"] for one in took))
            slowest[f"{name}, {who}"] = round(max(one["page"] for one in took), 1)
    found = {
        "list_ms": lists,
        "dashboard_ms": boards,
        "database_ms": database,
        "bare_ms": bare,
        "queries": queries,
        "slowest": dict(sorted(slowest.items(), key=lambda pair: -pair[1])[:12]),
    }
    return found | exports


def _fill(bookings: int) -> None:
    from django.core.management import call_command

    from bookings.models import Booking
    from bookings.services import crowd

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not Booking.objects.exists():
        part = bookings * 3 // 10
        size = crowd.Size(bookings=bookings, requests=part, runs=part, partners=max(6, bookings // 5000))
        crowd.gather(size)


def _signed_in(person: Any) -> Any:
    from django.test import Client

    browser = Client(SERVER_NAME="localhost")
    browser.force_login(person)
    return browser


def _deep() -> int:
    """The last page but some that every long list has; a list ends at 10 000 rows."""
    from bookings.models import BookingRun

    return min(390, BookingRun.objects.count() // 25 - 1)


def _addresses(*, deep: int) -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages; without a `deep` page, one partner's lists being short."""
    from django.utils import timezone

    day = timezone.now().date().isoformat()
    for table, queries in LISTS.items():
        for query in queries:
            if "{deep}" in query and not deep:
                continue
            asked = query.format(day=day, deep=deep)
            yield f"{table}?{asked}", f"/admin/bookings/{table}/?{asked}"
    yield "dashboard", "/dashboard"


def _asked(browser: Any, address: str) -> dict[str, float]:
    """What a page took, how long of it the database, and how long what it shows takes by itself."""
    from django.db import connection

    with _listening() as heard:
        page = _ms(lambda: _read(browser, address))
    with connection.cursor() as cursor:
        bare = sum(_ms(lambda one=one: _run(cursor, *one)) for one in _own_statements(heard, _table(address)))
    return {
        "page": page,
        "database": sum(took for _, _, took in heard),
        "bare": bare,
        "queries": len(heard),
    }


@contextmanager
def _listening() -> Iterator[list[tuple[str, Any, float]]]:
    from django.db import connection

    heard: list[tuple[str, Any, float]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            heard.append((sql, params, (time.perf_counter() - began) * 1000))

    with connection.execute_wrapper(listen):
        yield heard


def _own_statements(heard: list[tuple[str, Any, float]], table: str) -> list[tuple[str, Any]]:
    """What asked the table for its rows, and every count over it; not for single columns, as choices are."""
    if not table:
        return []
    rows = re.compile(rf'\(?SELECT "{table}"\."\w+"(, | AS "pk")')
    ours = [(sql, params) for sql, params, _ in heard if f'FROM "{table}"' in sql]
    return [one for one in ours if "COUNT(" in one[0] or rows.match(one[0])]


def _table(address: str) -> str:
    """The table that a list's address shows; "" for the dashboard."""
    from django.apps import apps

    named = re.match(r"/admin/bookings/(\w+)/", address)
    return apps.get_model("bookings", named[1])._meta.db_table if named else ""


def _read(browser: Any, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)


def _run(cursor: Any, sql: str, params: Any) -> None:
    cursor.execute(sql, params)
    cursor.fetchall()


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


# ---- exports -----------------------------------------------------------------------------------------------


class Sink(io.RawIOBase):
    """Takes what is written and keeps nothing of it."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _exports(rounds: int) -> dict[str, Any]:
    """Every booking as CSV, ours against csv.writer over a cursor; both in turn. Memory: of the process."""
    from bookings.models import Booking
    from bookings.models.export import ExportForm
    from bookings.services import exporting

    ratios = []
    for _ in range(min(rounds, 3)):
        bare = _ms(_bare_csv)
        ours = _ms(
            lambda: exporting.write(ExportForm.CSV, Booking.objects.order_by("-created_at", "-pk"), Sink())
        )
        ratios.append(bare / ours)
    return {
        "export_ratios": ratios,
        "export_peak_mib": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024],
    }


COLUMNS = (
    "id, listing_id, property_address, booking_date, booking_time, duration, user_name, user_email, "
    "organization, showing_type, status, auto_confirmed, created_at"
)


def _bare_csv() -> None:
    """What somebody would write who needs no names, no safety and no scope."""
    from django.db import connection

    out = csv.writer(io.TextIOWrapper(Sink(), write_through=False))  # type: ignore[type-var]
    connection.ensure_connection()
    sql = f"select {COLUMNS} from bookings order by created_at desc, id desc"
    if connection.vendor == "sqlite":
        out.writerows(connection.connection.execute(sql))
        return
    with connection.connection.transaction(), connection.connection.cursor("bare") as cursor:
        cursor.itersize = 2000
        cursor.execute(sql)
        out.writerows(cursor)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)))
