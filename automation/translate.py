"""Between the portal's rows and the engine's words, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.conf import settings

from automation.engine.contract import KnownShowing, Line, Order, OrderKind, Outcome, SeenShowing, Site
from bookings.models import BookingRun
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd, KeptFile, LogLine
from bookings.vocabulary import Level, RunKind, RunState

ORDER_KINDS = {
    RunKind.BOOK: OrderKind.BOOK,
    RunKind.CANCEL: OrderKind.CANCEL,
    RunKind.RESCHEDULE: OrderKind.RESCHEDULE,
    RunKind.CHECK: OrderKind.CHECK,
    RunKind.RECONCILE: OrderKind.RECONCILE,
}


def order_for(run: BookingRun) -> Order:
    """What the engine is to do for a claimed run: its kind, or, when unconfirmed, to read the list only."""
    looks_up = run.state == RunState.UNCONFIRMED
    return Order(
        kind=OrderKind.LOOK_UP if looks_up else ORDER_KINDS[RunKind(run.kind)],
        mls_number=run.mls_number,
        address=run.address,
        listing_id=run.listing_id,
        date=run.wanted_date,
        time=run.wanted_time,
        duration_minutes=run.duration_minutes,
        auto_confirm_only=run.auto_confirm_only,
        showing=_showing_of(run, looks_up=looks_up),
        reason=run.cancel_reason,
        rehearse=run.rehearses and run.released_at is None,
    )


def _showing_of(run: BookingRun, *, looks_up: bool) -> KnownShowing | None:
    """The showing that a cancel or a reschedule is about, as we know it."""
    booking = run.booking
    if booking is None or run.kind not in (RunKind.CANCEL, RunKind.RESCHEDULE):
        return None
    showing_id = booking.showing_id or run.showing_id
    day, at = booking.booking_date, booking.booking_time
    if looks_up and not showing_id and run.wanted_date and run.wanted_time:
        # Nameless, it can be looked for at one time only: did it arrive at the wanted one?
        day, at = run.wanted_date, run.wanted_time
    return KnownShowing(
        address=booking.property_address,
        date=day,
        time=at,
        showing_id=showing_id,
        listing_id=booking.listing_id or run.listing_id,
    )


def site() -> Site:
    return Site(base_url=settings.BROKERBAY_URL)


def log_line(line: Line, picture: str) -> LogLine:
    return LogLine(
        at=line.at,
        message=line.message,
        level=Level(line.level.value),
        step=line.step.value,
        duration_ms=line.duration_ms,
        picture=picture,
    )


def end_of(outcome: Outcome, *, picture: str, files: Sequence[KeptFile] = ()) -> AttemptEnd:
    """The engine's outcome in the services' words; `picture` is the stored picture that shows the proof,
    `files` is what else was stored of the attempt."""
    listing = asdict(outcome.listing) if outcome.listing else {}
    return AttemptEnd(
        result=outcome.result.value,
        code=outcome.code,
        message=outcome.message,
        step=str(outcome.step),
        retry_is_safe=outcome.retry_is_safe,
        files=files,
        listing=listing,
        showing=_seen(outcome.showing, picture) if outcome.showing else None,
        own_showings=[_seen(showing, "") for showing in outcome.own_showings],
        open_slots=[
            {"date": slot.date.isoformat(), "time": slot.time.strftime("%H:%M")}
            for slot in outcome.open_slots
        ],
        candidates=[asdict(candidate) for candidate in outcome.candidates],
    )


def _seen(showing: SeenShowing, picture: str) -> Seen:
    return Seen(
        showing_id=showing.showing_id,
        listing_id=showing.listing_id,
        address=showing.address,
        date=showing.date,
        time=showing.time,
        duration_minutes=showing.duration_minutes,
        status=showing.status.value,
        badge=showing.badge,
        url=showing.url,
        picture=picture,
    )
