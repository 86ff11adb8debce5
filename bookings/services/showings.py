"""Showing requests: taken in from upstream, judged for what they lack, queued when nothing is missing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, Field, JSONField, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from bookings.models import Account, AuditEntry, BookingRun, Client, Property, ShowingRequest, SyncPass
from bookings.services import linking, mapping, masses, needs, runs
from bookings.services.errors import AlreadyThere, Rejected
from bookings.services.following import follow
from bookings.services.needs import is_mls_number
from bookings.vocabulary import (
    BOOKED_BY_ITSELF,
    MOVED_UPSTREAM,
    UNDECIDED_UPSTREAM,
    Need,
    RequestState,
    RunKind,
    Source,
    is_cancelled,
)

CHUNK = 500
JUDGED_AT_ONCE = 2000
# The ids of more requests than fit into this, in bytes, are written down while they wait to be judged.
IDS_IN_MEMORY = 1_000_000
# As far as the clocks of two machines may differ.
AHEAD_AT_MOST = timedelta(minutes=5)
UNBEGUN = (RequestState.RECEIVED, RequestState.NEEDS_INFO)
FOLLOWED = ("user_id", "property_id", "status", "scheduled_date", "scheduled_time", "group_name")
# What a row is compared by.
HELD = ("id", *FOLLOWED, "upstream_updated_at", "read_at")
# What a request is judged by.
JUDGED_BY = (
    *("pk", "booking_status", "needs_text", "status", "scheduled_date", "scheduled_time"),
    *("partner_id", "partner__is_active", "partner__time_zone", "partner__books_by_itself"),
    *("property_id", "property__fetch_state", "property__time_zone"),
)
# What tells one new row from another; all others begin alike.
TOLD = (
    *("id", "user_id", "property_id", "status", "created_at", "scheduled_date", "scheduled_time"),
    *("group_name", "client_id", "partner_id", "upstream_updated_at", "raw"),
)


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


def take_in(
    rows: Sequence[IncomingShowing], *, sync_pass: SyncPass | None = None, read_at: datetime | None = None
) -> TakenIn:
    """Store a page of upstream rows: new ones added, changed ones followed, equal or older ones left alone.

    Safe to run twice, and by several at once. A page may hold an id twice; the newer, or else the last one,
    counts. Which of two readings of a row is newer, its `updated_at` says; where it does not, `read_at` does:
    a moment before the page was asked for. A page with nothing new costs one query.
    """
    latest: dict[str, IncomingShowing] = {}
    for row in rows:
        if row.id not in latest or not _is_older(row.updated_at, latest[row.id].updated_at):
            latest[row.id] = row
    held = ShowingRequest.objects.filter(pk__in=masses.any_of(latest)).order_by()
    known = {row.id: row for row in held.values_list(*HELD, named=True)}
    news = [row for row in latest.values() if row.id not in known or _tells(known[row.id], row, read_at)]
    if not news:
        return TakenIn(new=0, changed=0, unchanged=len(latest))
    stored = _store(sorted(news, key=lambda row: row.id), set(known), sync_pass, read_at)
    new, changed = len(stored.new), len(stored.changed)
    if stored.overtaken:
        beside = take_in(stored.overtaken, sync_pass=sync_pass, read_at=read_at)
        new, changed = new + beside.new, changed + beside.changed
    for request_id in stored.to_follow:
        follow(request_id)
    return TakenIn(new=new, changed=changed, unchanged=len(latest) - new - changed)


def outdate(ids: Collection[str], before: datetime) -> None:
    """These rows were told to have changed: what was read of them before that moment does not count any more.

    Unless its own `updated_at` proves it newer.
    """
    rows = ShowingRequest.objects.filter(Q(read_at=None) | Q(read_at__lt=before), pk__in=masses.any_of(ids))
    with transaction.atomic():
        # Locked in the order that a page is, so that neither waits for the other.
        held = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
        ShowingRequest.objects.filter(pk__in=held).update(read_at=before)


def _is_older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _is_stale(stored: Any, row: IncomingShowing, read_at: datetime | None) -> bool:
    """Whether ours is newer: by the row's own word, else because it was asked for later.

    A word from the future is none: nothing would ever be newer.
    """
    ours, theirs = stored.upstream_updated_at, row.updated_at
    if ours is not None and ours > timezone.now() + AHEAD_AT_MOST:
        ours = None
    if ours is not None and theirs is not None and ours != theirs:
        return _is_older(theirs, ours)
    return _is_older(read_at, stored.read_at)


def _tells(stored: Any, row: IncomingShowing, read_at: datetime | None) -> bool:
    """Whether a row says something that ours does not: other words, or that ours were confirmed since."""
    if _is_stale(stored, row, read_at):
        return False
    return _differs(stored, row) or (
        row.updated_at is not None and row.updated_at != stored.upstream_updated_at
    )


def _differs(stored: Any, row: IncomingShowing) -> bool:
    return _followed(stored) != _followed(row)


def _followed(row: Any) -> tuple[Any, ...]:
    """What is followed of a row, ours or theirs, where nothing is nothing."""
    return (
        row.user_id,
        row.property_id or "",
        row.status,
        row.scheduled_date,
        row.scheduled_time,
        row.group_name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What was written. `overtaken` are new rows that somebody else had just stored."""

    new: Sequence[IncomingShowing]
    changed: Sequence[IncomingShowing]
    overtaken: Sequence[IncomingShowing]
    to_follow: Sequence[str]


