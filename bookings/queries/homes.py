"""Named reads of properties, for people who look one up or pick one to book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from bookings.models import AuditEntry, Property, ShowingRequest

# Supabase's own words for a request whose showing is still to come.
STILL_WANTED = ("pending", "scheduled", "rescheduled")
CHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact of a home that the property API told otherwise than before. Texts, as they were told."""

    at: datetime
    name: str
    before: str
    after: str


def found(user: User | AnonymousUser, search: str = "") -> QuerySet[Property]:
    """A person's properties, by address; `search` looks into address and MLS number."""
    homes = Property.objects.visible_to(user).order_by("address", "property_id")
    if not search:
        return homes
    return homes.filter(
        Q(address__icontains=search) | Q(property_id__icontains=search) | Q(mls_number__icontains=search)
    )


def still_wanted(user: User | AnonymousUser) -> QuerySet[Property]:
    """The properties with an address that a client of the person's partners still wants to see."""
    requests = ShowingRequest.objects.visible_to(user).annotate(word=Lower("status"))
    wanted = requests.filter(property=OuterRef("property_id"), word__in=STILL_WANTED)
    return Property.objects.filter(Exists(wanted)).exclude(address="").order_by("address", "property_id")


def changes_of(home: Property) -> list[Change]:
    """What the property API told otherwise than before (address, price, status), newest first; one query."""
    learned = AuditEntry.objects.filter(
        subject_type="property", subject_id=str(home.pk), action="property.learned"
    ).order_by("-at", "-pk")
    return [
        Change(at=entry.at, name=name, before=before, after=entry.after.get(name, ""))
        for entry in learned[:CHANGES_SHOWN]
        for name, before in entry.before.items()
        if before and before != entry.after.get(name, "")
    ]
