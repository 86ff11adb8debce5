from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from bookings.admin.base import PartnerScopedAdmin, ReadOnlyInline
from bookings.filters import DayRangeFilter, YesNoFilter
from bookings.models import Membership
from bookings.services import audit, edits
from bookings.vocabulary import Source

admin.site.unregister([User, Group])

RIGHTS = ("groups", "user_permissions")


class MembershipInline(ReadOnlyInline):
    model = Membership
    fk_name = "user"
    fields = ("partner", "role", "created_at")
    readonly_fields = fields


@admin.register(User)
class PersonAdmin(DjangoUserAdmin, PartnerScopedAdmin):
    """Who may sign in. What they may do follows their roles; only a superuser hands out more."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "full_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = (
        ("is_active", YesNoFilter),
        ("is_staff", YesNoFilter),
        ("is_superuser", YesNoFilter),
        ("date_joined", DayRangeFilter),
    )
    search_fields = ("username", "email", "first_name", "last_name")
    search_help_text = gettext_lazy("User name, name or e-mail")
    filter_horizontal = ()
    inlines = (MembershipInline,)

    @display(description=gettext_lazy("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "-"

    # ---- who may see and change whom ---------------------------------------------------------------

    def visible(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        """Oneself and the people of one's partners."""
        if self.sees_all(request):
            return rows
        mine = Membership.objects.visible_to(request.user).values("user")
        return rows.filter(pk__in=mine) | rows.filter(pk=request.user.pk)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, User) and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        dates = ("last_login", "date_joined")
        return dates if request.user.is_superuser else (*dates, "is_superuser", "is_staff", *RIGHTS)

    # ---- what is written ---------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        columns = {column.name for column in self.opts.concrete_fields} - {"password"}
        edits.save(obj, [name for name in form.changed_data if name in columns], by=request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        _note_rights(
            self,
            request,
            form,
            lambda: super(PersonAdmin, self).save_related(request, form, formsets, change),
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django names it so
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            changed = request.method == "POST" and response.status_code == 302
            person = self.get_object(request, id) if changed else None
            if person is not None:
                audit.note("user.password_changed", person, source=Source.PERSON, by=request.user)
        return response


@admin.register(Group)
class RoleGroupAdmin(DjangoGroupAdmin, PartnerScopedAdmin):
    """Bundles of rights. Those of the partners' roles are written anew at every migrate."""

    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")

    def visible(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return rows if self.sees_all(request) else rows.none()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: Group, form: ModelForm, change: bool) -> None:
        edits.save(obj, [name for name in form.changed_data if name == "name"], by=request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        _note_rights(
            self,
            request,
            form,
            lambda: super(RoleGroupAdmin, self).save_related(request, form, formsets, change),
        )


def _note_rights(model_admin: Any, request: HttpRequest, form: ModelForm, save: Any) -> None:
    """Save a person's groups or a group's permissions, and note what they were and are."""
    names = [name for name in (*RIGHTS, "permissions") if name in form.changed_data]
    before = _rights(form.instance, names)
    save()
    after = _rights(form.instance, names)
    if before != after:
        noun = form.instance._meta.model_name
        audit.note(
            f"{noun}.rights_changed",
            form.instance,
            source=Source.PERSON,
            by=request.user,
            before=before,
            after=after,
        )


def _rights(row: Any, names: list[str]) -> dict[str, list[str]]:
    return {name: sorted(str(right) for right in getattr(row, name).all()) for name in names}
