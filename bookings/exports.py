"""Rows as files: the columns of an export, and cells that no spreadsheet runs as a formula.

What is exported and for whom is the caller's affair: it gives the rows. A million of them take little more
memory than a thousand, and little more time than the database and `csv` need: the database writes days and
times as words, whole columns of a batch are looked at at once, and cells one by one only where one may harm.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from django.db.models import Case, CharField, Func, Model, QuerySet, Value, When
from django.db.models.expressions import Combinable, F
from openpyxl import Workbook

from bookings.models import Booking, BookingRun, Property, ShowingRequest
from bookings.told import in_english
from bookings.vocabulary import FetchState, Need, RequestState, RunKind, RunState, reason_title

Cell: TypeAlias = str | int | None
Row: TypeAlias = Sequence[Any]

BATCH = 2000  # rows
SHEET_ROWS = 1_048_576  # what a sheet of a workbook holds
# Excel, LibreOffice and Google Sheets run a cell that starts so as a formula; the full-width signs too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
# Signs that XML, and so XLSX, cannot hold at all.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Stands between the cells of a column that is looked at whole. Beside it, only printable signs pass at once.
_EDGE = "¦"
_MAY_RUN = re.compile(rf"{_EDGE} *[=+\-@＝＋－＠]")


class _Written(Func):
    """A day, a time or a moment as the database writes it, in UTC and in the same words on each."""

    output_field = CharField()

    def __init__(self, column: str, *, sqlite: str, postgresql: str) -> None:
        super().__init__(F(column))
        self.sqlite, self.postgresql = sqlite, postgresql

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.postgresql, **extra)


def _day(column: str) -> _Written:
    return _Written(
        column, sqlite="substr(%(expressions)s, 1, 10)", postgresql="to_char(%(expressions)s, 'YYYY-MM-DD')"
    )


def _clock(column: str) -> _Written:
    return _Written(
        column, sqlite="substr(%(expressions)s, 1, 5)", postgresql="to_char(%(expressions)s, 'HH24:MI')"
    )


def _moment(column: str) -> _Written:
    return _Written(
        column,
        sqlite="replace(substr(%(expressions)s, 1, 19), ' ', 'T') || '+00:00'",
        postgresql="to_char(%(expressions)s at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')",
    )


def _yes(column: str) -> Case:
    return Case(When(**{column: True}, then=Value("Yes")), default=Value("No"), output_field=CharField())


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading and what the database is asked for.

    `typed` columns hold what people or other systems wrote, which is the only way to a formula. `of` makes
    the cells of a batch from the columns that it is given, where the database alone cannot.
    """

    label: str
    reads: tuple[str | Combinable, ...]
    typed: bool = False
    of: Callable[..., Sequence[Cell]] | None = None


def _plain(label: str, reads: str | Combinable) -> Column:
    return Column(label=label, reads=(reads,))


def _typed(label: str, reads: str) -> Column:
    return Column(label=label, reads=(reads,), typed=True)


def _in_words(label: str, reads: str, choices: Any) -> Column:
    def of(values: Sequence[str]) -> list[str]:
        words = {value: in_english(choices(value).label) for value in choices.values}
        return [words.get(value, value) for value in values]

    return Column(label=label, reads=(reads,), of=of)


def _first_said(*columns: Sequence[str | None]) -> list[str]:
    """Of several words the first that is there.

    >>> _first_said(["", "Ada"], [None, None], ["u1", "u2"])
    ['u1', 'Ada']
    """
    return [next((word for word in words if word), "") for words in zip(*columns, strict=True)]


def _needs(columns: Sequence[list[str]]) -> list[str]:
    return [
        "; ".join(in_english(Need(need).label) for need in needs if need in Need.values) for needs in columns
    ]


def _result(codes: Sequence[str], states: Sequence[str]) -> list[str]:
    return [
        reason_title(code) if code else in_english(RunState(state).label)
        for code, state in zip(codes, states, strict=True)
    ]


def _uuids(values: Sequence[Any]) -> list[str]:
    return [str(value) for value in values]


# The headings, and their order, that clients of the JSON API's export already read.
_BOOKING = (
    _plain("ID", "pk"),
    _typed("Listing ID", "listing_id"),
    _typed("Property Address", "property_address"),
    _plain("Booking Date", _day("booking_date")),
    _plain("Booking Time", _clock("booking_time")),
    _plain("Duration", "duration"),
    _typed("User Name", "user_name"),
    _typed("User Email", "user_email"),
    _typed("Organization", "organization"),
    _typed("Showing Type", "showing_type"),
    _plain("Status", "status"),
    _plain("Auto Confirmed", _yes("auto_confirmed")),
    _plain("Created At", _moment("created_at")),
)

_REQUEST = (
    _typed("ID", "pk"),
    _typed("Property", "property_id"),
    _typed("Address", "property__address"),
    Column(
        label="Client",
        reads=("client__name", "client__external_id", "user_id"),
        typed=True,
        of=_first_said,
    ),
    _typed("Partner", "partner__name"),
    _plain("Date", _day("scheduled_date")),
    _plain("Time", _clock("scheduled_time")),
    _typed("Group", "group_name"),
    _typed("Upstream Status", "status"),
    _in_words("State", "booking_status", RequestState),
    Column(label="Needs", reads=("needs",), of=_needs),
    _plain("Created At", _moment("created_at")),
)

