from __future__ import annotations

import csv
import io
import json
from datetime import time, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import exports
from bookings.models import AuditEntry, Booking
from bookings.queries import bookings as reads
from bookings.services import bookings
from bookings.vocabulary import BookingStatus, FetchState, Source
from tests.bookings.api.callers import browser, send, text_of
from tests.bookings.cast import Cast, in_days, make_booking, make_property, make_request, make_run

ROW_FIELDS = {
    "id", "listing_id", "property_address", "booking_date", "booking_time", "duration", "user_name",
    "user_email", "organization", "showing_type", "status", "auto_confirmed", "booking_url",
    "screenshot_path", "confirmation_message", "created_at",
    "updated_at", "version", "time_zone", "badge", "property_id",
}  # fmt: skip
CSV_COLUMNS = [
    "ID", "Listing ID", "Property Address", "Booking Date", "Booking Time", "Duration", "User Name",
    "User Email", "Organization", "Showing Type", "Status", "Auto Confirmed", "Created At",
]  # fmt: skip


def get(cast: Cast, path: str, **query: Any) -> Any:
    return browser(cast.owner).get(f"/api/{path}", query)


# ---- list and detail -------------------------------------------------------------------------------


def test_a_booking_is_told_field_by_field(cast: Cast) -> None:
    row = make_booking(
        cast.account,
        property_address="12 King St",
        booking_time=time(9, 30),
        auto_confirmed=True,
        duration=45,
    )
    data = get(cast, f"bookings/{row.pk}").json()["data"]
    assert set(data) == ROW_FIELDS
    assert (data["id"], data["property_address"], data["duration"]) == (row.pk, "12 King St", 45)
    assert (data["booking_date"], data["booking_time"]) == (in_days(3).isoformat(), "09:30")
    assert (data["status"], data["auto_confirmed"]) == ("Confirmed", 1)
    assert data["created_at"].endswith("Z")


def test_the_list_has_the_newest_first_and_counts_all(cast: Cast) -> None:
    made = [make_booking(cast.account) for _ in range(3)]
    make_booking(cast.other_account)
    body = get(cast, "bookings", limit=2).json()
    assert set(body) == {"success", "data", "total", "limit", "offset"}
    assert [row["id"] for row in body["data"]] == [made[2].pk, made[1].pk]
    assert (body["total"], body["limit"], body["offset"]) == (3, 2, 0)
    assert [row["id"] for row in get(cast, "bookings", limit=2, offset=2).json()["data"]] == [made[0].pk]
    assert get(cast, "bookings").json()["limit"] == 1000


def test_the_list_is_filtered_and_searched(cast: Cast) -> None:
    king = make_booking(cast.account, property_address="12 King St W", status=BookingStatus.PENDING)
    queen = make_booking(cast.account, property_address="8 Queen St", user_name="Ann Example")
    by = {"status": "Pending"}, {"search": "king st"}, {"search": "ann"}, {"search": "100%"}, {"search": " "}
    found = [[row["id"] for row in get(cast, "bookings", **query).json()["data"]] for query in by]
    assert found == [[king.pk], [king.pk], [queen.pk], [], [queen.pk, king.pk]]


@pytest.mark.parametrize("status", BookingStatus.values)
def test_every_status_is_listed_by_its_word(cast: Cast, status: str) -> None:
    row = make_booking(cast.account, status=status)
    make_booking(cast.account, status="Pending" if status != "Pending" else "Confirmed")
    found = get(cast, "bookings", status=status).json()["data"]
    assert [(one["id"], one["status"]) for one in found] == [(row.pk, status)]


@pytest.mark.parametrize(
    "column", ["created_at", "booking_date", "booking_time", "status", "property_address"]
)
@pytest.mark.parametrize("order", ["asc", "desc", "ASC", "DESC"])
def test_the_list_is_sorted_by_each_column_both_ways(cast: Cast, column: str, order: str) -> None:
    for number, status in enumerate(("Confirmed", "Pending", "Declined")):
        make_booking(
            cast.account,
            property_address=f"{number} Street",
            booking_date=in_days(9 - number),
            booking_time=time(9 + number),
            status=status,
            created_at=timezone.now() - timedelta(days=number),
        )
    values = [row[column] for row in get(cast, "bookings", sortBy=column, sortOrder=order).json()["data"]]
    assert values == sorted(values, reverse=order.lower() == "desc")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "5001"), ("limit", "18446744073709551615"), ("limit", "x"), ("limit", ""),
        ("limit", "1e3"), ("offset", "-1"), ("offset", "9" * 30), ("sortBy", "pk"),
        ("sortBy", "partner__name"),
        ("limit", "-1"), ("limit", "1000000000"), ("offset", "1000000000"), ("page", "1000000000"),
        ("partner", "1"), ("partner__name", "x"), ("Status", "Pending"),
        ("sortOrder", "up"), ("status", "confirmed?"), ("search", "x" * 201), ("search", "a\x00b"),
    ],
)  # fmt: skip
def test_a_word_that_means_nothing_here_is_refused_by_name(cast: Cast, name: str, value: str) -> None:
    answer = get(cast, "bookings", **{name: value})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {name}


