"""Requests of one client on one day: a group's in their order, and those whose times overlap. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Cast, Coalesce, ExtractHour, ExtractMinute

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


def with_clashes(rows: QuerySet[ShowingRequest], *, since: date | None = None) -> QuerySet[Any]:
    """The rows with `clashes`: whether another request of the same client overlaps. Each is as long as it is
    booked for, else as its partner's showings are. With `since`, none of the rows may be on an earlier day:
    the database then looks at none before its eve either."""
    timed = _timed(rows).alias(eve=_beside(-1), morrow=_beside(1))
    there = ShowingRequest.objects.order_by()
    day = OuterRef("scheduled_date")
    others = (
        _timed(there if since is None else there.filter(scheduled_date__gte=since - DAY))
        .filter(
            ~ENDED,
            ~Q(pk=OuterRef("pk")),
            client=OuterRef("client"),
            # The neighbours too: a showing may go past midnight.
            scheduled_date__in=[OuterRef("eve"), day, OuterRef("morrow")],
        )
        .annotate(
            begins=F("starts")
            + Case(
                When(scheduled_date__lt=day, then=-MINUTES_A_DAY),
                When(scheduled_date__gt=day, then=MINUTES_A_DAY),
                default=0,
            )
        )
        .filter(
            begins__lt=OuterRef("starts") + OuterRef("minutes"), begins__gt=OuterRef("starts") - F("minutes")
        )
    )
    return timed.annotate(clashes=~ENDED & Exists(others))


def _beside(days: int) -> Case:
    """The day so many days from a row's own; its own at the calendar's ends, beyond which there is none."""
    inside = Q(scheduled_date__gt=date.min, scheduled_date__lt=date.max)
    there = Cast(F("scheduled_date") + days * DAY, DateField())
    return Case(When(inside, then=there), default=F("scheduled_date"), output_field=DateField())


def _timed(rows: QuerySet[ShowingRequest]) -> QuerySet[Any]:
    booked = Booking.objects.filter(request=OuterRef("pk"), status__in=LIVE_BOOKING_STATUSES)
    length = Subquery(booked.order_by("-pk").values("duration")[:1])
    return rows.annotate(
        starts=ExtractHour("scheduled_time") * 60 + ExtractMinute("scheduled_time"),
        minutes=Coalesce(length, F("partner__showing_minutes")),
    )


def clashing(user: User | AnonymousUser, *, now: datetime) -> QuerySet[Any]:
    """The person's requests still to come that clash with another one."""
    first_day = (now - timedelta(days=1)).date()
    mine = ShowingRequest.objects.visible_to(user).filter(scheduled_date__gte=first_day)
    return with_clashes(mine, since=first_day).filter(clashes=True)


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
