from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import FieldTextFilter, MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, told_field
from bookings.filters import DayRangeFilter
from bookings.models import SyncPass, UnreadableRow, Upstream
from bookings.services import dispatch


@admin.register(SyncPass)
class SyncPassAdmin(ReadOnlyAdmin):
    """Ingest's cycles and their counts."""

    list_display = (
        "started_at",
        "stands",
        "trigger",
        "rows_seen",
        "rows_new",
        "rows_changed",
        "rows_unreadable",
        "addresses_found",
        "runs_queued",
        "took",
        "error_told",
    )
    list_filter = (
        ("state", MultipleChoicesDropdownFilter),
        ("trigger", FieldTextFilter),
        ("started_at", DayRangeFilter),
    )
    date_hierarchy = "started_at"
    search_fields = ("trigger", "error")
    search_help_text = gettext_lazy("Trigger or error")
    sortable_by = ("started_at",)
    actions_list = ("sync_now",)
    fieldsets = (
        (None, {"fields": (("state", "trigger"), ("started_at", "finished_at", "took"), "error_told")}),
        (
            gettext_lazy("Counts"),
            {
                "fields": (
                    ("rows_seen", "rows_new", "rows_changed", "rows_unreadable"),
                    ("addresses_found", "addresses_missing", "runs_queued"),
                )
            },
        ),
    )
    readonly_fields = ("took", "error_told")

    error_told = told_field("error", gettext_lazy("error"))

    @display(description=gettext_lazy("state"), ordering="state", label=badges.PASS)
    def stands(self, sync_pass: SyncPass) -> tuple[str, str]:
        return sync_pass.state, sync_pass.get_state_display()

    @display(description=gettext_lazy("seconds"))
    def took(self, sync_pass: SyncPass) -> str:
        if sync_pass.finished_at is None:
            return "-"
        return f"{(sync_pass.finished_at - sync_pass.started_at).total_seconds():.1f}"

    def has_sync_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.sees_all(request) and request.user.has_perm("bookings.change_syncpass")

    @action(description=gettext_lazy("Sync now"), permissions=["sync"], url_path="sync-now", icon="sync")
    def sync_now(self, request: HttpRequest) -> HttpResponse:
        back = reverse("admin:bookings_syncpass_changelist")
        if request.method == "POST":
            dispatch.ring_sync("person")
            messages.success(request, _("A pass is asked for; it shows here once a worker began it."))
            return HttpResponseRedirect(back)
        return self.page(
            request,
            "admin/bookings/ask.html",
            title=_("Sync now"),
            says=_(
                "A worker asks Supabase for new showing requests and the property API for their addresses."
            ),
            button=_("Sync now"),
            form=forms.Form(),
            back=back,
        )


@admin.register(UnreadableRow)
class UnreadableRowAdmin(ReadOnlyAdmin):
    """What came from outside and could not be understood, with its reason."""

    list_display = ("reason_told", "source", "external_id", "times_seen", "last_seen_at", "first_seen_at")
    list_filter = (("source", FieldTextFilter), ("last_seen_at", DayRangeFilter))
    date_hierarchy = "last_seen_at"
    search_fields = ("reason", "external_id", "source")
    search_help_text = gettext_lazy("Reason, source or id")
    sortable_by = ("last_seen_at", "times_seen")
    readonly_fields = ("reason_told",)
    fields = (
        "reason_told",
        ("source", "external_id"),
        ("times_seen", "first_seen_at", "last_seen_at"),
        "raw",
    )

    reason_told = told_field("reason", gettext_lazy("reason"))


@admin.register(Upstream)
class UpstreamAdmin(ReadOnlyAdmin):
    """The services around the portal: which are asked, which are left alone for a while and why."""

    list_display = ("key", "stands", "failures", "last_ok_at", "opened_at", "retry_at", "error_told")
    fields = (
        ("key", "state", "failures"),
        ("last_ok_at", "opened_at", "retry_at"),
        "error_told",
        "facts",
    )
    readonly_fields = ("error_told",)

    error_told = told_field("last_error", gettext_lazy("last error"))

    @display(description=gettext_lazy("state"), ordering="state", label=badges.UPSTREAM)
    def stands(self, upstream: Upstream) -> tuple[str, str]:
        return upstream.stands
