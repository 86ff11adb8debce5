from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings import finding
from bookings.admin import tabs
from bookings.admin.base import CappedPaginator
from bookings.admin.bookings import BookingAdmin
from bookings.admin.requests import ShowingRequestAdmin
from bookings.models import Booking, BookingRun, Client, Property, ShowingRequest
from bookings.services import runs
from bookings.vocabulary import BookingStatus, RequestState, RunState
from tests.bookings.admin.conftest import SignIn
from tests.bookings.cast import Cast, make_account, make_booking, make_request, make_run

BOOKINGS = reverse("admin:bookings_booking_changelist")
RUNS = reverse("admin:bookings_bookingrun_changelist")
REQUESTS = reverse("admin:bookings_showingrequest_changelist")


def shown(browser: Browser, address: str) -> dict[str, str]:
    return {tab.title: tab.count for tab in browser.get(address).context["cl"].tabs}


@pytest.fixture
def bookings(cast: Cast) -> list[Booking]:
    theirs = make_account(cast.other)
    make_booking(theirs, status=BookingStatus.DECLINED)
    return [
        make_booking(cast.account, property_address="1 Elm Street"),
        make_booking(cast.account, property_address="2 Elm Street"),
        make_booking(cast.account, property_address="3 Oak Street", status=BookingStatus.PENDING),
    ]


def test_tabs_count_each_state_of_ones_own_rows(cast: Cast, bookings: list[Booking], sign_in: SignIn) -> None:
    assert shown(sign_in(cast.owner), BOOKINGS) == {"All": "", "Confirmed": "2", "Pending": "1"}
    assert shown(sign_in(cast.stranger), BOOKINGS) == {"All": "", "Declined": "1"}


def test_what_was_only_asked_for_is_not_called_booked(cast: Cast, sign_in: SignIn) -> None:
    request = make_request(cast.partner)
    asked = make_booking(cast.account, status=BookingStatus.TIME_SUGGESTED, request=request)
    ShowingRequest.objects.update(booking_status=RequestState.BOOKED)
    BookingRun.objects.filter(pk=make_run(cast.partner).pk).update(state=RunState.BOOKED, booking=asked)
    browser = sign_in(cast.owner)
    for address in (RUNS, REQUESTS):
        assert shown(browser, address) == {"All": "", "Asked for or confirmed": "1"}
        html = browser.get(address).content.decode()
        assert ">Time suggested<" in re.sub(r"\s*([<>])\s*", r"\1", html)
        assert '10:00 AM <span class="clock-below">Toronto time</span>' in html
        assert "Booked" not in re.sub(r"<(header|title|nav).*?</\1>", "", html, flags=re.DOTALL)


