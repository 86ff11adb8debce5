"""Private calendars: who may make one, what is in it, and all the ways in which it ends."""

from __future__ import annotations

import hashlib
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from bookings import wallclock
from bookings.models import AuditEntry, Booking, CalendarFeed
from bookings.services import bookings as booking_service
from bookings.services import calendars, feeds, languages, people
from bookings.services.errors import Forbidden
from bookings.vocabulary import BookingStatus, Role, StaffRole
from tests.bookings.calendar_readers import READERS, Read, by_icalendar
from tests.bookings.cast import Cast, make_account, make_booking, make_partner, make_request, staff


def secret_of(address: str) -> str:
    return address.rpartition("/")[2].removesuffix(".ics")


def read(address: str) -> Read | None:
    feed = feeds.find(secret_of(address))
    return None if feed is None else by_icalendar(feeds.content(feed))


def found(address: str) -> CalendarFeed:
    feed = feeds.find(secret_of(address))
    assert feed is not None
    return feed


def homes(address: str) -> list[str]:
    calendar = read(address)
    assert calendar is not None
    return [event["location"] for event in calendar["events"]]


def test_a_person_reads_what_they_see_and_a_partner_what_is_its_own(cast: Cast) -> None:
    ours, theirs = make_booking(cast.account), make_booking(cast.other_account)
    own = feeds.make(cast.owner)
    team = feeds.make(cast.manager, cast.partner)
    assert homes(own) == homes(team) == [ours.property_address]
    assert homes(feeds.make(cast.stranger)) == [theirs.property_address]
    assert sorted(homes(feeds.make(staff(StaffRole.OPERATOR)))) == sorted(
        [ours.property_address, theirs.property_address]
    )
    assert read(own)["name"] == "My showings"  # type: ignore[index]
    assert read(team)["name"] == f"Showings of {cast.partner}"  # type: ignore[index]


def test_an_address_is_shown_once_and_kept_as_a_hash_alone(cast: Cast) -> None:
    address = feeds.make(cast.owner)
    row = CalendarFeed.objects.get()
    assert address.startswith("http")
    assert row.secret_hash == hashlib.sha256(secret_of(address).encode()).hexdigest()
    for table in (CalendarFeed, AuditEntry):
        for values in table.objects.values():
            assert secret_of(address) not in str(values)


def test_a_partners_calendar_is_its_managers_right(cast: Cast) -> None:
    for person in (cast.owner, cast.viewer, cast.stranger, cast.bare_staff):
        with pytest.raises(Forbidden):
            feeds.make(person, cast.partner)
        with pytest.raises(Forbidden):
            feeds.end(person, cast.partner)
    with pytest.raises(Forbidden):
        feeds.make(cast.bare_staff)
    assert not CalendarFeed.objects.exists()


def test_a_new_address_ends_the_old_one_and_ending_ends_it(cast: Cast) -> None:
    first = feeds.make(cast.owner)
    assert read(first) is not None
    second = feeds.make(cast.owner)
    assert read(first) is None
    row = CalendarFeed.objects.get()
    assert row.last_read_at is None
    assert read(second) is not None
    row.refresh_from_db()
    assert row.last_read_at is not None
    assert feeds.end(cast.owner)
    assert not feeds.end(cast.owner)
    assert read(second) is None
    told = AuditEntry.objects.filter(action__startswith="calendar_feed").order_by("pk")
    assert [entry.action.rpartition(".")[2] for entry in told] == ["made", "renewed", "ended"]


def _deactivate(cast: Cast) -> None:
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)


def _remove(cast: Cast) -> None:
    people.leave(cast.manager.memberships.get())


def _forget(cast: Cast) -> None:
    cast.manager.memberships.get().delete()  # as a row that was deleted by hand
    people.follow_roles(cast.manager)


@pytest.mark.parametrize("end", [_deactivate, _remove, _forget])
def test_it_ends_at_once_when_its_person_does(cast: Cast, end: Any) -> None:
    addresses = [feeds.make(cast.manager), feeds.make(cast.manager, cast.partner)]
    end(cast)
    assert [read(address) for address in addresses] == [None, None]


def test_who_comes_back_needs_a_new_address(cast: Cast) -> None:
    address = feeds.make(cast.owner)
    people.leave(cast.owner.memberships.get())
    people.join(cast.owner, cast.partner, Role.BOOKER)
    assert read(address) is None


