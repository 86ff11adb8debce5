"""The dashboard's reads: what is booked, what waits, what needs a person.

Rows are counted, not keys: those would have to be read, where an index tells all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Case, Count, Exists, Model, OuterRef, Q, QuerySet, Value, When, Window

from bookings.models import Account, Booking, BookingRun, Partner, ShowingRequest, SyncPass, Upstream
from bookings.queries import bookings as booking_queries
from bookings.queries import tours
from bookings.vocabulary import (
    CHANGING_KINDS,
    LIVE_BOOKING_STATUSES,
    SICK,
    BookingStatus,
    RequestState,
    RunKind,
    RunState,
)

CHART_DAYS = 14  # on either side of today
LISTED = 8
TODAY_LISTED = 25
COMING_LISTED = 5
ACCOUNTS_LISTED = 12
AT_RISK = timedelta(hours=24)  # so near its start, what is not settled is at risk
# Further than any zone is from another: whatever is "today" somewhere starts within it.
ANYWHERE = timedelta(hours=40)

NEEDS_PERSON = (
    Q(state__in=(RunState.REFUSED, RunState.FAILED))
    | Q(state=RunState.PARKED, not_before__isnull=True)
    | Q(state=RunState.UNCONFIRMED, reason_code="in_doubt")
)
NOT_LIVE = tuple(status for status in BookingStatus if status not in LIVE_BOOKING_STATUSES)
UNDECIDED = (BookingStatus.PENDING, BookingStatus.TIME_SUGGESTED)
WAITS_FOR_ROBOT = (
    Q(state__in=(RunState.QUEUED, RunState.RUNNING))
    | Q(state=RunState.PARKED, not_before__isnull=False)
    | Q(state=RunState.UNCONFIRMED) & ~Q(reason_code="in_doubt")
)
OF_A_RUN = ("account", "partner", "booking", "request__property")
ONE = Value(1)
ALL = Window(Count("*"))  # how many rows there are, told by each of them
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose rows are looked at: all that the person may see, or those of one partner among them."""

    user: User
    partner: Partner | None = None

    def of(self, model: type[M], *, may: str = "") -> QuerySet[M]:
        rows: Any = model.objects.visible_to(self.user, may=may)  # type: ignore[attr-defined]
        if self.partner is not None:
            return cast("QuerySet[M]", rows.filter(partner=self.partner))
        return cast("QuerySet[M]", rows.by_the_only_partner(self.user))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures on top. `today` is the day at each property's own door; `confirmed` and `pending` are the
    showings from the board's day on; `clashes` are requests whose client wants to be at two homes at once,
    together one thing that needs a person."""

    today: int
    confirmed: int
    pending: int
    waiting: int
    at_risk: int
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
    coming: Sequence[Booking]
    bookings_at_risk: Sequence[Booking]
    runs_at_risk: Sequence[BookingRun]
    accounts_for_person: Sequence[Account]
    runs_for_person: Sequence[BookingRun]
    requests_for_person: Sequence[ShowingRequest]
    recent_runs: Sequence[BookingRun]
    accounts: Sequence[Account]
    accounts_in_all: int
    last_pass: SyncPass | None
    services: Sequence[Upstream]


def board(user: User, *, now: datetime, zone: ZoneInfo, partner: Partner | None = None) -> Board:
    """Everything that the dashboard shows to a person, of one partner if told. `zone` tells the day."""
    sight = Sight(user=user, partner=partner)
    is_today = _is_today(now, _zones_in_use(sight, now))
    runs, requests = _first(runs_for_person(sight, now)), _first(requests_for_person(sight, now))
    unsettled = _first(runs_at_risk(sight, now))
    doubtful = list(bookings_at_risk(sight, now).annotate(of=ALL)[:LISTED])
    accounts = _accounts(sight)
    sick = [account for account in accounts if account.is_for_person][:LISTED]
    today = now.astimezone(zone).date()
    clashes = tours.clashing(user, now=now).filter(**_only(partner)).order_by().count()
    waiting = sight.of(BookingRun).filter(WAITS_FOR_ROBOT)
    recent = sight.of(BookingRun).filter(kind__in=CHANGING_KINDS).values_list("pk", flat=True)[:LISTED]
    told: dict[str, Any] = _told(
        runs_at_risk=unsettled.keys, runs_for_person=runs.keys, recent_runs=list(recent)
    )
    stuck = ShowingRequest.objects.select_related("property", "client").in_bulk(requests.keys)
    # No day that is named below begins before this bound, which lets an index find the rows.
    near = _live(sight).filter(starts_at__gte=now - ANYWHERE)
    return Board(
        counts=Counts(
            waiting=waiting.count(),
            at_risk=(doubtful[0].of if doubtful else 0) + unsettled.of,
            needs_you=(accounts[0].for_person if accounts else 0) + runs.of + requests.of + bool(clashes),
            clashes=clashes,
            **near.aggregate(
                today=Count(ONE, filter=is_today),
                confirmed=Count(ONE, filter=Q(booking_date__gte=today, status=BookingStatus.CONFIRMED)),
                pending=Count(ONE, filter=Q(booking_date__gte=today, status__in=UNDECIDED)),
            ),
        ),
        days=bookings_per_day(sight, today),
        **_with_changes(
            sight,
            today=near.filter(is_today).order_by("starts_at")[:TODAY_LISTED],
            coming=_live(sight).filter(~is_today, starts_at__gt=now).order_by("starts_at")[:COMING_LISTED],
            bookings_at_risk=doubtful,
        ),
        accounts_for_person=sick,
        requests_for_person=[stuck[key] for key in requests.keys if key in stuck],
        **told,
        accounts=accounts,
        accounts_in_all=accounts[0].of if accounts else 0,
        last_pass=SyncPass.objects.visible_to(user).first(),
        services=list(Upstream.objects.visible_to(user)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The keys of the first rows of a list, and of how many they are the first."""

    keys: Sequence[Any]
    of: int


