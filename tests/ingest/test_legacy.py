"""The predecessor's file imported: nothing doubled, nothing proven, nothing odd lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from bookings.models import (
    AuditEntry,
    Booking,
    BookingRun,
    Notice,
    Property,
    ShowingRequest,
    UnreadableRow,
)
from bookings.queries.board import board
from bookings.services import importing, runs, showings
from bookings.services.bookings import Seen
from bookings.services.errors import NotAllowed
from bookings.services.runs import AttemptEnd
from bookings.services.showings import IncomingShowing
from bookings.vocabulary import BookingStatus, FetchState, RequestState, RunState, Source
from ingest import legacy
from tests.bookings.cast import Cast, in_days, make_account, make_cast

pytestmark = pytest.mark.django_db

SCHEMA = """
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY, listing_id TEXT, property_address TEXT, booking_date TEXT, booking_time TEXT,
    duration INTEGER, user_name TEXT, user_email TEXT, organization TEXT, showing_type TEXT, status TEXT,
    auto_confirmed INTEGER, booking_url TEXT, screenshot_path TEXT, confirmation_message TEXT, created_at TEXT
);
CREATE TABLE processed_showing_requests (
    id TEXT PRIMARY KEY, user_id TEXT, property_id TEXT, status TEXT, created_at TEXT, scheduled_date TEXT,
    scheduled_time TEXT, group_name TEXT, processed_at TEXT, auto_booked INTEGER, booking_status TEXT
);
CREATE TABLE properties (
    property_id TEXT UNIQUE, address TEXT, price TEXT, last_updated TEXT, mls_number TEXT, details_json TEXT,
    rooms_json TEXT, description TEXT
);
"""


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return path


def put(path: Path, table: str, *rows: dict[str, Any]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def booking(number: int, **fields: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "property_address": f"{number} Example Street",
        "booking_date": in_days(3).isoformat(),
        "booking_time": "10:00 AM",
        "duration": 30,
        "status": "Confirmed",
        "auto_confirmed": 1,
        "created_at": "2025-11-05 12:00:00",
    }
    return {**row, **fields}


def request(name: str, **fields: Any) -> dict[str, Any]:
    row = {
        "id": name,
        "user_id": "u1",
        "property_id": "N12345678",
        "status": "scheduled",
        "scheduled_date": in_days(3).isoformat(),
        "scheduled_time": "10:00:00",
        "auto_booked": 0,
        "booking_status": "pending",
    }
    return {**row, **fields}


def imported(path: Path, cast: Cast, *, dry_run: bool = False) -> legacy.Report:
    return legacy.import_file(path, partner=cast.partner, account=cast.account, dry_run=dry_run)


def test_a_false_confirmed_is_kept_as_imported_and_proves_nothing(cast: Cast, file: Path) -> None:
    put(file, "bookings", booking(7))
    report = imported(file, cast)
    one = Booking.objects.get()
    assert (report.new["bookings"], one.imported_id, one.imported["status"]) == (1, "7", "Confirmed")
    assert (one.status, one.verified_at, one.showing_id) == (BookingStatus.UNVERIFIED, None, "")
    assert (one.auto_confirmed, one.booking_time) == (False, time(10))
    assert "“Confirmed”" in one.confirmation_message
    with pytest.raises(NotAllowed):
        runs.queue_cancel(one, source=Source.PERSON)
    shown = board(cast.owner, now=timezone.now(), zone=Property().zone())
    assert shown.counts.confirmed == shown.counts.at_risk == 0
    assert AuditEntry.objects.get(action="booking.imported").after["status"] == "Confirmed"


def compare(cast: Cast, *own: Seen) -> BookingRun:
    run = runs.claim(runs.queue_reconcile(cast.account, source=Source.ROBOT).pk, holder="test/1")
    assert run is not None
    return runs.settle(run.pk, AttemptEnd(result="found", own_showings=own), fence=1)


def seen(number: int) -> Seen:
    return Seen(
        showing_id="7" * 24,
        listing_id="",
        address=f"{number} Example Street",
        date=in_days(3),
        time=time(10),
        duration_minutes=30,
        status="confirmed",
        badge="Confirmed",
        url="",
    )


def test_brokerbays_own_list_alone_makes_it_ours(cast: Cast, file: Path) -> None:
    put(file, "bookings", booking(7), booking(8))
    imported(file, cast)
    run = compare(cast, seen(7))
    proven, claimed = Booking.objects.order_by("pk")
    assert (proven.status, proven.verified_at is None) == (BookingStatus.CONFIRMED, False)
    assert (claimed.status, claimed.missing_since) == (BookingStatus.UNVERIFIED, None)
    assert "missing" not in run.reason
    assert not Notice.objects.filter(subject__startswith="Not on BrokerBay").exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"booking_date": "Meters"}, "“Meters”"),
        ({"booking_date": None}, "missing"),
        ({"booking_time": "soon"}, "“soon”"),
        ({"booking_date": "0000-13-45"}, "no day of the calendar"),
        ({"property_address": ""}, "property_address is missing"),
        ({"booking_date": "2026-03-08", "booking_time": "02:30"}, "does not exist"),
    ],
)
def test_an_odd_row_is_kept_with_its_reason(
    cast: Cast, file: Path, fields: dict[str, Any], words: str
) -> None:
    put(file, "bookings", booking(1, **fields), booking(2))
    report = imported(file, cast)
    (oddity,) = report.oddities
    assert words in oddity.reason
    kept = UnreadableRow.objects.get()
    assert (kept.source, kept.external_id, kept.raw["status"]) == ("legacy bookings", "1", "Confirmed")
    assert Booking.objects.get().imported_id == "2"


def test_requests_come_with_their_clients_and_what_may_be_booked_waits_for_a_person(
    cast: Cast, file: Path
) -> None:
    put(
        file,
        "processed_showing_requests",
        request("new"),
        request("told", auto_booked=1, booking_status="Confirmed", property_id="N12345679"),
        request("past", scheduled_date="2025-01-05"),
        request("gone", status="cancelled"),
        request("odd", scheduled_date="Meters"),
    )
    report = imported(file, cast)
    states = dict(ShowingRequest.objects.values_list("pk", "booking_status"))
    assert states == {
        "told": RequestState.NEEDS_PERSON,
        "past": RequestState.CLOSED,
        "gone": RequestState.CLOSED,
    }
    assert "“Meters”" in report.oddities[0].reason
    assert "“Confirmed”" in ShowingRequest.objects.get(pk="told").trouble
    assert set(ShowingRequest.objects.values_list("client__partner", flat=True)) == {cast.partner.pk}
    assert report.left == 1
    assert any("left to Supabase" in line for line in report.lines())
    assert showings.queue_ready() == 0
    showings.take_in([IncomingShowing(id="new", user_id="u1", property_id="N12345678", status="pending")])
    assert ShowingRequest.objects.get(pk="new").partner == cast.partner


def test_a_request_that_supabase_told_already_stays_as_it_is(cast: Cast, file: Path) -> None:
    showings.take_in([IncomingShowing(id="r1", user_id="u1", property_id="N12345678", status="pending")])
    put(file, "processed_showing_requests", request("r1", auto_booked=1, booking_status="Confirmed"))
    report = imported(file, cast)
    assert report.there["processed_showing_requests"] == 1
    assert ShowingRequest.objects.get().status == "pending"


def test_homes_fill_what_nothing_is_known_of(cast: Cast, file: Path) -> None:
    Property.objects.create(property_id="N1", address="1 Known Street", fetch_state=FetchState.KNOWN)
    Property.objects.create(property_id="N2")
    put(
        file,
        "properties",
        {"property_id": "N1", "address": "1 Other Street, Toronto, ON"},
        {"property_id": "N2", "address": "2 Example Street, Toronto, ON", "details_json": '{"beds": 2}'},
        {"property_id": "N3", "address": "Town, ON, L0L 0L0, CA", "rooms_json": "{broken"},
        {"property_id": None, "address": "nowhere"},
    )
    report = imported(file, cast)
    homes = {home.property_id: home for home in Property.objects.all()}
    assert homes["N1"].address == "1 Known Street"
    assert (homes["N2"].address, homes["N2"].details_json) == ("2 Example Street, Toronto, ON", {"beds": 2})
    assert (homes["N3"].address, homes["N3"].fetch_state) == ("", FetchState.WANTED)
    assert (report.new["properties"], report.there["properties"], report.kept_apart["properties"]) == (
        2,
        1,
        1,
    )


def test_killed_in_the_middle_and_run_again_nothing_is_doubled(
    cast: Cast, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy, "BATCH", 2)
    put(file, "processed_showing_requests", *(request(f"r{number}", auto_booked=1) for number in range(5)))
    put(file, "bookings", *(booking(number) for number in range(5)))
    add = importing.add_bookings

    def die_at_the_second(rows: Any, **more: Any) -> Any:
        if Booking.objects.exists():
            raise KeyboardInterrupt
        return add(rows, **more)

    with monkeypatch.context() as killed:
        killed.setattr(importing, "add_bookings", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            imported(file, cast)
    assert Booking.objects.count() == 2
    report = imported(file, cast)
    assert (report.new["bookings"], report.there["bookings"]) == (3, 2)
    assert imported(file, cast).new.total() == 0
    assert (Booking.objects.count(), ShowingRequest.objects.count()) == (5, 5)
    assert AuditEntry.objects.filter(action="booking.imported").count() == 5


def test_one_row_that_the_database_refuses_stops_no_other(cast: Cast, file: Path) -> None:
    put(file, "bookings", booking(1), booking(2, property_address="9\x00 Odd Street"), booking(3))
    put(file, "processed_showing_requests", request("r1", auto_booked=1), request("r2", user_id="u\x002"))
    imported(file, cast)
    assert Booking.objects.filter(imported_id__in=("1", "3")).count() == 2
    assert ShowingRequest.objects.filter(pk="r1").exists()


def test_a_dry_run_judges_everything_and_stores_nothing(cast: Cast, file: Path) -> None:
    put(file, "bookings", booking(1), booking(2, booking_date="Meters"))
    report = imported(file, cast, dry_run=True)
    assert (report.new["bookings"], len(report.oddities)) == (1, 1)
    assert not Booking.objects.exists()
    assert not UnreadableRow.objects.exists()


# ---- the command -------------------------------------------------------------------------------------------


def command(file: Path, *words: str) -> str:
    out = StringIO()
    call_command("import_legacy", str(file), *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_reports_what_it_did(cast: Cast, file: Path, tmp_path: Path) -> None:
    put(file, "bookings", booking(1), *(booking(2 + number, booking_date="Meters") for number in range(30)))
    told = command(file, "--partner", cast.partner.name, "--report", str(tmp_path / "report.txt"))
    assert "bookings                          31       1       0      30" in told
    assert "and 10 more" in told
    assert (tmp_path / "report.txt").read_text().count("“Meters”") == 30
    assert "unverified" in told


def damaged(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE bookings; CREATE TABLE bookings (seat TEXT)")


def of_a_portal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE django_migrations (id INTEGER)")


def without_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE songs (id INTEGER)")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "There is no file"),
        (lambda path: path.write_text("hello"), "no SQLite database"),
        (damaged, "cannot be read"),
        (of_another_program, "has no id, property_address"),
        (of_a_portal, "portal's own database"),
        (without_tables, "none of the tables"),
    ],
)
def test_another_file_is_refused_in_words(
    cast: Cast, file: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(file)
    with pytest.raises(CommandError, match=words):
        command(file, "--partner", cast.partner.name)


def test_whose_rows_they_become_must_be_clear(cast: Cast, file: Path) -> None:
    with pytest.raises(CommandError, match="no partner “Nobody”"):
        command(file, "--partner", "Nobody")
    with pytest.raises(CommandError, match="no BrokerBay account x@example"):
        command(file, "--partner", cast.partner.name, "--account", "x@example.com")
    second = make_account(cast.partner)
    with pytest.raises(CommandError, match="several"):
        command(file, "--partner", cast.partner.name)
    assert "unverified" in command(file, "--partner", cast.partner.name, "--account", second.email)
    assert not BookingRun.objects.filter(state=RunState.QUEUED).exists()
