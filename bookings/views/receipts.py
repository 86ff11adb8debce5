"""A booking's receipt: the page that shares it, and the page that its link opens without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.asker import person_of
from bookings.models import Booking, Evidence
from bookings.queries import bookings as booking_queries
from bookings.queries.evidence import evidence_for
from bookings.services import receipts
from bookings.services.errors import Forbidden, Rejected
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus

# No scripts, no forms, nothing from elsewhere: the page is read by people whom nobody knows.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the booking stands at this moment. `tone` is the colour beside the words."""

    tone: str
    headline: str
    sentence: str


def told_of(booking: Booking) -> Told:
    """What a stranger is told: what BrokerBay's list proves, or that it does not."""
    if not receipts.why_none(booking):
        return Told(
            tone="good",
            headline=_("Confirmed"),
            sentence=_("This showing is booked and confirmed."),
        )
    if booking.status == BookingStatus.CONFIRMED:
        return Told(
            tone="warn",
            headline=_("Being checked"),
            sentence=_("Something changed since this was shared. Ask whoever sent it before you go."),
        )
    if booking.status in LIVE_BOOKING_STATUSES:
        return Told(
            tone="warn",
            headline=_("Not confirmed any more"),
            sentence=_("It changed since this was shared: the listing side must approve it anew."),
        )
    return Told(
        tone="bad",
        headline=booking.get_status_display(),
        sentence=_("This showing does not take place. Ask whoever sent this for a new time."),
    )


@require_safe
def receipt_page(request: HttpRequest, token: str) -> HttpResponse:
    """What a receipt's link opens. 404 for a link that is none of ours, 410 for one that is over."""
    receipt = receipts.read(token)
    if receipt is None or not receipt.is_open or receipt.booking.hidden_at is not None:
        answer = render(request, "bookings/receipts/over.html", status=404 if receipt is None else 410)
    else:
        answer = render(
            request,
            "bookings/receipts/page.html",
            {"receipt": receipt, "token": token, **words_of(receipt.booking)},
        )
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Security-Policy"] = POLICY
    return answer


def words_of(booking: Booking) -> dict[str, Any]:
    """What a receipt says of a booking. `starts` and `ends` are the property's own wall clock."""
    starts = datetime.combine(booking.booking_date, booking.booking_time)
    client = booking.request.client if booking.request is not None else None
    return {
        "booking": booking,
        "told": told_of(booking),
        "starts": starts,
        "ends": starts + timedelta(minutes=booking.duration) if booking.duration else None,
        "clock_name": booking.starts_at.astimezone(ZoneInfo(booking.time_zone)).strftime("%Z"),
        "client_name": client.name if client is not None else "",
        "is_proven": not receipts.why_none(booking),
    }


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def share_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """The booking's link with what it shows (GET); makes or prolongs it (POST)."""
    booking = _booking(request, pk)
    if request.method == "POST":
        try:
            receipts.share(booking, by=person_of(request))
        except Forbidden as no:
            raise PermissionDenied from no
        except Rejected as no:
            messages.error(request, no.message)
        return redirect("share_receipt", pk=pk)
    receipt = receipts.open_one(booking)
    return render(
        request,
        "bookings/receipts/share.html",
        {
            "receipt": receipt,
            "address": receipts.address_of(receipt) if receipt else "",
            "missing": receipts.why_none(booking),
            "may_share": booking_queries.shown(person_of(request), may=receipts.MAY_SHARE)
            .filter(pk=pk)
            .exists(),
            "lasts": settings.RECEIPT_DAYS,
            "run": booking.runs.first(),
            "proof": _proof(booking, person_of(request)),
            **words_of(booking),
        },
    )


@login_required
@require_POST
def take_back_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    booking = _booking(request, pk)
    try:
        if receipts.take_back(booking, by=person_of(request)):
            messages.success(request, _("The link is closed. Whoever opens it is told that it is over."))
    except Forbidden as no:
        raise PermissionDenied from no
    return redirect("share_receipt", pk=pk)


def _proof(booking: Booking, person: User) -> Evidence | None:
    """The picture of BrokerBay's list: for the team alone, since it shows the account's other showings."""
    if not booking.screenshot_path:
        return None
    kept: Evidence | None = (
        evidence_for(person).filter(file=booking.screenshot_path, run__booking=booking).first()
    )
    return kept


def _booking(request: HttpRequest, pk: int) -> Booking:
    mine = Booking.objects.visible_to(person_of(request)).filter(pk=pk)
    booking: Booking | None = mine.select_related("partner", "property", "request__client").first()
    if booking is None:
        raise Http404
    return booking
