from __future__ import annotations

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from bookings.admin.base import PartnerScopedAdmin
from bookings.filters import AssignedFilter, VisibleRelatedFilter
from bookings.models import Client
from bookings.services import edits, people
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
