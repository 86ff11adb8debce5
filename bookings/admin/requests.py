from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.decorators import action, display

from bookings import told, urgency
from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, door_cell, door_time, on_the_clock_of, queued_words
from bookings.admin.exporting import ExportAdmin
from bookings.admin.forms import RehearsalForm
from bookings.admin.runs import answer_links
from bookings.admin.saved import SavedViewsAdmin
from bookings.filters import (
    ClashFilter,
    DayRangeFilter,
    RequestReasonFilter,
    StateFilter,
    UrgencyFilter,
    VisibleRelatedFilter,
)
from bookings.models import Booking, ShowingRequest
from bookings.queries import runs as run_queries
from bookings.queries import tours
from bookings.services import runs
from bookings.templatetags.showing import request_stands
from bookings.vocabulary import Source


@admin.register(ShowingRequest)
class ShowingRequestAdmin(ExportAdmin, SavedViewsAdmin, ReadOnlyAdmin):
    """Clients' wishes as Supabase tells them. People book them; nobody types into them."""

    list_display = (
        "home",
        "wanted",
        "client",
        "partner",
        "upstream",
        "state",
        "urgent",
        "needed",
        "overlaps",
        "created_at",
    )
    list_select_related = ("property", "client", "partner")
    list_filter = (
        ("booking_status", StateFilter),
        ("status", FieldTextFilter),
        ("scheduled_date", DayRangeFilter),
        ClashFilter,
        ("group_name", FieldTextFilter),
        ("created_at", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
        ("property__property_id", FieldTextFilter),
        ("property__agent", FieldTextFilter),
        RequestReasonFilter,
        UrgencyFilter,
    )
    more_columns = ("group_name", "processed_at", "changed_at")
    tab_field = "booking_status"
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
                    "waits_for",
                    "clash",
                    ("partner", "group_name"),
                    "group",
                    "bookings_of_it",
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
    readonly_fields = ("needed", "waits_for", "clash", "group", "bookings_of_it", "runs_of_it")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with its `showing_status`: how its newest booking stands, if it has one."""
        booked = Booking.objects.filter(request=OuterRef("pk")).order_by("-pk")
        rows = tours.with_clashes(super().get_queryset(request))
        return rows.annotate(showing_status=Subquery(booked.values("status")[:1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, which keeps for whom it is shown: its group and its buttons are theirs."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.shown_to = request.user
        return row

    @display(description=gettext_lazy("property"))
    def home(self, request_row: ShowingRequest) -> str:
        return str(request_row.property or _("no property"))

    @display(description=gettext_lazy("wanted"), ordering="scheduled_date")
    def wanted(self, request_row: ShowingRequest) -> str:
        return door_cell(request_row.scheduled_date, request_row.scheduled_time, urgency.zone_of(request_row))

    @display(description=gettext_lazy("upstream"))
    def upstream(self, request_row: ShowingRequest) -> str:
        return request_row.status

    @display(description=gettext_lazy("state"), ordering="booking_status", label=badges.REQUEST_OR_BOOKING)
    def state(self, request_row: Any) -> tuple[str, str]:
        return request_stands(request_row, request_row.showing_status)

    @display(description=gettext_lazy("urgency"))
    def urgent(self, request_row: ShowingRequest) -> str:
        return badges.urgency_light(request_row)

    @display(description=gettext_lazy("needs"))
    def needed(self, request_row: ShowingRequest) -> str:
        return told.tell(request_row.trouble) or request_row.needs_in_words() or "-"

    @display(description=gettext_lazy("clash"), label=badges.CLASH)
    def overlaps(self, request_row: Any) -> tuple[str, str] | None:
        return ("clash", _("Clash")) if request_row.clashes else None

    @display(description=gettext_lazy("clash"))
    def clash(self, request_row: Any) -> str:
        day = tours.day_of(request_row.shown_to, request_row)
        return next((told.tell(stop.clash) for stop in day if stop.request.pk == request_row.pk), "") or "-"

    @display(description=gettext_lazy("group"))
    def group(self, request_row: Any) -> str:
        """The stops of its group in their order, this one among them."""
        stops = tours.tour_of(request_row.shown_to, request_row)
        if len(stops) < 2:
            return "-"
        lines = format_html_join(
            "",
            '<div><a class="text-link" href="{}" aria-current="{}">{} {}</a> {} {}</div>',
            (
                (
                    self.address_of(stop.request),
                    "true" if stop.request.pk == request_row.pk else "false",
                    door_time(None, stop.request.scheduled_time),
                    self.home(stop.request),
                    _stands(stop),
                    _("· clash") if stop.clash else "",
                )
                for stop in stops
            ),
        )
        tour = reverse("admin:bookings_showingrequest_tour", args=(quote(request_row.pk),))
        return format_html('{}<div><a class="text-link" href="{}">{}</a></div>', lines, tour, _("As a tour"))

    @display(description=gettext_lazy("waits for"))
    def waits_for(self, request_row: Any) -> str:
        """What its run asks of a person, with the answers; each asks once more before it is carried out."""
        run = run_queries.waiting_for_person(request_row)
        if run is None:
            return "-"
        said = format_html(
            '<div><a class="text-link" href="{}">{}</a> {}</div>',
            reverse("run", args=[run.uuid]),
            f"{run.told_kind}, {door_time(run.wanted_date, run.wanted_time, run.time_zone)}",
            f"{run.title}. {run.next_step}",
        )
        may = run_queries.may_book(request_row.shown_to, run)
        return said + (answer_links(run) if may else "")

    @display(description=gettext_lazy("bookings"))
    def bookings_of_it(self, request_row: ShowingRequest) -> str:
        address = reverse("admin:bookings_booking_changelist")
        return format_html(
            '<a class="text-link" href="{}?request__id__exact={}">{}</a>',
            address,
            request_row.pk,
            _("Bookings of this request"),
        )

    def tour(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A client's group of a day, stop by stop."""
        row = self.row_or_404(request, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        stops = tours.tour_of(request.user, row)
        title = _("Tour: %s") % (row.group_name or row)
        shown = [(stop, self.address_of(stop.request), _stands(stop)) for stop in stops]
        return on_the_clock_of(
            request, lambda: self.page(request, "admin/bookings/tour.html", title=title, row=row, stops=shown)
        )

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        tour = path("<path:object_id>/tour/", guard(self.tour), name="bookings_showingrequest_tour")
        return [tour, *super().get_urls()]

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
            % {
                "home": self.home(row),
                "when": door_time(row.scheduled_date, row.scheduled_time, urgency.zone_of(row)),
            },
            button=_("Book now"),
            do=do,
        )

    @action(description=gettext_lazy("Book now"), permissions=["book"])
    def book_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda row: runs.queue_for(row, source=Source.PERSON, by=request.user),
            done=ngettext_lazy(
                "%(count)d showing is queued to be booked.",
                "%(count)d showings are queued to be booked.",
                "count",
            ),
        )

    @action(description=gettext_lazy("Rehearse, send nothing"), permissions=["book"])
    def rehearse_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda row: runs.queue_for(row, source=Source.PERSON, by=request.user, dry_run=True),
            done=ngettext_lazy("%(count)d rehearsal is queued.", "%(count)d rehearsals are queued.", "count"),
        )


def _stands(stop: tours.Stop) -> str:
    request: Any = stop.request
    return request_stands(request, request.showing_status)[1]
