"""The dashboard's reads: what is booked, what waits, what needs a person. Each is one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from bookings.models import Account, Booking, BookingRun, ShowingRequest, SyncPass, Upstream
from bookings.queries import tours
from bookings.vocabulary import (
    CHANGING_KINDS,
    LIVE_BOOKING_STATUSES,
    BookingStatus,
    Health,
    RequestState,
    RunKind,
    RunState,
)

CHART_DAYS = 14  # on either side of today
LISTED = 8
TODAY_LISTED = 50
# Further than any zone is from another: whatever is "today" somewhere starts within it.
ANYWHERE = timedelta(hours=40)

NEEDS_PERSON = (
    Q(state__in=(RunState.REFUSED, RunState.FAILED))
    | Q(state=RunState.PARKED, not_before__isnull=True)
    | Q(state=RunState.UNCONFIRMED, reason_code="in_doubt")
)
SICK = (Health.CHALLENGED, Health.NEEDS_SIGN_IN)
WORKING = (RunState.QUEUED, RunState.RUNNING, RunState.UNCONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures on top. `today` and `week` are the day and the week at each property's own door; `clashes`
    are requests whose client wants to be at two homes at once, together one thing that needs a person."""

    today: int
    week: int
    confirmed: int
    pending: int
    waiting: int
    needs_you: int
    clashes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One column of the chart: the showings of a day."""

    day: date
    confirmed: int
    pending: int

    @property
    def total(self) -> int:
        return self.confirmed + self.pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    counts: Counts
    days: Sequence[Day]
    today: Sequence[Booking]
    accounts_for_person: Sequence[Account]
    runs_for_person: Sequence[BookingRun]
    requests_for_person: Sequence[ShowingRequest]
    recent_runs: Sequence[BookingRun]
    accounts: Sequence[Account]
    last_pass: SyncPass | None
    services: Sequence[Upstream]


def board(user: User, *, now: datetime, zone: ZoneInfo) -> Board:
    """Everything that the dashboard shows to a person. `zone` says which day the chart calls today."""
    zones = _zones_in_use(user, now)
    runs = runs_for_person(user, now)
    requests = requests_for_person(user, now)
    accounts = _accounts(user)
    sick = [account for account in accounts if account.health in SICK and account.may_sign_in]
    today = now.astimezone(zone).date()
    return Board(
        counts=_counts(user, now, zones, today, len(sick), runs, requests),
        days=bookings_per_day(user, today),
        today=_shown_today(user, now, zones),
        accounts_for_person=sick,
        runs_for_person=list(runs.select_related("account").defer("account__session")[:LISTED]),
        requests_for_person=list(requests.select_related("property", "client")[:LISTED]),
        recent_runs=list(
            BookingRun.objects.visible_to(user)
            .filter(kind__in=CHANGING_KINDS)
            .select_related("partner", "booking")[:LISTED]
        ),
        accounts=accounts,
        last_pass=SyncPass.objects.visible_to(user).first(),
        services=list(Upstream.objects.visible_to(user)),
    )


def _live(user: User) -> QuerySet[Booking]:
    return Booking.objects.visible_to(user).filter(hidden_at=None, status__in=LIVE_BOOKING_STATUSES)


def _zones_in_use(user: User, now: datetime) -> list[str]:
    near = _live(user).filter(starts_at__range=(now - ANYWHERE, now + ANYWHERE))
    return list(near.order_by().values_list("time_zone", flat=True).distinct())


def _is_today(now: datetime, zones: Sequence[str]) -> Q:
    """Showings whose date is the present date at their own door."""
    days = {name: now.astimezone(ZoneInfo(name)).date() for name in zones}
    wanted = Q(pk__in=())
    for name, day in days.items():
        wanted |= Q(time_zone=name, booking_date=day)
    return wanted


def _shown_today(user: User, now: datetime, zones: Sequence[str]) -> list[Booking]:
    return list(_live(user).filter(_is_today(now, zones)).order_by("starts_at")[:TODAY_LISTED])


def _counts(
    user: User,
    now: datetime,
    zones: Sequence[str],
    today: date,
    sick_accounts: int,
    runs: QuerySet[BookingRun],
    requests: QuerySet[ShowingRequest],
) -> Counts:
    monday = today - timedelta(days=today.weekday())
    upcoming = Q(starts_at__gte=now)
    booked = _live(user).aggregate(
        today=Count("pk", filter=_is_today(now, zones)),
        week=Count("pk", filter=Q(booking_date__range=(monday, monday + timedelta(days=6)))),
        confirmed=Count("pk", filter=upcoming & Q(status=BookingStatus.CONFIRMED)),
        pending=Count("pk", filter=upcoming & ~Q(status=BookingStatus.CONFIRMED)),
    )
    clashes = tours.clashing(user, now=now).order_by().count()
    waiting = Q(state__in=WORKING) | Q(state=RunState.PARKED, not_before__isnull=False)
    return Counts(
        waiting=BookingRun.objects.visible_to(user).filter(waiting, kind=RunKind.BOOK).count(),
        needs_you=sick_accounts + runs.count() + requests.count() + bool(clashes),
        clashes=clashes,
        **booked,
    )


def bookings_per_day(user: User, today: date) -> list[Day]:
    """Live showings of each day of the chart, empty days too."""
    first, last = today - timedelta(days=CHART_DAYS), today + timedelta(days=CHART_DAYS)
    rows = (
        _live(user)
        .filter(booking_date__range=(first, last))
        .order_by()
        .values("booking_date")
        .annotate(total=Count("pk"), confirmed=Count("pk", filter=Q(status=BookingStatus.CONFIRMED)))
    )
    found = {row["booking_date"]: row for row in rows}
    return [_day(first + timedelta(days=offset), found) for offset in range(2 * CHART_DAYS + 1)]


def _day(day: date, found: Mapping[date, Any]) -> Day:
    row = found.get(day, {"total": 0, "confirmed": 0})
    return Day(day=day, confirmed=row["confirmed"], pending=row["total"] - row["confirmed"])


def runs_for_person(user: User, now: datetime) -> QuerySet[BookingRun]:
    """Runs that nothing will move by itself and whose showing could still take place, soonest first.

    One that was asked for anew since is settled by its successor; one that waits for a sign-in that is
    this person's to do, by that, which is listed instead. Checks are answers; sign-ins begin with a person.
    """
    later = BookingRun.objects.filter(
        partner=OuterRef("partner"),
        property_text=OuterRef("property_text"),
        kind=OuterRef("kind"),
        pk__gt=OuterRef("pk"),
    )
    theirs = Account.objects.visible_to(user, may="sign_in_account").filter(
        pk=OuterRef("account"), is_active=True, health__in=SICK
    )
    waits_for_sign_in = Q(state=RunState.PARKED, reason_code__in=("needs_sign_in", "challenge_shown"))
    kinds = (*CHANGING_KINDS, RunKind.RECONCILE)
    mine = BookingRun.objects.visible_to(user).filter(NEEDS_PERSON, kind__in=kinds, dry_run=False)
    return (
        mine.filter(Q(starts_at__gt=now) | Q(starts_at=None) | Q(state=RunState.UNCONFIRMED))
        .exclude(~Q(state=RunState.UNCONFIRMED) & Exists(later))
        .exclude(waits_for_sign_in & Exists(theirs))
        .order_by("starts_at", "pk")
    )


def requests_for_person(user: User, now: datetime) -> QuerySet[ShowingRequest]:
    """Requests still to come that lack something or wait for a decision, and have no run to look at."""
    stuck = BookingRun.objects.filter(NEEDS_PERSON, request=OuterRef("pk"))
    waiting = ShowingRequest.objects.visible_to(user).filter(
        booking_status__in=(RequestState.NEEDS_INFO, RequestState.NEEDS_PERSON)
    )
    coming = Q(scheduled_date=None) | Q(scheduled_date__gte=(now - timedelta(days=1)).date())
    return waiting.filter(coming).exclude(Exists(stuck)).order_by("scheduled_date", "pk")


def _accounts(user: User) -> list[Any]:
    """The active accounts, those that need a person first; `may_sign_in` tells whether this one may."""
    may = Account.objects.visible_to(user, may="sign_in_account").filter(pk=OuterRef("pk"))
    accounts = Account.objects.visible_to(user).filter(is_active=True).select_related("partner")
    first = accounts.annotate(may_sign_in=Exists(may)).defer("session")[:50]
    return sorted(first, key=lambda account: account.health not in SICK)