def _store(
    news: Sequence[IncomingShowing],
    known_ids: Collection[str],
    sync_pass: SyncPass | None,
    read_at: datetime | None,
) -> _Stored:
    """Write down, in one transaction, what is still news once the rows are locked. `news` in order of ids."""
    now = timezone.now()
    with transaction.atomic():
        locked = ShowingRequest.objects.select_for_update().order_by("pk")
        known = locked.in_bulk([row.id for row in news if row.id in known_ids])
        still = [row for row in news if row.id in known and _tells(known[row.id], row, read_at)]
        changed = [row for row in still if _differs(known[row.id], row)]
        new = [row for row in news if row.id not in known]
        _ensure_properties(row.property_id for row in (*new, *changed))
        clients = _ensure_clients(row.user_id for row in (*new, *changed))
        page = _Page(clients=clients, sync_pass=sync_pass, read_at=read_at, now=now)
        came = _add(new, page)
        new, overtaken = [row for row in new if row.id in came], [row for row in new if row.id not in came]
        rows = [_as_row(row, page) for row in changed]
        for row in rows:
            row.booking_status, row.trouble = _state_after(known[row.pk], row), ""
        _change(rows)
        _confirm([row for row in still if not _differs(known[row.id], row)], known)
        _note(changed, known)
    to_follow = [row.pk for row in rows if row.booking_status == RequestState.CHANGED]
    return _Stored(new=new, changed=changed, overtaken=overtaken, to_follow=to_follow)


def _state_after(before: ShowingRequest, after: ShowingRequest) -> RequestState:
    """How a request stands after its row changed: as before, to be judged anew, or to be followed."""
    state = RequestState(before.booking_status)
    meaning = _meaning(after.status)
    if _wish(before) == _wish(after) and meaning in ("", _meaning(before.status)):
        return state
    return RequestState.RECEIVED if state in UNBEGUN else RequestState.CHANGED


def _wish(row: ShowingRequest) -> tuple[object, ...]:
    return row.user_id, row.property_id, row.scheduled_date, row.scheduled_time


def _meaning(status: str) -> str:
    """What an upstream word means to us; "" for one that means nothing, as other programs may write."""
    if is_cancelled(status):
        return "cancelled"
    word = status.lower()
    return word if word in (BOOKED_BY_ITSELF, MOVED_UPSTREAM, UNDECIDED_UPSTREAM) else ""


def _ensure_properties(property_ids: Iterable[str]) -> None:
    wanted = {mls for mls in property_ids if mls}
    there = Property.objects.filter(property_id__in=masses.any_of(wanted)).order_by()
    missing = sorted(wanted.difference(there.values_list("property_id", flat=True))) if wanted else []
    Property.objects.bulk_create(
        [Property(property_id=mls, mls_number=mls if is_mls_number(mls) else "") for mls in missing],
        ignore_conflicts=True,
    )


class _Known(NamedTuple):
    """A client by our own key, and the partner that it belongs to."""

    client_id: int | None = None
    partner_id: int | None = None


_NOBODY = _Known()


def _ensure_clients(user_ids: Iterable[str]) -> dict[str, _Known]:
    wanted = {user_id for user_id in user_ids if user_id}
    if not wanted:
        return {}
    there = _clients(wanted)
    if missing := sorted(wanted.difference(there)):
        Client.objects.bulk_create([Client(external_id=each) for each in missing], ignore_conflicts=True)
        there |= _clients(missing)
    return there


