"""Named reads of properties, for people who look one up or pick one to book."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from bookings.models import Property, ShowingRequest

# Supabase's own words for a request whose showing is still to come.
STILL_WANTED = ("pending", "scheduled", "rescheduled")


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
