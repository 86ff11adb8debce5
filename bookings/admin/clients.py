from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from bookings.admin.base import PartnerScopedAdmin
from bookings.filters import AssignedFilter, VisibleRelatedFilter
from bookings.models import Client, Partner, UpstreamGroup
from bookings.models.scope import acts_everywhere
from bookings.queries import unmapped
from bookings.services import edits, mapping, people
from bookings.vocabulary import Source


@admin.register(Client)
class ClientAdmin(PartnerScopedAdmin):
    """People who ask for showings. Ingest finds them; an operator says whose client each is."""

    list_display = ("__str__", "email", "partner", "external_id", "created_at")
    list_select_related = ("partner",)
    list_filter = (AssignedFilter, ("partner", VisibleRelatedFilter))
    search_fields = ("name", "email", "external_id")
    search_help_text = gettext_lazy("Name, e-mail or upstream user id")
    fields = ("external_id", "partner", ("name", "email"), "created_at", "requests_of")
    readonly_fields = ("external_id", "created_at", "requests_of")

    @display(description=gettext_lazy("requests"))
    def requests_of(self, client: Client) -> str:
        return format_html(
            '<a class="text-link" href="{}?client__id__exact={}">{}</a>',
            reverse("admin:bookings_showingrequest_changelist"),
            client.pk,
            _("Their showing requests"),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Client, form: ModelForm, change: bool) -> None:
        typed = [name for name in form.changed_data if name in ("name", "email")]
        if typed:
            edits.save(obj, typed, by=request.user)
        if "partner" not in form.changed_data:
            return
        stored = Client.objects.select_related("partner").get(pk=obj.pk)
        moved = people.assign_client(stored, obj.partner, by=request.user, source=Source.PERSON)
        self.message_user(
            request,
            ngettext("%d showing request went along.", "%d showing requests went along.", moved) % moved,
        )

    # ---- the inbox ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        inbox = self.admin_site.admin_view(self.unmapped)
        return [path("unmapped/", inbox, name="bookings_client_unmapped"), *super().get_urls()]

    def unmapped(self, request: HttpRequest) -> HttpResponse:
        """Requests that are nobody's, by client and by group; a POST says whose they are from now on."""
        if not (self.sees_all(request) and self.has_view_permission(request)):
            raise PermissionDenied
        may_map = acts_everywhere(request.user, "change_client")
        if request.method == "POST":
            if not may_map:
                raise PermissionDenied
            self._map(request)
            return HttpResponseRedirect(request.path)
        return self.page(
            request,
            "admin/bookings/unmapped.html",
            title=_("Unmapped requests"),
            clients=unmapped.clients(),
            groups=unmapped.groups(),
            partners=Partner.objects.filter(is_active=True).order_by("name"),
            may_map=may_map,
        )

    def _map(self, request: HttpRequest) -> None:
        said = request.POST.get("partner", "").strip()
        partner = Partner.objects.filter(name__iexact=said).first() if "\x00" not in said else None
        if partner is None:
            messages.error(request, _("There is no partner “%s”. Choose one from the list.") % said[:120])
            return
        moved = self._moved(request, partner)
        if moved is None:
            messages.error(request, _("Somebody else was quicker; look again."))
            return
        told = ngettext(
            "%(count)d request is %(partner)s's now.", "%(count)d requests are %(partner)s's now.", moved
        )
        messages.success(request, told % {"count": moved, "partner": partner})

    def _moved(self, request: HttpRequest, partner: Partner) -> int | None:
        """How many requests went along; None where there is no such client without a partner, or group."""
        if group := request.POST.get("group", ""):
            return mapping.map_group(group, partner, by=request.user) if "\x00" not in group else None
        pk = request.POST.get("client", "")
        known = Client.objects.filter(partner=None)
        client = known.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
        if client is None:
            return None
        return people.assign_client(client, partner, by=request.user, source=Source.PERSON)


@admin.register(UpstreamGroup)
class UpstreamGroupAdmin(PartnerScopedAdmin):
    """Whose requests those of a group are. They are named in the inbox of the unmapped."""

    list_display = ("name", "partner", "created_at")
    list_select_related = ("partner",)
    list_filter = (("partner", VisibleRelatedFilter),)
    search_fields = ("name", "partner__name")
    search_help_text = gettext_lazy("Group or partner")
    fields = ("name", "partner", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("created_at",) if obj is None else ("name", "created_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return acts_everywhere(request.user, "delete_upstreamgroup")

    def save_model(self, request: HttpRequest, obj: UpstreamGroup, form: ModelForm, change: bool) -> None:
        moved = mapping.map_group(obj.name, obj.partner, by=request.user)
        obj.pk = UpstreamGroup.objects.get(name=obj.name).pk
        self.message_user(
            request,
            ngettext("%d showing request went along.", "%d showing requests went along.", moved) % moved,
        )

    def delete_model(self, request: HttpRequest, obj: UpstreamGroup) -> None:
        mapping.forget_group(obj, by=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UpstreamGroup]) -> None:
        for group in queryset.select_related("partner"):
            mapping.forget_group(group, by=request.user)
