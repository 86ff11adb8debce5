"""Showing requests: taken in from upstream, judged for what they lack, queued when nothing is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from bookings import wallclock
from bookings.models import AuditEntry, Client, Property, ShowingRequest, SyncPass
from bookings.services import runs
from bookings.services.errors import Rejected
from bookings.services.runs import asking
from bookings.services.runs.figures import FARTHEST_START
from bookings.vocabulary import FetchState, Need, RequestState, Source

MLS_NUMBER = re.compile(r"[A-Z]\d{7,8}", re.IGNORECASE)

# Supabase's own words that mean something to us; any other is kept and shown.
BOOKED_BY_ITSELF = "scheduled"
CANCELLED_UPSTREAM = frozenset({"cancelled", "canceled"})

CHUNK = 500
FOLLOWED = ("user_id", "property_id", "status", "scheduled_date", "scheduled_time", "group_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingShowing:
    """A row of Supabase's requests table, read and checked; what was empty upstream is empty here."""

    id: str
    user_id: str = ""
    property_id: str = ""
    status: str
    created_at: datetime | None = None
    scheduled_date: date | None = None
    scheduled_time: time | None = None
    group_name: str = ""
    updated_at: datetime | None = None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    new: int
    changed: int
    unchanged: int


def take_in(rows: Sequence[IncomingShowing], *, sync_pass: SyncPass | None = None) -> TakenIn:
    """Store a page of upstream rows: new ones added, changed ones followed, equal ones left alone.

    One transaction a page, safe to run twice. A page may hold an id twice; the last one counts.
    """
    latest = {row.id: row for row in rows}
    with transaction.atomic():
        known = ShowingRequest.objects.select_related("client").in_bulk(list(latest))
        new = [row for row in latest.values() if row.id not in known]
        changed = [row for row in latest.values() if row.id in known and _differs(known[row.id], row)]
        _ensure_properties(row.property_id for row in (*new, *changed))
        clients = _ensure_clients(row.user_id for row in (*new, *changed))
        _store([_as_row(row, clients, sync_pass) for row in (*new, *changed)])
        _note(new, changed, known)
        for row in changed:
            _follow_change(known[row.id], row)
    return TakenIn(new=len(new), changed=len(changed), unchanged=len(latest) - len(new) - len(changed))


def _differs(stored: ShowingRequest, row: IncomingShowing) -> bool:
    return any((getattr(stored, name) or None) != (getattr(row, name) or None) for name in FOLLOWED)


def _ensure_properties(property_ids: Any) -> None:
    Property.objects.bulk_create(
        [
            Property(property_id=mls, mls_number=mls if is_mls_number(mls) else "")
            for mls in sorted({mls for mls in property_ids if mls})
        ],
        ignore_conflicts=True,
    )


def _ensure_clients(user_ids: Any) -> dict[str, Client]:
    wanted = sorted({user_id for user_id in user_ids if user_id})
    Client.objects.bulk_create([Client(external_id=user_id) for user_id in wanted], ignore_conflicts=True)
    return {client.external_id: client for client in Client.objects.filter(external_id__in=wanted)}


def _as_row(row: IncomingShowing, clients: dict[str, Client], sync_pass: SyncPass | None) -> ShowingRequest:
    client = clients.get(row.user_id)
    now = timezone.now()
    return ShowingRequest(
        id=row.id,
        user_id=row.user_id,
        property_id=row.property_id or None,
        status=row.status,
        created_at=row.created_at,
        scheduled_date=row.scheduled_date,
        scheduled_time=row.scheduled_time,
        group_name=row.group_name,
        client=client,
        partner_id=client.partner_id if client else None,
        upstream_updated_at=row.updated_at,
        processed_at=now,
        changed_at=now,
        last_pass=sync_pass,
        raw=row.raw,
    )


def _store(rows: list[ShowingRequest]) -> None:
    ShowingRequest.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[
            "user_id",
            "property",
            "status",
            "created_at",
            "scheduled_date",
            "scheduled_time",
            "group_name",
            "client",
            "partner",
            "upstream_updated_at",
            "changed_at",
            "last_pass",
            "raw",
        ],
    )


