from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import queued_words, told_field
from bookings.admin.exporting import ExportAdmin
from bookings.admin.forms import CheckForm
from bookings.admin.saved import SavedViewsAdmin
from bookings.filters import DayRangeFilter
from bookings.models import BookingRun, Partner, Property
from bookings.queries import homes
from bookings.services import edits, runs
from bookings.templatetags.showing import moment
from bookings.vocabulary import RunKind, Source


@admin.register(Property)
class PropertyAdmin(ExportAdmin, SavedViewsAdmin):
    """Homes as the property API knows them. Only the time zone at the door is a person's to say."""

    list_display = ("address", "property_id", "fetched", "price", "status", "time_zone", "created_at")
    list_filter = (
        ("fetch_state", MultipleChoicesDropdownFilter),
        ("status", FieldTextFilter),
        ("created_at", DayRangeFilter),
        ("agent", FieldTextFilter),
        ("organization", FieldTextFilter),
    )
    more_columns = ("mls_number", "agent", "organization", "property_type", "fetched_at")
    tab_field = "fetch_state"
    search_fields = ("address", "property_id", "mls_number")
    search_help_text = gettext_lazy("Address or MLS number")
    sortable_by = ("address", "property_id", "fetched")
    actions = ("check_picked",)
    actions_detail = ("check_on_brokerbay",)
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
                    ("fetch_state", "fetch_reason_told"),
                    ("fetched_at", "fetch_after", "fetch_attempts"),
                    ("last_updated", "created_at"),
                    "changes",
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

    fetch_reason_told = told_field("fetch_reason", gettext_lazy("fetch reason"))

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

    @display(description=gettext_lazy("changed"))
    def changes(self, home: Property) -> str:
        """The history of address, price and status, newest first."""
        lines = [
            (
                moment(timezone.localtime(change.at)),
                change.name,
                change.before,
                change.after,
            )
            for change in homes.changes_of(home)
        ]
        return format_html_join("", "<div>{}: {} {} → {}</div>", lines) or "-"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything but the zone."""
        columns = [column.name for column in self.opts.concrete_fields if column.name != "time_zone"]
        return [*columns, "fetch_reason_told", "shown_in", "changes"]

    def save_model(self, request: HttpRequest, obj: Property, form: ModelForm, change: bool) -> None:
        edits.save(obj, ["time_zone"], by=request.user)

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.book_run")

    @action(
        description=gettext_lazy("Check on BrokerBay"),
        permissions=["book"],
        url_path="check",
        icon="travel_explore",
    )
    def check_on_brokerbay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(home: Property, form: forms.Form) -> str:
            said = form.cleaned_data
            return queued_words(self._check(request, home, said["partner"], said["date"]))

        partners = _bookable(request)
        return self.ask(
            request,
            object_id,
            form_class=partial(CheckForm, partners=partners),
            title=_("Look this property up on BrokerBay"),
            says=_("Is it there, can it be booked online, and which times are open? Nothing is booked."),
            button=_("Check on BrokerBay"),
            do=do,
        )

    @action(description=gettext_lazy("Check on BrokerBay"), permissions=["book"])
    def check_picked(self, request: HttpRequest, queryset: Any) -> None:
        partners = list(_bookable(request)[:2])
        if len(partners) != 1:
            messages.error(request, _("You book for several partners: check properties one by one."))
            return
        self.each(
            request,
            queryset,
            lambda home: self._check(request, home, partners[0], None),
            done=ngettext_lazy(
                "%(count)d property is being checked.", "%(count)d properties are being checked.", "count"
            ),
        )

    def _check(self, request: HttpRequest, home: Property, partner: Partner, day: date | None) -> BookingRun:
        wish = runs.Wish(
            kind=RunKind.CHECK,
            property_text=home.property_id,
            mls_number=home.mls_number or home.property_id,
            address=home.address,
            date=day,
            time_zone=home.time_zone,
        )
        return runs.queue(wish, partner=partner, source=Source.PERSON, by=request.user)


def _bookable(request: HttpRequest) -> QuerySet[Partner]:
    return Partner.objects.visible_to(request.user, may="book_run").filter(is_active=True)
