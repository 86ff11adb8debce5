from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, door_cell, door_time, queued_words, told_field
from bookings.admin.bulk import Bulk, BulkAdmin, Turn
from bookings.admin.bulk_forms import MoveManyForm
from bookings.admin.exporting import ExportAdmin
from bookings.admin.forms import CancelForm, MoveForm, ReasonForm, StatusForm
from bookings.admin.saved import SavedViewsAdmin
from bookings.filters import (
    DayRangeFilter,
    HiddenFilter,
    OriginFilter,
    UrgencyFilter,
    VisibleRelatedFilter,
    YesNoFilter,
)
from bookings.models import Booking
from bookings.queries import bookings as booking_queries
from bookings.services import bookings, runs
from bookings.vocabulary import BookingStatus, Source


def _change_status(turn: Turn) -> None:
    bookings.change_status(
        turn.row,
        BookingStatus(turn.said["status"]),
        by=turn.by,
        reason=turn.said["reason"],
        version=int(turn.seen) if turn.seen else None,
    )


def _reschedule(turn: Turn) -> None:
    runs.queue_reschedule(
        turn.row,
        date=turn.said["date"] or turn.row.booking_date,
        time=turn.said["time"] or turn.row.booking_time,
        duration_minutes=turn.said["duration"],
        reason=turn.said["reason"],
        source=Source.PERSON,
        by=turn.by,
        dry_run=turn.said["dry_run"],
    )


def _hide(turn: Turn) -> None:
    bookings.hide(
        turn.row,
        by=turn.by,
        reason=turn.said["reason"],
        version=int(turn.seen) if turn.seen else None,
    )


def _cancel(turn: Turn) -> None:
    runs.queue_cancel(turn.row, source=Source.PERSON, by=turn.by, **turn.said)


CHANGE_STATUS = Bulk(
    name="bookings_booking_change_many",
    permission="change_status",
    form_class=StatusForm,
    says=gettext_lazy(
        "This changes our rows only; BrokerBay is not touched. A booking that cannot move is left as "
        "it is, and you are told why."
    ),
    button=gettext_lazy("Change status"),
    done=ngettext_lazy(
        "%(count)d booking has its new status.", "%(count)d bookings have their new status.", "count"
    ),
    do=_change_status,
)
RESCHEDULE = Bulk(
    name="bookings_booking_reschedule_many",
    permission="book",
    form_class=MoveManyForm,
    says=gettext_lazy(
        "The robot asks BrokerBay for each showing's new time, exactly so, one run for each. What BrokerBay "
        "refuses stays as it is."
    ),
    button=gettext_lazy("Reschedule on BrokerBay"),
    done=ngettext_lazy("%(count)d move is queued.", "%(count)d moves are queued.", "count"),
    do=_reschedule,
)
CANCEL = Bulk(
    name="bookings_booking_cancel_many",
    permission="book",
    form_class=CancelForm,
    says=gettext_lazy(
        "The robot cancels each of these showings on BrokerBay, one run for each. A cancelled "
        "showing cannot be brought back: it would have to be booked anew."
    ),
    button=gettext_lazy("Cancel on BrokerBay"),
    done=ngettext_lazy("%(count)d cancelling is queued.", "%(count)d cancellings are queued.", "count"),
    do=_cancel,
)
HIDE = Bulk(
    name="bookings_booking_hide_many",
    permission="change_status",
    form_class=ReasonForm,
    says=gettext_lazy(
        "They leave the lists and the exports, stay on BrokerBay, and can be shown again. A showing that "
        "stands and is still to come is left as it is."
    ),
    button=gettext_lazy("Hide"),
    done=ngettext_lazy("%(count)d booking is hidden.", "%(count)d bookings are hidden.", "count"),
    do=_hide,
)


