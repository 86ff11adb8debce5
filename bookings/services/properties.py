"""Properties: which still want an address, and what the property API told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings.models import Property
from bookings.services import audit
from bookings.vocabulary import FetchState, Source

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)


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
    due = Property.objects.filter(Q(fetch_after=None) | Q(fetch_after__lte=now)).exclude(
        fetch_state__in=(FetchState.KNOWN, FetchState.NO_STREET)
    )
    return list(
        due.order_by(F("fetch_after").asc(nulls_first=True), "pk").values_list("property_id", flat=True)
    )


def take_in(incoming: IncomingProperty) -> Property:
    """Keep what the property API told; a known address is never overwritten by an empty one."""
    now = timezone.now()
    with transaction.atomic():
        Property.objects.get_or_create(property_id=incoming.property_id)
        home: Property = Property.objects.select_for_update().get(property_id=incoming.property_id)
        before = {"address": home.address, "price": home.price, "status": home.status}
        for name, value in incoming.fields.items():
            setattr(home, name, value)
        home.address = incoming.address or home.address
        home.details_json = incoming.raw
        home.fetch_state = FetchState.KNOWN if home.address else FetchState.NO_STREET
        home.fetch_reason = "" if home.address else "The property API gives no street for it."
        home.fetch_after = None
        home.fetched_at = home.last_updated = now
        home.save()
        after = {"address": home.address, "price": home.price, "status": home.status}
        if before != after:
            audit.note("property.learned", home, source=Source.SYNC, before=before, after=after)
    return home


def fetch_failed(property_id: str, state: FetchState, reason: str) -> None:
    """Keep why the property API could not tell of a home, and when to ask again (waiting ever longer)."""
    home = Property.objects.get(property_id=property_id)
    wait = min(FIRST_WAIT * 2 ** min(home.fetch_attempts, 12), LONGEST_WAIT)
    Property.objects.filter(pk=home.pk).update(
        fetch_state=state,
        fetch_reason=reason[:300],
        fetch_attempts=F("fetch_attempts") + 1,
        fetch_after=timezone.now() + wait,
    )
