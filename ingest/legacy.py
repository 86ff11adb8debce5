"""The predecessor's SQLite file, read and understood row by row; what is odd is kept with its reason."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.db import DataError, IntegrityError, transaction

from bookings import wallclock
from bookings.models import Account, Booking, Partner, Property
from bookings.services import importing, sync
from bookings.services.importing import Imported, ImportedBooking, ImportedProperty, ImportedRequest
from ingest.addresses import one_line, read_address
from ingest.parse import read_request, read_start
from ingest.shapes import Malformed
from ingest.storable import storable

BATCH = 500
# What each table must have, to be the predecessor's. Properties come first: requests are about them.
TABLES = {
    "properties": ("property_id", "address"),
    "processed_showing_requests": ("id", "property_id", "status", "scheduled_date", "scheduled_time"),
    "bookings": ("id", "property_address", "booking_date", "booking_time", "status"),
}
LONGEST_SHOWING = 24 * 60

Row = Mapping[str, Any]
R = TypeVar("R")


class NotTheFile(Exception):
    """The file is not a predecessor's database; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """A row that was not imported, or not whole, with a plain reason."""

    table: str
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.id or '(no id)'}: {self.reason}"


@dataclass(slots=True, kw_only=True)
class Report:
    """Counts by table, and every oddity."""

    read: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    kept_apart: Counter[str] = field(default_factory=Counter)
    left: int = 0  # requests still to be booked
    oddities: list[Oddity] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"{'table':<28}{'read':>8}{'new':>8}{'there':>8}{'odd':>8}"
        for table in TABLES:
            figures = (self.read, self.new, self.there, self.kept_apart)
            yield f"{table:<28}" + "".join(f"{figure[table]:>8}" for figure in figures)
        if self.left:
            yield (
                f"{self.left} requests that are still to be booked were left to Supabase: its next pass "
                "brings those that still stand."
            )
        yield from (str(oddity) for oddity in self.oddities)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind(Generic[R]):
    """How the rows of one table are understood and stored."""

    table: str
    read: Callable[[Row], R | str]
    add: Callable[[Sequence[R]], Imported]


Tell = Callable[[str, int], None]


def import_file(
    path: Path,
    *,
    partner: Partner,
    account: Account,
    dry_run: bool = False,
    tell: Tell = lambda table, done: None,
) -> Report:
    """Import a file, a batch a transaction: killed and run again, it goes on and doubles nothing.

    A dry run reads and judges everything and stores nothing. Raises NotTheFile in words.
    """
    report = Report()
    kinds: tuple[_Kind[Any], ...] = (
        _Kind(table="properties", read=_property, add=importing.add_properties),
        _Kind(
            table="processed_showing_requests",
            read=_request,
            add=lambda rows: importing.add_requests(rows, partner=partner),
        ),
        _Kind(
            table="bookings",
            read=lambda row: _booking(row, partner.time_zone),
            add=lambda rows: importing.add_bookings(rows, account=account),
        ),
    )
    try:
        with closing(_opened(path)) as file:
            present = _check(file)
            for kind in kinds:
                if kind.table in present:
                    _import_table(file, kind, report, dry_run=dry_run, tell=tell)
                else:
                    absent = Oddity(table=kind.table, id="-", reason="The file has no such table.")
                    report.oddities.append(absent)
    except sqlite3.Error as broken:
        raise NotTheFile(f"{path} cannot be read to its end: {broken}.") from broken
    return report


# ---- The file ----------------------------------------------------------------------------------------------


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise NotTheFile(f"There is no file {path}.")
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise NotTheFile(f"{path} is no SQLite database.")
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda octets: octets.decode("utf-8", "replace")
    return connection