@pytest.mark.parametrize("number", ["0", "9" * 30, "9" * 5000, "abc", "-1", "1.0", "٣", "1/"])
def test_no_such_booking(cast: Cast, number: str) -> None:
    answer = browser(cast.owner).get(f"/api/bookings/{number}")
    assert answer.status_code == 404
    assert answer.json()["success"] is False


# ---- change and hide -------------------------------------------------------------------------------


def patch(cast: Cast, row: Booking, body: object) -> Any:
    return send(browser(cast.owner), "PATCH", f"/api/bookings/{row.pk}", body)


def test_a_status_is_changed_with_its_reason_and_who_did_it(cast: Cast) -> None:
    row = make_booking(cast.account)
    answer = patch(cast, row, {"status": "Cancelled", "reason": "The client is ill", "version": 1})
    assert answer.status_code == 200
    assert (answer.json()["data"]["status"], answer.json()["data"]["version"]) == ("Cancelled", 2)
    entry = AuditEntry.objects.get(action="booking.status_changed")
    assert (entry.actor, entry.source, entry.reason) == (cast.owner, Source.API, "The client is ill")


def test_a_change_of_an_old_version_is_a_conflict_and_changes_nothing(cast: Cast) -> None:
    row = make_booking(cast.account)
    bookings.change_status(row, BookingStatus.PENDING, by=cast.colleague)
    answer = patch(cast, row, {"status": "Cancelled", "version": 1})
    assert answer.status_code == 409
    assert set(answer.json()["fields"]) == {"version"}
    row.refresh_from_db()
    assert row.status == BookingStatus.PENDING


def test_of_two_who_change_one_row_the_second_is_shown_what_the_first_left(cast: Cast) -> None:
    row = make_booking(cast.account, booking_date=in_days(-3))
    seen = browser(cast.owner).get(f"/api/bookings/{row.pk}")
    assert seen["ETag"] == '"1"'
    colleague, owner = browser(cast.colleague), browser(cast.owner)
    path, tag = f"/api/bookings/{row.pk}", {"If-Match": seen["ETag"]}
    first = send(colleague, "PATCH", path, {"status": "Pending"}, **tag)
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    for method, body in (("PATCH", {"status": "Cancelled"}), ("DELETE", None)):
        second = send(owner, method, path, body, **tag)
        assert (second.status_code, second["ETag"]) == (409, '"2"')
        told = second.json()
        assert (told["success"], told["data"]["status"], told["data"]["version"]) == (False, "Pending", 2)
    row.refresh_from_db()
    assert (row.status, row.hidden_at) == (BookingStatus.PENDING, None)
    assert send(owner, "DELETE", path, **{"If-Match": 'W/"2"'}).status_code == 200


@pytest.mark.parametrize("tag", ["*", "", '"1"', 'W/"1"'])
def test_a_tag_that_fits_lets_the_change_through(cast: Cast, tag: str) -> None:
    path = f"/api/bookings/{make_booking(cast.account).pk}"
    answer = send(browser(cast.owner), "PATCH", path, {"status": "Pending"}, **{"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("tag", ["1", '"one"', '"1", "2"', '"' + "9" * 40 + '"', "\x00"])
def test_a_tag_that_is_none_is_refused(cast: Cast, tag: str) -> None:
    path = f"/api/bookings/{make_booking(cast.account).pk}"
    answer = send(browser(cast.owner), "PATCH", path, {"status": "Pending"}, **{"If-Match": tag})
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"If-Match"})


def test_a_tag_and_a_version_that_differ_are_a_mistake(cast: Cast) -> None:
    path = f"/api/bookings/{make_booking(cast.account).pk}"
    body = {"status": "Pending", "version": 2}
    answer = send(browser(cast.owner), "PATCH", path, body, **{"If-Match": '"1"'})
    assert (answer.status_code, set(answer.json()["fields"])) == (422, {"version"})


