"""Requests of one client on one day: a group's in their order, and those whose times overlap. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler

from bookings.models import Booking, ShowingRequest
from bookings.vocabulary import LIVE_BOOKING_STATUSES, RequestState

MOST_STOPS = 50
DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60

ENDED = Q(booking_status=RequestState.CLOSED) | Q(status__iexact="cancelled") | Q(status__iexact="canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One request of a day, from minute `starts` of the day to minute `ends` (None: no time is known).

    `overlaps` are those stops of the same client that it cannot be at, too: also across midnight.
    """

    request: ShowingRequest
    starts: int | None
    ends: int | None
    overlaps: Sequence[ShowingRequest] = ()

    @property
    def clash(self) -> str:
        """The clash in words; empty without one."""
        if not self.overlaps:
            return ""
        return f"The client cannot be at both: {'; '.join(map(self._place, self.overlaps))}."

    def _place(self, other: ShowingRequest) -> str:
        home = str(other.property or other)
        if other.scheduled_date != self.request.scheduled_date:
            home += f" ({other.scheduled_date})"
        return f"{home} at {other.scheduled_time:%H:%M}"


class MinuteOfDay(Func):
    """A time's minute of the day. Django's own way to it is a Python function on SQLite, row by row."""

    arity = 1
    output_field = IntegerField()
    template = "(EXTRACT(HOUR FROM %(expressions)s) * 60 + EXTRACT(MINUTE FROM %(expressions)s))::integer"

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        hours, minutes = (f"CAST(substr(%(expressions)s, {at}, 2) AS INTEGER)" for at in (1, 4))
        return self.as_sql(compiler, connection, template=f"({hours} * 60 + {minutes})", **context)


class DaysFrom(Func):
    """How many days the first date is after the second."""

    arity = 2
    output_field = IntegerField()
    template = "(%(expressions)s)"
    arg_joiner = " - "

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        return self.as_sql(
            compiler,
            connection,
            template="(julianday(%(expressions)s))",
            arg_joiner=") - julianday(",
            **context,
        )


def with_clashes(rows: QuerySet[ShowingRequest], *, since: date | None = None) -> QuerySet[Any]:
    """The rows with `clashes`: whether another request of the same client overlaps. Each is as long as it is
    booked for, else as its partner's showings are. With `since`, none of the rows may be on an earlier day:
    the database then looks at none before its eve either."""
    timed = _timed(rows)
    there = ShowingRequest.objects.order_by()
    others = (
        _timed(there if since is None else there.filter(scheduled_date__gte=since - DAY))
        .filter(~ENDED, ~Q(pk=OuterRef("pk")), client=OuterRef("client"))
        # A showing may go past midnight, but none takes a day: cheaply told, before any length is looked up.
        .annotate(
            begins=F("starts") + MINUTES_A_DAY * DaysFrom(F("scheduled_date"), OuterRef("scheduled_date"))
        )
        .filter(begins__lt=OuterRef("starts") + MINUTES_A_DAY, begins__gt=OuterRef("starts") - MINUTES_A_DAY)
        .filter(
            begins__lt=OuterRef("starts") + OuterRef("minutes"), begins__gt=OuterRef("starts") - F("minutes")
        )
    )
    return timed.annotate(clashes=~ENDED & Exists(others))


def _timed(rows: QuerySet[ShowingRequest]) -> QuerySet[Any]:
    booked = Booking.objects.filter(request=OuterRef("pk"), status__in=LIVE_BOOKING_STATUSES)
    length = Subquery(booked.order_by("-pk").values("duration")[:1])
    return rows.annotate(
        starts=MinuteOfDay("scheduled_time"),
        minutes=Coalesce(length, F("partner__showing_minutes")),
    )


def clashing(user: User | AnonymousUser, *, now: datetime) -> QuerySet[Any]:
    """The person's requests still to come that clash with another one."""
    first_day = (now - timedelta(days=1)).date()
    mine = ShowingRequest.objects.visible_to(user).filter(scheduled_date__gte=first_day)
    # An index alone tells that nearly all have no other near them; the others are looked at closely.
    apart = DaysFrom(F("scheduled_date"), OuterRef("scheduled_date"))
    near = (
        ShowingRequest.objects.filter(client=OuterRef("client"), scheduled_date__gte=first_day - DAY)
        .alias(apart=apart)
        .filter(apart__gte=-1, apart__lte=1)
        .order_by()
        .values("client")
        .annotate(count=Count("*"))
    )
    crowded = mine.alias(near=Subquery(near.values("count"))).filter(near__gt=1)
    return with_clashes(crowded, since=first_day).filter(clashes=True)


def day_of(user: User, request: ShowingRequest) -> list[Stop]:
    """What the request's client wants to see that day, in order; this alone where client or day is unknown.

    One query, and at most MOST_STOPS rows.
    """
    if request.client_id is None or request.scheduled_date is None:
        return [_stop(request, ())]
    return _day(user, client_id=request.client_id, day=request.scheduled_date)


def tour_of(user: User, request: ShowingRequest) -> list[Stop]:
    """The stops of the request's group in their order; none without a group. One query."""
    if not request.group_name:
        return []
    return [stop for stop in day_of(user, request) if stop.request.group_name == request.group_name]


def _day(user: User, *, client_id: int, day: date) -> list[Stop]:
    days = {day, max(day, date.min + DAY) - DAY, min(day, date.max - DAY) + DAY}
    rows = ShowingRequest.objects.visible_to(user).filter(client=client_id, scheduled_date__in=days)
    ordered = _timed(rows).select_related("property", "partner", "client")
    # The day's own first, lest its neighbours crowd them out.
    own = Case(When(scheduled_date=day, then=0), default=1)
    booked = Booking.objects.filter(request=OuterRef("pk")).order_by("-pk")
    ordered = ordered.annotate(showing_status=Subquery(booked.values("status")[:1]))
    wanted = list(ordered.order_by(own, F("scheduled_time").asc(nulls_last=True), "pk")[:MOST_STOPS])
    return [_stop(request, wanted) for request in wanted if request.scheduled_date == day]


def _stop(request: Any, others: Sequence[Any]) -> Stop:
    starts, minutes = getattr(request, "starts", None), getattr(request, "minutes", None)
    return Stop(
        request=request,
        starts=starts,
        ends=starts + minutes if starts is not None and minutes is not None else None,
        overlaps=[other for other in others if other.pk != request.pk and _overlap(request, other)],
    )


def _overlap(one: Any, other: Any) -> bool:
    if None in (one.starts, one.minutes, other.starts, other.minutes) or _is_ended(one) or _is_ended(other):
        return False
    later = MINUTES_A_DAY * (other.scheduled_date - one.scheduled_date).days
    begins = other.starts + later
    return bool(one.starts < begins + other.minutes and begins < one.starts + one.minutes)


def _is_ended(request: ShowingRequest) -> bool:
    return request.booking_status == RequestState.CLOSED or request.status.lower() in (
        "cancelled",
        "canceled",
    )