def _first(rows: QuerySet[Any]) -> First:
    """Both by one question: what it takes to know which rows they are is dear, and the same."""
    found = list(rows.annotate(of=ALL).values_list("pk", "of")[:LISTED])
    return First(keys=[key for key, _ in found], of=found[0][1] if found else 0)


def _told(**lists: Sequence[int]) -> dict[str, list[BookingRun]]:
    """The runs with these keys, with all that their rows say.

    Found first, then joined, all at once: SQLite would begin with the accounts, and sort every run for
    eight of them.
    """
    wanted = BookingRun.objects.select_related(*OF_A_RUN).defer("account__session").order_by()
    found = wanted.in_bulk({key for each in lists.values() for key in each})
    return {name: [found[key] for key in each if key in found] for name, each in lists.items()}


def _with_changes(sight: Sight, **lists: Iterable[Any]) -> dict[str, Any]:
    """The lists, each booking with its `change`: what the robot is about to do to it, or an empty word."""
    found: dict[str, list[Any]] = {name: list(rows) for name, rows in lists.items()}
    ids = {booking.pk for rows in found.values() for booking in rows}
    under_way = {run.booking_id: run for run in booking_queries.changes_of(sight.user, ids)}
    for booking in (booking for rows in found.values() for booking in rows):
        run = under_way.get(booking.pk)
        booking.change = booking_queries.change_in_words(run) if run else ""
    return found


def _only(partner: Partner | None) -> dict[str, Partner]:
    return {} if partner is None else {"partner": partner}


def _live(sight: Sight) -> QuerySet[Booking]:
    """Named by what it is not: by what it is, SQLite would take the status for the way to few rows."""
    return sight.of(Booking).filter(hidden_at=None).exclude(status__in=NOT_LIVE)


def _zones_in_use(sight: Sight, now: datetime) -> list[str]:
    near = _live(sight).filter(starts_at__range=(now - ANYWHERE, now + ANYWHERE))
    return list(near.order_by().values_list("time_zone", flat=True).distinct())


def _is_today(now: datetime, zones: Sequence[str]) -> Q:
    """Showings whose date is the present date at their own door."""
    days = {name: now.astimezone(ZoneInfo(name)).date() for name in zones}
    wanted = Q(pk__in=())
    for name, day in days.items():
        wanted |= Q(time_zone=name, booking_date=day)
    return wanted


def bookings_at_risk(sight: Sight, now: datetime) -> QuerySet[Booking]:
    """Showings that start soon and that the listing side has not confirmed, soonest first."""
    soon = Q(starts_at__gt=now, starts_at__lte=now + AT_RISK)
    undecided = _live(sight).filter(soon).exclude(status=BookingStatus.CONFIRMED)
    return undecided.order_by("starts_at", "pk")


