"""How bookings went lately, against the span before: how many succeeded, how fast, for whom. Five queries.

Only runs that ended count, by the day they were asked for; those that a person or a client stopped do not.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet

from bookings.models import Account, BookingRun, Partner
from bookings.models.scope import sees_all
from bookings.queries.board import ONE, Sight
from bookings.vocabulary import RunKind, RunState

COUNTED_FOR = 60  # seconds
DAYS = 30
SAMPLE = 500  # of each span, the newest so many say how fast it was
LISTED = 12
UNBOOKED = (RunState.REFUSED, RunState.FAILED, RunState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """`name` is whose: a partner's, an account's; empty for all. `rate` is per cent, None without any."""

    name: str = ""
    pk: int = 0
    booked: int = 0
    unbooked: int = 0

    @property
    def ended(self) -> int:
        return self.booked + self.unbooked

    @property
    def rate(self) -> int | None:
        return round(100 * self.booked / self.ended) if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Median seconds from the wish to the sent request, and to the seen confirmation; None without any."""

    to_submitted: int | None = None
    to_confirmed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """`first` to `last` are days of the person's clock; the span before is as long and ends just before."""

    first: date
    last: date
    now: Tally
    before: Tally
    pace: Pace
    pace_before: Pace
    partners: Sequence[Tally]
    accounts: Sequence[Tally]


def lately(sight: Sight, *, now: datetime, zone: ZoneInfo) -> Period:
    """The last DAYS days, today among them.

    Staff, who see everybody's, are told figures that are up to a minute old: to count weeks of all partners'
    runs is dear, and a minute moves nothing. What others may see, is asked anew each time.
    """
    if not sees_all(sight.user):
        return period(sight, now=now, zone=zone)
    whose = "all" if sight.partner is None else sight.partner.pk
    key = f"period:{whose}:{now.astimezone(zone).date()}:{zone.key}"
    known: Period | None = cache.get(key)
    if known is None:
        known = period(sight, now=now, zone=zone)
        cache.set(key, known, COUNTED_FOR)
    return known


def period(sight: Sight, *, now: datetime, zone: ZoneInfo) -> Period:
    """The last DAYS days, today among them, as they stand now."""
    last = now.astimezone(zone).date()
    first = last - timedelta(days=DAYS - 1)
    starts, began = (_midnight(day, zone) for day in (first, first - timedelta(days=DAYS)))
    runs = sight.of(BookingRun).filter(kind=RunKind.BOOK)
    groups = list(_tallies(runs.filter(queued_at__gte=began), starts))
    return Period(
        first=first,
        last=last,
        now=_sum(groups, "booked", "unbooked"),
        before=_sum(groups, "booked_before", "unbooked_before"),
        pace=_pace(runs.filter(queued_at__gte=starts)),
        pace_before=_pace(runs.filter(queued_at__gte=began, queued_at__lt=starts)),
        partners=_by(groups, "partner_pk", Partner.objects.values_list("pk", "name")),
        accounts=_by(groups, "account", Account.objects.values_list("pk", "email")),
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _tallies(runs: QuerySet[BookingRun], starts: datetime) -> Iterable[Any]:
    booked, unbooked = Q(state=RunState.BOOKED), Q(state__in=UNBOOKED)
    lately, earlier = Q(queued_at__gte=starts), Q(queued_at__lt=starts)
    return (
        runs.filter(state__in=(RunState.BOOKED, *UNBOOKED))
        .order_by()
        # A sum, for SQLite would go partner by partner otherwise, and read every run on the way.
        .values("account", partner_pk=F("partner") + 0)
        .annotate(
            booked=Count(ONE, filter=booked & lately),
            unbooked=Count(ONE, filter=unbooked & lately),
            booked_before=Count(ONE, filter=booked & earlier),
            unbooked_before=Count(ONE, filter=unbooked & earlier),
        )
    )


def _sum(groups: Iterable[Mapping[str, Any]], booked: str, unbooked: str) -> Tally:
    rows = list(groups)
    return Tally(booked=sum(row[booked] for row in rows), unbooked=sum(row[unbooked] for row in rows))


def _by(groups: Iterable[Mapping[str, Any]], whose: str, names: QuerySet[Any, Any]) -> list[Tally]:
    """One tally each, those with the most that failed first, then the busiest.

    Names are looked up beside: joined, they would be grouped by.
    """
    rows: dict[int, list[Mapping[str, Any]]] = {}
    for row in groups:
        rows.setdefault(row[whose], []).append(row)
    name_of = dict(names.filter(pk__in=rows))
    tallies = [
        Tally(
            name=name_of.get(pk, ""),
            pk=pk,
            booked=sum(row["booked"] for row in mine),
            unbooked=sum(row["unbooked"] for row in mine),
        )
        for pk, mine in rows.items()
    ]
    busy = [tally for tally in tallies if tally.ended]
    return sorted(busy, key=lambda tally: (-tally.unbooked, -tally.ended, tally.name))[:LISTED]


def _pace(runs: QuerySet[BookingRun]) -> Pace:
    sent = runs.filter(submitting_at__isnull=False, state=RunState.BOOKED).order_by("-queued_at")
    sample = list(sent.values_list("queued_at", "submitting_at", "booking__confirmed_at")[:SAMPLE])
    return Pace(
        to_submitted=_median(submitted - asked for asked, submitted, _ in sample if submitted is not None),
        to_confirmed=_median(confirmed - asked for asked, _, confirmed in sample if confirmed is not None),
    )


def _median(spans: Iterable[timedelta]) -> int | None:
    """
    >>> _median([timedelta(seconds=4), timedelta(seconds=9), timedelta(minutes=1)]), _median([])
    (9, None)
    """
    seconds = [span.total_seconds() for span in spans]
    return round(statistics.median(seconds)) if seconds else None