def test_a_change_that_would_make_a_double_is_a_conflict(cast: Cast) -> None:
    gone = make_booking(cast.account, listing_id="a" * 24, status=BookingStatus.CANCELLED)
    make_booking(cast.account, listing_id="a" * 24)
    answer = patch(cast, gone, {"status": "Confirmed"})
    assert answer.status_code == 409
    assert set(answer.json()["fields"]) == {"status"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "Declined"), ("status", "confirmed"), ("status", None), ("version", 0),
        ("version", "1"), ("version", 2**31), ("version", 10**40), ("version", True), ("reason", "x" * 501),
        ("reason", None), ("reason", "a\x00"), ("hidden_at", None),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_said_at_its_field(cast: Cast, field: str, value: object) -> None:
    answer = patch(cast, make_booking(cast.account), {"status": "Pending", field: value})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {field}


@pytest.mark.parametrize("days", [-3, 3])
def test_deleting_hides_the_row_and_keeps_it(cast: Cast, days: int) -> None:
    row = make_booking(cast.account, booking_date=in_days(days))
    client = browser(cast.owner)
    answer = send(client, "DELETE", f"/api/bookings/{row.pk}")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["data"]["id"] == row.pk
    assert send(client, "DELETE", f"/api/bookings/{row.pk}").status_code == 404
    assert client.get(f"/api/bookings/{row.pk}").status_code == 404
    assert patch(cast, row, {"status": "Pending"}).status_code == 404
    assert client.get("/api/bookings").json()["total"] == 0
    assert client.get("/api/stats").json()["data"]["total"] == 0
    assert str(row.pk) not in text_of(client.get("/api/export/csv")).partition("\n")[2]
    row.refresh_from_db()
    assert row.hidden_at is not None
    assert row.status == BookingStatus.CONFIRMED
    assert AuditEntry.objects.get(action="booking.hidden").actor == cast.owner


# ---- numbers ---------------------------------------------------------------------------------------


def test_the_numbers_are_told_field_by_field(cast: Cast) -> None:
    for address in ("1 A St", "1 A St", "2 B St"):
        make_booking(cast.account, property_address=address)
    make_booking(cast.account, status=BookingStatus.PENDING, auto_confirmed=True, property_address="2 B St")
    make_booking(cast.account, property_address="9 Z St", created_at=timezone.now() - timedelta(days=8))
    make_booking(cast.other_account)
    data = get(cast, "stats").json()["data"]
    assert set(data) == {
        "total", "autoConfirmed", "thisWeek", "pending", "confirmed", "statusCounts", "recentBookings",
        "topProperties",
    }  # fmt: skip
    numbers = [data[name] for name in ("total", "autoConfirmed", "thisWeek", "pending", "confirmed")]
    assert numbers == [5, 1, 4, 1, 4]
    assert data["statusCounts"]["Confirmed"] == 4
    assert len(data["recentBookings"]) == 5
    assert set(data["recentBookings"][0]) == ROW_FIELDS
    assert data["topProperties"][:2] == [
        {"property_address": "1 A St", "count": 2},
        {"property_address": "2 B St", "count": 2},
    ]


def test_no_bookings_are_zeros(cast: Cast) -> None:
    data = get(cast, "stats").json()["data"]
    assert (data["total"], data["autoConfirmed"], data["recentBookings"], data["topProperties"]) == (
        0,
        0,
        [],
        [],
    )


# ---- files -----------------------------------------------------------------------------------------


def test_a_csv_has_the_columns_that_scripts_read(cast: Cast) -> None:
    row = make_booking(cast.account, property_address='12 "King", St')
    answer = get(cast, "export/csv")
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    header, *lines = csv.reader(io.StringIO(text_of(answer)))
    assert header == CSV_COLUMNS
    assert len(lines) == 1
    assert lines[0][:3] == [str(row.pk), row.listing_id, '12 "King", St']