def test_who_leaves_one_partner_of_two_keeps_their_own_calendar_and_loses_the_partners(cast: Cast) -> None:
    ours, theirs = make_booking(cast.account), make_booking(cast.other_account)
    people.join(cast.manager, cast.other, Role.MANAGER)
    own, team = feeds.make(cast.manager), feeds.make(cast.manager, cast.partner)
    assert sorted(homes(own)) == sorted([ours.property_address, theirs.property_address])
    people.leave(cast.manager.memberships.get(partner=cast.partner))
    assert homes(own) == [theirs.property_address]
    assert read(team) is None


def test_a_partners_calendar_rests_while_its_maker_is_no_manager(cast: Cast) -> None:
    address = feeds.make(cast.manager, cast.partner)
    feed = feeds.of_partner(cast.partner)
    assert feed is not None
    assert not feeds.is_over(feed)
    people.join(cast.manager, cast.partner, Role.VIEWER)
    assert read(address) is None
    second = people.join(cast.colleague, cast.partner, Role.MANAGER).user
    assert read(feeds.make(second, cast.partner)) is not None


def test_what_is_hidden_or_was_never_seen_is_not_in_it(cast: Cast) -> None:
    make_booking(cast.account, hidden_at=timezone.now())
    make_booking(cast.account, status=BookingStatus.UNVERIFIED)
    shown = make_booking(cast.account)
    assert homes(feeds.make(cast.owner)) == [shown.property_address]


def test_it_reaches_back_some_weeks_and_forward_without_end(cast: Cast, monkeypatch: Any) -> None:
    now = timezone.now()
    for days in (-61, -59, -1, 1, 900):
        make_booking(cast.account, starts_at=now + timedelta(days=days), property_address=f"day {days}")
    address = feeds.make(cast.owner)
    assert homes(address) == ["day -59", "day -1", "day 1", "day 900"]
    # Where there is more than readers take, what is near in the past goes first, and the farthest last.
    monkeypatch.setattr(feeds, "MOST_EVENTS", 3)
    assert homes(address) == ["day -1", "day 1", "day 900"]
    monkeypatch.setattr(feeds, "MOST_EVENTS", 1)
    assert homes(address) == ["day 1"]


@pytest.mark.parametrize("reader", READERS)
def test_a_change_keeps_the_id_and_raises_the_sequence_and_a_cancellation_says_so(
    cast: Cast, reader: Any
) -> None:
    booking = make_booking(cast.account, status=BookingStatus.PENDING)
    address = feeds.make(cast.owner)
    told = []
    for status in (None, BookingStatus.CONFIRMED, BookingStatus.CANCELLED):
        if status is not None:
            booking_service.change_status(booking, status, by=cast.owner)
        booking.refresh_from_db()
        told.append(reader(feeds.content(found(address)))["events"][0])
        alone = reader(calendars.file_of(booking))
        assert alone["events"][0]["sequence"] == told[-1]["sequence"]
        assert alone["method"] == ("CANCEL" if status == BookingStatus.CANCELLED else "PUBLISH")
    assert len({event["uid"] for event in told}) == 1
    assert [event["sequence"] for event in told] == [0, 1, 2]
    assert [event["status"] for event in told] == ["TENTATIVE", "CONFIRMED", "CANCELLED"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("day", "at", "starts", "says"),
    [
        (date(2026, 3, 8), time(1, 45), "2026-03-08T06:45:00", "1:45 AM to 3:15 AM EDT, Toronto time (EST)"),
        (date(2026, 11, 1), time(1, 30), "2026-11-01T05:30:00", "1:30 AM to 1:00 AM EST, Toronto time (EDT)"),
        (date(2026, 11, 1), time(10, 0), "2026-11-01T15:00:00", "10:00 AM to 10:30 AM, Toronto time (EST)"),
    ],
)
def test_a_showing_on_a_day_when_clocks_change(
    cast: Cast, reader: Any, day: date, at: time, starts: str, says: str
) -> None:
    booking = make_booking(
        cast.account,
        booking_date=day,
        booking_time=at,
        starts_at=wallclock.instant(day, at, "America/Toronto"),
        duration=30,
    )
    event = reader(calendars.file_of(booking))["events"][0]
    assert event["starts"] == starts
    assert says in event["description"]


def test_an_event_tells_what_one_needs_at_the_door(cast: Cast) -> None:
    wish = make_request(cast.partner)
    booking = make_booking(
        cast.account, request=wish, property=wish.property, user_name="Robin Agent", duration=None
    )
    event = by_icalendar(calendars.file_of(booking))["events"][0]
    for said in (
        "Toronto time",
        wish.client.name,
        "Robin Agent",
        wish.property.mls_number,
        booking.showing_id,
    ):
        assert said in event["description"]
    assert event["summary"] == f"Showing: {booking.property_address}"
    assert event["url"].endswith(f"/admin/bookings/booking/{booking.pk}/change/")
    # Nobody told how long it takes: as long as the partner's showings do.
    assert calendars.ends_at(booking) - booking.starts_at == timedelta(minutes=30)
    strangers = by_icalendar(calendars.file_of(booking, for_strangers=True))["events"][0]
    assert strangers["url"] is None
    assert strangers["uid"] == event["uid"]


