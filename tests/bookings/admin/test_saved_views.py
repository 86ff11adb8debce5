"""Views of a list under a name: own, shared, pinned, opened by default; and each person's columns."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import AuditEntry, SavedView
from bookings.vocabulary import BookingStatus
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast, make_account, make_booking

LIST = reverse("admin:bookings_booking_changelist")
VIEWS = reverse("admin:bookings_booking_views")
PENDING = "status__exact=Pending"


def save(browser: Browser, name: str, query: str = PENDING, **more: Any) -> Any:
    return browser.post(VIEWS, {"deed": "save", "name": name, "for": query, **more})


def names(browser: Browser) -> list[str]:
    return [view.name for view in browser.get(LIST + "?view=all").context["saved_views"]]


def pinned(browser: Browser) -> dict[str, str]:
    groups = browser.get(reverse("admin:bookings_account_changelist")).context["sidebar_navigation"]
    group = next(group for group in groups if str(group["title"]) == "Pinned")
    return {item["title"]: item["badge"] for item in group["items"]}


def test_a_view_is_saved_and_opened_by_its_slug(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account)
    waiting = make_booking(cast.account, status=BookingStatus.PENDING)
    browser = sign_in(cast.owner)
    answer = save(browser, "Still pending", f"{PENDING}&o=1&p=9&created_at_from=")
    assert answer["Location"] == f"{LIST}?view=still-pending&{PENDING}&o=1"
    shown = browser.get(LIST + "?view=still-pending", follow=True)
    assert [row.pk for row in shown.context["cl"].result_list] == [waiting.pk]
    assert [view.is_shown for view in shown.context["saved_views"]] == [True]
    assert AuditEntry.objects.filter(action="view.saved", actor=cast.owner).exists()
    again = save(browser, "still Pending", "q=maple")
    assert again["Location"] == f"{LIST}?view=still-pending&q=maple", "the second takes the first one's place"
    assert names(browser) == ["Still pending"]


def test_a_view_is_its_owners_alone_until_it_is_shared_with_their_partner(
    cast: Cast, sign_in: SignIn
) -> None:
    browser = sign_in(cast.owner)
    save(browser, "Mine")
    save(browser, "Ours", share=cast.partner.pk)
    assert names(browser) == ["Mine", "Ours"]
    assert names(sign_in(cast.colleague)) == ["Ours"]
    assert names(sign_in(cast.stranger)) == []
    assert names(sign_in(cast.admin)) == ["Ours"]
    told = sign_in(cast.stranger).get(LIST + "?view=ours", follow=True)
    assert "There is no such view, or it is not shared with you." in told.content.decode()


def test_nobody_shares_with_a_partner_they_do_not_belong_to(cast: Cast, sign_in: SignIn) -> None:
    for share in (cast.other.pk, "staff"):
        assert save(sign_in(cast.owner), "Theirs", share=share).status_code == 200
    assert not SavedView.objects.exists()
    save(sign_in(cast.admin), "For staff", share="staff")
    assert names(sign_in(cast.owner)) == []


def test_a_shared_view_shows_each_their_own_rows_and_only_its_owner_deletes_it(
    cast: Cast, sign_in: SignIn
) -> None:
    make_booking(cast.account, status=BookingStatus.PENDING)
    make_booking(make_account(cast.other), status=BookingStatus.PENDING)
    save(sign_in(cast.admin), "Pending", share=cast.partner.pk)
    browser = sign_in(cast.colleague)
    browser.post(VIEWS, {"deed": "pin", "view": "pending"})
    assert pinned(browser) == {"Pending": "1"}
    browser.post(VIEWS, {"deed": "delete", "view": "pending"})
    assert SavedView.objects.count() == 1
    sign_in(cast.stranger).post(VIEWS, {"deed": "pin", "view": "pending"})
    assert pinned(sign_in(cast.stranger)) == {}
    sign_in(cast.admin).post(VIEWS, {"deed": "delete", "view": "pending"})
    assert not SavedView.objects.exists()


def test_a_pinned_name_is_shown_as_text(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    save(browser, "<b>&</b>", pin="on")
    assert pinned(browser) == {"&lt;b&gt;&amp;&lt;/b&gt;": "0"}


def test_a_list_opens_with_the_persons_default_and_whole_when_asked(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    save(browser, "Pending", default="on")
    assert browser.get(LIST)["Location"] == f"?view=pending&{PENDING}"
    opened = browser.get(LIST, follow=True)
    assert opened.context["cl"].tabs[0].address == "?view=all"
    assert opened.context["cl"].clear_all_filters_qs == "?view=all"
    assert browser.get(LIST + "?view=all").status_code == 200
    assert sign_in(cast.colleague).get(LIST).status_code == 200
    browser.post(VIEWS, {"deed": "undefault", "view": "pending"})
    assert browser.get(LIST).status_code == 200


def test_a_view_never_holds_what_asks_for_a_lists_filters_alone(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)
    save(browser, "Trap", f"filters=1&{PENDING}", default="on")
    assert "<html" in browser.get(LIST, follow=True).content.decode()
    assert SavedView.objects.get().query == PENDING


def test_columns_are_each_persons_own(cast: Cast, sign_in: SignIn) -> None:
    make_booking(cast.account)
    browser = sign_in(cast.owner)
    browser.post(VIEWS, {"deed": "columns", "column": ["state", "account", "nonsense"]})
    shown = browser.get(LIST).context["cl"].list_display
    assert [name for name in shown if name != "action_checkbox"] == ["property_address", "state", "account"]
    others = sign_in(cast.colleague).get(LIST).context["cl"].list_display
    assert "account" not in others
    assert "when" in others
    browser.post(VIEWS, {"deed": "columns_reset"})
    assert "when" in browser.get(LIST).context["cl"].list_display


def test_views_cost_a_list_one_query_however_many_there_are(cast: Cast, sign_in: SignIn) -> None:
    browser = sign_in(cast.owner)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(LIST + "?view=all")
        return len(queries)

    cost()
    few = cost()
    for number in range(3):
        save(browser, f"View {number}")
    assert cost() == few


@pytest.mark.parametrize(
    "said",
    [
        {"deed": "pin", "view": "nothing"},
        {"deed": "nonsense"},
        {"deed": "save", "name": ""},
        {"deed": "save", "name": "x", "share": "999999"},
        {"deed": "save", "name": "x", "for": "q=" + "y" * 5000},
        {"deed": "save", "name": "x", "for": "q=%00&%00=1"},
        {},
    ],
)
def test_crafted_forms_get_a_sentence(said: dict[str, str], cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.owner).post(VIEWS, said)
    assert answer.status_code in (200, 302)
    assert sign_in(cast.bare_staff).post(VIEWS, said).status_code == 403