@admin.register(Booking)
class BookingAdmin(ExportAdmin, BulkAdmin, SavedViewsAdmin, ReadOnlyAdmin):
    """Showings as BrokerBay has them. People correct the status and hide rows; the robot writes the rest."""

    list_display = (
        "property_address",
        "when",
        "minutes",
        "state",
        "urgent",
        "user_name",
        "partner",
        "created_at",
    )
    list_select_related = ("partner", "account")
    list_filter = (
        ("status", MultipleChoicesDropdownFilter),
        ("booking_date", DayRangeFilter),
        ("created_at", DayRangeFilter),
        ("auto_confirmed", YesNoFilter),
        ("partner", VisibleRelatedFilter),
        ("account", VisibleRelatedFilter),
        ("user_name", FieldTextFilter),
        ("listing_id", FieldTextFilter),
        UrgencyFilter,
        OriginFilter,
        HiddenFilter,
    )
    more_columns = ("account", "organization", "listing_id", "verified_at", "updated_at")
    tab_field = "status"
    filtered_by = ("property", "request")
    date_hierarchy = "booking_date"
    search_fields = ("property_address", "listing_id", "user_name", "user_email", "property__mls_number")
    search_help_text = gettext_lazy("Address, listing, MLS number, name or e-mail")
    sortable_by = ("property_address", "when", "state", "created_at")
    actions = ("cancel_picked", "reschedule_picked", "pick_status", "hide_picked", "show_picked")
    bulks = (CHANGE_STATUS, RESCHEDULE, CANCEL, HIDE)
    actions_detail = ("reschedule", "cancel", "change_status", "hide", "show_again")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status", "auto_confirmed"),
                    "under_way",
                    "property_address",
                    ("booking_date", "booking_time", "time_zone"),
                    ("duration", "showing_type"),
                    "client",
                    "confirmation_told",
                )
            },
        ),
        (
            gettext_lazy("Where it comes from"),
            {"fields": (("partner", "account"), ("request", "property"), "runs_of_it", "picture", "file")},
        ),
        (
            gettext_lazy("On BrokerBay"),
            {"fields": ("badge", "booking_url", "verified_at")},
        ),
        (
            gettext_lazy("Booked for"),
            {"fields": (("user_name", "user_email"), "organization")},
        ),
        (
            gettext_lazy("Details"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("listing_id", "showing_id"),
                    ("created_at", "updated_at"),
                    ("version", "hidden_at"),
                    "imported_id",
                    "imported",
                ),
            },
        ),
    )
    readonly_fields = ("under_way", "client", "runs_of_it", "picture", "file", "confirmation_told")

    confirmation_told = told_field("confirmation_message", gettext_lazy("confirmation message"))

    # ---- columns -----------------------------------------------------------------------------------

    @display(description=gettext_lazy("showing"), ordering="booking_date")
    def when(self, booking: Booking) -> str:
        return door_cell(booking.booking_date, booking.booking_time, booking.time_zone)

    @display(description=gettext_lazy("minutes"))
    def minutes(self, booking: Booking) -> int | None:
        return booking.duration

    @display(description=gettext_lazy("status"), ordering="status", label=badges.BOOKING)
    def state(self, booking: Booking) -> tuple[str, str]:
        words = booking.get_status_display()
        return booking.status, _("%s, hidden") % words if booking.hidden_at else words

    @display(description=gettext_lazy("urgency"))
    def urgent(self, booking: Booking) -> str:
        return badges.urgency_light(booking)

    @display(description=gettext_lazy("under way"))
    def under_way(self, booking: Any) -> str:
        """What the robot is about to do to it, with the way to watch it."""
        run = booking_queries.changes_of(booking.shown_to, [booking.pk]).first()
        if run is None:
            return "-"
        address = reverse("run", args=[run.uuid])
        return format_html(
            '<a class="text-link" href="{}">{}</a>', address, booking_queries.change_in_words(run)
        )

    @display(description=gettext_lazy("client"))
    def client(self, booking: Booking) -> str:
        """Whose wish it was, as far as the request that led to it tells."""
        known = booking.request.client if booking.request is not None else None
        return str(known) if known is not None else "-"

    @display(description=gettext_lazy("runs"))
    def runs_of_it(self, booking: Booking) -> str:
        address = reverse("admin:bookings_bookingrun_changelist")
        return format_html(
            '<a class="text-link" href="{}?booking__id__exact={}">{}</a>',
            address,
            booking.pk,
            _("Runs that made or touched it"),
        )

    @display(description=gettext_lazy("picture"))
    def picture(self, booking: Booking) -> str:
        """The picture that proves it, handed out by the view that checks who may see it."""
        proof = booking.runs.filter(evidence__file=booking.screenshot_path).values_list("evidence__uuid")
        found = proof.first() if booking.screenshot_path else None
        if found is None:
            return "-"
        return format_html('<a class="text-link" href="/evidence/{}">{}</a>', found[0], _("Open the picture"))

    @display(description=gettext_lazy("calendar"))
    def file(self, booking: Booking) -> str:
        address = reverse("booking_file", args=[booking.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("Calendar file"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, which keeps for whom it is shown: its run under way is theirs to see."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.shown_to = request.user
        return row

    def _or_under_way(self, row: Any, says: str) -> str:
        """What is said before a change; of a booking that is being changed, that, with the way to the run."""
        if not booking_queries.changes_of(row.shown_to, [row.pk]).exists():
            return says
        already = _("This booking is already being changed; look at the run that is under way.")
        return format_html("{} {}", already, self.under_way(row))

    # ---- who may -----------------------------------------------------------------------------------

    def has_change_status_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.change_status_booking")

    def has_book_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.book_run")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Of hiding and showing again, the one that fits; of BrokerBay, what it may still change."""
        offered = super().get_actions_detail(request, object_id)
        row = self.get_object(request, unquote(str(object_id))) if offered else None
        if row is None:
            return []
        unfit = {"show-again" if row.hidden_at is None else "hide"}
        unfit |= {"hide"} if row.is_ahead(timezone.now()) else {"reschedule", "cancel"}
        return [one for one in offered if one.path not in unfit]

    # ---- one booking -------------------------------------------------------------------------------

    @action(
        description=gettext_lazy("Reschedule…"),
        permissions=["book"],
        url_path="reschedule",
        icon="edit_calendar",
    )
    def reschedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.row_or_404(request, object_id)

        def form_class(*args: Any, **kwargs: Any) -> MoveForm:
            return MoveForm(*args, initial={"date": row.booking_date, "time": row.booking_time}, **kwargs)

        def do(booking: Booking, form: forms.Form) -> str:
            said = form.cleaned_data
            run = runs.queue_reschedule(
                booking,
                date=said["date"],
                time=said["time"],
                duration_minutes=said["duration"],
                reason=said["reason"],
                source=Source.PERSON,
                by=request.user,
                dry_run=said["dry_run"],
            )
            return queued_words(run)

        return self.ask(
            request,
            object_id,
            form_class=form_class,
            title=_("Move this showing on BrokerBay"),
            says=self._or_under_way(
                row,
                _("It is now %(when)s at %(home)s. The robot asks BrokerBay for the new time, exactly so.")
                % {"when": _by_its_clock(row), "home": row.property_address},
            ),
            button=_("Reschedule"),
            do=do,
        )

    @action(
        description=gettext_lazy("Cancel on BrokerBay…"),
        permissions=["book"],
        url_path="cancel",
        icon="event_busy",
    )
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(booking: Booking, form: forms.Form) -> str:
            return queued_words(
                runs.queue_cancel(booking, source=Source.PERSON, by=request.user, **form.cleaned_data)
            )

        row = self.row_or_404(request, object_id)
        return self.ask(
            request,
            object_id,
            form_class=CancelForm,
            title=_("Cancel this showing on BrokerBay"),
            says=self._or_under_way(
                row,
                _(
                    "%(home)s, %(when)s. The robot cancels just this showing. It cannot be brought back: it "
                    "would have to be booked anew."
                )
                % {"when": _by_its_clock(row), "home": row.property_address},
            ),
            button=_("Cancel on BrokerBay"),
            do=do,
        )

    @action(
        description=gettext_lazy("Change status"),
        permissions=["change_status"],
        url_path="change-status",
        icon="published_with_changes",
    )
    def change_status(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.row_or_404(request, object_id)

        def form_class(*args: Any, **kwargs: Any) -> StatusForm:
            return StatusForm(*args, initial={"status": row.status, "version": row.version}, **kwargs)

        return self.ask(
            request,
            object_id,
            form_class=form_class,
            title=_("Change the status of %s") % row,
            says=_("This changes our row only; BrokerBay is not touched. It is now “%s”.")
            % row.get_status_display(),
            button=_("Change status"),
            do=lambda booking, form: self._change(request, booking, form),
        )

    def _change(self, request: HttpRequest, booking: Booking, form: forms.Form) -> str:
        changed = bookings.change_status(
            booking,
            BookingStatus(form.cleaned_data["status"]),
            by=request.user,
            reason=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
        )
        return _("%(booking)s is now “%(status)s”.") % {
            "booking": changed,
            "status": changed.get_status_display(),
        }

    @action(
        description=gettext_lazy("Hide"),
        permissions=["change_status"],
        url_path="hide",
        icon="visibility_off",
    )
    def hide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(booking: Booking, form: forms.Form) -> str:
            bookings.hide(booking, by=request.user, reason=form.cleaned_data["reason"])
            return _("%s is hidden.") % booking

        return self.ask(
            request,
            object_id,
            form_class=ReasonForm,
            title=_("Hide this booking"),
            says=_("It leaves the lists and the exports. It stays on BrokerBay, and can be shown again."),
            button=_("Hide"),
            do=do,
        )

    @action(
        description=gettext_lazy("Show again"),
        permissions=["change_status"],
        url_path="show-again",
        icon="visibility",
    )
    def show_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(booking: Booking, form: forms.Form) -> str:
            bookings.show_again(booking, by=request.user)
            return _("%s is in the lists again.") % booking

        return self.ask(
            request,
            object_id,
            form_class=forms.Form,
            title=_("Show this booking again"),
            says=_("It comes back into the lists and the exports."),
            button=_("Show again"),
            do=do,
        )

    # ---- several -----------------------------------------------------------------------------------

    def said_of(self, row: Booking) -> str:
        return f"{row.property_address}, {_by_its_clock(row)}"

    def seen(self, row: Booking) -> str:
        return str(row.version)

    @action(description=gettext_lazy("Change status…"), permissions=["change_status"])
    def pick_status(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, CHANGE_STATUS)

    @action(description=gettext_lazy("Reschedule on BrokerBay…"), permissions=["book"])
    def reschedule_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, RESCHEDULE)

    @action(description=gettext_lazy("Cancel on BrokerBay…"), permissions=["book"])
    def cancel_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset, CANCEL)

    @action(description=gettext_lazy("Hide…"), permissions=["change_status"])
    def hide_picked(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.begin(request, queryset.filter(hidden_at=None), HIDE)

    @action(description=gettext_lazy("Show again"), permissions=["change_status"])
    def show_picked(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset.exclude(hidden_at=None),
            lambda booking: bookings.show_again(booking, by=request.user),
            done=ngettext_lazy(
                "%(count)d booking is in the lists again.",
                "%(count)d bookings are in the lists again.",
                "count",
            ),
        )


def _by_its_clock(booking: Booking) -> str:
    return door_time(booking.booking_date, booking.booking_time, booking.time_zone)
