"""The calendar's page: what stands in which day, what waits apart from it, what clashes, and whose it is."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings import wallclock
from bookings.models import Booking, BookingRun, ShowingRequest
from bookings.queries import calendar as reads
from bookings.queries.board import Sight
from bookings.services import calendars, feeds, people, receipts
from bookings.told import long_day
from bookings.views.calendar import Asked, lanes
from bookings.vocabulary import BookingStatus, RequestState, Role
from tests.bookings.cast import (
    Cast,
    make_booking,
    make_partner,
    make_person,
    make_property,
    make_request,
    make_run,
)

MONDAY = date(2027, 3, 1)
# Session, person, rights; partners, and whose clock; showings by day, these, requests, runs.
QUERY_BUDGET = 11


def book(cast: Cast, day: date = MONDAY, at: time = time(10), **fields: Any) -> Booking:
    zone = fields.get("time_zone", "America/Toronto")
    return make_booking(
        fields.pop("account", cast.account),
        booking_date=day,
        booking_time=at,
        **{"starts_at": wallclock.instant(day, at, zone), **fields},
    )


def wish(cast: Cast, day: date = MONDAY, at: time | None = time(10), **fields: Any) -> ShowingRequest:
    return make_request(cast.partner, scheduled_date=day, scheduled_time=at, **fields)


def page(client: Client, **said: Any) -> str:
    return client.get(reverse("calendar"), {"date": MONDAY.isoformat(), **said}).content.decode()


def section(text: str, day: date) -> str:
    found = re.search(rf'<section class="day[^"]*" id="day-{day}".*?</section>', text, re.DOTALL)
    assert found, day
    return found[0]


def days(cast: Cast, number: int = 7) -> list[reads.Day]:
    return reads.days(Sight(user=cast.owner), MONDAY, number, today=MONDAY)


def test_a_showing_stands_in_its_day_at_its_own_clock_with_the_zone_named(cast: Cast, client: Client) -> None:
    book(cast, property_address="1 Toronto Street")
    # Late on Monday by the door's clock, which is Tuesday in Toronto and in UTC.
    book(
        cast,
        at=time(23, 30),
        time_zone="America/Vancouver",
        property_address="2 Vancouver Street",
        duration=45,
    )
    client.force_login(cast.owner)
    for view in ("day", "week"):
        monday = section(page(client, view=view), MONDAY)
        assert "1 Toronto Street" in monday
        assert "Toronto time" in monday
        assert re.search(r"11:30 PM.*12:15 AM.*Vancouver time", monday, re.DOTALL)
    assert "2 Vancouver Street" not in section(page(client), MONDAY + timedelta(days=1))


def test_status_is_a_word_and_a_sign_and_leads_to_the_booking_its_run_and_its_file(
    cast: Cast, client: Client
) -> None:
    run = make_run(cast.partner)
    booking = book(cast, status=BookingStatus.PENDING)
    BookingRun.objects.filter(pk=run.pk).update(booking=booking, state="booked")
    client.force_login(cast.viewer)
    text = section(page(client), MONDAY)
    assert re.search(r'<span class="badge calm"><svg.*?</svg>\s*Pending</span>', text, re.DOTALL)
    for address in (
        reverse("admin:bookings_booking_change", args=[booking.pk]),
        reverse("run", args=[run.uuid]),
        reverse("booking_file", args=[booking.pk]),
    ):
        assert f'href="{address}"' in text


def test_what_waits_stands_apart_and_what_ended_is_gone(cast: Cast, client: Client) -> None:
    booked = book(cast)
    for status in (BookingStatus.CANCELLED, BookingStatus.DECLINED, BookingStatus.UNVERIFIED):
        book(cast, status=status, property_address=f"{status} Court")
    book(cast, hidden_at=timezone.now(), property_address="Hidden Court")
    asked = wish(cast, at=None, booking_status=RequestState.NEEDS_INFO)
    wish(cast, booking_status=RequestState.BOOKED)
    wish(cast, status="cancelled")
    by_hand = make_run(cast.partner, date=MONDAY, time=time(9))
    monday = days(cast)[0]
    assert [entry.row for entry in monday.showings] == [booked]
    assert [entry.row for entry in monday.waiting] == [by_hand, asked]
    client.force_login(cast.owner)
    text = section(page(client), MONDAY)
    waiting = text[text.index('class="waiting"') :]
    assert "Waiting, not booked yet" in waiting
    assert "No time yet" in waiting
    assert asked.property.address in waiting
    assert f"/runs/{by_hand.uuid}" in waiting
    assert booked.property_address not in waiting


def test_nothing_waits_for_a_day_that_is_over(cast: Cast) -> None:
    wish(cast)
    later = reads.days(Sight(user=cast.owner), MONDAY, 7, today=MONDAY + timedelta(days=2))
    assert not later[0].waiting


def test_clashes_are_told_in_words_on_both_sides(cast: Cast, client: Client) -> None:
    first = wish(cast, booking_status=RequestState.BOOKED)
    here = book(cast, request=first, property_address="1 Here Street", duration=45)
    there = wish(cast, at=time(10, 30), client=first.client)
    twice = book(cast, at=time(14), property_address="9 Double Court")
    again = book(cast, at=time(14, 15), property_address="9 double court")
    free = book(cast, at=time(10, 15), property_address="5 Somebody Else's")
    shown = {entry.key: entry for entry in [*days(cast)[0].showings, *days(cast)[0].waiting]}
    assert [other.row for other in shown[f"booking-{here.pk}"].clashes] == [there]
    assert [other.row for other in shown[f"request-{there.pk}"].clashes] == [here]
    assert [other.row for other in shown[f"booking-{twice.pk}"].clashes] == [again]
    assert not shown[f"booking-{free.pk}"].clashes
    client.force_login(cast.owner)
    text = page(client)
    assert "The client cannot be at both: 1 Here Street at 10:00 AM." in text
    assert "The same home is wanted twice: also at 2:15 PM." in text


def test_one_after_the_other_is_no_clash_and_a_changed_request_not_with_its_own_booking(cast: Cast) -> None:
    asked = wish(cast, at=time(10, 15), booking_status=RequestState.CHANGED)
    book(cast, request=asked, property=asked.property, property_address=asked.property.address)
    book(cast, at=time(10, 30), request=wish(cast, client=asked.client, booking_status=RequestState.BOOKED))
    monday = days(cast)[0]
    told = {
        entry.key: [other.key for other in entry.clashes] for entry in (*monday.showings, *monday.waiting)
    }
    first, second = monday.showings
    assert told[first.key] == []
    assert told[second.key] == [f"request-{asked.pk}"]


def test_a_weeks_showings_by_listing(cast: Cast, client: Client) -> None:
    home = make_property(address="7 Listing Lane")
    for offset in (2, 0):
        book(cast, MONDAY + timedelta(days=offset), property=home, property_address="7 Listing Lane")
    wish(cast, MONDAY + timedelta(days=1), property=home)
    book(cast, property_address="1 Another Street")
    client.force_login(cast.owner)
    text = page(client, view="listing")
    assert text.index("1 Another Street") < text.index("7 Listing Lane")
    assert reverse("admin:bookings_property_change", args=[home.pk]) in text
    of_home = text[text.index('id="home-2"') :]
    assert re.findall(r"<strong>(\w+ \d+ \w+ 2027)</strong>", of_home) == [
        "Mon 1 Mar 2027",
        "Tue 2 Mar 2027",
        "Wed 3 Mar 2027",
    ]


def test_days_weeks_and_partners_are_a_link_away(cast: Cast, client: Client) -> None:
    book(cast)
    client.force_login(cast.admin)
    text = page(client, partner=cast.partner.pk)
    for date_, address in (
        ("2027-02-22", "earlier"),
        ("2027-03-08", "later"),
        (timezone.now().astimezone(ZoneInfo("America/Toronto")).date().isoformat(), "to-today"),
    ):
        assert re.search(
            rf'id="{address}" href="[^"]*view=week&amp;date={date_}[^"]*partner={cast.partner.pk}', text
        )
    assert f'value="{cast.partner.pk}" selected' in text
    assert "?view=day&amp;date=2027-03-01" in section(text, MONDAY)
    assert 'id="view-week"' in text
    assert client.get("/").content.decode().count('href="/calendar?view=day"') == 1


def test_a_week_begins_as_the_language_counts_them() -> None:
    asked = Asked(view="week", day=date(2027, 3, 3), partner=None, as_list=False, wrong="")
    assert asked.first == date(2027, 2, 28)  # a Sunday, in English


def test_an_empty_calendar_teaches(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    assert "No showings in this week" in page(client)
    assert "No showings on this day" in page(client, view="day")
    assert "/auto-book" in page(client)
    client.force_login(cast.bare_staff)
    assert "You belong to no team yet" in page(client)


def test_an_empty_week_leads_on_to_the_next_showings(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    make_booking(cast.other_account, booking_date=MONDAY + timedelta(30))
    assert "The next showings" not in page(client)
    make_booking(cast.account, booking_date=MONDAY + timedelta(40))
    assert f"The next showings: {long_day(MONDAY + timedelta(40))}" in page(client)
    assert "The next showings" not in page(client, date=str(MONDAY + timedelta(50)))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"date": "yesterday"}, "That is no day"),
        ({"date": "2027-02-30"}, "That is no day"),
        ({"date": "9999-12-31"}, "That is no day"),
        ({"date": "0001-01-01"}, "That is no day"),
        ({"date": "\x00"}, "That is no day"),
        ({"view": "year"}, "There is no such view"),
    ],
)
def test_what_is_no_day_or_view_is_told_and_today_shown(
    cast: Cast, client: Client, said: dict[str, str], sentence: str
) -> None:
    client.force_login(cast.owner)
    answer = client.get(reverse("calendar"), said)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


@pytest.mark.parametrize("edge", ["2000-01-01", "2100-01-01"])
def test_the_calendars_ends_have_no_way_beyond(cast: Cast, client: Client, edge: str) -> None:
    client.force_login(cast.owner)
    assert client.get(reverse("calendar"), {"date": edge}).status_code == 200
    assert client.get(reverse("calendar"), {"date": edge, "view": "day"}).status_code == 200


def test_each_sees_their_own(cast: Cast, client: Client) -> None:
    ours = book(cast, property_address="1 Ours Street")
    asked = wish(cast)
    by_hand = make_run(cast.partner, date=MONDAY, time=time(9))
    client.force_login(cast.stranger)
    for view in ("day", "week", "listing"):
        text = page(client, view=view)
        for told in (ours.property_address, asked.property.address, str(by_hand.uuid)):
            assert told not in text
    assert client.get(reverse("calendar"), {"partner": cast.partner.pk}).status_code == 404
    client.force_login(cast.owner)
    assert client.get(reverse("calendar"), {"partner": "x"}).status_code == 404
    assert client.get(reverse("calendar"), {"partner": cast.partner.pk}).status_code == 200


def busy_week(cast: Cast, number: int) -> None:
    """`number` showings of one week, each of its own home."""
    Booking.objects.bulk_create(
        Booking(
            listing_id=f"busy-{each}",
            property_address=f"{each} Busy Street",
            booking_date=MONDAY - timedelta(days=1) + timedelta(days=each % 7),
            booking_time=time(8 + each % 12),
            starts_at=wallclock.instant(
                MONDAY - timedelta(days=1) + timedelta(days=each % 7), time(8 + each % 12), "America/Toronto"
            ),
            duration=30,
            status=BookingStatus.CONFIRMED,
            partner=cast.partner,
            account=cast.account,
            time_zone="America/Toronto",
        )
        for each in range(number)
    )


def test_a_thousand_showings_in_a_week_cost_as_few_queries_as_one_and_are_counted(
    cast: Cast, client: Client, django_assert_max_num_queries: Any
) -> None:
    busy_week(cast, 1000)
    for _ in range(30):
        wish(cast)
    client.force_login(cast.owner)
    for view in ("day", "week", "listing"):
        with django_assert_max_num_queries(QUERY_BUDGET):
            text = page(client, view=view)
    text = page(client)
    assert "Too much takes place at one time" in text
    assert text.count('<li class="showing good') == 7 * reads.PER_DAY
    assert "143 showings" in section(text, MONDAY)
    assert "and 83 more on this day" in section(text, MONDAY)
    alone = page(client, view="day")
    assert alone.count('<li class="showing good') == 143
    assert len(text) < 900_000


def test_showings_beside_each_other_get_lanes_of_their_own() -> None:
    assert lanes([]) == []
    assert lanes([(36, 4), (36, 4), (38, 2), (40, 2)]) == [(0, 3), (1, 3), (2, 3), (0, 1)]
    assert lanes([(36, 8), (37, 1), (38, 1)]) == [(0, 2), (1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("at", "duration", "place", "first", "last"),
    [
        (time(10), 30, "q4 n2 l0 of1", "9:00 AM", "4:00 PM"),
        (time(10, 15), None, "q5 n2 l0 of1", "9:00 AM", "4:00 PM"),
        (time(6, 30), 60, "q2 n4 l0 of1", "6:00 AM", "4:00 PM"),
        (time(23, 30), 60, "q58 n2 l0 of1", "9:00 AM", "11:00 PM"),
    ],
)
def test_a_wide_screen_lays_showings_out_in_hours(
    cast: Cast, client: Client, at: time, duration: int | None, place: str, first: str, last: str
) -> None:
    book(cast, at=at, duration=duration)
    client.force_login(cast.owner)
    text = page(client)
    assert f" {place}" in text
    hours = re.findall(r"<span>([^<]+)</span>", text[text.index('class="marks"') : text.index('id="day-')])
    assert (hours[0], hours[-1]) == (first, last)
    assert place not in page(client, **{"as": "list"})


# ---- calendar links and files ------------------------------------------------------------------------------


def test_a_link_is_shown_once_and_reads_what_its_person_sees(cast: Cast, client: Client) -> None:
    booking = book(cast)
    client.force_login(cast.owner)
    made = client.post(reverse("calendar_links"))
    assert "no-store" in made["Cache-Control"]
    found = re.search(r'value="(http[^"]+/calendar/feeds/[^"]+\.ics)"', made.content.decode())
    assert found
    path = found[1][found[1].index("/calendar/") :]
    assert path not in client.get(reverse("calendar_links")).content.decode()
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.cookies
    assert booking.property_address in answer.content.decode()
    assert "Last read" in client.get(reverse("calendar_links")).content.decode()
    assert "Not yet" not in client.get(reverse("calendar_links")).content.decode()


def test_a_reader_that_has_it_already_is_told_so(cast: Cast, client: Client) -> None:
    booking = book(cast)
    client.force_login(cast.owner)
    found = re.search(r"/calendar/feeds/[^\"]+\.ics", client.post(reverse("calendar_links")).content.decode())
    assert found
    reader = Client()
    first = reader.get(found[0])
    again = reader.get(found[0], headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert again["Cache-Control"] == "private, no-cache"
    assert reader.head(found[0]).status_code == 200
    Booking.objects.filter(pk=booking.pk).update(version=2)
    assert reader.get(found[0], headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert reader.post(found[0]).status_code == 405


def test_an_unchanged_calendar_costs_a_few_queries_and_no_event_is_written(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        book(cast)
    path = feeds.make(cast.manager, cast.partner)
    path = path[path.index("/calendar/") :]
    first = client.get(path)
    written = []
    monkeypatch.setattr(calendars, "calendar_of", lambda *of: written.append(of) or b"")
    with django_assert_max_num_queries(7):
        again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, written) == (304, [])
    assert client.get(path).status_code == 200
    assert len(written) == 1


def test_an_unknown_or_ended_link_is_not_found_whatever_it_looks_like(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    found = re.search(r"/calendar/feeds/[^\"]+\.ics", client.post(reverse("calendar_links")).content.decode())
    assert found
    client.post(reverse("end_calendar_link"))
    for path in (
        found[0],
        "/calendar/feeds/x.ics",
        f"/calendar/feeds/{'9' * 3000}.ics",
        "/calendar/feeds/é.ics",
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "BEGIN" not in answer.content.decode()


def test_a_managers_page_names_each_partner_and_says_when_a_link_rests(cast: Cast, client: Client) -> None:
    client.force_login(cast.manager)
    assert str(cast.partner) in client.get(reverse("calendar_links")).content.decode()
    client.post(reverse("calendar_links"), {"partner": cast.partner.pk})
    second = make_person(cast.partner, Role.MANAGER)
    people.join(cast.manager, cast.partner, Role.VIEWER)
    client.force_login(second)
    assert "does not manage the team any more" in client.get(reverse("calendar_links")).content.decode()
    assert client.post(reverse("calendar_links"), {"partner": "x"}).status_code == 404
    other = make_partner("Second Team")
    people.join(second, other, Role.MANAGER)
    text = client.get(reverse("calendar_links"), {"partner": other.pk}).content.decode()
    assert f'<option value="{other.pk}" selected>' in text


def test_a_bookings_file_has_a_name_and_a_receipts_file_no_way_into_the_portal(
    cast: Cast, client: Client
) -> None:
    booking = book(cast, property_address="12 Rue de l’Église")
    client.force_login(cast.viewer)
    mine = client.get(reverse("booking_file", args=[booking.pk]))
    assert mine["Content-Disposition"] == 'attachment; filename="showing-12-rue-de-leglise-2027-03-01.ics"'
    assert b"/admin/" in mine.content.replace(b"\r\n ", b"")
    token = receipts.token_of(receipts.share(booking, by=cast.owner))
    theirs = Client().get(reverse("receipt_file", args=[token]))
    assert theirs.status_code == 200
    assert b"/admin/" not in theirs.content.replace(b"\r\n ", b"")
    assert (
        reverse("receipt_file", args=[token])
        in Client().get(reverse("receipt", args=[token])).content.decode()
    )
    receipts.take_back(booking, by=cast.owner)
    assert Client().get(reverse("receipt_file", args=[token])).status_code == 404
