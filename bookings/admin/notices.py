from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold.contrib.filters.admin import MultipleChoicesDropdownFilter
from unfold.decorators import action, display

from bookings.admin import badges
from bookings.admin.base import ReadOnlyAdmin, told_field
from bookings.filters import DayRangeFilter, VisibleRelatedFilter
from bookings.models import Notice
from bookings.services import notices


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What is owed to the outside, and whether it went."""

    list_display = ("subject", "channel", "to", "stands", "attempts", "partner", "created_at", "sent_at")
    list_select_related = ("partner",)
    list_filter = (
        ("state", MultipleChoicesDropdownFilter),
        ("channel", MultipleChoicesDropdownFilter),
        ("event", MultipleChoicesDropdownFilter),
        ("created_at", DayRangeFilter),
        ("partner", VisibleRelatedFilter),
    )
    date_hierarchy = "created_at"
    search_fields = ("subject", "to")
    search_help_text = gettext_lazy("Subject or receiver")
    sortable_by = ("created_at", "stands")
    actions = ("send_again",)
    fields = (
        ("subject", "to"),
        "body",
        ("event", "state", "channel", "attempts", "answer"),
        ("partner", "run"),
        ("created_at", "not_before", "held_until", "sent_at"),
        ("error_told", "key"),
    )

    readonly_fields = ("error_told",)

    error_told = told_field("last_error", gettext_lazy("last error"))

    @display(description=gettext_lazy("state"), ordering="state", label=badges.NOTICE)
    def stands(self, notice: Notice) -> tuple[str, str]:
        return notice.state, notice.get_state_display()

    def has_send_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(notices.MAY_SEND_AGAIN)

    @action(description=gettext_lazy("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: Any) -> None:
        self.each(
            request,
            queryset,
            lambda notice: notices.send_again(notice, by=request.user),
            done=ngettext_lazy(
                "%(count)d notice is being sent again.", "%(count)d notices are being sent again.", "count"
            ),
        )
