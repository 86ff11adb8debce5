from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import check_time_zone
from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import FetchState


class PropertyQuerySet(ScopedQuerySet["Property"]):
    """A home belongs to nobody: a partner sees those that its requests, bookings or runs are about."""

    def _belongs_to(self, partners: models.QuerySet[Any, Any], path: str) -> Q:
        from bookings.models.booking import Booking  # the tables above this one
        from bookings.models.showing import ShowingRequest

        # From the partner's rows to their homes: to ask each home for its rows would read every home.
        homes = [
            model._default_manager.filter(partner__in=partners, property__isnull=False)
            .order_by()
            .values("property_id")
            for model in (ShowingRequest, Booking)
        ]
        return Q(property_id__in=homes[0].union(homes[1]))


class Property(models.Model):
    """A home as the property API knows it."""

    PARTNER_PATH = "requests"

    property_id = models.CharField(
        max_length=40, unique=True, help_text=_("The MLS number: a letter and 8 digits.")
    )
    address = models.CharField(max_length=300, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[check_time_zone], help_text=_("Empty: the partner's zone.")
    )
    price = models.CharField(max_length=40, blank=True)
    price_change = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=40, blank=True)
    bedrooms = models.CharField(max_length=20, blank=True)
    bathrooms = models.CharField(max_length=20, blank=True)
    sqft = models.CharField(max_length=40, blank=True)
    listing_date = models.CharField(max_length=40, blank=True)
    last_updated = models.DateTimeField(null=True, blank=True)
    mls_number = models.CharField(max_length=40, blank=True)
    agent = models.CharField(max_length=120, blank=True)
    agent_phone = models.CharField(max_length=40, blank=True)
    description = models.TextField(blank=True)
    features = models.TextField(blank=True)
    details_json = models.JSONField(default=dict, blank=True)
    rooms_json = models.JSONField(default=list, blank=True)
    url = models.CharField(max_length=500, blank=True)
    property_type = models.CharField(max_length=80, blank=True)
    year_built = models.CharField(max_length=20, blank=True)
    lot_size = models.CharField(max_length=80, blank=True)
    parking_spaces = models.CharField(max_length=20, blank=True)
    organization = models.CharField(max_length=120, blank=True)
    organization_address = models.CharField(max_length=300, blank=True)

    fetch_state = models.CharField(max_length=16, choices=FetchState, default=FetchState.WANTED)
    fetch_reason = models.CharField(max_length=300, blank=True)
    fetch_attempts = models.PositiveSmallIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True, blank=True)
    fetch_after = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PropertyQuerySet.as_manager()

    class Meta:
        db_table = "properties"
        verbose_name_plural = "properties"
        ordering = ("address", "property_id")
        indexes = [
            models.Index(fields=["address", "property_id"], name="property_address"),
            models.Index(fields=["fetch_state", "fetch_after"], name="property_to_fetch"),
        ]

    def __str__(self) -> str:
        return self.address or self.property_id

    def zone(self) -> ZoneInfo:
        """The zone of the wall clock at the home's door."""
        return ZoneInfo(self.time_zone or settings.DEFAULT_TIME_ZONE)