def _note(
    new: list[IncomingShowing], changed: list[IncomingShowing], known: dict[str, ShowingRequest]
) -> None:
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                action="request.changed" if row.id in known else "request.received",
                source=Source.SYNC,
                partner_id=known[row.id].partner_id if row.id in known else None,
                subject_type="showingrequest",
                subject_id=row.id,
                subject=f"{row.property_id} {row.scheduled_date or ''}".strip()[:300],
                before={name: _text(getattr(known[row.id], name)) for name in FOLLOWED}
                if row.id in known
                else {},
                after={name: _text(getattr(row, name)) for name in FOLLOWED},
            )
            for row in (*new, *changed)
        ],
        batch_size=500,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _follow_change(before: ShowingRequest, row: IncomingShowing) -> None:
    """What a changed upstream row means for what we were doing about it."""
    request = ShowingRequest.objects.get(pk=row.id)
    withdrawn = runs.withdraw(request, reason="The request changed upstream")
    if before.booking_status == RequestState.BOOKED or not withdrawn:
        state = RequestState.NEEDS_PERSON
    elif row.status.lower() in CANCELLED_UPSTREAM:
        state = RequestState.CLOSED
    else:
        state = RequestState.RECEIVED
    ShowingRequest.objects.filter(pk=row.id).update(booking_status=state)


def queue_ready() -> int:
    """Judge every scheduled request that nothing was done about, and queue those that lack nothing.

    Returns how many runs were queued.
    """
    waiting = list(
        ShowingRequest.objects.filter(
            booking_status__in=(RequestState.RECEIVED, RequestState.NEEDS_INFO)
        ).values_list("pk", flat=True)
    )
    queued = 0
    for start in range(0, len(waiting), CHUNK):
        # Read whole, not streamed: ringing the doorbell may close the connection under a cursor.
        chunk = ShowingRequest.objects.select_related("partner", "property", "client")
        queued += sum(_judge(request) for request in chunk.filter(pk__in=waiting[start : start + CHUNK]))
    return queued


def _judge(request: ShowingRequest) -> bool:
    """Write down what a request lacks, close it when its time has passed, or queue it. True when queued."""
    if request.status.lower() in CANCELLED_UPSTREAM:
        _set(request, RequestState.CLOSED, [])
        return False
    needs = needs_of(request)
    if Need.FUTURE in needs:
        _set(request, RequestState.CLOSED, needs)
        return False
    if needs:
        _set(request, RequestState.NEEDS_INFO, needs)
        return False
    _set(request, RequestState.RECEIVED, [])
    by_itself = request.status.lower() == BOOKED_BY_ITSELF
    if not by_itself or request.partner is None or not request.partner.books_by_itself:
        return False
    try:
        runs.queue_for(request, source=Source.SYNC)
    except Rejected:
        # A person is booking the very same showing: there is nothing to add.
        return False
    return True


def _set(request: ShowingRequest, state: RequestState, needs: list[Need]) -> None:
    codes = [need.value for need in needs]
    if request.booking_status == state and request.needs == codes:
        return
    ShowingRequest.objects.filter(pk=request.pk, booking_status=request.booking_status).update(
        booking_status=state, needs=codes, changed_at=timezone.now()
    )
    request.booking_status, request.needs = state, codes


def needs_of(request: ShowingRequest) -> list[Need]:
    """What a request lacks before a robot may book it; nothing is ever filled in by guess."""
    needs = []
    if request.partner is None or not request.partner.is_active:
        needs.append(Need.CLIENT)
    elif not request.partner.accounts.filter(is_active=True).exists():
        needs.append(Need.ACCOUNT)
    home = request.property
    if home is None:
        needs.append(Need.PROPERTY)
    elif home.fetch_state != FetchState.KNOWN and not is_mls_number(home.property_id):
        needs.append(Need.ADDRESS)
    if request.scheduled_date is None:
        needs.append(Need.DATE)
    if request.scheduled_time is None:
        needs.append(Need.TIME)
    if needs or not (request.partner and home and request.scheduled_date and request.scheduled_time):
        return needs
    zone = home.time_zone or request.partner.time_zone
    return _needs_of_start(request.scheduled_date, request.scheduled_time, zone)


def _needs_of_start(day: date, at: time, zone: str) -> list[Need]:
    if not asking.on_grid(at):
        return [Need.QUARTER]
    try:
        starts_at = wallclock.instant(day, at, zone)
    except wallclock.NoSuchTime:
        return [Need.REAL_TIME]
    except OverflowError:
        return [Need.NEARER]
    if starts_at > timezone.now() + FARTHEST_START:
        return [Need.NEARER]
    return [] if starts_at > timezone.now() else [Need.FUTURE]


def in_words(needs: Sequence[Need]) -> str:
    return "; ".join(str(need.label) for need in needs)


def is_mls_number(text: str) -> bool:
    """
    >>> is_mls_number("N1234567"), is_mls_number("w12345678"), is_mls_number("12 King St")
    (True, True, False)
    """
    return MLS_NUMBER.fullmatch(text) is not None
