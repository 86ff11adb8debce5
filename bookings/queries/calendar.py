"""The calendar's reads: what is booked and what still waits, day by day at each property's own door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from bookings import wallclock
from bookings.models import Booking, BookingRun, Partner, Property, ShowingRequest
from bookings.models.partner import ShowingMinutes
from bookings.queries import tours
from bookings.queries.board import ANYWHERE, NOT_LIVE, Sight
from bookings.vocabulary import OPEN_RUN_STATES, RequestState, RunKind

# Of one day: as many as a page can still show. The rest is counted.
PER_DAY, PER_DAY_ALONE = 60, 300
MOST_WAITING = 100
STILL_WAITS = tuple(
    state for state in RequestState if state not in (RequestState.BOOKED, RequestState.CLOSED)
)


class Kind(StrEnum):
    BOOKING = "booking"
    REQUEST = "request"
    RUN = "run"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One showing, or a wish for one. `at` and `until` are the clock at the door in `time_zone`, the moments
    are aware; all four are None where no time is known. `run` is the uuid of its newest run.

    `clashes` are those others that cannot take place beside it.
    """

    kind: Kind
    row: Any
    home: str
    listing: Property | None
    partner: Partner | None
    client: Any
    day: date
    at: time | None
    until: time | None
    starts_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    run: Any = None
    clashes: list[Entry] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.row.pk}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day's showings and what waits for it. `total` counts the showings that are not listed, too."""

    day: date
    showings: Sequence[Entry]
    waiting: Sequence[Entry]
    total: int


def days(sight: Sight, first: date, number: int, *, today: date) -> list[Day]:
    """`number` days from `first` on, empty ones too. Four queries, however much there is."""
    last = first + timedelta(days=number - 1)
    showings, totals = _showings(sight, first, last, PER_DAY if number > 1 else PER_DAY_ALONE)
    # Nothing waits any more for a day that is over everywhere.
    since = max(first, today - timedelta(days=1))
    waiting = [*_requests(sight, since, last), *_runs(sight, since, last)] if since <= last else []
    _find_clashes([*showings, *waiting])
    return [
        Day(
            day=day,
            showings=sorted((entry for entry in showings if entry.day == day), key=_order),
            waiting=sorted((entry for entry in waiting if entry.day == day), key=_order),
            total=totals.get(day, 0),
        )
        for day in (first + timedelta(days=offset) for offset in range(number))
    ]


def next_day(sight: Sight, after: date) -> date | None:
    """The first day with a live showing after that one."""
    showings = _live(sight, after + timedelta(days=1), date.max - timedelta(days=3))
    return showings.order_by("starts_at").values_list("booking_date", flat=True).first()


# ---- what is booked ----------------------------------------------------------------------------------------


def _showings(sight: Sight, first: date, last: date, per_day: int) -> tuple[list[Entry], dict[date, int]]:
    """The first live showings of each day, in their order, and how many each day has in all."""
    day = F("booking_date")
    ranked = (
        _live(sight, first, last)
        .order_by()
        .annotate(
            place=Window(RowNumber(), partition_by=[day], order_by=["starts_at", "pk"]),
            total=Window(Count("pk"), partition_by=[day]),
        )
        .filter(place__lte=per_day)
        .values_list("pk", "booking_date", "total")
    )
    found = list(ranked)
    rows = (
        sight.of(Booking)
        .filter(pk__in=[pk for pk, _day, _total in found])
        .select_related("partner", "property", "request__client")
        .annotate(run_uuid=_newest_run("booking"))
        .order_by("starts_at", "pk")
    )
    return [_of_booking(row) for row in rows], {day: total for _pk, day, total in found}


def _live(sight: Sight, first: date, last: date) -> QuerySet[Booking]:
    """The day is that at the door; the moments, somewhat wider, let an index find a partner's rows."""
    midnight, after = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, last + timedelta(days=1)))
    return (
        sight.of(Booking)
        .filter(hidden_at=None, booking_date__range=(first, last))
        .filter(starts_at__gte=midnight - ANYWHERE, starts_at__lte=after + ANYWHERE)
        .exclude(status__in=NOT_LIVE)
    )


def _of_booking(row: Any) -> Entry:
    ends_at = row.starts_at + timedelta(minutes=row.duration or row.partner.showing_minutes)
    return Entry(
        kind=Kind.BOOKING,
        row=row,
        home=row.property_address,
        listing=row.property,
        partner=row.partner,
        client=row.request.client if row.request is not None else None,
        day=row.booking_date,
        at=row.booking_time,
        until=ends_at.astimezone(ZoneInfo(row.time_zone)).time(),
        starts_at=row.starts_at,
        ends_at=ends_at,
        time_zone=row.time_zone,
        run=row.run_uuid,
    )