def _clients(user_ids: Collection[str]) -> dict[str, _Known]:
    rows = Client.objects.filter(external_id__in=masses.any_of(user_ids)).order_by()
    return {text: _Known(*ours) for text, *ours in rows.values_list("external_id", "pk", "partner_id")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What is the same for all rows of a page; `clients` by their upstream ids."""

    clients: dict[str, _Known]
    sync_pass: SyncPass | None
    read_at: datetime | None
    now: datetime

    def client_of(self, row: IncomingShowing) -> _Known:
        return self.clients.get(row.user_id, _NOBODY)


def _as_row(row: IncomingShowing, page: _Page) -> ShowingRequest:
    client = page.client_of(row)
    return ShowingRequest(
        id=row.id,
        user_id=row.user_id,
        property_id=row.property_id or None,
        status=row.status,
        created_at=row.created_at,
        scheduled_date=row.scheduled_date,
        scheduled_time=row.scheduled_time,
        group_name=row.group_name,
        client_id=client.client_id,
        partner_id=client.partner_id,
        upstream_updated_at=row.updated_at,
        read_at=page.read_at,
        processed_at=page.now,
        changed_at=page.now,
        last_pass=page.sync_pass,
        raw=row.raw,
    )


def _add(rows: Sequence[IncomingShowing], page: _Page) -> set[str]:
    """Add new rows; the ids of those that nobody else added at this very moment."""
    if not rows:
        return set()
    alike = _as_row(rows[0], page)
    same = [field for field in ShowingRequest._meta.concrete_fields if field.attname not in TOLD]
    values = [_as_stored(field, getattr(alike, field.attname)) for field in same]
    try:
        masses.insert(
            ShowingRequest,
            [_COLUMNS[name] for name in (*TOLD, *(field.attname for field in same))],
            [(*told, *values) for told in _told(rows, page)],
        )
    except IntegrityError:
        return _add_what_is_new([_as_row(row, page) for row in rows])
    return {row.id for row in rows}


def _as_stored(field: Field[Any, Any], value: Any) -> Any:
    """A value as the database takes it. JSON as text: a driver would write it anew for each row."""
    if isinstance(field, JSONField) and value is not None:
        return json.dumps(value, cls=field.encoder)
    return field.get_db_prep_save(value, connection)


_COLUMNS = {field.attname: str(field.column) for field in ShowingRequest._meta.concrete_fields}


def _told(rows: Iterable[IncomingShowing], page: _Page) -> Iterator[tuple[Any, ...]]:
    """The values of TOLD as the database takes them, row by row."""
    ops = connection.ops
    instant, day, at = ops.adapt_datetimefield_value, ops.adapt_datefield_value, ops.adapt_timefield_value
    for row in rows:
        client = page.client_of(row)
        yield (
            row.id,
            row.user_id,
            row.property_id or None,
            row.status,
            instant(row.created_at),
            day(row.scheduled_date),
            at(row.scheduled_time),
            row.group_name,
            client.client_id,
            client.partner_id,
            instant(row.updated_at),
            json.dumps(row.raw),
        )


def _add_what_is_new(rows: list[ShowingRequest]) -> set[str]:
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
            "read_at",
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


def _note(changed: Sequence[IncomingShowing], known: dict[str, ShowingRequest]) -> None:
    """An audit entry for each change. A new row needs none: it says itself when it came, and how."""
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                action="request.changed",
                source=Source.SYNC,
                partner_id=known[row.id].partner_id,
                subject_type="showingrequest",
                subject_id=row.id,
                subject=f"{row.property_id} {row.scheduled_date or ''}".strip()[:300],
                before={name: _text(getattr(known[row.id], name)) for name in FOLLOWED},
                after={name: _text(getattr(row, name)) for name in FOLLOWED},
            )
            for row in changed
        ],
        batch_size=CHUNK,
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
    return _queue_unbegun(again) if again else 0


def queue_ready(*, among: Collection[str] | None = None) -> int:
    """Judge every scheduled request that nothing was done about, and queue those that lack nothing.

    `among`: only those with these ids. Returns how many runs were queued.
    """
    mapping.give_groups_to_partners()
    return follow_changes() + _queue_unbegun(among)


def _queue_unbegun(among: Collection[str] | None = None) -> int:
    unbegun = ShowingRequest.objects.filter(booking_status__in=UNBEGUN).order_by()
    if among is not None:
        unbegun = unbegun.filter(pk__in=masses.any_of(among))
    # As text: it is compared only, and decoding costs more than the rest of the judgement.
    rows = ShowingRequest.objects.annotate(needs_text=Cast("needs", TextField())).order_by()
    columns = rows.values_list(*JUDGED_BY, named=True)
    # The ids at once, then rows by their ids alone: each further condition would tempt a database to go
    # through all that fit it, lot by lot.
    with SpooledTemporaryFile(max_size=IDS_IN_MEMORY, mode="w+") as lots:
        _write_lots(lots, unbegun.values_list("pk", flat=True).iterator())
        return sum(_judge(list(columns.filter(pk__in=masses.any_of(json.loads(lot))))) for lot in lots)


def _write_lots(lots: IO[str], ids: Iterator[str]) -> None:
    """A lot a line, ready to be read. Not judged as they come: the doorbell may close the connection."""
    while lot := list(islice(ids, JUDGED_AT_ONCE)):
        lots.write(json.dumps(lot) + "\n")
    lots.seek(0)


def _judge(rows: Sequence[Any]) -> int:
    """Write down what requests lack, close those whose time has passed, queue the others. How many are.

    `rows` have the columns of JUDGED_BY.
    """
    now = timezone.now()
    with_account = set(Account.objects.filter(is_active=True).values_list("partner_id", flat=True).distinct())
    becomes: defaultdict[tuple[str, RequestState, tuple[Need, ...]], list[str]] = defaultdict(list)
    ready = []
    for row in rows:
        if row.booking_status not in UNBEGUN:
            continue
        state, lacks = _judgement(row, row.partner_id in with_account, now)
        if row.booking_status != state or row.needs_text != _as_json(lacks):
            becomes[row.booking_status, state, tuple(lacks)].append(row.pk)
        may_book = state == RequestState.RECEIVED and row.partner__books_by_itself
        if may_book and row.status.lower() in (BOOKED_BY_ITSELF, MOVED_UPSTREAM):
            ready.append(row.pk)
    for (before, after, lacking), pks in becomes.items():
        ShowingRequest.objects.filter(pk__in=masses.any_of(pks), booking_status=before).update(
            booking_status=after, needs=list(lacking), changed_at=now
        )
    return sum(_queue(request) for request in _to_queue(ready)) if ready else 0


def _as_json(lacks: Sequence[Need]) -> str:
    return json.dumps(lacks) if lacks else "[]"


def _judgement(row: Any, has_account: bool, now: datetime) -> tuple[RequestState, list[Need]]:
    """How a request stands that nothing was done about, and what it lacks."""
    if is_cancelled(row.status):
        return RequestState.CLOSED, []
    lacks = needs.lacking(
        needs.Facts(
            partner_is_active=row.partner__is_active,
            partner_has_account=has_account,
            partner_zone=row.partner__time_zone,
            home=row.property_id,
            home_state=row.property__fetch_state,
            home_zone=row.property__time_zone,
            day=row.scheduled_date,
            at=row.scheduled_time,
        ),
        now=now,
    )
    if Need.FUTURE in lacks:
        return RequestState.CLOSED, lacks
    return (RequestState.NEEDS_INFO if lacks else RequestState.RECEIVED), lacks


def _to_queue(ids: Sequence[str]) -> QuerySet[Any]:
    """Oldest first. `was_begun`: a client's change took back the run that was to book it."""
    begun = BookingRun.objects.filter(
        request=OuterRef("pk"), kind=RunKind.BOOK, source=Source.SYNC, reason_code="withdrawn"
    )
    rows = ShowingRequest.objects.filter(pk__in=ids, booking_status=RequestState.RECEIVED)
    rows = rows.select_related("partner", "property", "client").order_by("created_at", "pk")
    return rows.annotate(was_begun=Exists(begun))


def _queue(request: Any) -> bool:
    # Moved while the robot was about to book it: how fast the robot is must not matter.
    if request.status.lower() != BOOKED_BY_ITSELF and not request.was_begun:
        return False
    try:
        runs.queue_for(request, source=Source.SYNC)
    except AlreadyThere:
        # A person is booking the very same showing, or has booked it by hand.
        linking.link_to(request)
        return False
    except Rejected:
        # Somebody changed what it needs just now: the next pass judges it anew.
        return False
    return True
