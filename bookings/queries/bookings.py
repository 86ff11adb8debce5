"""Named reads of bookings: what a person may see of them, found, counted and taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings import finding
from bookings.models import Booking, BookingRun
from bookings.vocabulary import OPEN_RUN_STATES, BookingStatus, RunKind

PAGE = 2000
RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which bookings, in which order. An empty word leaves everything in."""

    status: str = ""
    search: str = ""
    sort_by: str = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    total: int
    auto_confirmed: int
    recent: int
    by_status: dict[str, int]
    latest: list[Booking]
    top_addresses: list[tuple[str, int]]


def shown(user: User | AnonymousUser, *, may: str = "") -> QuerySet[Booking]:
    """The bookings that a person sees and nobody hid; with `may`, those where their role allows that."""
    return Booking.objects.visible_to(user, may=may).filter(hidden_at=None)


def matching(user: User | AnonymousUser, wanted: Wanted, *, may: str = "") -> QuerySet[Booking]:
    """The bookings that are wanted, in a stable order; with `may`, those where the person may do that."""
    found = shown(user, may=may)
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.search:
        found = found.filter(finding.holding(Booking, wanted.search))
    sign = "-" if wanted.descending else ""
    return found.order_by(f"{sign}{wanted.sort_by}", f"{sign}pk")


def changes_of(user: User | AnonymousUser, ids: Iterable[int]) -> QuerySet[BookingRun]:
    """The runs that are about to cancel or to move these bookings; one for each booking at most."""
    changes = (RunKind.CANCEL, RunKind.RESCHEDULE)
    return BookingRun.objects.visible_to(user).filter(
        booking__in=set(ids), kind__in=changes, state__in=OPEN_RUN_STATES, dry_run=False
    )


def change_in_words(run: BookingRun) -> str:
    return _("Being cancelled") if run.kind == RunKind.CANCEL else _("Being moved")


def in_pages(user: User | AnonymousUser, ids: list[int]) -> Iterator[list[Booking]]:
    """The bookings of these ids, in this order, a page at a time, so that memory stays flat."""
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        rows = Booking.objects.visible_to(user).in_bulk(page)
        yield [rows[pk] for pk in page if pk in rows]


def figures(user: User | AnonymousUser, *, latest: int = 10, top: int = 5) -> Figures:
    """The numbers of a person's bookings, in four queries however many there are."""
    mine = shown(user)
    totals = mine.aggregate(
        total=Count("pk"),
        auto_confirmed=Count("pk", filter=Q(auto_confirmed=True)),
        recent=Count("pk", filter=Q(created_at__gte=timezone.now() - RECENT)),
    )
    counted = dict(mine.order_by().values_list("status").annotate(number=Count("pk")))
    addresses = mine.order_by().values_list("property_address").annotate(number=Count("pk"))
    return Figures(
        **totals,
        by_status={status: counted.get(status, 0) for status in BookingStatus.values},
        latest=list(mine.order_by("-created_at", "-pk")[:latest]),
        top_addresses=list(addresses.order_by("-number", "property_address")[:top]),
    )
