"""Bookings: adopted from BrokerBay's own list, their status changed, hidden and shown again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings import wallclock
from bookings.models import Booking, BookingRun, Property
from bookings.services import audit, people
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.vocabulary import BOOKING_MOVES, LIVE_BOOKING_STATUSES, BookingStatus, Source

MAY_CHANGE = "change_status_booking"
# BrokerBay's words for a showing, as the engine reads them, and what we call them.
STATUS_OF_SEEN = {
    "confirmed": BookingStatus.CONFIRMED,
    "requested": BookingStatus.PENDING,
    "time_suggested": BookingStatus.TIME_SUGGESTED,
    "declined": BookingStatus.DECLINED,
    "cancelled": BookingStatus.CANCELLED,
    "unknown": BookingStatus.PENDING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A showing as BrokerBay's own list shows it; `picture` is the stored picture that proves it."""

    showing_id: str
    listing_id: str
    address: str
    date: date
    time: time
    duration_minutes: int | None
    status: str
    badge: str
    url: str
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """What became of one booking of a bulk change; `error` is empty when it worked."""

    booking: Booking
    error: str = ""


def adopt(run: BookingRun, seen: Seen) -> Booking:
    """The booking for a showing that was seen in BrokerBay's own list; the same one when seen again.

    Called inside the transaction that settles the run.
    """
    status = STATUS_OF_SEEN.get(seen.status, BookingStatus.PENDING)
    booking = _same_showing(run, seen)
    now = timezone.now()
    if booking is None:
        booking = _new(run, seen, status)
        action = "booking.created"
        before = {}
    else:
        before = {"status": booking.status, "badge": booking.badge}
        action = "booking.seen"
        booking.status, booking.badge, booking.verified_at = status, seen.badge, now
        booking.hidden_at = None
        booking.version += 1
        booking.updated_at = now
        booking.save()
    audit.note(
        action,
        booking,
        source=Source.ROBOT,
        partner=run.partner,
        before=before,
        after={"status": booking.status, "badge": booking.badge, "run": str(run.uuid)},
    )
    return booking


def of_another_home(run: BookingRun, seen: Seen) -> Booking | None:
    """Our booking of this very showing, when its MLS number is not the run's.

    A home for sale and for lease has one address and two MLS numbers; BrokerBay's list names no number.
    """
    if not (seen.showing_id and run.mls_number):
        return None
    known = Booking.objects.filter(account_id=run.account_id, showing_id=seen.showing_id).first()
    if known is None or not known.property_id or known.property_id.upper() == run.mls_number.upper():
        return None
    return known


def _same_showing(run: BookingRun, seen: Seen) -> Booking | None:
    """Our row of this very showing: by BrokerBay's id of it, else the live one of that home at that time.

    Two homes may be booked for one time by one account: time alone says nothing.
    """
    held = Booking.objects.filter(account_id=run.account_id)
    if seen.showing_id and (known := held.filter(showing_id=seen.showing_id).first()):
        return known
    listing_id = seen.listing_id or run.listing_id
    home = Q(listing_id=listing_id) if listing_id else Q(property_address__iexact=seen.address)
    live = held.filter(home, booking_date=seen.date, booking_time=seen.time)
    return live.filter(status__in=LIVE_BOOKING_STATUSES).first()


def _new(run: BookingRun, seen: Seen, status: BookingStatus) -> Booking:
    account = run.account
    home = Property.objects.filter(property_id=run.mls_number or run.property_text).first()
    return Booking.objects.create(
        listing_id=seen.listing_id or run.listing_id,
        property_address=seen.address or run.address or run.property_text,
        booking_date=seen.date,
        booking_time=seen.time,
        duration=seen.duration_minutes or run.duration_minutes,
        user_name=account.holder_name,
        user_email=account.email,
        organization=account.organization or run.partner.name,
        showing_type="Buyer/Broker",
        status=status,
        auto_confirmed=bool(run.listing.get("auto_confirm")) and status == BookingStatus.CONFIRMED,
        booking_url=seen.url[:500],
        screenshot_path=seen.picture[:300],
        confirmation_message=f"Seen in BrokerBay's own list as “{seen.badge}”",
        partner=run.partner,
        account=account,
        request=run.request,
        property=home,
        showing_id=seen.showing_id,
        badge=seen.badge[:40],
        time_zone=run.time_zone,
        starts_at=wallclock.instant(seen.date, seen.time, run.time_zone),
        verified_at=timezone.now(),
    )


def change_status(
    booking: Booking,
    to: BookingStatus,
    *,
    by: User,
    source: Source = Source.PERSON,
    reason: str = "",
    version: int | None = None,
) -> Booking:
    """Write down what a person knows of a booking. It changes our row only, never BrokerBay.

    Raises NotAllowed, AlreadyThere (another live booking holds the place), or Moved when `version` is not
    the row's any more.
    """
    people.require(by, MAY_CHANGE, booking.partner)
    with transaction.atomic():
        row = Booking.objects.select_for_update().select_related("partner").get(pk=booking.pk)
        expected = row.version if version is None else version
        if row.version != expected:
            raise Moved("Somebody else changed this booking in the meantime; look again.", field="version")
        before = BookingStatus(row.status)
        if to == before:
            return row
        if to not in BOOKING_MOVES[before]:
            raise NotAllowed(
                f"A booking that is “{before.label}” cannot become “{to.label}”.", field="status"
            )
        try:
            with transaction.atomic():
                moved = Booking.objects.filter(pk=row.pk, version=expected, status=before).update(
                    status=to, version=F("version") + 1, updated_at=timezone.now()
                )
        except IntegrityError as double:
            raise AlreadyThere(
                "Another live booking of this account has the same listing and time.", field="status"
            ) from double
        if moved != 1:
            raise Moved("Somebody else changed this booking in the meantime; look again.", field="version")
        row.refresh_from_db()
        audit.note(
            "booking.status_changed",
            row,
            source=source,
            by=by,
            partner=row.partner,
            before={"status": before.value},
            after={"status": to.value},
            reason=reason,
        )
    return row


def change_many(
    bookings: Iterable[Booking], to: BookingStatus, *, by: User, reason: str = ""
) -> list[StatusChange]:
    """Change one by one; a row that cannot move is told, and stops no other."""
    changes = []
    for booking in bookings:
        try:
            changes.append(StatusChange(booking=change_status(booking, to, by=by, reason=reason)))
        except Rejected as no:
            changes.append(StatusChange(booking=booking, error=no.message))
    return changes


def hide(booking: Booking, *, by: User, source: Source = Source.PERSON, reason: str = "") -> None:
    """Take a booking out of the lists. It stays on BrokerBay and can be shown again."""
    _set_hidden(booking, hidden=True, by=by, source=source, reason=reason)


def show_again(booking: Booking, *, by: User, source: Source = Source.PERSON) -> None:
    _set_hidden(booking, hidden=False, by=by, source=source)


def _set_hidden(booking: Booking, *, hidden: bool, by: User, source: Source, reason: str = "") -> None:
    now = timezone.now()
    people.require(by, MAY_CHANGE, booking.partner)
    with transaction.atomic():
        moved = Booking.objects.filter(pk=booking.pk, hidden_at__isnull=hidden).update(
            hidden_at=now if hidden else None, version=F("version") + 1, updated_at=now
        )
        if moved != 1:
            return
        audit.note(
            "booking.hidden" if hidden else "booking.shown_again",
            booking,
            source=source,
            by=by,
            partner=booking.partner,
            reason=reason,
        )
