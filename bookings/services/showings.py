"""Showing requests: taken in from upstream, judged for what they lack, queued when nothing is missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from bookings import wallclock
from bookings.models import AuditEntry, BookingRun, Client, Property, ShowingRequest, SyncPass
from bookings.services import runs
from bookings.services.errors import Rejected
from bookings.services.following import (
    BOOKED_BY_ITSELF,
    CANCELLED_UPSTREAM,
    MOVED_UPSTREAM,
    UNDECIDED_UPSTREAM,
    follow,
    is_cancelled,
)
from bookings.services.runs import asking
from bookings.services.runs.figures import FARTHEST_START
from bookings.vocabulary import FetchState, Need, RequestState, RunKind, Source

MLS_NUMBER = re.compile(r"[A-Z]\d{7,8}", re.IGNORECASE)

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
    """Store a page of upstream rows: new ones added, changed ones followed, equal or older ones left alone.

    Safe to run twice, and by several at once. A page may hold an id twice; the newer, or else the last one,
    counts. A page with nothing new costs one query.
    """
    latest: dict[str, IncomingShowing] = {}
    for row in rows:
        if row.id not in latest or not _is_older(row.updated_at, latest[row.id].updated_at):
            latest[row.id] = row
    known = ShowingRequest.objects.in_bulk(list(latest))
    news = [row for row in latest.values() if row.id not in known or _tells(known[row.id], row)]
    if not news:
        return TakenIn(new=0, changed=0, unchanged=len(latest))
    stored = _store(sorted(news, key=lambda row: row.id), sync_pass)
    new, changed = len(stored.new), len(stored.changed)
    if stored.overtaken:
        beside = take_in(stored.overtaken, sync_pass=sync_pass)
        new, changed = new + beside.new, changed + beside.changed
    for request_id in stored.to_follow:
        follow(request_id)
    return TakenIn(new=new, changed=changed, unchanged=len(latest) - new - changed)


def _is_older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _tells(stored: ShowingRequest, row: IncomingShowing) -> bool:
    """Whether a row says something that ours does not: other words, or that ours were confirmed since."""
    if _is_older(row.updated_at, stored.upstream_updated_at):
        return False
    return _differs(stored, row) or (
        row.updated_at is not None and row.updated_at != stored.upstream_updated_at
    )


def _differs(stored: ShowingRequest, row: IncomingShowing) -> bool:
    return any((getattr(stored, name) or None) != (getattr(row, name) or None) for name in FOLLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What was written. `overtaken` are new rows that somebody else had just stored."""

    new: Sequence[IncomingShowing]
    changed: Sequence[IncomingShowing]
    overtaken: Sequence[IncomingShowing]
    to_follow: Sequence[str]


def _store(news: Sequence[IncomingShowing], sync_pass: SyncPass | None) -> _Stored:
    """Write down, in one transaction, what is still news once the rows are locked. `news` in order of ids."""
    now = timezone.now()
    with transaction.atomic():
        locked = ShowingRequest.objects.select_for_update().order_by("pk")
        known = locked.in_bulk([row.id for row in news])
        still = [row for row in news if row.id in known and _tells(known[row.id], row)]
        changed = [row for row in still if _differs(known[row.id], row)]
        new = [row for row in news if row.id not in known]
        _ensure_properties(row.property_id for row in (*new, *changed))
        clients = _ensure_clients(row.user_id for row in (*new, *changed))
        came = _add([_as_row(row, clients, sync_pass, now) for row in new])
        new, overtaken = [row for row in new if row.id in came], [row for row in new if row.id not in came]
        rows = [_as_row(row, clients, sync_pass, now) for row in changed]
        for row in rows:
            row.booking_status, row.trouble = _state_after(known[row.pk], row), ""
        _change(rows)
        _confirm([row for row in still if not _differs(known[row.id], row)], known)
        _note(new, changed, known)
    to_follow = [row.pk for row in rows if row.booking_status == RequestState.CHANGED]
    return _Stored(new=new, changed=changed, overtaken=overtaken, to_follow=to_follow)


