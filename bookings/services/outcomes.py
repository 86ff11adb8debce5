"""Outcomes: what became of a client's request, owed to its row in Supabase."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, time

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from bookings.models import Booking, BookingRun, Notice, ShowingRequest
from bookings.services import dispatch
from bookings.told import in_english
from bookings.vocabulary import (
    LIVE_BOOKING_STATUSES,
    BookingStatus,
    NoticeChannel,
    NoticeState,
    Outcome,
    RunKind,
    RunState,
    Source,
    is_cancelled,
    reason_title,
)

_OF_BOOKING = {
    BookingStatus.CONFIRMED: Outcome.CONFIRMED,
    BookingStatus.PENDING: Outcome.REQUESTED,
    BookingStatus.TIME_SUGGESTED: Outcome.TIME_SUGGESTED,
    BookingStatus.DECLINED: Outcome.DECLINED,
    BookingStatus.CANCELLED: Outcome.CANCELLED,
}
_OF_RUN = {
    RunState.BOOKED: Outcome.REQUESTED,  # a person has seen it; how it stands, BrokerBay's list tells later
    RunState.REFUSED: Outcome.REFUSED,
    RunState.FAILED: Outcome.FAILED,
    RunState.EXPIRED: Outcome.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a request's row in Supabase is to say. Date and time are the wall clock at the property's door;
    `reference` is BrokerBay's id of the showing; what is not known is None."""

    status: str
    date: str | None = None
    time: str | None = None
    reference: str | None = None
    reason: str | None = None


def owe(request_id: str | None) -> None:
    """Owe a request's row what became of it, if that is news; called in the transaction of the change.

    There is one notice for each row: a newer state takes the place of an older one that has not arrived.
    """
    if request_id is None or not (settings.SUPABASE_URL and settings.SUPABASE_WRITE_COLUMNS):
        return
    # Two changes of one request say one after the other what they see: the later one sees both.
    locked = ShowingRequest.objects.select_for_update(of=("self",), no_key=True)
    request = locked.select_related("partner").get(pk=request_id)
    run, booking = _newest_run(request_id), _newest_booking(request_id)
    told = _told(run, booking)
    if told is not None and booking is not None and booking.status in LIVE_BOOKING_STATUSES:
        told = _unless_it_changes(told, request_id)
    key = f"supabase:{request_id}"
    if told is None:
        if not Notice.objects.filter(key=key).exists():
            return
        told = Told(status=Outcome.CANCELLED if is_cancelled(request.status) else Outcome.IN_PROGRESS)
    news: dict[str, object] = {
        "to": request_id,
        "subject": f"{in_english(Outcome(told.status).label)}: {request}"[:200],
        "body": json.dumps(asdict(told)),
        "partner": request.partner,
        "run": run,
    }
    if _put(key, news):
        dispatch.ring_channel(NoticeChannel.SUPABASE)


def _put(key: str, news: dict[str, object]) -> bool:
    """Write the notice, or put the news into its place. False when it says that already."""
    notice, made = Notice.objects.get_or_create(key=key, defaults={**news, "channel": NoticeChannel.SUPABASE})
    if made:
        return True
    fresh = {"state": NoticeState.OWED, "attempts": 0, "not_before": timezone.now(), "last_error": ""}
    row = Notice.objects.filter(pk=notice.pk).exclude(body=news["body"])
    return bool(row.update(**news, **fresh, version=F("version") + 1))


def _newest_run(request_id: str) -> BookingRun | None:
    runs = BookingRun.objects.filter(request_id=request_id, kind=RunKind.BOOK, dry_run=False)
    return runs.order_by("-queued_at", "-pk").first()


def _unless_it_changes(told: Told, request_id: str) -> Told:
    """What is to be said of a booking that stands while its client's newest change waits for a person."""
    changes = BookingRun.objects.filter(
        request_id=request_id,
        kind__in=(RunKind.CANCEL, RunKind.RESCHEDULE),
        source=Source.SYNC,
        dry_run=False,
    )
    newest = changes.order_by("-queued_at", "-pk").first()
    if newest is None or _status_of(newest) != Outcome.NEEDS_PERSON:
        return told
    return replace(told, status=Outcome.NEEDS_PERSON, reason=reason_title(newest.reason_code) or None)


def _newest_booking(request_id: str) -> Booking | None:
    """The one that stands, else the newest."""
    held = Booking.objects.filter(request_id=request_id).order_by("-created_at", "-pk")
    return held.filter(status__in=LIVE_BOOKING_STATUSES).first() or held.first()


def _told(run: BookingRun | None, booking: Booking | None) -> Told | None:
    """What is to be said; None while nothing has come of it."""
    if booking is not None and booking.status in LIVE_BOOKING_STATUSES:
        return _of_booking(booking)
    if booking is not None and (
        run is None or run.booking_id == booking.pk or run.queued_at < booking.created_at
    ):
        return _of_booking(booking)
    return _of_run(run) if run is not None else None


def _of_booking(booking: Booking) -> Told:
    stands = booking.status in LIVE_BOOKING_STATUSES
    return Told(
        status=_OF_BOOKING[BookingStatus(booking.status)],
        date=_iso(booking.booking_date),
        time=_iso(booking.booking_time),
        reference=booking.showing_id or None,
        reason=None if stands else in_english(BookingStatus(booking.status).label),
    )


def _of_run(run: BookingRun) -> Told | None:
    status = _status_of(run)
    if status is None:
        return None
    return Told(
        status=status,
        date=_iso(run.wanted_date),
        time=_iso(run.wanted_time),
        reason=reason_title(run.reason_code) if run.reason_code else None,
    )


def _status_of(run: BookingRun) -> Outcome | None:
    if run.state == RunState.CANCELLED:
        return None if run.reason_code == "withdrawn" else Outcome.CANCELLED
    waits = run.state == RunState.PARKED and run.not_before is None
    if waits or (run.state == RunState.UNCONFIRMED and run.reason_code == "in_doubt"):
        return Outcome.NEEDS_PERSON
    return _OF_RUN.get(RunState(run.state))


def _iso(moment: date | time | None) -> str | None:
    return moment.isoformat() if moment is not None else None
