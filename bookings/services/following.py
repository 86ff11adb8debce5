"""Following a client's change of a request that something was begun for: its run, or its booking.

A changed request says so (`RequestState.CHANGED`) until the change is acted on. What is to be done is read
from the rows each time, never remembered: killed in between, repeated, or changed back, it ends the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import Booking, BookingRun, ShowingRequest
from bookings.services import audit, runs
from bookings.services.errors import Moved, Rejected
from bookings.services.runs.moves import books_it, follows_client, request_state
from bookings.vocabulary import (
    CHANGING_KINDS,
    LIVE_BOOKING_STATUSES,
    OPEN_RUN_STATES,
    UNDECIDED_UPSTREAM,
    BookingStatus,
    ClientChanges,
    RequestState,
    RunKind,
    RunState,
    Source,
    is_cancelled,
)

WITHDRAWN = "The client changed the request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client's request means for its booking: a `kind` of change, a person (`trouble`), or nothing."""

    kind: RunKind | None = None
    date: date | None = None
    time: time | None = None
    trouble: str = ""


def follow(request_id: str) -> RequestState:
    """Do what a client's change asks for, and answer how the request stands then.

    CHANGED while it must wait: for a worker to stop, for BrokerBay's list, for somebody else's change. Safe
    to repeat. Runs are locked before their request, as the workers do. What cannot be followed is a person's,
    with the reason.
    """
    try:
        with transaction.atomic():
            return _follow(request_id)
    except Moved:  # a worker was faster
        return RequestState.CHANGED
    except Rejected as no:
        changed = ShowingRequest.objects.filter(pk=request_id, booking_status=RequestState.CHANGED)
        changed.update(
            booking_status=RequestState.NEEDS_PERSON, trouble=str(no)[:300], changed_at=timezone.now()
        )
        return RequestState(
            ShowingRequest.objects.values_list("booking_status", flat=True).get(pk=request_id)
        )


def _follow(request_id: str) -> RequestState:
    mine = Q(request=request_id) | Q(booking__request=request_id)
    about = list(
        BookingRun.objects.select_for_update(of=("self",))
        .select_related("partner", "account", "booking")
        .filter(
            mine,
            kind__in=CHANGING_KINDS,
            state__in=(*OPEN_RUN_STATES, RunState.REFUSED, RunState.FAILED),
        )
        .order_by("pk")
    )
    row = ShowingRequest.objects.select_for_update(of=("self",)).select_related("partner", "property")
    request = row.get(pk=request_id)
    if request.booking_status != RequestState.CHANGED:
        return RequestState(request.booking_status)
    live = Booking.objects.filter(
        request=request, status__in=LIVE_BOOKING_STATUSES, starts_at__gt=timezone.now()
    )
    standing = list(live.select_related("partner", "account", "property")[:2])
    if not standing:
        return _follow_unbooked(request, about)
    if len(standing) == 2:
        return _stand(request, RequestState.NEEDS_PERSON, trouble="Two live bookings stand for it.")
    return _follow_booked(request, standing[0], about)


def _stand(request: ShowingRequest, state: RequestState, *, trouble: str = "") -> RequestState:
    ShowingRequest.objects.filter(pk=request.pk).update(
        booking_status=state, trouble=trouble[:300], changed_at=timezone.now()
    )
    return state


# ---- Nothing is booked yet ---------------------------------------------------------------------------------


def _follow_unbooked(request: ShowingRequest, about: Sequence[BookingRun]) -> RequestState:
    for run in about:
        if run.kind == RunKind.BOOK and books_it(run, request):
            return _stand(request, request_state(run))
    if not _withdrawn(about):
        return RequestState.CHANGED
    return _stand(request, RequestState.CLOSED if is_cancelled(request.status) else RequestState.RECEIVED)


def _withdrawn(about: Sequence[BookingRun]) -> bool:
    """End what no longer fits; False while something of it goes on."""
    ended = True
    for run in about:
        if run.kind == RunKind.BOOK or follows_client(run):
            ended &= runs.withdraw(run, reason=WITHDRAWN)
        else:  # somebody else is changing the booking: afterwards it is seen how it stands
            ended &= not run.is_open
    return ended


