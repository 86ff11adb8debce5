"""Bookings: adopted from BrokerBay's own list, their status changed, hidden and shown again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings import wallclock
from bookings.models import Booking, BookingRun, Property, ShowingRequest
from bookings.services import audit, news, outcomes, people
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.vocabulary import (
    BOOKING_MOVES,
    LIVE_BOOKING_STATUSES,
    BookingStatus,
    RequestState,
    RunKind,
    RunState,
    Source,
)

MAY_CHANGE = "change_status_booking"
CHANGED_SINCE = "Somebody else changed this booking in the meantime; look again."
STILL_TO_COME = (
    "This showing stands and is still to come, so those who must be there have to see it. "
    "Cancel it on BrokerBay first, or say that it is cancelled."
)
ENDED_THERE = "BrokerBay shows the showing"
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
    booking = _same_showing(run, seen)
    if booking is None:
        booking = _new(run, seen, STATUS_OF_SEEN.get(seen.status, BookingStatus.PENDING))
        after = {"status": booking.status, "badge": booking.badge, "run": str(run.uuid)}
        audit.note("booking.created", booking, source=Source.ROBOT, partner=run.partner, after=after)
        if run.kind == RunKind.RECONCILE:  # any other run tells by itself how it ended
            news.of_found(booking, run=run)
        return booking
    if booking.hidden_at is not None:
        Booking.objects.filter(pk=booking.pk).update(hidden_at=None)
    if booking.request_id is None and run.request_id is not None:
        Booking.objects.filter(pk=booking.pk).update(request=run.request)
    follow(booking, seen, run=run)
    return booking


def follow(booking: Booking, seen: Seen, *, run: BookingRun) -> list[str]:
    """Take over what BrokerBay's list shows of a booking: status, badge, day, time. Names what changed.

    Called inside a transaction. Raises AlreadyThere, leaving the row as it was, when another live booking
    of the account holds the home at that time.
    """
    now = timezone.now()
    changed = _differences(booking, seen)
    before = {name: _plain(getattr(booking, name)) for name in changed}
    fields = {**changed, "verified_at": now, "missing_since": None}
    if changed:
        fields |= {"version": F("version") + 1, "updated_at": now}
    if changed.get("status") == BookingStatus.CONFIRMED:
        fields["confirmed_at"] = now
    if "badge" in changed:
        fields["confirmation_message"] = _told_by(seen)
    status, starts_at = (changed.get(name, getattr(booking, name)) for name in ("status", "starts_at"))
    is_news = bool({"status", "starts_at"} & changed.keys())
    if is_news:  # a picture of how it stood before proves nothing any more
        fields["screenshot_path"] = seen.picture[:300]
    if is_news and status in LIVE_BOOKING_STATUSES and starts_at > now:
        fields["hidden_at"] = None
    try:
        with transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(**fields)
    except IntegrityError as double:
        raise AlreadyThere(f"Another live booking holds what BrokerBay shows of {booking}.") from double
    booking.refresh_from_db()
    if changed:
        audit.note(
            "booking.seen",
            booking,
            source=Source.ROBOT,
            partner=booking.partner,
            before=before,
            after={name: _plain(value) for name, value in changed.items()} | {"run": str(run.uuid)},
        )
        if "status" in changed and run.kind != RunKind.CANCEL:
            _tell_request(booking, was=str(before["status"]))
        if run.kind == RunKind.RECONCILE:  # any other run tells by itself how it ended
            news.of_booking(booking, was=before)
        outcomes.owe(booking.request_id)
    return list(changed)


def _tell_request(booking: Booking, *, was: str) -> None:
    """A showing that ended on BrokerBay while its client wants it is for a person, until it lives again."""
    wished = ShowingRequest.objects.filter(pk=booking.request_id)
    now = timezone.now()
    if was in LIVE_BOOKING_STATUSES and booking.status not in LIVE_BOOKING_STATUSES:
        says = f"{ENDED_THERE} as “{booking.badge or booking.status}”, and the client still wants it."
        wished.filter(booking_status=RequestState.BOOKED).update(
            booking_status=RequestState.NEEDS_PERSON, trouble=says, changed_at=now
        )
    elif was not in LIVE_BOOKING_STATUSES and booking.status in LIVE_BOOKING_STATUSES:
        wished.filter(booking_status=RequestState.NEEDS_PERSON, trouble__startswith=ENDED_THERE).update(
            booking_status=RequestState.BOOKED, trouble="", changed_at=now
        )


def _differences(booking: Booking, seen: Seen) -> dict[str, Any]:
    """The columns that BrokerBay's list shows otherwise than our row; what it does not tell stays."""
    # A badge that nobody knows says nothing of how the showing stands; that it is there, it does say.
    tells = seen.status != "unknown" or booking.status == BookingStatus.UNVERIFIED
    status = STATUS_OF_SEEN.get(seen.status, booking.status) if tells else booking.status
    shown: dict[str, Any] = {
        "status": BookingStatus(status),
        "badge": seen.badge[:40] or booking.badge,
        "booking_date": seen.date,
        "booking_time": seen.time,
        "starts_at": wallclock.instant(seen.date, seen.time, booking.time_zone),
        "duration": seen.duration_minutes or booking.duration,
        "showing_id": seen.showing_id or booking.showing_id,
        "listing_id": booking.listing_id or seen.listing_id,
        "booking_url": seen.url[:500] or booking.booking_url,
    }
    return {name: value for name, value in shown.items() if value != getattr(booking, name)}


