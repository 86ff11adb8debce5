"""A client's group of a day in its order, and clashes shown as such: on pages, in lists and on the board."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.models import ShowingRequest
from bookings.queries import tours
from bookings.services import runs
from bookings.vocabulary import RequestState, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_request

LIST = "/admin/bookings/showingrequest/"


def page_of(request: ShowingRequest) -> str:
    return reverse("admin:bookings_showingrequest_change", args=(request.pk,))


def requests_at(cast: Cast, *times: time | None, **fields: Any) -> list[ShowingRequest]:
    """Requests of one client on one day, in one group."""
    first = make_request(cast.partner, scheduled_time=times[0], group_name="Saturday", **fields)
    same = {"client": first.client, "user_id": first.user_id, "group_name": "Saturday"}
    return [first, *(make_request(cast.partner, scheduled_time=at, **{**same, **fields}) for at in times[1:])]


def clashing(cast: Cast) -> set[str]:
    return set(tours.clashing(cast.owner, now=timezone.now()).values_list("pk", flat=True))


def test_a_group_is_shown_in_its_order_with_links_times_and_states(cast: Cast, client: Client) -> None:
    noon, ten, unknown = requests_at(cast, time(12), time(10), None)
    stops = tours.tour_of(cast.owner, noon)
    assert [stop.request.pk for stop in stops] == [ten.pk, noon.pk, unknown.pk]
    client.force_login(cast.owner)
    for address in (page_of(noon), f"{LIST}{noon.pk}/tour/"):
        text = client.get(address).content.decode()
        assert text.index(page_of(ten)) < text.rindex(page_of(unknown))
        assert "10:00 AM" in text
        assert "12:00 PM" in text
        assert noon.get_booking_status_display() in text


def test_another_client_another_day_and_another_group_are_no_tour(cast: Cast) -> None:
    (one,) = requests_at(cast, time(10))
    make_request(cast.partner, group_name="Saturday", scheduled_time=time(11))
    same = {"client": one.client, "user_id": one.user_id}
    make_request(cast.partner, group_name="Saturday", scheduled_date=in_days(4), **same)
    make_request(cast.partner, group_name="Sunday", scheduled_time=time(15), **same)
    assert [stop.request.pk for stop in tours.tour_of(cast.owner, one)] == [one.pk]
    assert tours.tour_of(cast.stranger, one) == []


@pytest.mark.parametrize(
    ("other", "do"),
    [
        (time(10, 29), True),
        (time(9, 31), True),
        (time(10), True),
        (time(10, 30), False),
        (time(9, 30), False),
    ],
)
def test_overlapping_times_clash_and_touching_ones_do_not(cast: Cast, other: time, do: bool) -> None:
    ids = {request.pk for request in requests_at(cast, time(10), other)}
    assert clashing(cast) == (ids if do else set())


@pytest.mark.parametrize(
    ("late", "early", "days", "do"),
    [
        (time(23, 45), time(0), 1, True),
        (time(23, 45), time(0, 14), 1, True),
        (time(23, 45), time(0, 15), 1, False),
        (time(23, 30), time(0), 1, False),
        (time(23, 45), time(0), 2, False),
        (time(10), time(10), 1, False),
    ],
)
def test_a_showing_that_goes_past_midnight_clashes_with_the_next_days_first(
    cast: Cast, late: time, early: time, days: int, do: bool
) -> None:
    evening, morning = requests_at(cast, late, early)
    ShowingRequest.objects.filter(pk=morning.pk).update(scheduled_date=in_days(3 + days))
    morning.refresh_from_db()
    assert clashing(cast) == ({evening.pk, morning.pk} if do else set())
    for one, other in ((evening, morning), (morning, evening)):
        (stop,) = tours.day_of(cast.owner, one)
        assert [each.pk for each in stop.overlaps] == ([other.pk] if do else [])
        assert (f"({other.scheduled_date}) at {other.scheduled_time:%H:%M}" in stop.clash) == do


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_calendars_ends_have_no_neighbours(cast: Cast, day: date) -> None:
    late, later = requests_at(cast, time(23, 45), time(23, 50), scheduled_date=day)
    rows = tours.with_clashes(ShowingRequest.objects.all())
    assert set(rows.filter(clashes=True)) == {late, later}
    assert [bool(stop.clash) for stop in tours.day_of(cast.owner, late)] == [True, True]


def test_a_clash_with_yesterdays_last_is_found_today(cast: Cast) -> None:
    """What is still to come is looked for from yesterday on; its neighbour may be on the eve of that."""
    evening, morning = requests_at(cast, time(23, 45), time(0))
    eve = (timezone.now() - timedelta(days=2)).date()
    ShowingRequest.objects.filter(pk=evening.pk).update(scheduled_date=eve)
    ShowingRequest.objects.filter(pk=morning.pk).update(scheduled_date=eve + timedelta(days=1))
    assert clashing(cast) == {morning.pk}


def test_a_booked_showing_lasts_as_long_as_it_is_booked_for(cast: Cast) -> None:
    first, second = requests_at(cast, time(10), time(10, 45))
    assert clashing(cast) == set()
    make_booking(cast.account, request=first, duration=60)
    assert clashing(cast) == {first.pk, second.pk}
    assert [bool(stop.clash) for stop in tours.day_of(cast.owner, first)] == [True, True]


@pytest.mark.parametrize("fields", [{"booking_status": RequestState.CLOSED}, {"status": "Cancelled"}])
def test_what_is_over_clashes_with_nothing(cast: Cast, fields: dict[str, Any]) -> None:
    first, second = requests_at(cast, time(10), time(10))
    ShowingRequest.objects.filter(pk=second.pk).update(**fields)
    assert clashing(cast) == set()
    assert [stop.clash for stop in tours.day_of(cast.owner, first)] == ["", ""]


def test_a_clash_is_shown_on_the_request_in_the_list_and_on_the_board(cast: Cast, client: Client) -> None:
    first, second = requests_at(cast, time(10), time(10, 15))
    (calm,) = requests_at(cast, time(10))
    client.force_login(cast.owner)
    assert f"{second.property} at 10:15" in client.get(page_of(first)).content.decode()
    filtered = client.get(LIST, {"clash": "coming"}).context["cl"].result_list
    assert {row.pk for row in filtered} == {first.pk, second.pk}
    assert {row.pk for row in client.get(LIST, {"clash": "any"}).context["cl"].result_list} == {
        first.pk,
        second.pk,
    }
    assert calm.pk in {row.pk for row in client.get(LIST).context["cl"].result_list}
    board = client.get("/").content.decode()
    assert "2 requests clash" in board
    client.force_login(cast.stranger)
    assert "requests clash" not in client.get("/").content.decode()
    assert client.get(f"{LIST}{first.pk}/tour/").status_code == 404


def test_a_request_says_what_waits_for_a_person_with_its_answers(cast: Cast, client: Client) -> None:
    request = make_request(cast.partner, booking_status=RequestState.BOOKED)
    booking = make_booking(cast.account, request=request)
    run = runs.queue_cancel(booking, source=Source.SYNC, after_approval=True)
    type(run).objects.filter(pk=run.pk).update(state=RunState.PARKED, reason_code="rehearsed")
    client.force_login(cast.owner)
    text = client.get(page_of(request)).content.decode()
    assert f"/runs/{run.uuid}/answer?answer=release" in text
    client.force_login(cast.viewer)
    assert "answer=release" not in client.get(page_of(request)).content.decode()


def test_a_requests_trouble_is_told_on_the_board(cast: Cast, client: Client) -> None:
    make_request(cast.partner, booking_status=RequestState.NEEDS_PERSON, trouble="The client wants a boat.")
    client.force_login(cast.owner)
    assert "The client wants a boat." in client.get("/").content.decode()


def test_a_page_and_a_tour_cost_the_same_however_many_stops_there_are(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    first, *_ = requests_at(cast, time(10), time(11))

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = (page_of(first), f"{LIST}{first.pk}/tour/", LIST)
    for address in addresses:
        cost(address)  # what a process asks once
    before = [cost(address) for address in addresses]
    for hour in range(12, 20):
        make_request(
            cast.partner,
            client=first.client,
            user_id=first.user_id,
            group_name="Saturday",
            scheduled_time=time(hour),
        )
    assert [cost(address) for address in addresses] == before