def test_a_tab_shows_what_it_counts_and_keeps_search_and_filters(
    cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    browser = sign_in(cast.owner)
    address = f"{BOOKINGS}?q=elm&account__id__exact={cast.account.pk}&o=1&p=7"
    assert shown(browser, address.removesuffix("&p=7")) == {"All": "", "Confirmed": "2"}
    tab = browser.get(address.removesuffix("&p=7")).context["cl"].tabs[1]
    followed = browser.get(BOOKINGS + tab.address).context["cl"]
    assert followed.result_count == 2
    assert followed.query == "elm"
    assert followed.params["o"] == "1"
    assert "p" not in followed.params
    assert [one.title for one in followed.tabs if one.is_chosen] == ["Confirmed"]


def test_tabs_of_any_number_of_states_cost_one_query_and_stop_counting(
    cast: Cast, bookings: list[Booking], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(cast.owner)
    for cap in ("CAP", "NARROWED_CAP", "FOUND_CAP"):
        monkeypatch.setattr(tabs, cap, 1)
    with CaptureQueriesContext(connection) as queries:
        assert shown(browser, BOOKINGS) == {"All": "", "Confirmed": "1+", "Pending": "1"}
    assert sum("counted" in query["sql"] for query in queries) == 1
    assert shown(browser, BOOKINGS + "?q=elm")["Confirmed"] == "1+"


def test_the_filters_form_sends_all_that_the_address_says_and_nothing_twice(
    cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    asked = "?q=elm&o=1&status__exact=Confirmed&status__exact=Pending&created_at_from=&hidden=too&p=1"
    form = sign_in(cast.owner).get(f"{BOOKINGS}{asked}&filters=1").content.decode()
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    assert hidden == [("q", "elm"), ("o", "1")]


def test_runs_are_filtered_by_several_reasons_at_once(cast: Cast, sign_in: SignIn) -> None:
    for code in ("slot_lost", "site_down", "expired"):
        BookingRun.objects.filter(pk=make_run(cast.partner).pk).update(
            state=RunState.FAILED, reason_code=code
        )
    browser = sign_in(cast.owner)
    found = browser.get(RUNS + "?why=slot_lost&why=site_down").context["cl"]
    assert {run.reason_code for run in found.result_list} == {"slot_lost", "site_down"}
    assert {tab.title: tab.count for tab in found.tabs} == {"All": "", "Failed": "2"}
    assert browser.get(RUNS + "?why=").context["cl"].result_count == 3


def test_requests_are_filtered_by_the_reason_of_their_run(cast: Cast, sign_in: SignIn) -> None:
    request, other = make_request(cast.partner), make_request(cast.partner)
    run = runs.queue_for(request, source="person")  # type: ignore[arg-type]
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.REFUSED, reason_code="slot_lost")
    found = sign_in(cast.owner).get(REQUESTS + "?run_reason=slot_lost").context["cl"]
    assert [row.pk for row in found.result_list] == [request.pk]
    assert other.pk != request.pk


def test_bookings_are_filtered_by_where_they_come_from(
    cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    wished = make_booking(cast.account, request=make_request(cast.partner))
    imported = make_booking(cast.account, imported_id="7")
    browser = sign_in(cast.owner)
    for origin, expected in (("request", {wished.pk}), ("imported", {imported.pk})):
        found = browser.get(f"{BOOKINGS}?origin={origin}").context["cl"]
        assert {row.pk for row in found.result_list} == expected
    assert browser.get(f"{BOOKINGS}?origin=other").context["cl"].result_count == 3
    assert browser.get(f"{BOOKINGS}?origin=nonsense").context["cl"].result_count == 5


@pytest.mark.parametrize("asked", ["?bogus=1", "?partner__id__exact=zz"])
def test_an_address_that_the_list_does_not_have_is_told_in_a_sentence(
    asked: str, cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    for _ in range(26):
        make_booking(cast.account)
    answer = sign_in(cast.admin).get(BOOKINGS + asked, follow=True)
    assert answer.redirect_chain == [(f"{BOOKINGS}?e=1", 302)]
    assert "The list has no such page or filter" in answer.content.decode()
    assert answer.context["cl"].result_count == 30


@pytest.mark.parametrize(
    ("asked", "more", "page", "sentence"),
    [
        ("?p=1000000000", 26, 2, "no page 1000000000; this is page 2."),
        ("?p=1000000000", 0, 1, "no page 1000000000; this is page 1."),
        ("?p=-3", 26, 1, "no page -3; this is page 1."),
        ("?p=abc", 26, 1, "no page abc; this is page 1."),
        ("?booking_date_from=abc", 0, 1, "“abc” is no day, so it filters nothing"),
        ("?booking_date_to=2026-02-30", 0, 1, "“2026-02-30” is no day"),
        ("?p=2", 26, 2, ""),
        ("?booking_date_from=2026-02-03", 0, 1, ""),
    ],
)
def test_a_page_or_a_day_that_is_none_is_told_and_the_list_stays(
    asked: str, more: int, page: int, sentence: str, cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    for _ in range(more):
        make_booking(cast.account)
    answer = sign_in(cast.admin).get(BOOKINGS + asked)
    assert answer.status_code == 200
    assert answer.context["cl"].page_num == page
    told = [str(message) for message in answer.context["messages"]]
    assert len(told) == bool(sentence)
    assert sentence in "".join(told)


def test_a_list_is_gone_through_page_by_page(cast: Cast, bookings: list[Booking], sign_in: SignIn) -> None:
    for _ in range(50):
        make_booking(cast.account, property_address="4 Pine Street")
    browser = sign_in(cast.owner)

    def beside(address: str) -> dict[str, str]:
        html = browser.get(BOOKINGS + address).content.decode()
        return {way: link for link, way in re.findall(r'<a href="([^"]*)" rel="(prev|next)">', html)}

    assert beside("") == {"next": "?p=2"}
    assert beside("?p=2") == {"prev": "?p=1", "next": "?p=3"}
    assert beside("?p=3") == {"prev": "?p=2"}
    assert beside("?q=Oak") == {}
    assert beside("?q=Pine") == {"next": "?p=2&amp;q=Pine"}


def test_a_row_that_is_not_there_is_a_page_that_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    for person in (cast.admin, cast.manager):
        for wrong in ("999999", "abc"):
            answer = sign_in(person).get(f"{BOOKINGS}{wrong}/change/")
            assert answer.status_code == 404
            assert "There is nothing here" in answer.content.decode()


# How many hits are several, how soon a page is full, and how many hits are looked at, in rows.
# Sorted out of what was found; walked in the list's order, reading each row or looking for it among the keys.
WAYS = [(10, 2_000), (10, 9), (10, 8), (0, 4), (10**6, 4), (0, 3), (10**6, 3)]


@pytest.mark.parametrize(("soon", "cap"), WAYS)
def test_whichever_way_a_search_is_made_a_page_shows_the_same(
    soon: int, cap: int, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make_request(cast.partner) for _ in range(9)]
    for request in (made[0], make_request(cast.other)):
        assert request.property is not None
        assert request.client is not None
        Property.objects.filter(pk=request.property.pk).update(address="7 Rowan Gate")
        # Found in two ways.
        Client.objects.filter(pk=request.client.pk).update(name="Rowan Sample")
    ShowingRequest.objects.filter(partner=cast.partner).update(
        client=made[0].client, booking_status=RequestState.CLOSED
    )
    ShowingRequest.objects.filter(pk__in=[made[0].pk, made[1].pk]).update(booking_status=RequestState.BOOKED)
    monkeypatch.setattr(finding, "SOON", soon)
    monkeypatch.setattr(tabs, "FOUND_CAP", cap)
    monkeypatch.setattr(CappedPaginator, "deep", 4)
    monkeypatch.setattr(ShowingRequestAdmin, "list_per_page", 2)
    browser = sign_in(cast.owner)
    newest = [request.pk for request in reversed(made)]
    for asked, expected in (
        ("q=rowan", newest),
        ("q=rowan+sample", newest),
        ('q=""', newest),
        ("q=rowan&booking_status__exact=closed", newest[:-2]),
        ("q=rowan&booking_status__exact=booked&booking_status__exact=closed", newest),
        ("q=rowan+gate", newest[-1:]),
        ("q=rowan+nobody", []),
    ):
        most = len(expected) if '""' in asked else cap
        pages = [
            browser.get(f"{REQUESTS}?{asked}&p={page + 1}").context["cl"]
            for page in range(max(1, (min(len(expected), most) + 1) // 2))
        ]
        assert [row.pk for page in pages for row in page.result_list] == expected[:most], asked
        assert {page.result_count for page in pages} == {min(len(expected), most)}, asked
        assert {page.paginator.is_capped for page in pages} == {len(expected) > most}, asked


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("status__exact=Confirmed&status__exact=Confirmed", 2),
        ("status__exact=", 3),
        ("status__exact=&status__exact=Pending", 1),
        ("status__exact=Nonsense", 0),
        # Not asked by this list, and left out.
        ("status__isnull=True", 3),
    ],
)
@pytest.mark.parametrize("narrowed", ["", "q=street&", "hidden=too&"])
def test_a_state_that_is_named_twice_or_emptily_is_counted_as_it_is_shown(
    narrowed: str, asked: str, expected: int, cast: Cast, bookings: list[Booking], sign_in: SignIn
) -> None:
    shown_list = sign_in(cast.owner).get(f"{BOOKINGS}?{narrowed}{asked}").context["cl"]
    assert (shown_list.result_count, len(shown_list.result_list)) == (expected, expected)


def test_capitals_of_any_alphabet_are_found_on_the_page_as_they_are_counted(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabs, "FOUND_CAP", 2)
    monkeypatch.setattr(finding, "SOON", 0)
    monkeypatch.setattr(BookingAdmin, "list_per_page", 1)
    for word in ("Montréal", "MONTRÉAL", "montRÉAL"):
        make_booking(cast.account, property_address=f"7 {word} Street")
    browser = sign_in(cast.owner)
    for said in ("Montréal", "montréal", "MONTRÉAL"):
        first, second = (browser.get(BOOKINGS, {"q": said, "p": page}).context["cl"] for page in (1, 2))
        assert first.result_count == 2, said
        assert len({row.pk for page in (first, second) for row in page.result_list}) == 2, said


def test_tabs_of_a_search_that_was_cut_short_say_that_there_are_more(
    cast: Cast, bookings: list[Booking], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two requests, both found by their client and by their home: three hits hold one of them only once.
    made = [make_request(cast.partner) for _ in range(2)]
    for request in made:
        assert request.property is not None
        assert request.client is not None
        Property.objects.filter(pk=request.property.pk).update(address="7 Rowan Gate")
        Client.objects.filter(pk=request.client.pk).update(name="Rowan Sample")
    monkeypatch.setattr(tabs, "FOUND_CAP", 2)
    counts = shown(sign_in(cast.owner), f"{REQUESTS}?q=rowan")
    assert counts.pop("All") == ""
    assert len(counts) == len(RequestState), "those of which none was seen may be there, too"
    assert all(count.endswith("+") for count in counts.values() if count)


@pytest.mark.parametrize(("cap", "told", "is_capped"), [(7, 7, True), (9, 9, False), (10, 9, False)])
def test_a_state_of_a_search_that_was_cut_short_still_begins_with_the_newest(
    cap: int, told: int, is_capped: bool, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first hits are as a rule the oldest; a state that was chosen is looked for by itself."""
    statuses = [BookingStatus.DECLINED, BookingStatus.CONFIRMED, BookingStatus.DECLINED] * 4
    statuses.append(BookingStatus.DECLINED)
    made = [make_booking(cast.account, property_address="7 Rowan Gate", status=one) for one in statuses]
    newest = [one.pk for one in reversed(made) if one.status == BookingStatus.DECLINED]
    monkeypatch.setattr(BookingAdmin, "list_per_page", 2)
    monkeypatch.setattr(tabs, "FOUND_CAP", cap)
    browser = sign_in(cast.owner)
    for soon in (0, 10):
        monkeypatch.setattr(finding, "SOON", soon)
        page = browser.get(f"{BOOKINGS}?q=rowan&status__exact=Declined").context["cl"]
        assert [row.pk for row in page.result_list] == newest[:2]
        assert page.result_count == told
        assert [tab.count for tab in page.tabs if tab.is_chosen] == [f"{told}+" if is_capped else f"{told}"]
        assert page.paginator.is_capped == is_capped
        second = browser.get(f"{BOOKINGS}?q=rowan&status__exact=Declined&p=2").context["cl"]
        assert [row.pk for row in second.result_list] == newest[2:4]
