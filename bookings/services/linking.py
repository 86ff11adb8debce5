"""Showings that stand on BrokerBay and were asked for by no run of ours, given to the client's request that
wants just that: the same partner, home, day and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bookings.models import Booking, BookingRun, Property, ShowingRequest
from bookings.services import audit, outcomes
from bookings.vocabulary import LIVE_BOOKING_STATUSES, OPEN_RUN_STATES, RequestState, Source

# Nobody is at work on these; what is queued or followed comes to its booking by its own run.
IDLE = (RequestState.RECEIVED, RequestState.NEEDS_INFO, RequestState.NEEDS_PERSON)
# Supabase's own words for a wish that stands.
STANDS = ("scheduled", "rescheduled", "pending")


def link(standing: Iterable[Booking], *, run: BookingRun | None = None) -> list[Booking]:
    """Give live bookings that answer no request the one that they answer; those that were given one.

    `run` is the one that saw them in BrokerBay's list. Where two requests want the same showing, or the home
    is not certain, a person must tell: nothing is linked. A request has one booking, and gets no second.
    """
    free = [each for each in standing if each.request_id is None and each.status in LIVE_BOOKING_STATUSES]
    if not free:
        return []
    wanting = list(
        _idle().filter(
            partner__in={each.partner_id for each in free},
            scheduled_date__in={each.booking_date for each in free},
            scheduled_time__in={each.booking_time for each in free},
        )
    )
    return [booking for booking in free if _link(booking, wanting, run)]


def link_to(request: ShowingRequest) -> bool:
    """The same, for a request that cannot be queued since its showing stands already."""
    if request.scheduled_date is None or request.scheduled_time is None:
        return False
    standing = Booking.objects.filter(
        partner=request.partner_id,
        booking_date=request.scheduled_date,
        booking_time=request.scheduled_time,
        request=None,
        status__in=LIVE_BOOKING_STATUSES,
        starts_at__gt=timezone.now(),
    )
    return any(booking.request_id == request.pk for booking in link(standing.order_by("pk")))


def _idle() -> QuerySet[ShowingRequest]:
    """Requests that still want a showing, have none, and are not being worked on."""
    runs = BookingRun.objects.filter(
        Q(request=OuterRef("pk")) | Q(booking__request=OuterRef("pk")), state__in=OPEN_RUN_STATES
    )
    booked = Booking.objects.filter(request=OuterRef("pk"), status__in=LIVE_BOOKING_STATUSES)
    rows = ShowingRequest.objects.filter(~Exists(runs), ~Exists(booked), booking_status__in=IDLE)
    return rows.filter(status__in=STANDS, property__isnull=False).select_related("property")


def _link(booking: Booking, wanting: Sequence[ShowingRequest], run: BookingRun | None) -> bool:
    place = (booking.partner_id, booking.booking_date, booking.booking_time)
    fitting = [
        request
        for request in wanting
        if (request.partner_id, request.scheduled_date, request.scheduled_time) == place
        and _is_home_of(request, booking)
    ]
    return len(fitting) == 1 and _give(booking, fitting[0], run)


def _is_home_of(request: ShowingRequest, booking: Booking) -> bool:
    """By the MLS number where the booking has one, else by an address that one home alone has."""
    home = request.property
    if home is None or booking.property_id:
        return booking.property_id == request.property_id
    if not home.address or _plain(home.address) != _plain(booking.property_address):
        return False
    # A home for sale and for lease has one address and two MLS numbers; BrokerBay's list names none.
    return Property.objects.filter(address=home.address).count() == 1


def _plain(address: str) -> str:
    return " ".join(address.casefold().split())


def _give(booking: Booking, wanted: ShowingRequest, run: BookingRun | None) -> bool:
    """Write it down, if both are still as they were. Killed or run twice, it is whole or not at all."""
    now = timezone.now()
    with transaction.atomic():
        request = _idle().select_for_update(of=("self",)).filter(pk=wanted.pk).first()
        if request is None:
            return False
        linked = Booking.objects.filter(pk=booking.pk, request=None, status__in=LIVE_BOOKING_STATUSES).update(
            request=request, property=request.property, updated_at=now
        )
        if linked != 1:
            return False
        ShowingRequest.objects.filter(pk=request.pk).update(
            booking_status=RequestState.BOOKED, trouble="", needs=[], changed_at=now
        )
        booking.refresh_from_db()
        source = Source.SYNC if run is None else Source.ROBOT
        seen_by = {} if run is None else {"run": str(run.uuid)}
        audit.note(
            "request.found_booked",
            request,
            source=source,
            partner=booking.partner,
            before={"state": request.booking_status},
            after={"state": RequestState.BOOKED.value, "booking": booking.pk, **seen_by},
        )
        audit.note(
            "booking.linked",
            booking,
            source=source,
            partner=booking.partner,
            after={"request": request.pk, **seen_by},
        )
        outcomes.owe(request.pk)
    return True
