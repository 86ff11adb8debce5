"""Importing what a predecessor of this portal wrote down. Nothing of it is proof: BrokerBay's own list alone
turns an imported booking into one that stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from bookings import wallclock
from bookings.models import Account, AuditEntry, Booking, Client, Partner, Property, ShowingRequest
from bookings.vocabulary import BookingStatus, FetchState, RequestState, Source, is_cancelled

# Words of an ending are kept; every other word, "Confirmed" above all, is somebody's claim.
ENDED = {"cancelled": BookingStatus.CANCELLED, "declined": BookingStatus.DECLINED}
UNDONE = ("", "pending", "none", "no", "0", "not_booked", "unbooked")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBooking:
    """A row of the predecessor's `bookings`, its day and time read; `fields` are further columns of ours."""

    imported_id: str
    property_address: str
    date: date
    time: time
    status: str
    created_at: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRequest:
    """A row of the predecessor's `processed_showing_requests`; `booking_status` is its own word."""

    id: str
    user_id: str
    property_id: str
    status: str
    created_at: datetime | None
    scheduled_date: date | None
    scheduled_time: time | None
    group_name: str
    updated_at: datetime | None
    auto_booked: bool
    booking_status: str
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedProperty:
    """A row of the predecessor's `properties`; `address` is empty where it named no street."""

    property_id: str
    address: str
    fetched_at: datetime | None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a batch: ids that are new here, how many were there already, and how many were left."""

    new: Sequence[str] = ()
    there: int = 0
    left: int = 0


def add_bookings(rows: Sequence[ImportedBooking], *, account: Account) -> Imported:
    """Add the bookings that were not imported before, as unverified. Safe to repeat.

    Raises wallclock.NoSuchTime for a start that the clocks skip.
    """
    latest = {row.imported_id: row for row in rows}
    zone, now = account.partner.time_zone, timezone.now()
    with transaction.atomic():
        held = Booking.objects.filter(account=account, imported_id__in=list(latest))
        known = set(held.values_list("imported_id", flat=True))
        new = [row for row in latest.values() if row.imported_id not in known]
        Booking.objects.bulk_create(
            [
                Booking(
                    imported_id=row.imported_id,
                    imported=row.raw,
                    property_address=row.property_address,
                    booking_date=row.date,
                    booking_time=row.time,
                    starts_at=wallclock.instant(row.date, row.time, zone),
                    time_zone=zone,
                    status=ENDED.get(row.status.lower(), BookingStatus.UNVERIFIED),
                    confirmation_message=f"Imported; the predecessor said “{row.status}”"[:300],
                    created_at=row.created_at or now,
                    partner=account.partner,
                    account=account,
                    **row.fields,
                )
                for row in new
            ],
            ignore_conflicts=True,
        )
        made = Booking.objects.filter(account=account, imported_id__in=[row.imported_id for row in new])
        _note("booking", [(booking.pk, str(booking), booking.imported) for booking in made], account.partner)
    return Imported(new=[row.imported_id for row in new], there=len(rows) - len(new))


def add_requests(rows: Sequence[ImportedRequest], *, partner: Partner) -> Imported:
    """Add the requests that are not known yet; what the predecessor may have booked waits for a person.

    What is still to be booked is left to Supabase: a file cannot tell whether the client wants it still.
    Their clients become the partner's, unless they have one. Safe to repeat.
    """
    latest = {row.id: row for row in rows}
    now = timezone.now()
    with transaction.atomic():
        known = set(ShowingRequest.objects.filter(pk__in=list(latest)).values_list("pk", flat=True))
        unknown = [row for row in latest.values() if row.id not in known]
        _ensure_homes(row.property_id for row in unknown)
        clients = _ensure_clients((row.user_id for row in unknown), partner)
        judged = [_as_request(row, clients.get(row.user_id), partner, now) for row in unknown]
        new = [row for row in judged if row.booking_status != RequestState.RECEIVED]
        ShowingRequest.objects.bulk_create(new, ignore_conflicts=True)
        _note("showingrequest", [(row.pk, row.property_id or "", row.raw) for row in new], partner)
    return Imported(new=[row.pk for row in new], there=len(rows) - len(unknown), left=len(unknown) - len(new))


def _as_request(
    row: ImportedRequest, client: Client | None, partner: Partner, now: datetime
) -> ShowingRequest:
    owner = client.partner if client is not None else partner
    state, trouble = _state_of(row, (owner or partner).time_zone, now)
    return ShowingRequest(
        id=row.id,
        user_id=row.user_id,
        property_id=row.property_id or None,
        status=row.status,
        created_at=row.created_at,
        scheduled_date=row.scheduled_date,
        scheduled_time=row.scheduled_time,
        group_name=row.group_name,
        upstream_updated_at=row.updated_at,
        client=client,
        partner=owner,
        booking_status=state,
        trouble=trouble,
        processed_at=now,
        changed_at=now,
        raw=row.raw,
    )


def _state_of(row: ImportedRequest, zone: str, now: datetime) -> tuple[RequestState, str]:
    if is_cancelled(row.status) or _is_past(row, zone, now):
        return RequestState.CLOSED, ""
    if row.auto_booked or row.booking_status.lower() not in UNDONE:
        word = row.booking_status or "booked"
        return (
            RequestState.NEEDS_PERSON,
            f"Imported: the predecessor said “{word[:40]}”, and nobody has seen it on BrokerBay. Compare the "
            "account with BrokerBay before it is booked.",
        )
    return RequestState.RECEIVED, ""


def _is_past(row: ImportedRequest, zone: str, now: datetime) -> bool:
    if row.scheduled_date is None:
        return False
    try:
        return wallclock.instant(row.scheduled_date, row.scheduled_time or time.max, zone) <= now
    except (wallclock.NoSuchTime, OverflowError):
        return row.scheduled_date < now.date()


def _ensure_homes(property_ids: Any) -> None:
    wanted = sorted({property_id for property_id in property_ids if property_id})
    Property.objects.bulk_create(
        [Property(property_id=property_id) for property_id in wanted], ignore_conflicts=True
    )


def _ensure_clients(user_ids: Any, partner: Partner) -> dict[str, Client]:
    wanted = sorted({user_id for user_id in user_ids if user_id})
    Client.objects.bulk_create(
        [Client(external_id=user_id, partner=partner) for user_id in wanted], ignore_conflicts=True
    )
    clients = Client.objects.filter(external_id__in=wanted).select_related("partner")
    return {client.external_id: client for client in clients}


def add_properties(rows: Sequence[ImportedProperty]) -> Imported:
    """Add homes that are not known yet, and fill those that nothing is known of. Safe to repeat."""
    latest = {row.property_id: row for row in rows}
    new = []
    with transaction.atomic():
        known = {
            home.property_id: home
            for home in Property.objects.select_for_update()
            .filter(property_id__in=list(latest))
            .order_by("pk")
        }
        for property_id, row in sorted(latest.items()):
            home = known.get(property_id, Property(property_id=property_id))
            if home.pk is not None and (home.address or home.fetch_state != FetchState.WANTED):
                continue
            if home.pk is not None and not row.address:
                continue  # nothing that helps; the property API is asked
            for name, value in row.fields.items():
                setattr(home, name, value)
            home.address = row.address
            home.fetch_state = FetchState.KNOWN if row.address else FetchState.WANTED
            home.fetched_at = row.fetched_at
            home.save()
            new.append(property_id)
        homes = Property.objects.filter(property_id__in=new)
        _note("property", [(home.pk, str(home), {}) for home in homes], None)
    return Imported(new=new, there=len(rows) - len(new))


def _note(noun: str, rows: Sequence[tuple[object, str, dict[str, Any]]], partner: Partner | None) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            action=f"{noun}.imported",
            source=Source.SYNC,
            partner=partner,
            subject_type=noun,
            subject_id=str(pk),
            subject=subject[:300],
            after=raw,
        )
        for pk, subject, raw in rows
    )
