"""Bookings: one live one per place and time, changed by people with a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from bookings.models import AuditEntry, Booking, Notice
from bookings.services import bookings, news, notices, people
from bookings.services.errors import AlreadyThere, Moved, NotAllowed
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus, NoticeState, Role, Source
from tests.bookings.cast import (
    Cast,
    in_days,
    make_booking,
    make_partner,
    make_person,
    make_property,
    make_request,
    make_run,
)

pytestmark = pytest.mark.django_db


def test_the_database_refuses_a_second_live_booking(cast: Cast) -> None:
    first = make_booking(cast.account)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_booking(cast.account, listing_id=first.listing_id)
    make_booking(cast.account, listing_id=first.listing_id, status=BookingStatus.CANCELLED)
    make_booking(cast.other_account, listing_id=first.listing_id)


def test_a_status_change_is_audited_with_before_after_and_reason(cast: Cast) -> None:
    booking = make_booking(cast.account)
    bookings.change_status(booking, BookingStatus.CANCELLED, by=cast.owner, reason="Client is ill")
    entry = AuditEntry.objects.get(action="booking.status_changed")
    assert (entry.before, entry.after) == ({"status": "Confirmed"}, {"status": "Cancelled"})
    assert (entry.actor, entry.reason) == (cast.owner, "Client is ill")


def test_of_two_people_changing_one_booking_the_second_is_told(cast: Cast) -> None:
    booking = make_booking(cast.account)
    bookings.change_status(booking, BookingStatus.PENDING, by=cast.owner, version=1)
    with pytest.raises(Moved):
        bookings.change_status(booking, BookingStatus.CANCELLED, by=cast.colleague, version=1)


def test_a_cancelled_booking_cannot_come_back_beside_its_successor(cast: Cast) -> None:
    old = make_booking(cast.account, status=BookingStatus.CANCELLED)
    make_booking(cast.account, listing_id=old.listing_id)
    with pytest.raises(AlreadyThere):
        bookings.change_status(old, BookingStatus.CONFIRMED, by=cast.owner)


def test_one_stuck_row_stops_no_other_in_a_bulk_change(cast: Cast) -> None:
    old = make_booking(cast.account, status=BookingStatus.CANCELLED)
    make_booking(cast.account, listing_id=old.listing_id)
    fine = make_booking(cast.account, status=BookingStatus.PENDING)
    changes = bookings.change_many([old, fine], BookingStatus.CONFIRMED, by=cast.owner)
    assert [bool(change.error) for change in changes] == [True, False]
    assert Booking.objects.get(pk=fine.pk).status == BookingStatus.CONFIRMED


@pytest.mark.parametrize("status", LIVE_BOOKING_STATUSES)
def test_what_stands_and_is_still_to_come_is_not_hidden(cast: Cast, status: BookingStatus) -> None:
    booking = make_booking(cast.account, status=status)
    with pytest.raises(NotAllowed, match="Cancel it on BrokerBay first"):
        bookings.hide(booking, by=cast.owner)
    assert Booking.objects.get(pk=booking.pk).hidden_at is None
    assert not AuditEntry.objects.filter(action="booking.hidden").exists()
    over = make_booking(cast.account, status=status, booking_date=in_days(-3))
    bookings.hide(over, by=cast.owner)
    assert Booking.objects.get(pk=over.pk).hidden_at is not None


def test_a_programme_hides_what_is_still_to_come_and_only_news_of_it_shows_it_again(cast: Cast) -> None:
    booking = make_booking(cast.account)
    bookings.hide(booking, by=cast.owner, source=Source.API)
    run = make_run(cast.partner)
    listed = bookings.Seen(
        showing_id=booking.showing_id,
        listing_id=booking.listing_id,
        address=booking.property_address,
        date=booking.booking_date,
        time=booking.booking_time,
        duration_minutes=30,
        status="confirmed",
        badge="Confirmed",
        url="",
    )
    bookings.follow(Booking.objects.get(pk=booking.pk), listed, run=run)
    assert Booking.objects.get(pk=booking.pk).hidden_at is not None
    bookings.follow(Booking.objects.get(pk=booking.pk), replace(listed, time=time(15)), run=run)
    assert Booking.objects.get(pk=booking.pk).hidden_at is None


def test_its_picture_is_of_how_it_stands_or_there_is_none(cast: Cast) -> None:
    booking = make_booking(cast.account, screenshot_path="run/list.jpg")
    run = make_run(cast.partner)
    as_it_was = bookings.Seen(
        showing_id=booking.showing_id,
        listing_id=booking.listing_id,
        address=booking.property_address,
        date=booking.booking_date,
        time=booking.booking_time,
        duration_minutes=booking.duration,
        status="confirmed",
        badge="Confirmed",
        url="",
    )
    moved, cancelled = (
        replace(as_it_was, time=time(15)),
        replace(as_it_was, time=time(15), status="cancelled"),
    )
    for seen, picture, left in (
        (as_it_was, "run/another.jpg", "run/list.jpg"),
        (moved, "run/moved.jpg", "run/moved.jpg"),
        (cancelled, "", ""),
    ):
        bookings.follow(Booking.objects.get(pk=booking.pk), replace(seen, picture=picture), run=run)
        assert Booking.objects.get(pk=booking.pk).screenshot_path == left


def test_a_hidden_booking_that_stands_again_is_seen_again(cast: Cast) -> None:
    booking = make_booking(cast.account, status=BookingStatus.CANCELLED)
    bookings.hide(booking, by=cast.owner)
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    assert Booking.objects.get(pk=booking.pk).hidden_at is None


def test_hiding_is_undone_by_showing_again(cast: Cast) -> None:
    booking = make_booking(cast.account, status=BookingStatus.CANCELLED)
    bookings.hide(booking, by=cast.owner)
    booking.refresh_from_db()
    assert booking.hidden_at is not None
    bookings.show_again(booking, by=cast.owner)
    booking.refresh_from_db()
    assert booking.hidden_at is None
    assert AuditEntry.objects.filter(subject_type="booking").count() == 2


def test_rows_belong_to_the_partner_and_to_nobody_else(cast: Cast) -> None:
    booking = make_booking(cast.account)
    for person, sees in [
        (cast.owner, 1),
        (cast.colleague, 1),
        (cast.admin, 1),
        (cast.stranger, 0),
        (cast.bare_staff, 0),
    ]:
        assert Booking.objects.visible_to(person).filter(pk=booking.pk).count() == sees


def test_a_sleeping_person_sees_nothing(cast: Cast) -> None:
    make_booking(cast.account)
    cast.owner.is_active = False
    cast.owner.save()
    assert not Booking.objects.visible_to(cast.owner).exists()


def test_a_property_is_seen_by_those_who_deal_with_it(cast: Cast) -> None:
    home = make_property()
    make_request(cast.partner, property=home)
    assert list(type(home).objects.visible_to(cast.owner)) == [home]
    assert not type(home).objects.visible_to(cast.stranger).exists()


def test_leaving_takes_the_rows_and_the_door_away(cast: Cast) -> None:
    people.leave(cast.owner.memberships.get(), by=cast.admin)
    cast.owner.refresh_from_db()
    assert cast.owner.is_staff is False
    assert not cast.owner.groups.exists()


def test_a_role_gives_its_permissions_and_no_more(cast: Cast) -> None:
    assert cast.owner.has_perm("bookings.book_run")
    assert not cast.viewer.has_perm("bookings.book_run")
    assert not cast.owner.has_perm("bookings.see_all_partners")
    assert make_person(make_partner(), Role.MANAGER).has_perm("bookings.sign_in_account")


def test_a_key_opens_only_for_its_living_owner(cast: Cast) -> None:
    key = people.create_key(cast.owner, "script")
    opened = people.live_key(key)
    assert opened is not None
    assert opened.user == cast.owner
    assert people.live_key(key + "x") is None
    people.revoke_key(cast.owner.api_keys.get(), by=cast.owner)
    assert people.live_key(key) is None


def test_an_owed_notice_is_sent_once(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    run.state, run.reason_code, run.reason = "refused", "slot_unavailable", "10:00 is not offered."
    news.of_run(run)
    news.of_run(run)
    assert notices.send_owed() == 1
    assert notices.send_owed() == 0
    assert [message.to for message in mail.outbox] == [[cast.owner.email]]
    assert "Pick one of the open times" in mail.outbox[0].body


def test_a_mail_server_that_is_down_is_asked_again_later(cast: Cast, settings: object) -> None:
    settings.EMAIL_BACKEND = "tests.bookings.services.test_bookings.DownBackend"  # type: ignore[attr-defined]
    run = make_run(cast.partner, by=cast.owner)
    run.state, run.reason_code = "failed", "page_changed"
    news.of_run(run)
    assert notices.send_owed() == 0
    owed = Notice.objects.get()
    assert (owed.state, owed.attempts) == (NoticeState.OWED, 1)
    assert owed.last_error


class DownBackend:
    def __init__(self, **_: object) -> None:
        """Takes what Django's mail settings give it."""

    def send_messages(self, _: object) -> int:
        raise ConnectionRefusedError