def test_two_bookings_never_share_an_id_though_a_number_comes_again(cast: Cast) -> None:
    first = make_booking(cast.account)
    again = Booking(pk=first.pk, created_at=first.created_at + timedelta(seconds=1))
    assert calendars.uid_of(first) != calendars.uid_of(again)
    assert calendars.uid_of(first) == calendars.uid_of(Booking.objects.get(pk=first.pk))


def test_a_calendar_speaks_its_persons_language(cast: Cast) -> None:
    day = date(2027, 2, 3)
    make_booking(
        cast.account, booking_date=day, starts_at=wallclock.instant(day, time(10), "America/Toronto")
    )
    address = feeds.make(cast.owner)
    for language, month in (("en", "February"), ("fr", "février")):
        languages.choose(cast.owner, language)
        assert month in read(address)["events"][0]["description"]  # type: ignore[index]


def test_a_calendar_costs_few_queries_however_long_it_is(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    partner = make_partner("Busy Team")
    account = make_account(partner)
    people.join(cast.manager, partner, Role.MANAGER)
    for number in range(40):
        wish = make_request(partner)
        make_booking(
            account,
            request=wish,
            property=wish.property,
            starts_at=timezone.now() + timedelta(hours=number - 20),
        )
    for address in (feeds.make(cast.manager), feeds.make(cast.manager, partner)):
        feeds.find(secret_of(address))  # the first reading is noted
        with django_assert_max_num_queries(7):
            assert feeds.content(found(address))


def test_a_calendar_has_another_digest_whenever_it_reads_otherwise(cast: Cast) -> None:
    """Every column of a booking and of what stands beside it is changed once: an event's words come from some
    of them, and a reader that has the calendar already is never told that it has not changed when it has."""
    wish = make_request(cast.partner)
    booking = make_booking(
        cast.account, request=wish, property=wish.property, user_name="", duration=None, showing_id="a1"
    )
    feed = found(feeds.make(cast.manager, cast.partner))
    tables = {type(row): row for row in (booking, wish.property, wish.client, cast.partner)}
    told = 0
    for table, row in tables.items():
        for column in table._meta.concrete_fields:
            other = _another(column, getattr(row, column.attname))
            if other is None:
                continue
            before = feeds.content(feed), feeds.digest(feed)
            with transaction.atomic():
                table.objects.filter(pk=row.pk).update(**{column.attname: other})
                after = feeds.content(feed), feeds.digest(feed)
                transaction.set_rollback(True)
            if before[0] != after[0]:
                told += 1
                assert before[1] != after[1], f"{table.__name__}.{column.name}"
    assert told >= 15
    before = feeds.digest(feed)
    assert before == feeds.digest(feed)
    make_booking(cast.account)
    assert feeds.digest(feed) != before


def _another(column: Any, value: Any) -> Any:
    """Another value that the column takes; None where there is none to be tried."""
    if column.primary_key or column.unique or column.is_relation:
        return None
    kind = column.get_internal_type()
    if column.choices:
        return next((word for word, _ in column.flatchoices if word != value), None)
    if column.name == "time_zone":
        return "America/Vancouver"
    changed: dict[str, Any] = {
        "CharField": "other",
        "PositiveSmallIntegerField": 45,
        "PositiveIntegerField": 45,
        "DateTimeField": timezone.now() + timedelta(days=9),
        "DateField": date(2027, 5, 6),
        "TimeField": time(17, 45),
    }
    return changed.get(kind)


def test_a_calendars_digest_minds_its_name_its_language_and_its_words(
    cast: Cast, settings: Any, monkeypatch: Any
) -> None:
    make_booking(cast.account)
    feed = found(feeds.make(cast.owner))
    seen = [feeds.digest(feed)]
    languages.choose(cast.owner, "fr")
    seen.append(feeds.digest(feed))
    settings.SITE_URL = "https://elsewhere.example.com"
    seen.append(feeds.digest(feed))
    # As after an update of the portal that says it otherwise.
    monkeypatch.setattr(calendars, "_summary", lambda booking: "Other words")
    calendars._manner.cache_clear()
    seen.append(feeds.digest(feed))
    calendars._manner.cache_clear()
    assert len(set(seen)) == len(seen)