def runs_at_risk(sight: Sight, now: datetime) -> QuerySet[BookingRun]:
    """Showings that start soon and that the robot has not booked yet, soonest first."""
    soon = Q(starts_at__gt=now, starts_at__lte=now + AT_RISK)
    mine = sight.of(BookingRun).filter(soon, WAITS_FOR_ROBOT, kind=RunKind.BOOK)
    return mine.order_by("starts_at", "pk")


def bookings_per_day(sight: Sight, today: date) -> list[Day]:
    """Live showings of each day of the chart, empty days too."""
    first, last = today - timedelta(days=CHART_DAYS), today + timedelta(days=CHART_DAYS)
    rows = (
        _live(sight)
        .filter(booking_date__range=(first, last))
        .order_by()
        .values("booking_date")
        .annotate(total=Count("*"), confirmed=Count(ONE, filter=Q(status=BookingStatus.CONFIRMED)))
    )
    found = {row["booking_date"]: row for row in rows}
    return [_day(first + timedelta(days=offset), found) for offset in range(2 * CHART_DAYS + 1)]


def _day(day: date, found: Mapping[date, Any]) -> Day:
    row = found.get(day, {"total": 0, "confirmed": 0})
    return Day(day=day, confirmed=row["confirmed"], pending=row["total"] - row["confirmed"])


def runs_for_person(sight: Sight, now: datetime) -> QuerySet[BookingRun]:
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
    theirs = sight.of(Account, may="sign_in_account").filter(
        pk=OuterRef("account"), is_active=True, health__in=SICK
    )
    waits_for_sign_in = Q(state=RunState.PARKED, reason_code__in=("needs_sign_in", "challenge_shown"))
    kinds = (*CHANGING_KINDS, RunKind.RECONCILE)
    mine = sight.of(BookingRun).filter(NEEDS_PERSON, kind__in=kinds, dry_run=False)
    # Each with its states, by which alone PostgreSQL finds the way into the index.
    stopped = Q(state__in=(RunState.REFUSED, RunState.FAILED, RunState.PARKED))
    ahead, undated = stopped & Q(starts_at__gt=now), stopped & Q(starts_at=None)
    return (
        mine.filter(ahead | undated | Q(state=RunState.UNCONFIRMED))
        .exclude(~Q(state=RunState.UNCONFIRMED) & Exists(later))
        .exclude(waits_for_sign_in & Exists(theirs))
        .order_by("starts_at", "pk")
    )


def requests_for_person(sight: Sight, now: datetime) -> QuerySet[ShowingRequest]:
    """Requests still to come that lack something or wait for a decision, and have no run to look at."""
    stuck = BookingRun.objects.filter(NEEDS_PERSON, request=OuterRef("pk"))
    waiting = sight.of(ShowingRequest).filter(
        booking_status__in=(RequestState.NEEDS_INFO, RequestState.NEEDS_PERSON)
    )
    coming = Q(scheduled_date=None) | Q(scheduled_date__gte=(now - timedelta(days=1)).date())
    return waiting.filter(coming).exclude(Exists(stuck)).order_by("scheduled_date", "pk")


def _accounts(sight: Sight) -> list[Any]:
    """The first active accounts, those first that a person must sign in, and before them this person's own to
    do: `is_for_person`. Each says `of` how many it is one, and how many of all are `for_person`."""
    may = sight.of(Account, may="sign_in_account").filter(pk=OuterRef("pk"))
    is_sick = Q(health__in=SICK)
    theirs = is_sick & Q(may_sign_in=True)
    accounts = sight.of(Account).filter(is_active=True).annotate(may_sign_in=Exists(may))
    told = accounts.annotate(of=ALL, for_person=Window(Count(ONE, filter=theirs)))
    urgent = Case(When(theirs, then=0), When(is_sick, then=1), default=2)
    in_order = told.select_related("partner").defer("session").order_by(urgent, "partner__name", "email")
    first: list[Any] = list(in_order[:ACCOUNTS_LISTED])
    for account in first:
        account.is_for_person = account.may_sign_in and account.health in SICK
    return first