def believe(run: BookingRun, *, by: User | None, source: Source) -> None:
    """What a person or BrokerBay's clear word says became of the booking that a change is about.

    Called inside the transaction of the run's move.
    """
    if run.booking is None or run.kind not in (RunKind.CANCEL, RunKind.RESCHEDULE):
        return
    now = timezone.now()
    booking = run.booking
    fields: dict[str, Any] = {"status": BookingStatus.CANCELLED}
    if run.kind == RunKind.RESCHEDULE and run.state == RunState.BOOKED:
        fields = {
            "booking_date": run.wanted_date,
            "booking_time": run.wanted_time,
            "starts_at": run.starts_at,
            "duration": run.duration_minutes,
        }
    before = {name: _plain(getattr(booking, name)) for name in fields}
    Booking.objects.filter(pk=booking.pk).update(**fields, version=F("version") + 1, updated_at=now)
    booking.refresh_from_db()
    audit.note(
        "booking.told",
        booking,
        source=source,
        by=by,
        partner=booking.partner,
        before=before,
        after={name: _plain(value) for name, value in fields.items()} | {"run": str(run.uuid)},
    )
    outcomes.owe(booking.request_id)


def _plain(value: Any) -> str | int | None:
    return value if value is None or isinstance(value, int) else str(value)


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
    """Our row of this very showing: by BrokerBay's id of it, else the live one of that home at that time,
    else an imported one, which BrokerBay's list proves by that.

    Two homes may be booked for one time by one account: time alone says nothing.
    """
    held = Booking.objects.filter(account_id=run.account_id)
    if seen.showing_id and (known := held.filter(showing_id=seen.showing_id).first()):
        return known
    listing_id = seen.listing_id or run.listing_id
    home = Q(listing_id=listing_id) if listing_id else Q(property_address__iexact=seen.address)
    there = held.filter(home, booking_date=seen.date, booking_time=seen.time)
    found = there.filter(status__in=(*LIVE_BOOKING_STATUSES, BookingStatus.UNVERIFIED))
    live_first = sorted(found, key=lambda booking: booking.status == BookingStatus.UNVERIFIED)
    return live_first[0] if live_first else None


def _told_by(seen: Seen) -> str:
    return f"Seen in BrokerBay's own list as “{seen.badge}”"[:300]


def _new(run: BookingRun, seen: Seen, status: BookingStatus) -> Booking:
    now = timezone.now()
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
        confirmation_message=_told_by(seen),
        partner=run.partner,
        account=account,
        request=run.request,
        property=home,
        showing_id=seen.showing_id,
        badge=seen.badge[:40],
        time_zone=run.time_zone,
        starts_at=wallclock.instant(seen.date, seen.time, run.time_zone),
        verified_at=now,
        confirmed_at=now if status == BookingStatus.CONFIRMED else None,
        updated_at=now,
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
    now = timezone.now()
    people.require(by, MAY_CHANGE, booking.partner)
    with transaction.atomic():
        row = Booking.objects.select_for_update().select_related("partner").get(pk=booking.pk)
        expected = row.version if version is None else version
        if row.version != expected:
            raise Moved(CHANGED_SINCE, field="version")
        before = BookingStatus(row.status)
        if to == before:
            return row
        if to not in BOOKING_MOVES[before]:
            raise NotAllowed(
                f"A booking that is “{before.label}” cannot become “{to.label}”.", field="status"
            )
        try:
            with transaction.atomic():
                stands = to in LIVE_BOOKING_STATUSES and row.starts_at > now
                moved = Booking.objects.filter(pk=row.pk, version=expected, status=before).update(
                    status=to,
                    hidden_at=None if stands else row.hidden_at,
                    version=F("version") + 1,
                    updated_at=now,
                )
        except IntegrityError as double:
            raise AlreadyThere(
                "Another live booking of this account has the same listing and time.", field="status"
            ) from double
        if moved != 1:
            raise Moved(CHANGED_SINCE, field="version")
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
        news.of_booking(row, was={"status": before.value}, by=by)
        outcomes.owe(row.request_id)
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


def hide(
    booking: Booking,
    *,
    by: User,
    source: Source = Source.PERSON,
    reason: str = "",
    version: int | None = None,
) -> None:
    """Take a booking out of the lists. It stays on BrokerBay and can be shown again.

    Raises Moved, and hides nothing, when `version` is not the row's any more; NotAllowed when the showing
    stands and is still to come. A programme's word counts all the same: its DELETE has always hidden any.
    """
    _set_hidden(booking, hidden=True, by=by, source=source, reason=reason, version=version)


def show_again(booking: Booking, *, by: User, source: Source = Source.PERSON) -> None:
    _set_hidden(booking, hidden=False, by=by, source=source)


def _set_hidden(
    booking: Booking,
    *,
    hidden: bool,
    by: User,
    source: Source,
    reason: str = "",
    version: int | None = None,
) -> None:
    now = timezone.now()
    people.require(by, MAY_CHANGE, booking.partner)
    with transaction.atomic():
        row = Booking.objects.filter(pk=booking.pk, hidden_at__isnull=hidden)
        wanted = row if version is None else row.filter(version=version)
        moved = wanted.update(hidden_at=now if hidden else None, version=F("version") + 1, updated_at=now)
        if moved != 1:
            if row.exists():
                raise Moved(CHANGED_SINCE, field="version")
            return
        if hidden and source != Source.API and Booking.objects.get(pk=booking.pk).is_ahead(now):
            raise NotAllowed(STILL_TO_COME)
        audit.note(
            "booking.hidden" if hidden else "booking.shown_again",
            booking,
            source=source,
            by=by,
            partner=booking.partner,
            reason=reason,
        )
