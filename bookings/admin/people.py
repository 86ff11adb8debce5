from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.admin.base import PartnerScopedAdmin, ReadOnlyInline
from bookings.admin.forms import SureForm
from bookings.filters import DayRangeFilter, YesNoFilter
from bookings.models import Membership
from bookings.services import audit, edits, people, sessions
from bookings.vocabulary import Source, StaffRole

admin.site.unregister([User, Group])

RIGHTS = ("groups", "user_permissions")


class StaffRoleForm(forms.Form):
    role = forms.ChoiceField(
        label=gettext_lazy("Staff role"),
        choices=[("", gettext_lazy("None")), *StaffRole.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )


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
    actions_detail = ("staff_role", "sign_out")

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

    # ---- deeds -------------------------------------------------------------------------------------

    def has_appoint_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    @action(
        description=gettext_lazy("Staff role"),
        permissions=["appoint"],
        url_path="staff-role",
        icon="admin_panel_settings",
    )
    def staff_role(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(person: User, form: forms.Form) -> str:
            chosen = form.cleaned_data["role"]
            role = StaffRole(chosen) if chosen else None
            people.appoint(person, role, by=request.user)
            return _("%(who)s: %(role)s.") % {
                "who": person,
                "role": role.label if role else _("no staff role"),
            }

        return self.ask(
            request,
            object_id,
            form_class=StaffRoleForm,
            title=_("Staff role"),
            says=_(
                "An auditor sees every partner's rows and changes nothing; an operator does the daily work "
                "for every partner; an administrator may do everything. The person's open sessions end."
            ),
            button=_("Give this role"),
            do=do,
        )

    @action(
        description=gettext_lazy("Sign out everywhere"),
        permissions=["appoint"],
        url_path="sign-out",
        icon="logout",
    )
    def sign_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(person: User, form: forms.Form) -> str:
            with transaction.atomic():
                ended = sessions.end_all(person)
                audit.note("user.signed_out", person, source=Source.PERSON, by=request.user)
            return _("Sessions that ended: %d.") % ended

        return self.ask(
            request,
            object_id,
            form_class=SureForm,
            title=_("Sign this person out everywhere"),
            says=_("Every browser that they are signed in with must sign in again. API keys stay."),
            button=_("Sign out"),
            do=do,
        )

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
