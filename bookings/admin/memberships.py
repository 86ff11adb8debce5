from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from bookings.admin.base import PartnerScopedAdmin
from bookings.filters import VisibleRelatedFilter
from bookings.models import Membership
from bookings.services import people
from bookings.vocabulary import Role


@admin.register(Membership)
class MembershipAdmin(PartnerScopedAdmin):
    """Who works for which partner, and as what. A membership is the one row that ends by being deleted."""

    list_display = ("user", "partner", "role", "created_at")
    list_select_related = ("user", "partner")
    list_filter = (("role", ChoicesDropdownFilter), ("partner", VisibleRelatedFilter))
    search_fields = ("user__username", "user__email", "user__last_name", "partner__name")
    search_help_text = gettext_lazy("Person or partner")
    autocomplete_fields = ("user",)
    fields = ("user", "partner", "role", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("created_at",) if obj is None else ("user", "partner", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("bookings.delete_membership")

    def save_model(self, request: HttpRequest, obj: Membership, form: ModelForm, change: bool) -> None:
        obj.pk = people.join(obj.user, obj.partner, Role(obj.role), by=request.user).pk

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        people.leave(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset.select_related("user", "partner"):
            people.leave(membership, by=request.user)
