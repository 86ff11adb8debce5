from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Client, Partner
from bookings.models.property import Property
from bookings.models.scope import ScopedQuerySet
from bookings.models.sync import SyncPass
from bookings.vocabulary import Need, RequestState


class ShowingRequest(models.Model):
    """A client's wish to see one property at a time, as ingested.

    The first columns are Supabase's own, under the predecessor's table name, so that old queries run.
    """

    PARTNER_PATH = "partner"

    id = models.CharField(_("upstream id"), primary_key=True, max_length=100)
    user_id = models.CharField(_("upstream user id"), max_length=100, blank=True)
    property = models.ForeignKey(
        Property,
        models.PROTECT,
        to_field="property_id",
        db_column="property_id",
        null=True,
        blank=True,
        related_name="requests",
    )
    status = models.CharField(_("upstream status"), max_length=40)
    created_at = models.DateTimeField(null=True, blank=True)
    scheduled_date = models.DateField(null=True, blank=True)
    scheduled_time = models.TimeField(null=True, blank=True)
    group_name = models.CharField(max_length=200, blank=True)
    processed_at = models.DateTimeField(default=timezone.now)
    auto_booked = models.BooleanField(default=False)
    booking_status = models.CharField(
        _("state"), max_length=16, choices=RequestState, default=RequestState.RECEIVED
    )

    client = models.ForeignKey(Client, models.SET_NULL, null=True, blank=True, related_name="requests")
    partner = models.ForeignKey(Partner, models.SET_NULL, null=True, blank=True, related_name="requests")
    needs = models.JSONField(
        default=list, blank=True, help_text=_("What is missing before it can be booked.")
    )
    trouble = models.CharField(
        max_length=300, blank=True, help_text=_("Why a person must look at it, where no run says so.")
    )
    upstream_updated_at = models.DateTimeField(null=True, blank=True)
    # What was read before this moment says less than ours, where no `updated_at` tells which is newer.
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now)
    last_pass = models.ForeignKey(SyncPass, models.SET_NULL, null=True, blank=True, related_name="+")
    raw = models.JSONField(default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "processed_showing_requests"
        verbose_name = _("showing request")
        ordering = ("-created_at", "id")
        indexes = [
            models.Index(fields=["-created_at", "id"], name="request_newest"),
            models.Index(fields=["partner", "-created_at"], name="request_partner_newest"),
            models.Index(fields=["booking_status", "-created_at"], name="request_state_newest"),
            models.Index(fields=["status", "scheduled_date"], name="request_status_date"),
            models.Index(fields=["client", "scheduled_date"], name="request_client_date"),
            # With the key, so that a search in the groups reads nothing else.
            models.Index(fields=["group_name", "id"], name="request_group"),
            models.Index(fields=["booking_status", "scheduled_date"], name="request_state_date"),
            models.Index(fields=["partner", "property"], name="request_partner_home"),
        ]

    def __str__(self) -> str:
        return f"{self.property_id or 'no property'} on {self.scheduled_date or 'no date'}"

    def needs_in_words(self) -> str:
        """What is missing, for people: "no time was given; …", or an empty string."""
        return "; ".join(str(Need(need).label) for need in self.needs if need in Need.values)

    def next_step(self) -> str:
        """What a person does about what is missing; an empty string where nothing is."""
        if Need.CLIENT in self.needs and self.user_id:
            return gettext("Assign the client to a partner under “Unmapped”.")
        if self.needs == [Need.ACCOUNT]:
            return gettext("Add the partner's BrokerBay account.")
        return gettext("Complete it at its source.") if self.needs else ""