def _state_after(before: ShowingRequest, after: ShowingRequest) -> RequestState:
    """How a request stands after its row changed: as before, to be judged anew, or to be followed."""
    state = RequestState(before.booking_status)
    meaning = _meaning(after.status)
    if _wish(before) == _wish(after) and meaning in ("", _meaning(before.status)):
        return state
    unbegun = state in (RequestState.RECEIVED, RequestState.NEEDS_INFO)
    return RequestState.RECEIVED if unbegun else RequestState.CHANGED


def _wish(row: ShowingRequest) -> tuple[object, ...]:
    return row.user_id, row.property_id, row.scheduled_date, row.scheduled_time


def _meaning(status: str) -> str:
    """What an upstream word means to us; "" for one that means nothing, as other programs may write."""
    word = status.lower()
    if word in CANCELLED_UPSTREAM:
        return "cancelled"
    return word if word in (BOOKED_BY_ITSELF, MOVED_UPSTREAM, UNDECIDED_UPSTREAM) else ""


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


def _as_row(
    row: IncomingShowing, clients: dict[str, Client], sync_pass: SyncPass | None, now: datetime
) -> ShowingRequest:
    client = clients.get(row.user_id)
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


def _add(rows: list[ShowingRequest]) -> set[str]:
    """Add new rows; the ids of those that nobody else added at this very moment."""
    if not rows:
        return set()
    ShowingRequest.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    ours = ShowingRequest.objects.filter(pk__in=[row.pk for row in rows], changed_at=rows[0].changed_at)
    return set(ours.values_list("pk", flat=True))


def _change(rows: list[ShowingRequest]) -> None:
    """Write changed rows, which are locked."""
    ShowingRequest.objects.bulk_create(
        rows,
        batch_size=CHUNK,
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
            "booking_status",
            "trouble",
            "client",
            "partner",
            "upstream_updated_at",
            "changed_at",
            "last_pass",
            "raw",
        ],
    )


def _confirm(rows: Sequence[IncomingShowing], known: dict[str, ShowingRequest]) -> None:
    """Remember how new a row is that says nothing else: what is older must not count any more."""
    for row in rows:
        known[row.id].upstream_updated_at = row.updated_at
    ShowingRequest.objects.bulk_update(
        [known[row.id] for row in rows], ["upstream_updated_at"], batch_size=CHUNK
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


def follow_changes() -> int:
    """Act on every client's change that had to wait, and queue what is to be booked anew. A doorbell.

    Returns how many bookings were queued.
    """
    changed = ShowingRequest.objects.filter(booking_status=RequestState.CHANGED)
    waiting = list(changed.values_list("pk", flat=True))
    again = [pk for pk in waiting if follow(pk) == RequestState.RECEIVED]
    return sum(_judge(request) for request in _to_judge(again))


def queue_ready(*, among: Collection[str] | None = None) -> int:
    """Judge every scheduled request that nothing was done about, and queue those that lack nothing.

    `among`: only those with these ids. Returns how many runs were queued.
    """
    queued = follow_changes()
    unbegun = ShowingRequest.objects.filter(
        booking_status__in=(RequestState.RECEIVED, RequestState.NEEDS_INFO)
    )
    if among is not None:
        unbegun = unbegun.filter(pk__in=among)
    waiting = list(unbegun.values_list("pk", flat=True))
    for start in range(0, len(waiting), CHUNK):
        # Read whole, not streamed: ringing the doorbell may close the connection under a cursor.
        queued += sum(_judge(request) for request in _to_judge(waiting[start : start + CHUNK]))
    return queued


def _to_judge(ids: Sequence[str]) -> QuerySet[Any]:
    """Requests with what judging them needs; `was_begun` where a client's change took back their run."""
    begun = BookingRun.objects.filter(
        request=OuterRef("pk"), kind=RunKind.BOOK, source=Source.SYNC, reason_code="withdrawn"
    )
    rows = ShowingRequest.objects.filter(pk__in=ids).select_related("partner", "property", "client")
    return rows.annotate(was_begun=Exists(begun))


def _judge(request: Any) -> bool:
    """Write down what a request lacks, close it when its time has passed, or queue it. True when queued."""
    if is_cancelled(request):
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
    word = request.status.lower()
    # Moved while the robot was about to book it: how fast the robot is must not matter.
    by_itself = word == BOOKED_BY_ITSELF or (word == MOVED_UPSTREAM and request.was_begun)
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