def _check(file: sqlite3.Connection) -> set[str]:
    """The predecessor's tables that the file has. Raises NotTheFile for another program's database."""
    tables = {row["name"] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "django_migrations" in tables:
        raise NotTheFile("This is a portal's own database, not its predecessor's file.")
    present = tables & set(TABLES)
    if not present:
        raise NotTheFile(
            f"This is not the predecessor's file: it has none of the tables {', '.join(TABLES)}."
        )
    for table in sorted(present):
        columns = {row["name"] for row in file.execute(f"PRAGMA table_info({table})")}
        missing = [name for name in TABLES[table] if name not in columns]
        if missing:
            raise NotTheFile(
                f"This is not the predecessor's file: its table {table} has no {', '.join(missing)}."
            )
    return present


def _batches(file: sqlite3.Connection, table: str) -> Iterator[list[dict[str, Any]]]:
    assert table in TABLES  # the only names that reach the statement
    cursor = file.execute(f"SELECT * FROM {table}")  # noqa: S608
    while rows := cursor.fetchmany(BATCH):
        yield [{key: _plain(row[key]) for key in row.keys()} for row in rows]  # noqa: SIM118


def _plain(value: Any) -> Any:
    """A cell as JSON has it: bytes become text, and so do numbers that are none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


# ---- Its rows ----------------------------------------------------------------------------------------------


def _import_table(
    file: sqlite3.Connection, kind: _Kind[Any], report: Report, *, dry_run: bool, tell: Tell
) -> None:
    for rows in _batches(file, kind.table):
        with transaction.atomic():
            _import_batch(rows, kind, report)
            transaction.set_rollback(dry_run)
        report.read[kind.table] += len(rows)
        tell(kind.table, report.read[kind.table])


def _import_batch(rows: Sequence[dict[str, Any]], kind: _Kind[Any], report: Report) -> None:
    good = []
    for row in rows:
        found = kind.read(row)
        if isinstance(found, str):
            _keep_apart(row, found, kind.table, report)
        else:
            good.append((row, found))
    try:
        with transaction.atomic():
            added = [kind.add([found for _, found in good])] if good else []
    except (DataError, IntegrityError, ValueError, OverflowError):
        added = list(filter(None, (_add_one(row, found, kind, report) for row, found in good)))
    for one in added:
        report.new[kind.table] += len(one.new)
        report.there[kind.table] += one.there
        report.left += one.left


def _add_one(row: dict[str, Any], found: Any, kind: _Kind[Any], report: Report) -> Imported | None:
    try:
        with transaction.atomic():
            return kind.add([found])
    except (DataError, IntegrityError, ValueError, OverflowError):
        _keep_apart(row, "The database does not take it.", kind.table, report)
        return None


def _keep_apart(row: dict[str, Any], reason: str, table: str, report: Report) -> None:
    """Kept as it came, under *Unreadable rows*; told in the report."""
    name = one_line(str(row.get("id") or row.get("property_id") or ""))[:100]
    sync.keep_unreadable(f"legacy {table}", storable(row), reason, external_id=name)
    report.kept_apart[table] += 1
    report.oddities.append(Oddity(table=table, id=name, reason=reason))


def _booking(row: Row, zone: str) -> ImportedBooking | str:
    number = _text(row, "id")
    if not number or len(number) > 40:
        return "id is missing or too long."
    start = read_start(row, day="booking_date", at="booking_time")
    if isinstance(start, str):
        said = f"“{_text(row, 'booking_date')[:40]}”, “{_text(row, 'booking_time')[:40]}”"
        return f"{start} It says {said}."
    try:
        wallclock.instant(*start, zone)
    except wallclock.NoSuchTime as skipped:
        return f"{skipped}."
    address = _text(row, "property_address")
    if not address:
        return "property_address is missing."
    columns = ("listing_id", "user_name", "user_email", "organization", "showing_type")
    fields: dict[str, Any] = {name: _cut(Booking, name, _text(row, name)) for name in columns}
    return ImportedBooking(
        imported_id=number,
        property_address=address[:300],
        date=start[0],
        time=start[1],
        status=_text(row, "status"),
        created_at=_moment(row, "created_at"),
        fields=fields | {"booking_url": _link(row), "duration": _minutes(row)},
        raw=storable(dict(row)),
    )


def _request(row: Row) -> ImportedRequest | str:
    found = read_request(row)
    if isinstance(found, Malformed):
        said = f"“{_text(row, 'scheduled_date')[:40]}”, “{_text(row, 'scheduled_time')[:40]}”"
        return f"{found.reason} It says {said}." if "scheduled" in found.reason else found.reason
    return ImportedRequest(
        id=found.id,
        user_id=found.user_id,
        property_id=found.property_id,
        status=found.status,
        created_at=found.created_at,
        scheduled_date=found.scheduled_date,
        scheduled_time=found.scheduled_time,
        group_name=found.group_name,
        updated_at=found.updated_at,
        auto_booked=_text(row, "auto_booked").lower() in ("1", "true", "yes"),
        booking_status=_text(row, "booking_status"),
        raw=dict(found.raw),
    )


def _property(row: Row) -> ImportedProperty | str:
    property_id = _text(row, "property_id")
    if not property_id or len(property_id) > 40:
        return "property_id is missing or too long."
    address = read_address(_text(row, "address"))
    texts = (
        "price",
        "price_change",
        "status",
        "bedrooms",
        "bathrooms",
        "sqft",
        "listing_date",
        "mls_number",
        "agent",
        "agent_phone",
        "url",
        "property_type",
        "year_built",
        "lot_size",
        "parking_spaces",
        "organization",
        "organization_address",
    )
    fields: dict[str, Any] = {name: _cut(Property, name, _text(row, name)) for name in texts}
    fields |= {name: storable(str(row.get(name) or "")) for name in ("description", "features")}
    fields["details_json"] = _json(row, "details_json", dict)
    fields["rooms_json"] = _json(row, "rooms_json", list)
    return ImportedProperty(
        property_id=property_id,
        address=address.text if address is not None and address.has_street else "",
        fetched_at=_moment(row, "last_updated"),
        fields=fields,
    )


# ---- Its cells ---------------------------------------------------------------------------------------------


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else one_line(storable(str(value)))


def _cut(model: type[Booking | Property], name: str, text: str) -> str:
    longest: int | None = getattr(model._meta.get_field(name), "max_length", None)
    return text[:longest]


def _minutes(row: Row) -> int | None:
    said = _text(row, "duration")
    number = int(said) if said.isdecimal() and len(said) < 6 else 0
    return number if 0 < number <= LONGEST_SHOWING else None


def _link(row: Row) -> str:
    said = _text(row, "booking_url")
    return said if said.startswith(("https://", "http://")) and len(said) <= 500 else ""


def _moment(row: Row, name: str) -> datetime | None:
    """A moment as SQLite writes it; one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(_text(row, name))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _json(row: Row, name: str, kind: type[Any]) -> Any:
    try:
        found = json.loads(str(row.get(name) or "null"))
    except (ValueError, RecursionError):
        return kind()
    return storable(found) if isinstance(found, kind) else kind()