def test_a_json_file_has_what_the_list_has(cast: Cast) -> None:
    make_booking(cast.account)
    make_booking(cast.account)
    answer = get(cast, "export/json")
    body = json.loads(text_of(answer))
    assert set(body) == {"success", "exportedAt", "count", "data"}
    assert body["count"] == 2
    assert body["data"] == get(cast, "bookings").json()["data"]
    assert json.loads(text_of(get(cast, "export/json", search="nothing like it")))["data"] == []


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_file_obeys_the_filters_and_the_rows_of_its_person(cast: Cast, kind: str) -> None:
    make_booking(cast.account, property_address="1 Wanted St", status=BookingStatus.PENDING)
    make_booking(cast.account, property_address="2 Other St")
    make_booking(cast.other_account, property_address="3 Foreign St", status=BookingStatus.PENDING)
    text = text_of(get(cast, f"export/{kind}", status="Pending"))
    assert "1 Wanted St" in text
    assert "2 Other St" not in text
    assert "3 Foreign St" not in text
    assert get(cast, f"export/{kind}", sortBy="x").status_code == 422


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(cast: Cast, text: str) -> None:
    make_booking(cast.account, property_address=text, user_name=text, organization=text)
    [_, line] = csv.reader(io.StringIO(text_of(get(cast, "export/csv")), newline=""))
    assert [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_who_took_how_much_out_is_kept(cast: Cast, kind: str) -> None:
    make_booking(cast.account, status=BookingStatus.PENDING)
    make_booking(cast.account)
    get(cast, f"export/{kind}", status="Pending")
    entry = AuditEntry.objects.get(action="booking.exported")
    assert (entry.actor, entry.source, entry.partner) == (cast.owner, Source.API, cast.partner)
    assert entry.after == {"count": 1, "filters": {"status": "Pending"}, "format": kind}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_file_leaves_an_asynchronous_server_page_by_page(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(reads, "PAGE", 2)
    monkeypatch.setattr(exports, "BATCH", 2)
    for _ in range(5):
        make_booking(cast.account)

    async def download() -> list[str]:
        client = AsyncClient()
        await client.aforce_login(cast.owner)
        answer = await client.get(f"/api/export/{kind}")
        return [part.decode() async for part in answer.streaming_content]

    parts = async_to_sync(download)()
    assert len(parts) >= 4
    assert "".join(parts).count("Example Street") == 5


def test_a_file_is_written_in_its_order_page_by_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "PAGE", 2)
    for number in range(5):
        make_booking(cast.account, property_address=f"{number} Street")
    body = json.loads(text_of(get(cast, "export/json", sortBy="property_address", sortOrder="asc")))
    assert [row["property_address"] for row in body["data"]] == [f"{number} Street" for number in range(5)]


# ---- properties ------------------------------------------------------------------------------------


def test_properties_are_found_by_address_and_number(cast: Cast) -> None:
    home = make_property(address="12 King St", price="$1", property_id="W1111111")
    make_request(cast.partner, property=home)
    make_request(cast.partner, property=make_property(address="8 Queen St"))
    make_request(cast.other, property=make_property(address="14 King St"))
    [data] = get(cast, "properties", search="king").json()["data"]
    assert (data["property_id"], data["address"], data["price"]) == ("W1111111", "12 King St", "$1")
    assert [row["property_id"] for row in get(cast, "properties", search="w111").json()["data"]] == [
        "W1111111"
    ]
    assert len(get(cast, "properties").json()["data"]) == 2
    assert len(get(cast, "properties", limit=1).json()["data"]) == 1


def test_scheduled_properties_are_those_still_wanted_with_an_address(cast: Cast) -> None:
    for status in ("scheduled", "pending", "rescheduled", "Scheduled", "cancelled", "done"):
        make_request(cast.partner, status=status, property=make_property(address=f"1 {status} St"))
    twice = make_property(address="0 Twice St")
    make_request(cast.partner, property=twice)
    make_request(cast.partner, property=twice)
    make_request(cast.partner, property=make_property(address="", fetch_state=FetchState.WANTED))
    make_request(cast.other)
    data = get(cast, "scheduled-properties").json()["data"]
    assert [row["address"] for row in data] == [
        "0 Twice St", "1 Scheduled St", "1 pending St", "1 rescheduled St", "1 scheduled St",
    ]  # fmt: skip
    assert set(data[0]) == {"property_id", "address"}


# ---- budgets ---------------------------------------------------------------------------------------

# Session and person (2), permissions (2), then the operation's own.
BUDGETS = {
    "bookings": 6, "bookings/{booking}": 5, "stats": 8, "auto-book": 5, "auto-book/{job}": 6,
    "auto-booking-queue": 9, "properties": 5, "scheduled-properties": 5, "session-status": 6,
    "export/csv": 8, "export/json": 8, "health": 1,
}  # fmt: skip


@pytest.mark.parametrize("rows", [1, 12])
@pytest.mark.parametrize("path", BUDGETS)
def test_an_answer_costs_the_same_however_many_rows(cast: Cast, path: str, rows: int) -> None:
    for _ in range(rows):
        booking, run = make_booking(cast.account), make_run(cast.partner, by=cast.owner)
        make_request(cast.partner)
    client = browser(cast.owner)
    url = f"/api/{path.format(booking=booking.pk, job=run.uuid)}"
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(url)
        text_of(answer)
    assert answer.status_code == 200
    assert len(asked) <= BUDGETS[path], "\n".join(query["sql"] for query in asked)
