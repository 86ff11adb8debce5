from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter
from unfold.decorators import display

from bookings.admin.base import ReadOnlyAdmin, told_field
from bookings.filters import DayRangeFilter, VisibleRelatedFilter
from bookings.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, when and why. Nobody edits it, not even here."""

    list_display = ("at", "action", "subject", "actor", "source", "partner", "reason_told")
    list_select_related = ("actor", "partner")
    list_filter = (
        ("action", FieldTextFilter),
        ("source", ChoicesDropdownFilter),
        ("at", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
    )
    filtered_by = ("subject_type", "subject_id")
    date_hierarchy = "at"
    search_fields = ("subject", "action", "actor__username", "reason")
    search_help_text = gettext_lazy("Subject, action, person or reason")
    sortable_by = ("at",)
    fields = (
        ("at", "action"),
        ("subject", "subject_type", "subject_id"),
        ("actor", "source", "partner"),
        "reason_told",
        "changes",
    )
    readonly_fields = ("reason_told", "changes")

    reason_told = told_field("reason", gettext_lazy("reason"))

    @display(description=gettext_lazy("before → after"))
    def changes(self, entry: AuditEntry) -> str:
        keys = sorted({*entry.before, *entry.after})
        lines = ((key, entry.before.get(key, "–"), entry.after.get(key, "–")) for key in keys)
        return format_html_join("", "<div>{}: {} → {}</div>", lines) or "-"
