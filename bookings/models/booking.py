from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.account import Account
from bookings.models.partner import Partner
from bookings.models.property import Property
from bookings.models.scope import ScopedQuerySet
from bookings.models.showing import ShowingRequest
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus


class Booking(models.Model):
    """A showing that BrokerBay granted or was asked for. Date and time are the listing's wall clock."""

    PARTNER_PATH = "partner"

    listing_id = models.CharField(max_length=40, blank=True, help_text=_("BrokerBay's id of the listing."))
    property_address = models.CharField(max_length=300)
    booking_date = models.DateField()
    booking_time = models.TimeField()
    duration = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Minutes."))
    user_name = models.CharField(max_length=120, blank=True)
    user_email = models.EmailField(blank=True)
    organization = models.CharField(max_length=120, blank=True)
    showing_type = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=20, choices=BookingStatus)
    auto_confirmed = models.BooleanField(default=False)
    booking_url = models.URLField(max_length=500, blank=True)
    screenshot_path = models.CharField(max_length=300, blank=True)
    confirmation_message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="bookings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="bookings")
    request = models.ForeignKey(
        ShowingRequest, models.SET_NULL, null=True, blank=True, related_name="bookings"
    )
    property = models.ForeignKey(
        Property, models.PROTECT, to_field="property_id", null=True, blank=True, related_name="bookings"
    )
    showing_id = models.CharField(max_length=40, blank=True, help_text=_("BrokerBay's id of the showing."))
    badge = models.CharField(max_length=40, blank=True, help_text=_("BrokerBay's own word for its status."))
    time_zone = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it was last seen in BrokerBay's own list.")
    )
    confirmed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When BrokerBay's own list was first seen to confirm it as it stands."),
    )
    missing_since = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when BrokerBay's own list, read whole, does not show it.")
    )
    imported_id = models.CharField(
        max_length=40, blank=True, help_text=_("Its id in the predecessor's file that it was imported from.")
    )
    imported = models.JSONField(
        default=dict, blank=True, help_text=_("The predecessor's row as it stood; nothing in it is proven.")
    )
    hidden_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "bookings"
        ordering = ("-created_at", "-id")
        permissions = [
            ("export_booking", "Can export bookings"),
            ("change_status_booking", "Can change the status of bookings"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="booking_newest"),
            models.Index(fields=["partner", "-created_at"], name="booking_partner_newest"),
            models.Index(fields=["status", "-created_at"], name="booking_status_newest"),
            models.Index(fields=["partner", "starts_at"], name="booking_partner_start"),
            # With all that the dashboard's chart is drawn by.
            models.Index(fields=["booking_date", "booking_time", "status", "hidden_at"], name="booking_day"),
            # All that the dashboard counts by: it never opens the forty thousand rows still to come.
            models.Index(
                # `hidden_at` too: SQLite reads the row for a column that stands in the condition alone.
                fields=["starts_at", "status", "booking_date", "time_zone", "hidden_at"],
                condition=Q(hidden_at=None),
                name="booking_coming",
            ),
            models.Index(fields=["partner", "property"], name="booking_partner_home"),
            models.Index(fields=["partner", "status", "-created_at"], name="booking_partner_status"),
            models.Index(fields=["property_address"], name="booking_address"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "listing_id", "booking_date", "booking_time"],
                condition=Q(status__in=LIVE_BOOKING_STATUSES) & ~Q(listing_id=""),
                name="one_live_booking",
                violation_error_message=_("This account already holds a live booking there and then."),
            ),
            models.UniqueConstraint(
                fields=["account", "property_address", "booking_date", "booking_time"],
                condition=Q(status__in=LIVE_BOOKING_STATUSES, listing_id=""),
                name="one_live_booking_by_address",
            ),
            models.UniqueConstraint(
                fields=["account", "showing_id"], condition=~Q(showing_id=""), name="one_booking_per_showing"
            ),
            models.UniqueConstraint(
                fields=["account", "imported_id"], condition=~Q(imported_id=""), name="imported_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=BookingStatus.values), name="booking_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.property_address}, {self.booking_date:%Y-%m-%d} {self.booking_time:%H:%M}"

    def is_ahead(self, now: datetime) -> bool:
        """Whether somebody has to be there: it stands, and its start is still to come."""
        return self.status in LIVE_BOOKING_STATUSES and self.starts_at > now
