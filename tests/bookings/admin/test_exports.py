from __future__ import annotations

import codecs
import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from openpyxl import load_workbook

from bookings import exports
from bookings.admin import exporting
from bookings.models import AuditEntry, Booking
from bookings.vocabulary import BookingStatus
from tests.bookings.admin.conftest import Rows, SignIn
from tests.bookings.cast import Cast, make_booking

CSV, XLSX, JSON = "0", "1", "2"
TABLES = ("booking", "showingrequest", "bookingrun", "property")
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1")


def address(table: str = "booking") -> str:
    return reverse(f"admin:bookings_{table}_export")


def take(browser: Browser, form: str, query: str = "", table: str = "booking") -> Any:
    answer = browser.post(address(table) + query, {"format": form, "resource": "0"})
    assert answer.status_code == 200, answer
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer


def rows_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def rows_of_xlsx(content: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_the_columns_are_those_that_clients_read() -> None:
    assert ", ".join(exports.BOOKING_COLUMNS) == (
        "ID, Listing ID, Property Address, Booking Date, Booking Time, Duration, User Name, User Email, "
        "Organization, Showing Type, Status, Auto Confirmed, Created At"
    )


def test_csv_json_and_xlsx_hold_the_same_bookings(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    written = rows_of_csv(take(browser, CSV).content)
    assert written[0] == list(exports.BOOKING_COLUMNS)
    assert [row[0] for row in written[1:]] == [str(rows.booking.pk)]
    (read,) = json.loads(take(browser, JSON).content)
    assert read["Property Address"] == rows.booking.property_address
    sheet = rows_of_xlsx(take(browser, XLSX).content)
    assert sheet[1][0] == rows.booking.pk
    assert sheet[1][3] == rows.booking.booking_date.isoformat()


def test_an_export_holds_exactly_what_the_list_is_filtered_to(cast: Cast, sign_in: SignIn) -> None:
    kept = make_booking(cast.account, status=BookingStatus.PENDING, booking_date=date(2031, 5, 4))
    make_booking(cast.account, booking_date=date(2031, 5, 4))
    make_booking(cast.account, status=BookingStatus.PENDING, booking_date=date(2032, 1, 1))
    browser = sign_in(cast.owner)
    query = "?status__exact=Pending&booking_date_from=2031-05-01&booking_date_to=2031-05-31"
    listed = browser.get(reverse("admin:bookings_booking_changelist") + query)
    assert [row.pk for row in listed.context["cl"].result_list] == [kept.pk]
    assert [row[0] for row in rows_of_csv(take(browser, CSV, query).content)[1:]] == [str(kept.pk)]
    searched = take(browser, CSV, f"?q={kept.listing_id}")
    assert [row[0] for row in rows_of_csv(searched.content)[1:]] == [str(kept.pk)]


def test_the_page_says_how_much_the_file_will_hold_and_leads_back(
    cast: Cast, rows: Rows, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        make_booking(cast.account, status=BookingStatus.PENDING)
    browser, query = sign_in(cast.owner), "?q=Street&status__exact=Pending"
    page = browser.get(address() + query).content.decode()
    assert "The file holds 2 rows" in page
    assert f'href="{reverse("admin:bookings_booking_changelist")}{query.replace("&", "&amp;")}"' in page
    assert "in the background" not in page
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    assert "in the background" in browser.get(address() + query).content.decode()


def test_excel_is_told_that_a_file_has_accents(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, property_address="1 rue de l’Église, Montréal")
    written = take(sign_in(cast.owner), CSV).content
    assert written.startswith(codecs.BOM_UTF8)
    assert "Église" in written.decode("utf-8-sig")


def test_the_export_link_carries_the_filters(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    listed = sign_in(cast.owner).get(reverse("admin:bookings_booking_changelist") + "?status__exact=Pending")
    assert f"{address()}?status__exact=Pending" in listed.content.decode()


def test_hidden_bookings_are_exported_only_when_the_list_shows_them(cast: Cast, sign_in: SignIn) -> None:
    hidden = make_booking(cast.account)
    Booking.objects.filter(pk=hidden.pk).update(hidden_at=hidden.created_at)
    browser = sign_in(cast.owner)
    assert len(rows_of_csv(take(browser, CSV).content)) == 1
    assert len(rows_of_csv(take(browser, CSV, "?hidden=only").content)) == 2


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_runs_as_a_formula(evil: str, cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, property_address=evil, user_name=evil, organization=f"fine {evil}")
    browser = sign_in(cast.owner)
    for row in rows_of_csv(take(browser, CSV).content)[1:]:
        assert row[2].startswith("'")
        assert row[6].startswith("'")
        assert not row[8].startswith("'")
    workbook = load_workbook(io.BytesIO(take(browser, XLSX).content))
    cells = list(workbook.active.iter_rows())[1]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert cells[2].value.startswith("'")


def test_a_sign_that_no_file_shows_hides_no_formula() -> None:
    assert exports.safe_cell("\x00=1+1") == "'=1+1"


def test_json_is_left_as_it_is_for_programs(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, property_address="=1+1")
    (read,) = json.loads(take(sign_in(cast.owner), JSON).content)
    assert read["Property Address"] == "=1+1"


def test_signs_that_a_workbook_cannot_hold_are_left_out(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, property_address="12 King\x0bSt")
    assert rows_of_xlsx(take(sign_in(cast.owner), XLSX).content)[1][2] == "12 KingSt"


@pytest.mark.parametrize("table", TABLES)
def test_a_stranger_exports_none_of_the_partners_rows(
    table: str, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    browser = sign_in(cast.stranger)
    of_partner = (
        f"?partner__id__exact={cast.partner.pk}"  # a home is no partner's: its list has no such filter
    )
    for query in ("", "?q=Example", *([of_partner] if table != "property" else [])):
        assert len(rows_of_csv(take(browser, CSV, query, table).content)) == 1
    forced = browser.post(
        address(table), {"format": CSV, "resource": "0", "export_items": [str(rows.booking.pk)]}
    )
    assert str(rows.booking.property_address) not in forced.content.decode()


@pytest.mark.parametrize("table", TABLES)
def test_an_export_needs_its_own_permission(table: str, cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    for person in (cast.bare_staff, cast.viewer):
        browser = sign_in(person)
        assert browser.get(address(table)).status_code == 403
        assert browser.post(address(table), {"format": CSV, "resource": "0"}).status_code == 403
    listed = sign_in(cast.viewer).get(reverse(f"admin:bookings_{table}_changelist"))
    assert address(table) not in listed.content.decode()
    assert sign_in(cast.owner).get(address(table)).status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_every_table_exports_in_every_format(table: str, cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    assert len(rows_of_csv(take(browser, CSV, table=table).content)) == 2
    assert len(rows_of_xlsx(take(browser, XLSX, table=table).content)) == 2
    assert len(json.loads(take(browser, JSON, table=table).content)) == 1


def test_an_export_is_written_down(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    take(sign_in(cast.owner), CSV, "?status__exact=Confirmed")
    entry = AuditEntry.objects.get(action="booking.exported")
    assert entry.actor == cast.owner
    assert entry.partner == cast.partner
    assert entry.after == {"count": 1, "filters": {"status__exact": ["Confirmed"]}, "format": "csv"}


@pytest.mark.parametrize(
    "query", ["?bogus=1", "?booking_date__year=9999", "?q=%00", "?%00=1", "?partner__id__exact=zz"]
)
def test_a_mistyped_export_address_leads_back_to_the_list(
    query: str, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    answer = sign_in(cast.owner).post(address() + query, {"format": CSV, "resource": "0"})
    assert answer.status_code in (200, 302)
    wrong = sign_in(cast.owner).post(address(), {"format": "zz", "resource": "9"})
    assert wrong.status_code == 200


def test_the_cost_of_an_export_does_not_grow_with_its_rows(
    cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_booking(cast.account)
    browser = sign_in(cast.owner)
    with django_assert_max_num_queries(16):
        assert len(rows_of_csv(take(browser, CSV).content)) == 21