# ---- what waits --------------------------------------------------------------------------------------------


def _requests(sight: Sight, first: date, last: date) -> Iterable[Entry]:
    """Clients' requests for these days that are not booked as they stand."""
    rows = (
        sight.of(ShowingRequest)
        .filter(scheduled_date__range=(first, last), booking_status__in=STILL_WAITS)
        .exclude(tours.ENDED)
        .select_related("partner", "property", "client")
        .annotate(run_uuid=_newest_run("request"))
        .order_by("scheduled_date", F("scheduled_time").asc(nulls_last=True), "pk")
    )
    for row in rows[:MOST_WAITING]:
        zone = (row.property and row.property.time_zone) or (row.partner and row.partner.time_zone)
        minutes = row.partner.showing_minutes if row.partner else ShowingMinutes.HALF
        yield _wish(
            Kind.REQUEST,
            row,
            home=str(row.property or ""),
            client=row.client,
            day=row.scheduled_date,
            at=row.scheduled_time,
            zone=zone or settings.DEFAULT_TIME_ZONE,
            minutes=minutes,
            run=row.run_uuid,
        )


def _runs(sight: Sight, first: date, last: date) -> Iterable[Entry]:
    """What people have asked for themselves and the robot has not booked yet."""
    rows = (
        sight.of(BookingRun)
        .filter(kind=RunKind.BOOK, dry_run=False, request=None, booking=None)
        .filter(state__in=OPEN_RUN_STATES, wanted_date__range=(first, last))
        .select_related("partner", "account")
        .defer("account__session")
        .order_by("wanted_date", "wanted_time", "pk")
    )
    for row in rows[:MOST_WAITING]:
        yield _wish(
            Kind.RUN,
            row,
            home=row.address or row.property_text,
            client=None,
            day=row.wanted_date,
            at=row.wanted_time,
            zone=row.time_zone,
            minutes=row.duration_minutes or row.partner.showing_minutes,
            run=row.uuid,
        )


def _wish(
    kind: Kind,
    row: Any,
    *,
    home: str,
    client: Any,
    day: date | None,
    at: time | None,
    zone: str,
    minutes: int,
    run: Any,
) -> Entry:
    assert day is not None  # its rows were asked for by day
    starts_at = _moment(day, at, zone)
    ends_at = starts_at + timedelta(minutes=minutes) if starts_at is not None else None
    return Entry(
        kind=kind,
        row=row,
        home=home,
        listing=getattr(row, "property", None),
        partner=row.partner,
        client=client,
        day=day,
        at=at,
        until=ends_at.astimezone(ZoneInfo(zone)).time() if ends_at is not None else None,
        starts_at=starts_at,
        ends_at=ends_at,
        time_zone=zone,
        run=run,
    )


def _moment(day: date, at: time | None, zone: str) -> datetime | None:
    if at is None:
        return None
    try:
        return wallclock.instant(day, at, zone)
    except wallclock.NoSuchTime:
        return None


def _newest_run(column: str) -> Subquery:
    """The newest run of the row, by its uuid."""
    return Subquery(BookingRun.objects.filter(**{column: OuterRef("pk")}).order_by("-pk").values("uuid")[:1])


def _order(entry: Entry) -> tuple[bool, time, str]:
    return entry.at is None, entry.at or time(), entry.home


# ---- what cannot be both -----------------------------------------------------------------------------------


def _find_clashes(entries: Sequence[Entry]) -> None:
    """Tell each entry which others it overlaps, where that cannot be."""
    timed = [entry for entry in entries if entry.starts_at is not None]
    timed.sort(key=lambda entry: (entry.starts_at, entry.key))
    for number, one in enumerate(timed):
        for other in timed[number + 1 :]:
            if other.starts_at >= one.ends_at:  # type: ignore[operator]  # timed: both are known
                break
            if _cannot_be_both(one, other):
                one.clashes.append(other)
                other.clashes.append(one)


def _cannot_be_both(one: Entry, other: Entry) -> bool:
    """Whether two that overlap are of one client, or of one home at one partner."""
    if _is_made_for(one, other) or _is_made_for(other, one):
        return False
    if one.client is not None and one.client == other.client:
        return True
    same_home = bool(one.home) and one.home.casefold() == other.home.casefold()
    return same_home and one.partner == other.partner


def _is_made_for(one: Entry, other: Entry) -> bool:
    """Whether one is the booking of that request, which its client has changed since."""
    kinds = (one.kind, other.kind)
    return kinds == (Kind.BOOKING, Kind.REQUEST) and bool(one.row.request_id == other.row.pk)
