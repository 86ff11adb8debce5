"""Rows as spreadsheets want them: the columns of an export, and cells that no spreadsheet runs as a formula.

Pure: what is exported, for whom, and in which format is the caller's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from bookings.models import Booking, BookingRun, ShowingRequest

Cell: TypeAlias = str | int | None

# Excel, LibreOffice and Google Sheets run a cell that starts so as a formula; the full-width signs too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")
# Signs that XML, and so XLSX, cannot hold at all.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an export: its heading and what it shows of a row."""

    label: str
    value: Callable[[Any], Cell]


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


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _clock(value: time | None) -> str:
    return f"{value:%H:%M}" if value else ""


def _moment(value: datetime | None) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds") if value else ""


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


# The headings, and their order, that clients of the JSON API's export already read.
_BOOKING = (
    Column(label="ID", value=lambda booking: booking.pk),
    Column(label="Listing ID", value=lambda booking: booking.listing_id),
    Column(label="Property Address", value=lambda booking: booking.property_address),
    Column(label="Booking Date", value=lambda booking: _day(booking.booking_date)),
    Column(label="Booking Time", value=lambda booking: _clock(booking.booking_time)),
    Column(label="Duration", value=lambda booking: booking.duration),
    Column(label="User Name", value=lambda booking: booking.user_name),
    Column(label="User Email", value=lambda booking: booking.user_email),
    Column(label="Organization", value=lambda booking: booking.organization),
    Column(label="Showing Type", value=lambda booking: booking.showing_type),
    Column(label="Status", value=lambda booking: str(booking.status)),
    Column(label="Auto Confirmed", value=lambda booking: _yes(booking.auto_confirmed)),
    Column(label="Created At", value=lambda booking: _moment(booking.created_at)),
)

_REQUEST = (
    Column(label="ID", value=lambda request: request.pk),
    Column(label="Property", value=lambda request: request.property_id),
    Column(label="Address", value=lambda request: request.property.address if request.property else ""),
    Column(label="Client", value=lambda request: str(request.client or request.user_id)),
    Column(label="Partner", value=lambda request: str(request.partner or "")),
    Column(label="Date", value=lambda request: _day(request.scheduled_date)),
    Column(label="Time", value=lambda request: _clock(request.scheduled_time)),
    Column(label="Group", value=lambda request: request.group_name),
    Column(label="Upstream Status", value=lambda request: request.status),
    Column(label="State", value=lambda request: request.get_booking_status_display()),
    Column(label="Needs", value=lambda request: request.needs_in_words()),
    Column(label="Created At", value=lambda request: _moment(request.created_at)),
)

_RUN = (
    Column(label="ID", value=lambda run: str(run.uuid)),
    Column(label="Kind", value=lambda run: run.get_kind_display()),
    Column(label="State", value=lambda run: run.get_state_display()),
    Column(label="Result", value=lambda run: run.title),
    Column(label="Reason", value=lambda run: run.reason),
    Column(label="Property", value=lambda run: run.property_text),
    Column(label="Address", value=lambda run: run.address),
    Column(label="Date", value=lambda run: _day(run.wanted_date)),
    Column(label="Time", value=lambda run: _clock(run.wanted_time)),
    Column(label="Time Zone", value=lambda run: run.time_zone),
    Column(label="Minutes", value=lambda run: run.duration_minutes),
    Column(label="Partner", value=lambda run: str(run.partner)),
    Column(label="Account", value=lambda run: str(run.account)),
    Column(label="Attempts", value=lambda run: run.attempt_number),
    Column(label="Queued At", value=lambda run: _moment(run.queued_at)),
    Column(label="Finished At", value=lambda run: _moment(run.finished_at)),
)

_COLUMNS: dict[type, tuple[Column, ...]] = {Booking: _BOOKING, ShowingRequest: _REQUEST, BookingRun: _RUN}

BOOKING_COLUMNS: tuple[str, ...] = tuple(column.label for column in _BOOKING)


def labels(model: type) -> list[str]:
    """The headings of a table's export."""
    return [column.label for column in _COLUMNS[model]]


def row_of(row: Any) -> list[Cell]:
    """What an export shows of a row, as it is: for formats that programs read."""
    return [column.value(row) for column in _COLUMNS[type(row)]]


def safe_row_of(row: Any) -> list[Cell]:
    """The same for formats that spreadsheets open."""
    return [safe_cell(cell) for cell in row_of(row)]


def booking_row(booking: Booking) -> list[Cell]:
    """A booking under the headings of BOOKING_COLUMNS, each cell safe for a spreadsheet."""
    return safe_row_of(booking)
