"""Properties: which still want an address, and what the property API told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from bookings.models import Booking, Property, ShowingRequest
from bookings.services import audit
from bookings.vocabulary import LIVE_BOOKING_STATUSES, FetchState, RequestState, Source

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
TOLD = (FetchState.KNOWN, FetchState.NO_STREET)
# Columns whose changes are kept as history.
FOLLOWED = ("address", "price", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingProperty:
    """What the property API told of a home. `address` is empty when it has no street."""

    property_id: str
    address: str
    fields: dict[str, Any] = field(default_factory=dict)  # further columns of `properties`, by name
    raw: dict[str, Any] = field(default_factory=dict)


def wanting_address() -> list[str]:
    """The MLS numbers of properties to ask the property API for now, soonest due first."""
    now = timezone.now()
    due = Property.objects.filter(Q(fetch_after=None) | Q(fetch_after__lte=now)).exclude(fetch_state__in=TOLD)
    return list(
        due.order_by(F("fetch_after").asc(nulls_first=True), "pk").values_list("property_id", flat=True)
    )


def due() -> list[str]:
    """The MLS numbers to ask the property API for now: those without an address first, then the known homes
    that somebody still wants to see and whose facts are older than PROPERTY_REFRESH_HOURS."""
    now = timezone.now()
    old = now - timedelta(hours=settings.PROPERTY_REFRESH_HOURS)
    mine = {"property": OuterRef("property_id")}
    asked_for = ShowingRequest.objects.filter(**mine, scheduled_date__gte=now.date() - timedelta(days=1))
    booked = Booking.objects.filter(**mine, status__in=LIVE_BOOKING_STATUSES, starts_at__gt=now)
    aged = Property.objects.filter(
        Q(fetch_after=None) | Q(fetch_after__lte=now),
        Q(fetched_at=None) | Q(fetched_at__lte=old),
        Exists(asked_for.exclude(booking_status=RequestState.CLOSED)) | Exists(booked),
        fetch_state__in=TOLD,
    ).order_by(F("fetched_at").asc(nulls_first=True), "pk")
    return [*wanting_address(), *aged.values_list("property_id", flat=True)]


def take_in(incoming: IncomingProperty) -> Property:
    """Keep what the property API told. What it does not tell stays as it is known; a change of address, price
    or status is kept as history."""
    now = timezone.now()
    with transaction.atomic():
        Property.objects.get_or_create(property_id=incoming.property_id)
        home: Property = Property.objects.select_for_update().get(property_id=incoming.property_id)
        before = {name: getattr(home, name) for name in FOLLOWED}
        for name, value in incoming.fields.items():
            setattr(home, name, value or getattr(home, name))
        home.address = incoming.address or home.address
        home.details_json = incoming.raw
        home.fetch_state = FetchState.KNOWN if home.address else FetchState.NO_STREET
        home.fetch_reason = "" if home.address else "The property API gives no street for it."
        home.fetch_after = None
        home.fetch_attempts = 0
        home.fetched_at = now
        after = {name: getattr(home, name) for name in FOLLOWED}
        if before["price"] and before["price"] != home.price:
            home.price_change = f"{before['price']} → {home.price}"[:40]
        if before != after:
            home.last_updated = now
        home.save()
        if before != after:
            audit.note("property.learned", home, source=Source.SYNC, before=before, after=after)
    return home


def fetch_failed(property_id: str, state: FetchState, reason: str) -> None:
    """Keep why the property API could not tell of a home, and when to ask again (waiting ever longer).

    What was told of it before still counts.
    """
    home = Property.objects.get(property_id=property_id)
    if home.fetch_state in TOLD:
        state, reason = FetchState(home.fetch_state), f"Asked again in vain: {reason}"
    wait = min(FIRST_WAIT * 2 ** min(home.fetch_attempts, 12), LONGEST_WAIT)
    Property.objects.filter(pk=home.pk).update(
        fetch_state=state,
        fetch_reason=reason[:300],
        fetch_attempts=F("fetch_attempts") + 1,
        fetch_after=timezone.now() + wait,
    )
