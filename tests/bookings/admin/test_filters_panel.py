"""The panel of a list's filters: asked for by itself, and as the list is: whose rows, which address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from bookings.filters import ReasonFilter
from bookings.vocabulary import REASONS, BookingStatus
from tests.bookings.admin.conftest import SignIn
from tests.bookings.admin.table import TABLES, Table
from tests.bookings.cast import Cast, make_account, make_booking

BOOKINGS = "/admin/bookings/booking/"


def chosen(html: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"[^>]* selected', html)


def test_it_shows_what_the_address_says_and_the_list_does_without(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account, status=BookingStatus.PENDING)
    other = make_account(cast.partner)
    browser = sign_in(cast.owner)
    asked = f"?status__exact=Pending&account__id__exact={cast.account.pk}&p=3"
    page = browser.get(BOOKINGS + asked)
    assert page.context["cl"].result_count == 1
    assert "filter-form" not in page.content.decode()
    panel = browser.get(f"{BOOKINGS}{asked}&filters=1").content.decode()
    assert chosen(panel) == ["Pending", str(cast.account.pk)]
    assert other.email in panel
    assert "result_list" not in panel


def test_a_partner_that_is_the_only_one_is_no_choice(cast: Cast, sign_in: SignIn) -> None:
    assert "partner__id__exact" not in sign_in(cast.owner).get(BOOKINGS + "?filters=1").content.decode()
    assert "partner__id__exact" in sign_in(cast.admin).get(BOOKINGS + "?filters=1").content.decode()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_it_costs_no_page_of_rows_and_is_for_who_may_see_the_list(
    table: Table, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    address, browser = reverse(f"admin:{table.name}_changelist", query={"filters": "1"}), sign_in(cast.admin)
    with django_assert_max_num_queries(6):
        assert browser.get(address).status_code == 200
    assert sign_in(cast.bare_staff).get(address).status_code == 403


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_it_is_never_empty_without_a_word(table: Table, cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.manager).get(reverse(f"admin:{table.name}_changelist", query={"filters": "1"}))
    if answer.status_code == 403:
        return
    html = answer.content.decode()
    choices = re.findall(r'<select|<input(?! type="hidden")|<a [^>]*href="\?', html)
    assert bool(choices) != ("There is nothing to choose between yet." in html)


@pytest.mark.parametrize(
    "asked", ["nonsense=1", "status__exact=%00", "created_at__year=99999999999", "account__id__exact=x"]
)
def test_filters_that_are_none_have_no_panel(asked: str, cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    answer = browser.get(f"{BOOKINGS}?{asked}&filters=1")
    assert answer.status_code in (200, 400, 404)
    assert "Traceback" not in answer.content.decode()


def test_reasons_are_offered_in_the_readers_language() -> None:
    with translation.override("fr"):
        told = dict(ReasonFilter.lookups(None, None, None))  # type: ignore[arg-type]
    assert told.keys() == REASONS.keys()
    assert all(words != REASONS[code][0] for code, words in told.items())
