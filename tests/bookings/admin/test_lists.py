from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking, Partner
from tests.bookings.admin.conftest import Rows, SignIn
from tests.bookings.admin.table import SIGNED_IN, TABLES, Table
from tests.bookings.cast import (
    Cast,
    make_account,
    make_booking,
    make_partner,
    make_person,
    make_request,
    make_run,
)

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
partners_table = pytest.mark.parametrize(
    "table", [table for table in TABLES if table.for_partners], ids=lambda table: table.name
)
operators_table = pytest.mark.parametrize(
    "table", [table for table in TABLES if not table.for_partners], ids=lambda table: table.name
)


def list_of(table: Table) -> str:
    return reverse(f"admin:{table.name}_changelist")


def detail_of(table: Table, pk: object) -> str:
    return reverse(f"admin:{table.name}_change", args=(pk,))


def test_every_registered_admin_is_in_the_table() -> None:
    assert set(admin.site._registry) == {table.model for table in TABLES}


@each_table
def test_an_administrator_opens_list_detail_and_history(
    table: Table, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    browser = sign_in(cast.admin)
    row = table.row(cast, rows)
    assert browser.get(list_of(table)).status_code == 200
    assert browser.get(detail_of(table, row.pk)).status_code == 200
    assert browser.get(reverse(f"admin:{table.name}_history", args=(row.pk,))).status_code == 200


@each_table
def test_an_operator_looks_at_every_partner(
    table: Table, cast: Cast, rows: Rows, operator: User, sign_in: SignIn
) -> None:
    browser = sign_in(operator)
    assert browser.get(list_of(table)).context["cl"].result_count > 0
    assert browser.get(detail_of(table, table.row(cast, rows).pk)).status_code == 200


@partners_table
def test_a_partners_people_see_their_row(table: Table, cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    row = table.row(cast, rows)
    for person in (cast.owner, cast.colleague, cast.viewer, cast.manager):
        browser = sign_in(person)
        shown = browser.get(list_of(table))
        assert row.pk in [one.pk for one in shown.context["cl"].result_list], person
        assert browser.get(detail_of(table, row.pk)).status_code == 200


@partners_table
def test_a_stranger_gets_nothing(table: Table, cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.stranger)
    row = table.row(cast, rows)
    shown = browser.get(list_of(table))
    assert row.pk not in [one.pk for one in shown.context["cl"].result_list]
    assert browser.get(detail_of(table, row.pk)).status_code == 404
    assert browser.get(reverse(f"admin:{table.name}_history", args=(row.pk,))).status_code == 404
    searched = browser.get(list_of(table), {"q": str(row)[:40]})
    assert row.pk not in [one.pk for one in searched.context["cl"].result_list]
    by_id = browser.get(list_of(table), {"q": str(row.pk)})
    assert row.pk not in [one.pk for one in by_id.context["cl"].result_list]


@operators_table
def test_partners_people_do_not_reach_the_operators_tables(
    table: Table, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    for person in (cast.viewer, cast.owner):
        browser = sign_in(person)
        assert browser.get(list_of(table)).status_code == 403
        assert browser.get(detail_of(table, table.row(cast, rows).pk)).status_code in (403, 404)


@each_table
def test_a_staff_member_without_rights_gets_403(
    table: Table, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    browser = sign_in(cast.bare_staff)
    assert browser.get(list_of(table)).status_code == 403
    assert browser.get(detail_of(table, table.row(cast, rows).pk)).status_code == 403


@each_table
def test_a_client_that_is_not_staff_is_sent_to_sign_in(table: Table, cast: Cast, sign_in: SignIn) -> None:
    person = User.objects.create_user("outsider", "outsider@example.com", "x")
    assert sign_in(person).get(list_of(table)).status_code == 302


# ---- cost ------------------------------------------------------------------------------------------


def _cost(browser: object, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200  # type: ignore[attr-defined]
    return len(queries)


@each_table
def test_a_list_keeps_its_query_budget_however_many_rows_it_shows(
    table: Table, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    browser = sign_in(cast.admin)
    browser.get(list_of(table))
    few = _cost(browser, list_of(table))
    for _ in range(4):
        partner = make_partner()
        make_person(partner)
        account = make_account(partner)
        make_request(partner)
        make_run(partner)
        make_booking(account)
    Group.objects.create(name="More")
    assert _cost(browser, list_of(table)) == few
    assert few == SIGNED_IN + table.queries


# ---- addresses that people mistype -----------------------------------------------------------------

MISTYPED = (
    "?bogus=1",
    "?o=zz",
    "?o=99999999999999999999",
    "?p=99999999",
    "?p=zz",
    "?p=-1",
    "?q=%00",
    "?q=" + "x" * 5000,
    "?e=1",
    "?all=1",
    "?partner__id__exact=zz",
    "?partner__id__exact=99999999999999999999999999",
    "?state__exact=nonsense",
    "?created_at_from=nonsense&created_at_to=9999-12-31",
    "?created_at_from=0001-01-01&created_at_to=2026-13-45",
    "?queued_at_from=9999-12-31",
    "?hidden=nonsense",
    "?auto_confirmed__exact=",
    "?auto_confirmed__exact=zz",
    "?is_active__exact=",
    "?booking_date__year=zz",
    "?booking_date__year=99999999999999999999",
    "?booking_date__year=9999&booking_date__month=12&booking_date__day=31",
    "?booking_date__year=0",
    "?booking_date__year=2026&booking_date__month=13",
    "?queued_at__year=9999",
    "?at__year=1&at__month=1&at__day=1",
    "?%00=1",
    "?session__startswith=g",
    "?key_hash__startswith=a",
    "?password__startswith=a",
    "?raw__secret=1",
    "?_to_field=session",
    "?_popup=1",
)


@each_table
def test_a_mistyped_address_is_never_a_server_error(
    table: Table, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    browser = sign_in(cast.admin)
    answers = {query: browser.get(list_of(table) + query).status_code for query in MISTYPED}
    assert {query: code for query, code in answers.items() if code not in (200, 302, 400)} == {}


@pytest.mark.parametrize(
    ("name", "lookup"),
    [
        ("bookings_account", "session__startswith"),
        ("bookings_account", "session"),
        ("bookings_apikey", "key_hash__startswith"),
        ("bookings_apikey", "user__password__startswith"),
        ("auth_user", "password__startswith"),
        ("bookings_booking", "account__session__startswith"),
        ("bookings_showingrequest", "raw__secret"),
    ],
)
def test_a_column_that_no_filter_offers_cannot_be_asked(
    name: str, lookup: str, cast: Cast, rows: Rows, sign_in: SignIn
) -> None:
    """Else the count of rows would spell a stored session out, letter by letter."""
    answer = sign_in(cast.admin).get(reverse(f"admin:{name}_changelist"), {lookup: "g"})
    assert answer.status_code == 400


# ---- the side bar ----------------------------------------------------------------------------------


def test_the_side_bar_leads_each_person_where_they_may_go(
    cast: Cast, rows: Rows, operator: User, sign_in: SignIn
) -> None:
    for person in (cast.admin, operator, cast.manager, cast.owner, cast.viewer):
        browser = sign_in(person)
        groups = browser.get(reverse("admin:index")).context["sidebar_navigation"]
        links = [str(item["link"]) for group in groups for item in group["items"] if item["has_permission"]]
        assert len(links) > 5
        for link in links:
            if link.startswith("/admin/"):
                assert browser.get(link).status_code == 200, (person, link)


def test_the_side_bar_names_every_table_a_person_may_open(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    groups = browser.get(reverse("admin:index")).context["sidebar_navigation"]
    links = {str(item["link"]) for group in groups for item in group["items"] if item["has_permission"]}
    openable = {list_of(table) for table in TABLES if browser.get(list_of(table)).status_code == 200}
    assert openable <= links


# ---- whose clock -----------------------------------------------------------------------------------


def test_moments_are_told_in_the_partners_time_zone(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    Partner.objects.filter(pk=cast.partner.pk).update(time_zone="America/Vancouver")
    noon = datetime(2026, 7, 1, 19, 0, tzinfo=UTC)
    Booking.objects.filter(pk=rows.booking.pk).update(created_at=noon)
    address = reverse("admin:bookings_booking_changelist")
    html = sign_in(cast.owner).get(address).content.decode()
    assert "Wed 1 Jul 2026, 12:00 PM" in html
    assert "times in America/Vancouver" in html
    assert "Wed 1 Jul 2026, 3:00 PM" in sign_in(cast.admin).get(address).content.decode()


def test_a_day_range_follows_the_partners_midnight(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    Booking.objects.filter(pk=rows.booking.pk).update(created_at=datetime(2026, 7, 2, 3, 30, tzinfo=UTC))
    browser = sign_in(cast.owner)
    address = reverse("admin:bookings_booking_changelist")
    first = browser.get(address + "?created_at_from=2026-07-01&created_at_to=2026-07-01")
    assert first.context["cl"].result_count == 1, "still the first of July in Toronto"
    second = browser.get(address + "?created_at_from=2026-07-02")
    assert second.context["cl"].result_count == 0


def test_no_page_of_a_row_shows_what_only_programs_say(cast: Cast, rows: Rows, sign_in: SignIn) -> None:
    browser = sign_in(cast.admin)
    for row in (getattr(rows, field.name) for field in fields(rows)):
        answer = browser.get(
            reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        )
        assert answer.status_code == 200, row
        assert "(&#x27;" not in answer.content.decode(), row


@pytest.mark.parametrize(("page", "status"), [("1", 200), ("x", 404), ("-1", 404), ("99", 404)])
def test_a_page_of_the_search_that_does_not_exist_is_not_found(
    cast: Cast, sign_in: SignIn, page: str, status: int
) -> None:
    answer = sign_in(cast.owner).get(reverse("admin:search"), {"s": "booking", "page": page})
    assert answer.status_code == status


def test_the_search_is_for_who_is_signed_in(client: Client) -> None:
    answer = client.get(reverse("admin:search"), {"s": "booking"})
    assert answer.status_code == 302
    assert "sign-in" in answer["Location"] or "login" in answer["Location"]
