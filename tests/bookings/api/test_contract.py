"""What clients of the predecessor read, field by field: a change here breaks somebody's dashboard.

The stream's events and the waiting check are held to the same shapes in test_streams.py.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from bookings.models import Account, BookingRun
from bookings.services import runs
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import Health, RunState
from tests.bookings.api.callers import browser, program_of, send, text_of, wish
from tests.bookings.api.contract import (
    BOOKING,
    JOB,
    JOB_WITH_LOGS,
    LOG,
    PROBLEM,
    PROPERTY,
    Shape,
    day,
    flag,
    maybe,
    moment,
    one_of,
    text,
    unlike,
    uuid,
    whole,
    yes,
)
from tests.bookings.cast import Cast, make_booking, make_request, make_run

TABLE: dict[str, tuple[int, Shape]] = {
    "POST /api/auto-book": (202, {"success": yes, "jobId": uuid, "job": JOB_WITH_LOGS}),
    "GET /api/auto-book": (200, {"success": yes, "jobs": [JOB]}),
    "GET /api/auto-book/<job>": (200, {"success": yes, "job": JOB_WITH_LOGS}),
    "GET /api/bookings": (
        200,
        {"success": yes, "data": [BOOKING], "total": whole, "limit": whole, "offset": whole},
    ),
    "GET /api/bookings/<booking>": (200, {"success": yes, "data": BOOKING}),
    "PATCH /api/bookings/<booking>": (200, {"success": yes, "data": BOOKING}),
    "DELETE /api/bookings/<booking>": (200, {"success": yes, "data": BOOKING}),
    "GET /api/stats": (
        200,
        {
            "success": yes,
            "data": {
                "total": whole,
                "autoConfirmed": whole,
                "thisWeek": whole,
                "pending": whole,
                "confirmed": whole,
                "statusCounts": {"Confirmed": whole, "Pending": whole, "Cancelled": whole},
                "recentBookings": [BOOKING],
                "topProperties": [{"property_address": text, "count": whole}],
            },
        },
    ),
    "GET /api/properties": (200, {"success": yes, "data": [PROPERTY]}),
    "GET /api/scheduled-properties": (
        200,
        {"success": yes, "data": [{"property_id": text, "address": text}]},
    ),
    "GET /api/auto-booking-queue": (
        200,
        {
            "success": yes,
            "data": {"pending": [JOB], "processing": [JOB], "completed": [JOB], "failed": [JOB]},
            "stats": {
                "pendingCount": whole,
                "processingCount": whole,
                "completedCount": whole,
                "failedCount": whole,
            },
        },
    ),
    "GET /api/export/json": (
        200,
        {"success": yes, "exportedAt": moment, "count": whole, "data": [BOOKING]},
    ),
    "GET /api/health": (
        200,
        {"success": yes, "status": text, "timestamp": moment, "database": text},
    ),
    "GET /api/session-status": (
        200,
        {
            "success": yes,
            "session": {
                "isValid": flag,
                "lastLogin": maybe(moment),
                "userEmail": maybe(text),
                "createdAt": maybe(moment),
            },
        },
    ),
    "POST /api/manual-login": (200, {"success": yes, "message": text, "url": text}),
    "GET /api/bookings/999999": (404, PROBLEM),
    "GET /api/bookings?sortBy=nonsense": (422, PROBLEM),
    "GET /api/nothing-here": (404, PROBLEM),
    "PUT /api/bookings": (405, PROBLEM),
}
BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "POST /api/auto-book": lambda: wish(headless=False, autoConfirmOnly=True),
    "PATCH /api/bookings/<booking>": lambda: {"status": "Cancelled", "reason": "The client is ill"},
}
CSV_COLUMNS = [
    "ID", "Listing ID", "Property Address", "Booking Date", "Booking Time", "Duration", "User Name",
    "User Email", "Organization", "Showing Type", "Status", "Auto Confirmed", "Created At",
]  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> dict[str, str]:
    """Something of everything, and what the addresses of the table mean by their names."""
    Account.objects.filter(pk=cast.account.pk).update(health=Health.SIGNED_IN)
    make_request(cast.partner)
    booking = make_booking(cast.account)
    _, claimed, ended, refused = (make_run(cast.partner, by=cast.owner) for _ in range(4))
    attempt = runs.claim(refused.pk, holder="test")
    assert attempt is not None
    end = AttemptEnd(result="refused", code="slot_unavailable", message="Not offered.")
    runs.settle(refused.pk, end, fence=attempt.attempt_number)
    runs.claim(claimed.pk, holder="test")
    BookingRun.objects.filter(pk=ended.pk).update(state=RunState.BOOKED)
    return {"<booking>": str(booking.pk), "<job>": str(refused.uuid)}


@pytest.mark.parametrize("asked", TABLE)
def test_every_answer_has_the_fields_that_clients_read(cast: Cast, world: dict[str, str], asked: str) -> None:
    status, shape = TABLE[asked]
    method, path = asked.split(" ")
    for name, meant in world.items():
        path = path.replace(name, meant)
    body = BODIES[asked]() if asked in BODIES else None
    answer = send(program_of(cast.manager), method, path, body)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/json")
    assert list(unlike(json.loads(text_of(answer)), shape)) == []


def test_jobs_are_listed_without_their_logs(cast: Cast, world: dict[str, str]) -> None:
    answer = browser(cast.owner).get("/api/auto-book").json()
    assert all("logs" not in job for job in answer["jobs"])


def test_the_files_lines_are_those_that_scripts_read(cast: Cast, world: dict[str, str]) -> None:
    answer = browser(cast.owner).get("/api/export/csv")
    assert "attachment" in answer["Content-Disposition"]
    header, line = csv.reader(io.StringIO(text_of(answer)))
    assert header == CSV_COLUMNS
    row = dict(zip(header, line, strict=True))
    assert row["ID"] == world["<booking>"]
    assert day(row["Booking Date"])
    assert one_of("Confirmed")(row["Status"])


@pytest.mark.parametrize(
    ("value", "shape", "complaint"),
    [
        ({}, LOG, "$.id is missing"),
        ({"auto_confirmed": True}, {"auto_confirmed": BOOKING["auto_confirmed"]}, "$.auto_confirmed is True"),  # type: ignore[index]
        ({"a": []}, {"a": [whole]}, "$.a is no list with something in it: []"),
        ({"a": [1, "2"]}, {"a": [whole]}, "$.a[1] is '2'"),
        ("2026-11-21T10:00:00", moment, "$ is '2026-11-21T10:00:00'"),
        ("1.2.2026", day, "$ is '1.2.2026'"),
    ],
)
def test_a_shape_that_is_not_kept_is_told(value: Any, shape: Shape, complaint: str) -> None:
    assert next(unlike(value, shape)) == complaint
