"""Properties: found, and those that clients still want to see."""

from __future__ import annotations

from ninja import Query, Router

from bookings.api import rows, shapes
from bookings.api.auth import PersonRequest, may
from bookings.api.openapi import answers
from bookings.queries import homes

router = Router(tags=["Properties"])


@router.get("/properties", auth=may("bookings.view_property"), response=answers({200: shapes.Properties}))
def list_properties(request: PersonRequest, page: Query[shapes.PropertyPage]) -> shapes.Properties:
    """The properties of the caller's requests and bookings, by address."""
    found = homes.found(request.auth, page.search.strip())
    return shapes.Properties(data=[rows.home(home) for home in found[: page.limit]])


@router.get(
    "/scheduled-properties",
    auth=may("bookings.view_showingrequest"),
    response=answers({200: shapes.ScheduledProperties}),
)
def list_scheduled(request: PersonRequest) -> shapes.ScheduledProperties:
    """The properties with an address whose request is pending, scheduled or rescheduled."""
    wanted = homes.still_wanted(request.auth).values_list("property_id", "address")
    return shapes.ScheduledProperties(
        data=[
            shapes.ScheduledProperty(property_id=property_id, address=address)
            for property_id, address in wanted
        ]
    )
