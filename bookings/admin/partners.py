from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from bookings.admin.base import PartnerScopedAdmin
from bookings.filters import YesNoFilter
from bookings.models import Partner
from bookings.services import edits


@admin.register(Partner)
class PartnerAdmin(PartnerScopedAdmin):
    """Brokerages and teams. Their managers set how they book; operators name them and switch them off."""

    list_display = ("name", "time_zone", "showing_minutes", "books_by_itself", "is_active", "created_at")
    list_filter = (("is_active", YesNoFilter), ("books_by_itself", YesNoFilter))
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    sortable_by = ("name", "created_at")
    fields = (
        "name",
        "time_zone",
        "showing_minutes",
        "books_by_itself",
        "client_changes",
        "rehearsal",
        "is_active",
        "created_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if self.sees_all(request):
            return ("created_at",)
        return ("name", "is_active", "created_at")

    def save_model(self, request: HttpRequest, obj: Partner, form: ModelForm, change: bool) -> None:
        edits.save(obj, form.changed_data, by=request.user)