_RUN = (
    Column(label="ID", reads=("uuid",), of=_uuids),
    _in_words("Kind", "kind", RunKind),
    _in_words("State", "state", RunState),
    Column(label="Result", reads=("reason_code", "state"), of=_result),
    _typed("Reason", "reason"),
    _typed("Property", "property_text"),
    _typed("Address", "address"),
    _plain("Date", _day("wanted_date")),
    _plain("Time", _clock("wanted_time")),
    _plain("Time Zone", "time_zone"),
    _plain("Minutes", "duration_minutes"),
    _typed("Partner", "partner__name"),
    _typed("Account", "account__email"),
    _plain("Attempts", "attempt_number"),
    _plain("Queued At", _moment("queued_at")),
    _plain("Finished At", _moment("finished_at")),
)

_HOME = (
    _typed("Property ID", "property_id"),
    _typed("Address", "address"),
    _typed("MLS Number", "mls_number"),
    _typed("Price", "price"),
    _typed("Status", "status"),
    _typed("Type", "property_type"),
    _typed("Bedrooms", "bedrooms"),
    _typed("Bathrooms", "bathrooms"),
    _typed("Size", "sqft"),
    _typed("Agent", "agent"),
    _typed("Agent Phone", "agent_phone"),
    _typed("Organization", "organization"),
    _typed("Listing Date", "listing_date"),
    _typed("Address On The Web", "url"),
    _plain("Time Zone", "time_zone"),
    _in_words("Fetched", "fetch_state", FetchState),
    _plain("Fetched At", _moment("fetched_at")),
    _plain("Created At", _moment("created_at")),
)

_COLUMNS: dict[type[Model], tuple[Column, ...]] = {
    Booking: _BOOKING,
    ShowingRequest: _REQUEST,
    BookingRun: _RUN,
    Property: _HOME,
}

BOOKING_COLUMNS: tuple[str, ...] = tuple(column.label for column in _BOOKING)


def labels(model: type[Model]) -> list[str]:
    """The headings of a table's export."""
    return [column.label for column in _COLUMNS[model]]


def batches(rows: QuerySet[Any], *, safe: bool) -> Iterator[list[Row]]:
    """The cells of rows, in their order, some thousand rows at a time; `safe` for what spreadsheets open."""
    columns = _COLUMNS[rows.model]
    asked = {f"export_{number}": said for number, said in enumerate(_asked(columns))}
    named = {name: F(said) if isinstance(said, str) else said for name, said in asked.items()}
    read = (
        rows.select_related(None)
        .prefetch_related(None)
        .annotate(**named)
        .values_list(*named)
        .iterator(chunk_size=BATCH)
    )
    while batch := [row for _, row in zip(range(BATCH), read, strict=False)]:
        yield list(zip(*_cells(columns, list(zip(*batch, strict=True)), safe=safe), strict=True))


def _asked(columns: Sequence[Column]) -> list[str | Combinable]:
    return [said for column in columns for said in column.reads]


def _cells(columns: Sequence[Column], read: list[Row], *, safe: bool) -> Iterator[Row]:
    """Column by column what was read, as it is shown."""
    place = 0
    for column in columns:
        given = read[place : place + len(column.reads)]
        place += len(column.reads)
        cells = column.of(*given) if column.of else given[0]
        yield safe_column(cells) if safe and column.typed else cells


def safe_column(cells: Row) -> Row:
    """The same cells, those changed that a spreadsheet would run.

    >>> safe_column(("12 King St", "Ada"))
    ('12 King St', 'Ada')
    >>> safe_column(("12 King St", "=1+1"))
    ['12 King St', "'=1+1"]
    """
    whole = _EDGE + _EDGE.join([cell or "" for cell in cells])
    if whole.isprintable() and not _MAY_RUN.search(whole):
        return cells
    return [safe_cell(cell) for cell in cells]


def safe_cell(value: Cell) -> str | int:
    """The cell as text that a spreadsheet shows and never runs; numbers stay numbers.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell(" @SUM(A1)"), safe_cell("12 King St")
    ("'=HYPERLINK(1)", "' @SUM(A1)", '12 King St')
    >>> safe_cell(-30), safe_cell(None)
    (-30, '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    runs = value.lstrip(" ").startswith(FORMULA_STARTS)
    return UNWRITABLE.sub("", f"'{value}" if runs else value)


# ---- files -------------------------------------------------------------------------------------------------


def csv_text(model: type[Model], parts: Iterable[list[Row]]) -> Iterator[str]:
    """A CSV file, part by part: a header line, then a line per row."""
    yield _lines([labels(model)])
    for rows in parts:
        yield _lines(rows)


def _lines(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def json_text(model: type[Model], parts: Iterable[list[Row]]) -> Iterator[str]:
    """A JSON list of objects by heading, part by part. Programs read it: nothing is changed in it."""
    headings = labels(model)
    yield "["
    before = "\n"
    for rows in parts:
        yield before + ",\n".join(json.dumps(dict(zip(headings, _told(row), strict=True))) for row in rows)
        before = ",\n"
    yield "\n]\n"


def _told(row: Row) -> list[Any]:
    return ["" if cell is None else cell for cell in row]


def csv_file(model: type[Model], parts: Iterable[list[Row]], file: IO[bytes]) -> None:
    file.write(codecs.BOM_UTF8)  # Excel takes a file without it for one in old signs: accents are gone
    for text in csv_text(model, parts):
        file.write(text.encode())


def json_file(model: type[Model], parts: Iterable[list[Row]], file: IO[bytes]) -> None:
    for text in json_text(model, parts):
        file.write(text.encode())


def xlsx_file(model: type[Model], parts: Iterable[list[Row]], file: IO[bytes]) -> None:
    """A workbook that is written row by row; a sheet that is full is followed by another."""
    book = Workbook(write_only=True)
    left = 0
    for row in (row for rows in parts for row in rows):
        if not left:
            sheet, left = book.create_sheet(), SHEET_ROWS - 1
            sheet.append(labels(model))
        sheet.append(row)
        left -= 1
    if not book.worksheets:
        book.create_sheet().append(labels(model))
    book.save(file)
