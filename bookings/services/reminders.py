"""Reminders: mail before a showing, as long before as each person wants it.

Owed from the rows by every sweep, on as many machines as there are: its key makes each one. Whether the
showing still takes place then is looked at once more as it is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from bookings.models import Booking, BookingRun, Connection, Notice
from bookings.models.choice import Lead
from bookings.services import choices, news, notices
from bookings.services.choices import Listener
from bookings.services.letters import reminder_key
from bookings.vocabulary import BookingStatus, NoticeEvent, RunKind

AT_ONCE = 500
CONNECTIONS_LEAD = timedelta(minutes=Lead.TWO_HOURS)


def owe_due() -> int:
    """Owe the reminders whose time has come. Safe to do at any time. Returns how many were new."""
    now = timezone.now()
    soon = Booking.objects.filter(
        status=BookingStatus.CONFIRMED,
        hidden_at=None,
        missing_since=None,
        starts_at__gt=now,
        starts_at__lte=now + choices.LONGEST_LEAD,
        partner__is_active=True,
    )
    ids = list(soon.order_by("starts_at", "pk").values_list("pk", flat=True))
    lots = (ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE))
    return sum(_owe(lot, now) for lot in lots)


def _owe(ids: Sequence[int], now: datetime) -> int:
    bookings = list(Booking.objects.filter(pk__in=ids).select_related("partner", "request__client"))
    partners = {booking.partner_id for booking in bookings}
    people = choices.listeners_of(partners)
    connections = [
        each
        for each in Connection.objects.filter(partner__in=partners, is_on=True)
        if NoticeEvent.REMINDER.value in each.events
    ]
    askers = _askers(ids)
    there = set(
        Notice.objects.filter(booking__in=ids, event=NoticeEvent.REMINDER).values_list("key", flat=True)
    )
    owed: list[Notice] = []
    for booking in bookings:
        held = [each for each in connections if each.partner_id == booking.partner_id]
        own = {askers[booking.pk]} if booking.pk in askers else set()
        owed += _of(booking, people.get(booking.partner_id, []), own, held, now)
    new = [notice for notice in owed if notice.key not in there]
    if new:
        with transaction.atomic():
            notices.owe(new)
    return len(new)


def _askers(ids: Sequence[int]) -> dict[int, int]:
    """Who asked for each of these bookings, where somebody did."""
    runs = BookingRun.objects.filter(booking__in=ids, kind=RunKind.BOOK, created_by__isnull=False)
    return dict(runs.order_by("queued_at", "pk").values_list("booking_id", "created_by_id"))


def _of(
    booking: Booking,
    people: Collection[Listener],
    own: Collection[int],
    connections: Collection[Connection],
    now: datetime,
) -> Iterator[Notice]:
    """A booking's reminders whose time has come."""
    begin = reminder_key(booking.pk, booking.starts_at)
    reminder = news.News(
        key=begin.rstrip(":"), event=NoticeEvent.REMINDER, partner=booking.partner, booking=booking, at=now
    )
    for each in people:
        if is_due(booking, each.lead, now) and each.wants(NoticeEvent.REMINDER, own):
            yield news.mail(reminder, each.user, key=f"{begin}{each.user.pk}")
    if is_due(booking, CONNECTIONS_LEAD, now):
        for connection in connections:
            yield news.to_connection(reminder, connection)


def is_due(booking: Booking, lead: timedelta, now: datetime) -> bool:
    """Whether the time for it has come: so long before, and not for what was only just confirmed, for that
    itself was told."""
    time_for_it = booking.starts_at - lead
    confirmed_at = booking.confirmed_at or booking.created_at
    return confirmed_at < time_for_it <= now < booking.starts_at
