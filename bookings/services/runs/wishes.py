"""Queueing: the will to do one thing on BrokerBay, written down once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from bookings.models import Account, BookingRun, Partner, ShowingRequest
from bookings.models.booking import Booking
from bookings.services import people
from bookings.services.errors import AlreadyThere, Rejected
from bookings.services.runs import asking
from bookings.services.runs.moves import follow_request
from bookings.services.runs.starting import start
from bookings.vocabulary import LIVE_BOOKING_STATUSES, OPEN_RUN_STATES, RequestState, RunKind, Source


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
    asked_digest: str = "",
    dry_run: bool = False,
) -> BookingRun:
    """Write down the will to book or to check, and ring for a worker.

    With `dry_run` a booking ends before its last click: everything is tried, nothing is sent.

    A repeat with the same `idempotency_key` by the same person answers the first run; with another
    `asked_digest` it is a mistake, not a repeat.
    Raises Rejected (with the field to blame) for what cannot be done, AlreadyThere for a double and for a
    key that was used for something else.
    """
    if by is not None:
        people.require(by, "book_run", partner)
    if idempotency_key and by is not None:
        first = BookingRun.objects.filter(created_by=by, idempotency_key=idempotency_key).first()
        if first is not None:
            return _repeated(first, partner, asked_digest)
    run = _run_for(wish, partner, request)
    run.idempotency_key, run.asked_digest = idempotency_key, asked_digest
    run.dry_run = dry_run and wish.kind == RunKind.BOOK
    if run.starts_at is not None:
        _refuse_if_booked(wish, run.account, run.starts_at)
    try:
        with transaction.atomic():
            start(run, source=source, by=by)
            follow_request(run, RequestState.QUEUED)
    except IntegrityError as clash:
        existing = _double_of(wish, run.account, request, by, idempotency_key)
        if existing is not None and idempotency_key and existing.idempotency_key == idempotency_key:
            return _repeated(existing, partner, asked_digest)
        raise AlreadyThere(
            "This showing is already being booked; look at the run that is under way.", field="property"
        ) from clash
    return run


def _repeated(first: BookingRun, partner: Partner, asked_digest: str) -> BookingRun:
    if first.partner_id != partner.pk or first.asked_digest != asked_digest:
        raise AlreadyThere(
            "This Idempotency-Key was used for something else; use a new one.", field="idempotency_key"
        )
    return first


def queue_for(
    request: ShowingRequest, *, source: Source, by: User | None = None, dry_run: bool = False
) -> BookingRun:
    """Queue the booking of a client's request, exactly as it stands. A dry run answers no request.

    Raises Rejected naming what is missing.
    """
    from bookings.services import needs

    lacking = needs.needs_of(request)
    if lacking:
        raise Rejected("This request cannot be booked yet: " + needs.in_words(lacking) + ".", field="request")
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
        request=None if dry_run else request,
        dry_run=dry_run,
    )


def _run_for(wish: Wish, partner: Partner, request: ShowingRequest | None) -> BookingRun:
    """The run that this wish asks for, not stored yet. Raises Rejected at the field to blame."""
    property_text = asking.text(wish.property_text, field="property")
    if not property_text:
        raise Rejected("Name the property: its MLS number or its address.", field="property")
    zone = asking.zone(wish.time_zone or partner.time_zone)
    books = wish.kind == RunKind.BOOK
    return BookingRun(
        kind=wish.kind,
        partner=partner,
        account=_account_of(partner),
        request=request,
        property_text=property_text,
        mls_number=asking.text(wish.mls_number, field="property")[:40],
        address=asking.text(wish.address, field="property"),
        listing_id=wish.listing_id,
        wanted_date=wish.date if books else asking.day(wish.date, zone),
        wanted_time=wish.time,
        duration_minutes=asking.minutes(wish.duration_minutes) if books else wish.duration_minutes,
        auto_confirm_only=wish.auto_confirm_only,
        time_zone=zone,
        starts_at=asking.start(wish.date, wish.time, zone) if books else None,
    )


def _account_of(partner: Partner) -> Account:
    account = partner.accounts.filter(is_active=True).order_by("pk").first()
    if account is None:
        raise Rejected(f"{partner} has no BrokerBay account yet; add one first.", field="partner")
    return account


def _refuse_if_booked(wish: Wish, account: Account, starts_at: datetime) -> None:
    same_time = Booking.objects.filter(account=account, starts_at=starts_at, status__in=LIVE_BOOKING_STATUSES)
    same_home = Q(property_id__in={wish.mls_number, wish.property_text})
    if wish.address:
        same_home |= Q(property_address__iexact=wish.address)
    there = same_time.filter(same_home).first()
    if there is not None:
        raise AlreadyThere(
            f"The account already holds a live booking for this showing: booking {there.pk}.",
            field="property",
        )


def _double_of(
    wish: Wish, account: Account, request: ShowingRequest | None, by: User | None, key: str
) -> BookingRun | None:
    same = Q(request=request, kind=wish.kind, state__in=OPEN_RUN_STATES) if request else Q(pk=None)
    if key and by is not None:
        same |= Q(created_by=by, idempotency_key=key)
    same |= Q(account=account, property_text=wish.property_text.strip(), state__in=OPEN_RUN_STATES)
    return BookingRun.objects.filter(same).order_by("-idempotency_key").first()
