"""What a booking can be started from: clients' requests, and homes that a person names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from bookings.models import Booking, Partner, Property, ShowingRequest
from bookings.queries.homes import STILL_WANTED
from bookings.services.needs import is_mls_number
from bookings.services.runs import Wish
from bookings.vocabulary import LIVE_BOOKING_STATUSES

LISTED = 60


def place_named(user: User, text: str) -> Wish:
    """Where a typed text points, as a wish that wants nothing yet.

    A known home goes by its MLS number, so that the same wish in other words is recognised as the same.
    """
    text = text.strip()
    named = Q(property_id=text.upper()) | Q(address__iexact=text)
    known = Property.objects.visible_to(user).filter(named).order_by("pk").first()
    if known is not None and is_mls_number(known.property_id):
        return Wish(
            property_text=known.property_id,
            mls_number=known.mls_number or known.property_id,
            address=known.address,
            time_zone=known.time_zone,
        )
    if is_mls_number(text):
        return Wish(property_text=text.upper(), mls_number=text.upper())
    return Wish(property_text=text, address=text)


def _still_wanted(user: User) -> QuerySet[ShowingRequest]:
    requests = ShowingRequest.objects.visible_to(user).annotate(word=Lower("status"))
    return (
        requests.filter(word__in=STILL_WANTED)
        .exclude(property=None)
        .exclude(property__address="")
        .select_related("property", "client", "partner")
    )


def wanted_requests(user: User, now: datetime) -> list[Any]:
    """The first of clients' requests for a property with an address whose day has not passed: those that have
    no booking yet before the others, each soonest first.

    Each has its `booking`: the live one that it led to, or None.
    """
    yesterday = (now - timedelta(days=1)).date()
    coming = Q(scheduled_date=None) | Q(scheduled_date__gt=yesterday)
    held = Booking.objects.visible_to(user).filter(status__in=LIVE_BOOKING_STATUSES).order_by("pk")
    wanted = _still_wanted(user).filter(coming).prefetch_related(Prefetch("bookings", held, to_attr="held"))
    first = wanted.annotate(is_held=Exists(held.order_by().filter(request=OuterRef("pk"))))
    found: list[Any] = list(first.order_by("is_held", "scheduled_date", "scheduled_time", "pk")[:LISTED])
    for request in found:
        request.booking = request.held[-1] if request.held else None
    return found


def wanted_request(user: User, request_id: str) -> ShowingRequest | None:
    if not request_id or "\x00" in request_id:
        return None
    return _still_wanted(user).filter(pk=request_id).first()


def request_for(user: User, request_id: str, partner: Partner, property_text: str) -> ShowingRequest | None:
    """The request of that id, if it is the partner's own and about that property."""
    request = wanted_request(user, request_id)
    if request is None or request.partner_id != partner.pk or request.property_id != property_text:
        return None
    return request


def as_form(request: ShowingRequest) -> dict[str, str]:
    """A request in the words of the form's fields; what it lacks is left out."""
    minutes = request.partner.showing_minutes if request.partner else ""
    said = {
        "request": request.pk,
        "partner": request.partner_id or "",
        "property": request.property_id or "",
        "date": request.scheduled_date.isoformat() if request.scheduled_date else "",
        "time": request.scheduled_time.strftime("%H:%M") if request.scheduled_time else "",
        "duration": minutes,
    }
    return {name: str(value) for name, value in said.items() if value}
