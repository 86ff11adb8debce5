"""Queueing what is about showings that BrokerBay has: cancel one, move one, compare all of an account."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - the parameters bear the plain names
from datetime import time as Time  # noqa: N812

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings.models import Account, Booking, BookingRun
from bookings.services import people
from bookings.services.errors import AlreadyThere, NotAllowed, Rejected
from bookings.services.runs import asking
from bookings.services.runs.health import look_again
from bookings.services.runs.starting import start
from bookings.vocabulary import LIVE_BOOKING_STATUSES, OPEN_RUN_STATES, BookingStatus, RunKind, Source


def queue_cancel(
    booking: Booking,
    *,
    source: Source,
    by: User | None = None,
    reason: str = "",
    dry_run: bool = False,
    after_approval: bool = False,
) -> BookingRun:
    """Queue the cancelling of a live booking on BrokerBay; `reason` is what the listing side is told.

    With `after_approval` it stops before its last click until a person has released it.

    Raises NotAllowed for a booking that cannot be cancelled there, AlreadyThere while it is being changed.
    """
    _require_changeable(booking, by)
    run = _about(booking, RunKind.CANCEL)
    run.cancel_reason = asking.text(reason, field="reason")[:200]
    run.wanted_date, run.wanted_time = booking.booking_date, booking.booking_time
    run.duration_minutes, run.starts_at = booking.duration, booking.starts_at
    run.dry_run = dry_run
    return _start_change(run, source=source, by=by, after_approval=after_approval)


def queue_reschedule(
    booking: Booking,
    *,
    date: Date,
    time: Time,
    duration_minutes: int | None = None,
    reason: str = "",
    source: Source,
    by: User | None = None,
    dry_run: bool = False,
    after_approval: bool = False,
) -> BookingRun:
    """Queue the moving of a live booking to another time; without a duration it keeps its own.

    The `reason` is for the history alone: BrokerBay asks for none.

    Raises Rejected at the field to blame for a time that cannot be, else as `queue_cancel`.
    """
    _require_changeable(booking, by)
    length = asking.minutes(duration_minutes if duration_minutes is not None else booking.duration)
    starts_at = asking.start(date, time, booking.time_zone)
    if starts_at == booking.starts_at:
        raise Rejected("The showing stands at that time already; pick another.", field="time")
    _refuse_if_taken(booking, date, time)
    run = _about(booking, RunKind.RESCHEDULE)
    run.wanted_date, run.wanted_time, run.starts_at = date, time, starts_at
    run.duration_minutes, run.dry_run = length, dry_run
    return _start_change(run, source=source, by=by, after_approval=after_approval, reason=reason)


def queue_reconcile(account: Account, *, source: Source, by: User | None = None) -> BookingRun:
    """Queue the comparing of an account's whole list on BrokerBay with our bookings.

    One that is open already is the answer. Asked by a person of a signed-out account, it looks whether
    that is still so.
    """
    if by is not None:
        people.require(by, "book_run", account.partner)
    if not account.is_active:
        raise NotAllowed("This account is switched off.")
    if by is not None:
        look_again(account)
    run = BookingRun(
        kind=RunKind.RECONCILE,
        partner=account.partner,
        account=account,
        property_text=account.email,
        time_zone=account.partner.time_zone,
    )
    try:
        with transaction.atomic():
            return start(run, source=source, by=by)
    except IntegrityError as clash:
        open_one = BookingRun.objects.filter(
            account=account, kind=RunKind.RECONCILE, state__in=OPEN_RUN_STATES
        ).first()
        if open_one is None:  # it ended at this very moment
            raise AlreadyThere("The account was compared a moment ago; look at that run.") from clash
        return open_one


def _require_changeable(booking: Booking, by: User | None) -> None:
    if by is not None:
        people.require(by, "book_run", booking.partner)
    if booking.status not in LIVE_BOOKING_STATUSES:
        label = BookingStatus(booking.status).label
        raise NotAllowed(f"This booking is “{label}”: there is nothing left to change on BrokerBay.")
    if booking.starts_at <= timezone.now():
        raise NotAllowed("This showing's start has passed; BrokerBay changes it no more.")
    if not booking.account.is_active:
        raise NotAllowed("The BrokerBay account of this booking is switched off.")
    if not booking.showing_id and booking.verified_at is None:
        raise NotAllowed(
            "This booking was never seen in BrokerBay's own list. Compare the account with BrokerBay first."
        )


def _refuse_if_taken(booking: Booking, day: Date, at: Time) -> None:
    there = Booking.objects.filter(
        account=booking.account, booking_date=day, booking_time=at, status__in=LIVE_BOOKING_STATUSES
    ).exclude(pk=booking.pk)
    same_home = (
        there.filter(listing_id=booking.listing_id)
        if booking.listing_id
        else there.filter(property_address__iexact=booking.property_address)
    )
    if same_home.exists():
        raise AlreadyThere(
            "The account already holds a live booking of this home at that time.", field="time"
        )


def _about(booking: Booking, kind: RunKind) -> BookingRun:
    """A run about a booking, which it names as the booking does."""
    return BookingRun(
        kind=kind,
        partner=booking.partner,
        account=booking.account,
        booking=booking,
        request=booking.request,
        property_text=booking.property_id or booking.property_address,
        mls_number=booking.property.mls_number if booking.property else "",
        address=booking.property_address,
        listing_id=booking.listing_id,
        showing_id=booking.showing_id,
        time_zone=booking.time_zone,
    )


def _start_change(
    run: BookingRun, *, source: Source, by: User | None, after_approval: bool, reason: str = ""
) -> BookingRun:
    try:
        with transaction.atomic():
            return start(run, source=source, by=by, after_approval=after_approval, reason=reason)
    except IntegrityError as clash:
        raise AlreadyThere(
            "This booking is already being changed; look at the run that is under way.", field="booking"
        ) from clash
