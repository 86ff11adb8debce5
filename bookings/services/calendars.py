"""Showings as calendar events: the file of one booking, for mails and downloads, and whole calendars.

What other rooms call: `file_of(booking)` gives the bytes, `file_name(booking)` a name for them, and
`CONTENT_TYPE` their type. A later file of the same booking takes the earlier one's place in a calendar, or
removes it when the showing does not take place any more.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings import ics
from bookings.models import Booking, Client, Partner, Property, ShowingRequest
from bookings.templatetags.showing import zone_words
from bookings.told import clock, long_day
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus

CONTENT_TYPE = ics.CONTENT_TYPE
# What an event needs of its booking's neighbours: take it with `select_related`.
NEIGHBOURS = ("partner", "property", "request__client")
# Whatever of a row and its neighbours an event is written from. Calendars that agree in these are the same.
TOLD = (
    "pk",
    "version",
    "created_at",
    "updated_at",
    "status",
    "starts_at",
    "booking_date",
    "booking_time",
    "duration",
    "time_zone",
    "property_address",
    "user_name",
    "showing_id",
    "partner__name",
    "partner__showing_minutes",
    "property__mls_number",
    "request__client__name",
)
_UIDS = uuid.UUID("6f1d1c1a-6f0e-5f0a-9d57-3c1b2a0c7e55")


def file_of(booking: Booking, *, for_strangers: bool = False) -> bytes:
    """The calendar file of one showing, as it stands now; for strangers, without a way into the portal.

    Its words are in the language that is active.
    """
    method = ics.Method.PUBLISH if booking.status in LIVE_BOOKING_STATUSES else ics.Method.CANCEL
    email = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    organizer = ics.Organizer(name=booking.partner.name, email=email)
    return ics.calendar([_event(booking, for_strangers)], method=method, organizer=organizer)


def file_name(booking: Booking) -> str:
    """`showing-12-example-street-2026-11-24.ics`"""
    return f"showing-{slugify(booking.property_address)[:60]}-{booking.booking_date:%Y-%m-%d}.ics"


def calendar_of(name: str, bookings: Iterable[Booking]) -> bytes:
    """A calendar that readers keep: those of the bookings that ended are in it as cancelled."""
    return ics.calendar([_event(booking, for_strangers=False) for booking in bookings], name=name)


def told_of(rows: QuerySet[Booking]) -> list[tuple[Any, ...]]:
    """What their events are written from: no object is made of a row, a thousand take some milliseconds."""
    return list(rows.select_related(None).values_list(*TOLD))


def digest_of(name: str, told: list[tuple[Any, ...]], *, language: str) -> str:
    """The same as long as `calendar_of` those rows in that language is, without writing it."""
    said = (name, _manner(language, settings.SITE_URL), told)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


@cache
def _manner(language: str, site: str) -> str:
    """How this release writes events: with other words, the events of unchanged rows change as well."""
    day, at = date(2026, 1, 2), time(15)
    moment = datetime.combine(day, at, UTC)
    samples = [
        Booking(
            pk=1,
            status=status,
            created_at=moment,
            updated_at=moment,
            starts_at=moment,
            booking_date=day,
            booking_time=at,
            duration=30,
            time_zone="America/Toronto",
            showing_id="1",
            partner=Partner(name="A"),
            property=Property(mls_number="A"),
            request=ShowingRequest(client=Client(name="A")),
        )
        for status in BookingStatus
    ]
    with translation.override(language):
        return hashlib.sha256(calendar_of("", samples)).hexdigest()


def _event(booking: Booking, for_strangers: bool) -> ics.Event:
    return ics.Event(
        uid=uid_of(booking),
        sequence=booking.version - 1,
        standing=_standing(booking),
        starts_at=booking.starts_at,
        ends_at=ends_at(booking),
        created_at=booking.created_at,
        changed_at=booking.updated_at,
        summary=_summary(booking),
        location=booking.property_address,
        description=_description(booking),
        url="" if for_strangers else _address(booking),
    )


def uid_of(booking: Booking) -> str:
    """The same for ever, whatever becomes of the booking and wherever the portal moves to."""
    made = booking.created_at.astimezone(UTC).isoformat(timespec="microseconds")
    return str(uuid.uuid5(_UIDS, f"{booking.pk} {made}"))


def ends_at(booking: Booking) -> datetime:
    """The end of a showing; one whose length nobody knows is as long as its partner's usually are."""
    return booking.starts_at + timedelta(minutes=booking.duration or booking.partner.showing_minutes)


def _standing(booking: Booking) -> ics.Standing:
    if booking.status == BookingStatus.CONFIRMED:
        return ics.Standing.CONFIRMED
    if booking.status in (BookingStatus.DECLINED, BookingStatus.CANCELLED):
        return ics.Standing.CANCELLED
    return ics.Standing.TENTATIVE


def _summary(booking: Booking) -> str:
    if booking.status == BookingStatus.CONFIRMED:
        return _("Showing: %s") % booking.property_address
    words = {"status": booking.get_status_display(), "home": booking.property_address}
    return _("%(status)s: showing of %(home)s") % words


def _description(booking: Booking) -> str:
    """When it is on the clock at the door, for whom, and how to name it on the telephone."""
    client = booking.request.client if booking.request is not None else None
    mls = booking.property.mls_number if booking.property is not None else ""
    said = (
        _at_the_door(booking),
        _("Status: %s") % booking.get_status_display(),
        _("For: %s") % client.name if client is not None and client.name else "",
        _("Booked by: %s") % (booking.user_name or booking.partner),
        _("MLS number: %s") % mls if mls else "",
        _("BrokerBay reference: %s") % booking.showing_id if booking.showing_id else "",
    )
    return "\n".join(filter(None, said))


def _at_the_door(booking: Booking) -> str:
    zone = ZoneInfo(booking.time_zone)
    ends = ends_at(booking).astimezone(zone)
    short, short_then = f"{booking.starts_at.astimezone(zone):%Z}", f"{ends:%Z}"
    words = {
        "day": long_day(booking.booking_date),
        "starts": clock(booking.booking_time),
        "ends": clock(ends.time()) if short == short_then else f"{clock(ends.time())} {short_then}",
        "zone": zone_words(booking.time_zone),
        "short": short,
    }
    return _("%(day)s, %(starts)s to %(ends)s, %(zone)s (%(short)s)") % words


def _address(booking: Booking) -> str:
    """The whole address of its page, which begins with SITE_URL: nobody's Host header gets a word in."""
    path = reverse("admin:bookings_booking_change", args=[booking.pk])
    return f"{settings.SITE_URL.rstrip('/')}{path}"