# ---- It is booked ------------------------------------------------------------------------------------------


def _follow_booked(request: ShowingRequest, booking: Booking, about: Sequence[BookingRun]) -> RequestState:
    wanted = wanted_of(request, booking)
    for run in about:
        if wanted.kind and follows_client(run) and _carries(run, wanted):
            return _stand(request, request_state(run))
    if not _withdrawn(about):
        return RequestState.CHANGED
    if wanted.trouble:
        return _stand(request, RequestState.NEEDS_PERSON, trouble=wanted.trouble)
    if wanted.kind is None:
        return _stand(request, RequestState.BOOKED)
    try:
        run = _queue(booking, wanted)
    except Rejected as no:
        if _is_being_changed(booking):
            return RequestState.CHANGED
        says = f"The client {_in_words(wanted)}, and the robot cannot: {no.message}"
        return _stand(request, RequestState.NEEDS_PERSON, trouble=says)
    _note(request, booking, wanted, run)
    return _stand(request, request_state(run))


def wanted_of(request: ShowingRequest, booking: Booking) -> Wanted:
    """What a request, as it stands upstream, asks of its live booking."""
    if is_cancelled(request.status):
        return Wanted(kind=RunKind.CANCEL)
    if request.partner_id != booking.partner_id:
        return Wanted(
            trouble=f"It is another partner's client now; {booking} is booked for {booking.partner}."
        )
    if booking.property_id and request.property_id != booking.property_id:
        home = request.property_id or "none"
        return Wanted(trouble=f"The client wants another home now ({home}); booked is {booking}.")
    day, at = request.scheduled_date, request.scheduled_time
    if day is None or at is None:
        return Wanted(trouble=f"The client took back the day or the time; booked is {booking}.")
    stands = (day, at) == (booking.booking_date, booking.booking_time)
    if request.status.lower() == UNDECIDED_UPSTREAM and not (
        stands and booking.status != BookingStatus.CONFIRMED
    ):
        return Wanted(trouble=f"The client set it back to “{request.status}”; booked is {booking}.")
    return Wanted() if stands else Wanted(kind=RunKind.RESCHEDULE, date=day, time=at)


def _carries(run: BookingRun, wanted: Wanted) -> bool:
    if run.kind != wanted.kind or run.stop_asked_at is not None:
        return False
    is_move = run.kind == RunKind.RESCHEDULE
    return not is_move or (run.wanted_date, run.wanted_time) == (wanted.date, wanted.time)


def _queue(booking: Booking, wanted: Wanted) -> BookingRun:
    after_approval = booking.partner.client_changes == ClientChanges.AFTER_APPROVAL
    if wanted.date is None or wanted.time is None:
        return runs.queue_cancel(
            booking, source=Source.SYNC, reason="The client cancelled", after_approval=after_approval
        )
    return runs.queue_reschedule(
        booking, date=wanted.date, time=wanted.time, source=Source.SYNC, after_approval=after_approval
    )


def _is_being_changed(booking: Booking) -> bool:
    changes = BookingRun.objects.filter(booking=booking, kind__in=(RunKind.CANCEL, RunKind.RESCHEDULE))
    return changes.filter(state__in=OPEN_RUN_STATES).exists()


def _in_words(wanted: Wanted) -> str:
    if wanted.date is None or wanted.time is None:
        return "cancelled it"
    return f"moved it to {wanted.date:%a %d %b %Y} at {wanted.time:%H:%M}"


def _note(request: ShowingRequest, booking: Booking, wanted: Wanted, run: BookingRun) -> None:
    """The booking's own history says what its client asked for, beside the request's."""
    before = {"date": str(booking.booking_date), "time": str(booking.booking_time), "status": booking.status}
    after = (
        {"date": str(wanted.date), "time": str(wanted.time)} if wanted.date else {"status": request.status}
    )
    audit.note(
        "booking.client_moved" if wanted.date else "booking.client_cancelled",
        booking,
        source=Source.SYNC,
        partner=booking.partner,
        before=before,
        after={**after, "request": request.pk, "run": str(run.uuid)},
        reason=f"The client {_in_words(wanted)}",
    )
