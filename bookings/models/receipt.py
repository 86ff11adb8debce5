from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from bookings.models.booking import Booking
from bookings.models.scope import ScopedQuerySet


class Receipt(models.Model):
    """A link to what was booked, for people who are not in the portal: one at a time for each booking.

    The link is made from the key and a signature, and is nowhere in the rows: whoever reads them cannot open
    it. One that was taken back or has expired never opens again; sharing anew makes another.
    """

    PARTNER_PATH = "booking__partner"

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="receipts")
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(ended_at=None), name="one_open_receipt_per_booking"
            )
        ]

    def __str__(self) -> str:
        return f"Receipt {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()
