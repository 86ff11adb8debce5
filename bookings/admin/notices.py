from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import MultipleChoicesDropdownFilter
from unfold.decorators import display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin
from bookings.filters import DayRangeFilter, VisibleRelatedFilter
from bookings.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What is owed to the outside, and whether it went."""

    list_display = ("subject", "to", "stands", "attempts", "partner", "created_at", "sent_at")
    list_select_related = ("partner",)
    list_filter = (
        ("state", MultipleChoicesDropdownFilter),
        ("created_at", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
    )
    date_hierarchy = "created_at"
    search_fields = ("subject", "to")
    search_help_text = gettext_lazy("Subject or receiver")
    sortable_by = ("created_at", "stands")
    fields = (
        ("subject", "to"),
        "body",
        ("state", "channel", "attempts"),
        ("partner", "run"),
        ("created_at", "not_before", "sent_at"),
        ("last_error", "key"),
    )

    @display(description=gettext_lazy("state"), ordering="state", label=badges.NOTICE)
    def stands(self, notice: Notice) -> tuple[str, str]:
        return notice.state, notice.get_state_display()
