from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from bookings.admin.base import PartnerScopedAdmin
from bookings.admin.forms import KeyForm, SureForm
from bookings.filters import KeyStateFilter
from bookings.models import ApiKey, Partner
from bookings.services import people
from bookings.services.errors import Rejected
from bookings.vocabulary import KeyScope


@admin.register(ApiKey)
class ApiKeyAdmin(PartnerScopedAdmin):
    """Keys of people's programs: made here, shown once, revoked here. Everybody sees their own."""

    list_display = ("name", "start", "user", "scope", "partner", "stands", "last_used_at", "created_at")
    list_select_related = ("user", "partner")
    list_filter = (KeyStateFilter,)
    search_fields = ("name", "prefix", "user__username")
    search_help_text = gettext_lazy("Name, first letters or person")
    actions_detail = ("revoke",)
    fields = ("name", "start", "user", ("scope", "partner"), ("created_at", "last_used_at", "revoked_at"))

    @display(description=gettext_lazy("key"))
    def start(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @display(description=gettext_lazy("state"), label={"live": "success", "revoked": "default"})
    def stands(self, key: ApiKey) -> tuple[str, str]:
        return ("live", _("Live")) if key.revoked_at is None else ("revoked", _("Revoked"))

    def visible(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        return rows if self.sees_all(request) else rows.filter(user=request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        key = self.get_object(request, object_id)
        return super().get_actions_detail(request, object_id) if key and key.revoked_at is None else []

    # ---- a new key ---------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Made by POST and shown in that very answer: the key itself is stored nowhere."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = KeyForm(
            request.POST if request.method == "POST" else None,
            people=self._owners(request),
            partners=Partner.objects.visible_to(request.user),
        )
        list_address = reverse("admin:bookings_apikey_changelist")
        key = _made(form, request.user) if request.method == "POST" else None
        if key is not None:
            shown = self.page(
                request,
                "admin/bookings/key_made.html",
                title=_("The new key"),
                key=key,
                owner=form.cleaned_data["user"],
                back=list_address,
            )
            shown.headers["Cache-Control"] = "no-store"
            return shown
        return self.page(
            request,
            "admin/bookings/ask.html",
            title=_("New API key"),
            says=_(
                "A program with this key may never do more than its person may, until the key is revoked."
            ),
            button=_("Make the key"),
            form=form,
            back=list_address,
        )

    def _owners(self, request: HttpRequest) -> QuerySet[User]:
        """A key is its person's rights: only a superuser makes one for somebody else."""
        live = User.objects.filter(is_active=True).order_by("username")
        return live if request.user.is_superuser else live.filter(pk=request.user.pk)

    # ---- its end -----------------------------------------------------------------------------------

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("bookings.change_apikey")

    @action(description=gettext_lazy("Revoke"), permissions=["revoke"], url_path="revoke", icon="key_off")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def do(key: ApiKey, form: forms.Form) -> str:
            people.revoke_key(key, by=request.user)
            return _("%s is revoked.") % key

        return self.ask(
            request,
            object_id,
            form_class=SureForm,
            title=_("Revoke this key"),
            says=_("Programs that use it are refused from now on. This cannot be taken back."),
            button=_("Revoke"),
            do=do,
        )


def _made(form: KeyForm, by: User) -> str | None:
    """The new key; None when the form says what is wrong."""
    if not form.is_valid():
        return None
    asked = form.cleaned_data
    try:
        return people.create_key(
            asked["user"], asked["name"], by=by, scope=KeyScope(asked["scope"]), partner=asked["partner"]
        )
    except Rejected as no:
        form.add_error(no.field, no.message)
        return None
