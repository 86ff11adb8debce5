"""How urgent a row is that still waits: a word, a sign and a colour, the same in every list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from bookings import wallclock
from bookings.models import Booking, BookingRun, ShowingRequest
from bookings.vocabulary import OPEN_RUN_STATES, BookingStatus, RequestState, RunKind, RunState

DAY = timedelta(days=1)
SOON = timedelta(hours=2)
UNTOUCHED = timedelta(hours=8)
# What came too late is shown for a day; then it is history.
LATE_SHOWN = timedelta(hours=24)

WAITING_BOOKINGS = (BookingStatus.PENDING, BookingStatus.TIME_SUGGESTED)
WAITING_RUNS = (*OPEN_RUN_STATES, RunState.REFUSED, RunState.FAILED)
WAITING_REQUESTS = tuple(set(RequestState) - {RequestState.BOOKED, RequestState.CLOSED})
# Nothing but a person moves these.
RUNS_FOR_PERSON = (RunState.PARKED, RunState.REFUSED, RunState.FAILED)


class Urgency(TextChoices):
    TOO_LATE = "late", _("Too late")
    SOON = "soon", _("Starts within 2 hours")
    UNTOUCHED = "untouched", _("Untouched for 8 hours")


SIGN = {Urgency.TOO_LATE: "event_busy", Urgency.SOON: "alarm", Urgency.UNTOUCHED: "hourglass_bottom"}


def urgency(*, starts_at: datetime | None, untouched_since: datetime | None, now: datetime) -> Urgency | None:
    """Of a row that waits: its start decides, else how long nobody has done anything.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> def at(hour): return noon.replace(hour=hour)
    >>> urgency(starts_at=at(11), untouched_since=None, now=noon).value
    'late'
    >>> urgency(starts_at=at(14), untouched_since=None, now=noon).value
    'soon'
    >>> urgency(starts_at=at(15), untouched_since=at(4), now=noon).value
    'untouched'
    >>> urgency(starts_at=at(15), untouched_since=at(5), now=noon) is None
    True
    """
    if starts_at is not None and starts_at <= now:
        return Urgency.TOO_LATE if starts_at > now - LATE_SHOWN else None
    if starts_at is not None and starts_at <= now + SOON:
        return Urgency.SOON
    if untouched_since is not None and untouched_since <= now - UNTOUCHED:
        return Urgency.UNTOUCHED
    return None


def of_booking(booking: Booking, now: datetime) -> Urgency | None:
    if booking.status not in WAITING_BOOKINGS:
        return None
    return urgency(starts_at=booking.starts_at, untouched_since=booking.updated_at, now=now)


def of_run(run: BookingRun, now: datetime) -> Urgency | None:
    if run.state not in WAITING_RUNS or run.kind not in (RunKind.BOOK, RunKind.CANCEL, RunKind.RESCHEDULE):
        return None
    for_person = run.state in RUNS_FOR_PERSON and run.not_before is None
    return urgency(starts_at=run.starts_at, untouched_since=run.updated_at if for_person else None, now=now)


def of_request(request: ShowingRequest, now: datetime) -> Urgency | None:
    """Needs `property` and `partner` at hand: the start is on the clock of the home, else of the partner."""
    if request.booking_status not in WAITING_REQUESTS:
        return None
    return urgency(starts_at=_start_of(request), untouched_since=request.changed_at, now=now)


def zone_of(request: ShowingRequest) -> str:
    """The zone of the clock that its time is read by: the home's, else the partner's, else none."""
    home = request.property.time_zone if request.property else ""
    return home or (request.partner.time_zone if request.partner else "")


def _start_of(request: ShowingRequest) -> datetime | None:
    zone = zone_of(request)
    if request.scheduled_date is None or request.scheduled_time is None or not zone:
        return None
    try:
        return wallclock.instant(request.scheduled_date, request.scheduled_time, zone)
    except (wallclock.NoSuchTime, OverflowError):
        return None


# ---- the same as filters -------------------------------------------------------------------------------


def that_are(wanted: Urgency, rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """Of bookings, runs or requests, those of that urgency."""
    if rows.model is ShowingRequest:
        return requests_that_are(wanted, now, rows)
    return rows.filter((runs_that_are if rows.model is BookingRun else bookings_that_are)(wanted, now))


def of(row: Booking | BookingRun | ShowingRequest, now: datetime) -> Urgency | None:
    if isinstance(row, ShowingRequest):
        return of_request(row, now)
    return of_run(row, now) if isinstance(row, BookingRun) else of_booking(row, now)


def bookings_that_are(wanted: Urgency, now: datetime) -> Q:
    return Q(status__in=WAITING_BOOKINGS) & _when(wanted, now, "updated_at")


def runs_that_are(wanted: Urgency, now: datetime) -> Q:
    kinds = (RunKind.BOOK, RunKind.CANCEL, RunKind.RESCHEDULE)
    rows = Q(state__in=WAITING_RUNS, kind__in=kinds) & _when(wanted, now, "updated_at")
    if wanted == Urgency.UNTOUCHED:
        rows &= Q(state__in=RUNS_FOR_PERSON, not_before=None)
    return rows


def _when(wanted: Urgency, now: datetime, touched: str) -> Q:
    if wanted == Urgency.TOO_LATE:
        return Q(starts_at__lte=now, starts_at__gt=now - LATE_SHOWN)
    if wanted == Urgency.SOON:
        return Q(starts_at__gt=now, starts_at__lte=now + SOON)
    later = Q(starts_at__gt=now + SOON) | Q(starts_at=None)
    return later & Q(**{f"{touched}__lte": now - UNTOUCHED})


def requests_that_are(wanted: Urgency, now: datetime, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of `rows`, those. Starts are on their homes' clocks: the zones of the near ones are read first."""
    waiting = rows.filter(booking_status__in=WAITING_REQUESTS)
    near = waiting.filter(scheduled_date__range=((now - 2 * DAY).date(), (now + 2 * DAY).date()))
    pairs = near.order_by().values_list("property__time_zone", "partner__time_zone").distinct()
    zones = {home or partner for home, partner in pairs} - {None, ""}
    late = _starting(zones, now - LATE_SHOWN, now)
    if wanted == Urgency.TOO_LATE:
        return waiting.filter(late)
    soon = _starting(zones, now, now + SOON)
    if wanted == Urgency.SOON:
        return waiting.filter(soon)
    coming = Q(scheduled_date=None) | Q(scheduled_date__gte=(now - DAY).date())
    return waiting.filter(coming, changed_at__lte=now - UNTOUCHED).exclude(late | soon)


def _starting(zones: Iterable[str], after: datetime, until: datetime) -> Q:
    """Requests that start after one moment and not later than the other, wherever their home is."""
    found = Q(pk__in=())
    for zone in zones:
        first, last = after.astimezone(ZoneInfo(zone)), until.astimezone(ZoneInfo(zone))
        days = Q(scheduled_date__gt=first.date()) | Q(
            scheduled_date=first.date(), scheduled_time__gt=first.time()
        )
        days &= Q(scheduled_date__lt=last.date()) | Q(
            scheduled_date=last.date(), scheduled_time__lte=last.time()
        )
        by_home = Q(property__time_zone=zone)
        by_partner = (Q(property=None) | Q(property__time_zone="")) & Q(partner__time_zone=zone)
        found |= (by_home | by_partner) & days
    return found
