from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import display

from bookings.admin import badges
from bookings.admin.base import PartnerScopedAdmin
from bookings.filters import DayRangeFilter
from bookings.models import Property
from bookings.services import edits


@admin.register(Property)
class PropertyAdmin(PartnerScopedAdmin):
    """Homes as the property API knows them. Only the time zone at the door is a person's to say."""

    list_display = ("address", "property_id", "fetched", "price", "status", "time_zone", "created_at")
    list_filter = (
        ("fetch_state", MultipleChoicesDropdownFilter),
        ("status", FieldTextFilter),
        ("created_at", DayRangeFilter),
    )
    search_fields = ("address", "property_id", "mls_number")
    search_help_text = gettext_lazy("Address or MLS number")
    sortable_by = ("address", "property_id", "fetched")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("address", "property_id"),
                    "time_zone",
                    ("price", "status"),
                    ("property_type", "mls_number"),
                    ("bedrooms", "bathrooms", "sqft"),
                    ("parking_spaces", "lot_size", "year_built"),
                    "description",
                    "shown_in",
                )
            },
        ),
        (
            gettext_lazy("Listed by"),
            {
                "fields": (
                    ("agent", "agent_phone"),
                    ("organization", "organization_address"),
                    "url",
                    "listing_date",
                )
            },
        ),
        (
            gettext_lazy("What the property API told"),
            {
                "fields": (
                    ("fetch_state", "fetch_reason"),
                    ("fetched_at", "fetch_after", "fetch_attempts"),
                    ("last_updated", "created_at"),
                    ("features", "price_change"),
                    "details_json",
                    "rooms_json",
                )
            },
        ),
    )

    @display(description=gettext_lazy("address known"), ordering="fetch_state", label=badges.FETCH)
    def fetched(self, home: Property) -> tuple[str, str]:
        return home.fetch_state, home.get_fetch_state_display()

    @display(description=gettext_lazy("shown in"))
    def shown_in(self, home: Property) -> str:
        return format_html(
            '<a class="text-link" href="{0}?property__property_id__exact={2}">{3}</a> · '
            '<a class="text-link" href="{1}?property__property_id__exact={2}">{4}</a>',
            reverse("admin:bookings_showingrequest_changelist"),
            reverse("admin:bookings_booking_changelist"),
            home.property_id,
            _("Showing requests"),
            _("Bookings"),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything but the zone."""
        columns = [column.name for column in self.opts.concrete_fields if column.name != "time_zone"]
        return [*columns, "shown_in"]

    def save_model(self, request: HttpRequest, obj: Property, form: ModelForm, change: bool) -> None:
        edits.save(obj, ["time_zone"], by=request.user)
