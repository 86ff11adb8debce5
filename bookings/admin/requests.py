from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, door_time, queued_words
from bookings.admin.exporting import ExportAdmin
from bookings.admin.forms import RehearsalForm
from bookings.filters import DayRangeFilter, VisibleRelatedFilter
from bookings.models import ShowingRequest
from bookings.services import runs
from bookings.vocabulary import Source


@admin.register(ShowingRequest)
class ShowingRequestAdmin(ExportAdmin, ReadOnlyAdmin):
    """Clients' wishes as Supabase tells them. People book them; nobody types into them."""

    list_display = ("home", "wanted", "client", "partner", "upstream", "state", "needed", "created_at")
    list_select_related = ("property", "client", "partner")
    list_filter = (
        ("booking_status", MultipleChoicesDropdownFilter),
        ("status", FieldTextFilter),
        ("scheduled_date", DayRangeFilter),
        ("created_at", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
    )
    filtered_by = ("client", "property")
    date_hierarchy = "created_at"
    search_fields = ("id", "property__address", "property__property_id", "client__name", "group_name")
    search_help_text = gettext_lazy("Address, MLS number, client, group or upstream id")
    sortable_by = ("wanted", "state", "created_at")
    actions = ("book_picked", "rehearse_picked")
    actions_detail = ("book",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("property", "client"),
                    ("scheduled_date", "scheduled_time"),
                    ("booking_status", "needed"),
                    ("partner", "group_name"),
                    "runs_of_it",
                )
            },
        ),
        (
            gettext_lazy("Upstream"),
            {
                "fields": (
                    ("id", "status"),
                    ("user_id", "created_at"),
                    ("upstream_updated_at", "processed_at"),
                    ("changed_at", "last_pass"),
                    "raw",
                )
            },
        ),
    )
    readonly_fields = ("needed", "runs_of_it")

    @display(description=gettext_lazy("property"))
    def home(self, request_row: ShowingRequest) -> str:
        return str(request_row.property or _("no property"))

    @display(description=gettext_lazy("wanted"), ordering="scheduled_date")
    def wanted(self, request_row: ShowingRequest) -> str:
        return door_time(request_row.scheduled_date, request_row.scheduled_time)

    @display(description=gettext_lazy("upstream"))
    def upstream(self, request_row: ShowingRequest) -> str:
        return request_row.status

    @display(description=gettext_lazy("state"), ordering="booking_status", label=badges.REQUEST)
    def state(self, request_row: ShowingRequest) -> tuple[str, str]:
        return request_row.booking_status, request_row.get_booking_status_display()

    @display(description=gettext_lazy("needs"))
    def needed(self, request_row: ShowingRequest) -> str:
        return request_row.needs_in_words() or "-"

    @display(description=gettext_lazy("runs"))
    def runs_of_it(self, request_row: ShowingRequest) -> str:
        address = reverse("admin:bookings_bookingrun_changelist")
        return format_html(
            '<a class="text-link" href="{}?request__id__exact={}">{}</a>',
            address,
            request_row.pk,
            _("Runs for this request"),
        )

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.book_run")

    @action(
        description=gettext_lazy("Book now"),
        permissions=["book"],
        url_path="book",
        icon="event_available",
    )
    def book(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(row: ShowingRequest, form: forms.Form) -> str:
            dry_run = form.cleaned_data["dry_run"]
            return queued_words(runs.queue_for(row, source=Source.PERSON, by=request.user, dry_run=dry_run))

        row = self.row_or_404(request, object_id)
        return self.ask(
            request,
            object_id,
            form_class=RehearsalForm,
            title=_("Book this showing now"),
            says=_("A worker books %(home)s, %(when)s, on BrokerBay, exactly so.")
            % {"home": self.home(row), "when": self.wanted(row)},
            button=_("Book now"),
            do=do,
        )

    @action(description=gettext_lazy("Book now"), permissions=["book"])
    def book_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda row: runs.queue_for(row, source=Source.PERSON, by=request.user),
            done=("%(count)d showing is queued to be booked.", "%(count)d showings are queued to be booked."),
        )

    @action(description=gettext_lazy("Rehearse, send nothing"), permissions=["book"])
    def rehearse_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda row: runs.queue_for(row, source=Source.PERSON, by=request.user, dry_run=True),
            done=("%(count)d rehearsal is queued.", "%(count)d rehearsals are queued."),
        )
