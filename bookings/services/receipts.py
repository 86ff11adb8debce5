"""Receipts: links that show what was booked to whoever has them, for a while, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking, Receipt
from bookings.services import audit, people
from bookings.services.errors import NotAllowed
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus, Source

MAY_SHARE = "book_run"
# A row is written in one breath with its proof, but not in the same microsecond.
ONE_BREATH = timedelta(seconds=2)
_signer = Signer(sep="~", salt="bookings.receipt")


def why_none(booking: Booking) -> str:
    """Why a booking has no receipt, in words for people; empty when BrokerBay's own list proves it.

    What a person or an import says is no proof, however likely it is.
    """
    if booking.status == BookingStatus.UNVERIFIED or booking.verified_at is None:
        return _("Nobody has seen this showing in BrokerBay's own list yet.")
    if booking.status != BookingStatus.CONFIRMED:
        if booking.status in LIVE_BOOKING_STATUSES:
            return _("The listing side has not confirmed it yet.")
        return _("This showing does not take place.")
    if booking.missing_since is not None:
        return _("BrokerBay's own list does not show it any more.")
    if booking.verified_at < booking.updated_at - ONE_BREATH:
        return _("It was changed by hand since BrokerBay's own list was read; the next comparison proves it.")
    return _("It is hidden.") if booking.hidden_at is not None else ""


def share(booking: Booking, *, by: User) -> Receipt:
    """The booking's open receipt, a new one if there is none; it lasts RECEIPT_DAYS from now.

    Raises Forbidden, or NotAllowed where nothing proves the booking.
    """
    people.require(by, MAY_SHARE, booking.partner)
    with transaction.atomic():
        row = Booking.objects.select_for_update(of=("self",)).select_related("partner").get(pk=booking.pk)
        missing = why_none(row)
        if missing:
            raise NotAllowed(_("There is no receipt: %(why)s") % {"why": missing})
        now = timezone.now()
        expires = now + timedelta(days=settings.RECEIPT_DAYS)
        Receipt.objects.filter(booking=row, ended_at=None, expires_at__lte=now).update(
            ended_at=F("expires_at")
        )
        receipt, is_new = Receipt.objects.update_or_create(
            booking=row,
            ended_at=None,
            defaults={"expires_at": expires},
            create_defaults={"expires_at": expires, "shared_by": by},
        )
        audit.note(
            "receipt.shared" if is_new else "receipt.prolonged",
            row,
            source=Source.PERSON,
            by=by,
            partner=row.partner,
            after={"receipt": receipt.pk, "expires_at": expires.isoformat(timespec="seconds")},
        )
    return receipt


def take_back(booking: Booking, *, by: User) -> bool:
    """Close the booking's receipt for good. False when none was open. Raises Forbidden."""
    people.require(by, MAY_SHARE, booking.partner)
    with transaction.atomic():
        closed = Receipt.objects.filter(booking=booking, ended_at=None).update(ended_at=timezone.now())
        if closed:
            audit.note("receipt.taken_back", booking, source=Source.PERSON, by=by, partner=booking.partner)
    return bool(closed)


def open_one(booking: Booking) -> Receipt | None:
    """The booking's receipt that opens now."""
    found: Receipt | None = Receipt.objects.filter(
        booking=booking, ended_at=None, expires_at__gt=timezone.now()
    ).first()
    return found


def address_of(receipt: Receipt) -> str:
    """The whole link, which begins with SITE_URL: nobody's Host header gets a word in."""
    path = reverse("receipt", args=[token_of(receipt)])
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def token_of(receipt: Receipt) -> str:
    return _signer.sign(str(receipt.pk))


def read(token: str) -> Receipt | None:
    """The receipt that a token of ours names, open or not; None for any other token."""
    try:
        pk = int(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    found: Receipt | None = (
        Receipt.objects.filter(pk=pk)
        .select_related("booking__partner", "booking__property", "booking__request__client")
        .first()
    )
    return found
