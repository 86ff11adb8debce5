"""Queueing: the will to do one thing on BrokerBay, written down once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from bookings import wallclock
from bookings.models import Account, BookingRun, Partner, ShowingRequest
from bookings.models.booking import Booking
from bookings.services import audit, people
from bookings.services.errors import AlreadyThere, Rejected
from bookings.services.runs.bells import ring
from bookings.services.runs.figures import FARTHEST_START, MAX_ATTEMPTS
from bookings.services.runs.log import write
from bookings.services.runs.moves import follow_request
from bookings.vocabulary import (
    LIVE_BOOKING_STATUSES,
    OPEN_RUN_STATES,
    RequestState,
    RunKind,
    RunState,
    Source,
)

TOO_FAR = "That day is more than about 18 months away. Check the year, or pick a nearer day."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants done: an address or MLS number as typed, and for a booking when and how long."""

    property_text: str
    kind: RunKind = RunKind.BOOK
    mls_number: str = ""
    address: str = ""
    listing_id: str = ""
    date: date | None = None
    time: time | None = None
    duration_minutes: int | None = None
    auto_confirm_only: bool = False
    time_zone: str = ""


def queue(
    wish: Wish,
    *,
    partner: Partner,
    source: Source,
    by: User | None = None,
    request: ShowingRequest | None = None,
    idempotency_key: str = "",
) -> BookingRun:
    """Write down the will to do one thing on BrokerBay, and ring for a worker.

    A repeat with the same `idempotency_key` by the same person answers the first run.
    Raises Rejected (with the field to blame) for what cannot be done, AlreadyThere for a double.
    """
    if by is not None:
        people.require(by, "book_run", partner)
    if idempotency_key and by is not None:
        first = BookingRun.objects.filter(created_by=by, idempotency_key=idempotency_key).first()
        if first is not None:
            return first
    account = _account_of(partner)
    zone = wish.time_zone or partner.time_zone
    starts_at = _start_of(wish, zone)
    if starts_at is not None:
        _refuse_if_booked(wish, account, starts_at)
    try:
        with transaction.atomic():
            run = BookingRun.objects.create(
                kind=wish.kind,
                partner=partner,
                account=account,
                request=request,
                property_text=wish.property_text.strip(),
                mls_number=wish.mls_number,
                address=wish.address,
                listing_id=wish.listing_id,
                wanted_date=wish.date,
                wanted_time=wish.time,
                duration_minutes=wish.duration_minutes,
                auto_confirm_only=wish.auto_confirm_only,
                time_zone=zone,
                starts_at=starts_at,
                attempts_left=MAX_ATTEMPTS,
                source=source,
                created_by=by,
                idempotency_key=idempotency_key,
            )
            write(run.pk, f"Queued: {_wish_in_words(run)}", state=RunState.QUEUED)
            audit.note("run.queued", run, source=source, by=by, partner=partner, after={"state": run.state})
            follow_request(run, RequestState.QUEUED)
            ring(run.pk)
    except IntegrityError as clash:
        existing = _double_of(wish, account, request, by, idempotency_key)
        if existing is not None and idempotency_key and existing.idempotency_key == idempotency_key:
            return existing
        raise AlreadyThere(
            "This showing is already being booked; look at the run that is under way.", field="property"
        ) from clash
    return run


def queue_for(request: ShowingRequest, *, source: Source, by: User | None = None) -> BookingRun:
    """Queue the booking of a client's request, exactly as it stands.

    Raises Rejected naming what is missing.
    """
    from bookings.services import showings

    needs = showings.needs_of(request)
    if needs:
        raise Rejected(
            "This request cannot be booked yet: " + showings.in_words(needs) + ".", field="request"
        )
    partner = request.partner
    home = request.property
    if partner is None or home is None:
        raise Rejected("This request names no partner or no property.", field="request")
    return queue(
        Wish(
            property_text=home.property_id,
            mls_number=home.mls_number or home.property_id,
            address=home.address,
            date=request.scheduled_date,
            time=request.scheduled_time,
            duration_minutes=partner.showing_minutes,
            time_zone=home.time_zone,
        ),
        partner=partner,
        source=source,
        by=by,
        request=request,
    )


def _account_of(partner: Partner) -> Account:
    account = partner.accounts.filter(is_active=True).order_by("pk").first()
    if account is None:
        raise Rejected(f"{partner} has no BrokerBay account yet; add one first.", field="partner")
    return account


def _start_of(wish: Wish, zone: str) -> datetime | None:
    if wish.kind != RunKind.BOOK:
        return None
    if wish.date is None:
        raise Rejected("Name the day of the showing.", field="date")
    if wish.time is None:
        raise Rejected("Name the time of the showing.", field="time")
    if wish.duration_minutes is None:
        raise Rejected("Say how long the showing is to last.", field="duration")
    try:
        starts_at = wallclock.instant(wish.date, wish.time, zone)
    except wallclock.NoSuchTime as skipped:
        raise Rejected(
            f"{skipped}: the clocks change that night. Pick another time.", field="time"
        ) from skipped
    except OverflowError as far:
        raise Rejected(TOO_FAR, field="date") from far
    if starts_at <= timezone.now():
        raise Rejected("That time has already passed at the property. Pick a later one.", field="date")
    if starts_at > timezone.now() + FARTHEST_START:
        raise Rejected(TOO_FAR, field="date")
    return starts_at


def _refuse_if_booked(wish: Wish, account: Account, starts_at: datetime) -> None:
    same_time = Booking.objects.filter(account=account, starts_at=starts_at, status__in=LIVE_BOOKING_STATUSES)
    same_home = Q(property_id__in={wish.mls_number, wish.property_text})
    if wish.address:
        same_home |= Q(property_address__iexact=wish.address)
    if same_time.filter(same_home).exists():
        raise AlreadyThere("The account already holds a live booking for this showing.", field="property")


def _double_of(
    wish: Wish, account: Account, request: ShowingRequest | None, by: User | None, key: str
) -> BookingRun | None:
    same = Q(request=request, kind=wish.kind, state__in=OPEN_RUN_STATES) if request else Q(pk=None)
    if key and by is not None:
        same |= Q(created_by=by, idempotency_key=key)
    same |= Q(account=account, property_text=wish.property_text.strip(), state__in=OPEN_RUN_STATES)
    return BookingRun.objects.filter(same).order_by("-idempotency_key").first()


def _wish_in_words(run: BookingRun) -> str:
    words = f"{run.get_kind_display()} {run.property_text}"
    if run.wanted_date and run.wanted_time:
        words += f" on {run.wanted_date:%a %d %b %Y} at {run.wanted_time:%H:%M} ({run.time_zone})"
    if run.duration_minutes:
        words += f", {run.duration_minutes} minutes"
    return words
