"""Named reads of booking runs as clients know them: jobs, newest first, and how many stand where."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, QuerySet

from bookings.models import BookingRun
from bookings.vocabulary import RunKind, RunState


def bookings_wanted(user: User | AnonymousUser) -> QuerySet[BookingRun]:
    """The runs that book, of a person's partners, newest first, each with its account."""
    booking = BookingRun.objects.visible_to(user).filter(kind=RunKind.BOOK)
    return booking.select_related("account").defer("account__session").order_by("-queued_at", "-pk")


def newest_in(user: User | AnonymousUser, states: Iterable[RunState], *, most: int) -> list[BookingRun]:
    return list(bookings_wanted(user).filter(state__in=list(states))[:most])


def counted_by_state(user: User | AnonymousUser) -> dict[str, int]:
    """How many of a person's booking runs stand in each state; absent states are absent here too."""
    runs = bookings_wanted(user).order_by()
    return dict(runs.values_list("state").annotate(number=Count("pk")))
