"""Exports of exactly what a list shows, as CSV, JSON or XLSX: own permission, own rows, kept in the audit.

A few rows are answered at once. More are written in the background: a worker opens the same list for the same
person, with what they may see by then.
"""

from __future__ import annotations

import io
import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, JSON, XLSX
from import_export.resources import Resource
from unfold.contrib.import_export.forms import ExportForm as ChooseForm

from bookings import exports
from bookings.admin.base import names_nul, on_the_clock_of
from bookings.asker import clock_of
from bookings.models import Export
from bookings.models.export import ExportForm
from bookings.services import audit, exporting
from bookings.services.errors import Rejected
from bookings.told import in_english

logger = logging.getLogger(__name__)

EXPORT = "bookings.export_booking"
# Written while the person waits; what is more goes to a worker.
AT_ONCE = 5_000


class ExportAdmin(ExportMixin):
    """Stands before an admin of ours. Uses the list's own filters, search and order."""

    export_form_class = ChooseForm
    formats = (CSV, XLSX, JSON)
    export_formats = formats

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(EXPORT) and self.has_view_or_change_permission(request))

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[Resource]]:
        return [_resource_of(self.model)]

    def export_action(self, request: HttpRequest) -> HttpResponse:
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            return on_the_clock_of(request, lambda: super(ExportAdmin, self).export_action(request))
        except (IncorrectLookupParameters, OverflowError, ValueError):
            return HttpResponseRedirect(f"{self._list_address()}?{ERROR_FLAG}=1")

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if names_nul(request):
            raise IncorrectLookupParameters
        may_take_out = self.model._default_manager.visible_to(request.user, may="export_booking")
        return super().get_export_queryset(request).filter(pk__in=may_take_out.values("pk"))

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        """What the page that asks for the form says: how much the file will hold, and of which list."""
        context: dict[str, Any] = super().init_request_context_data(request, form)
        return context | {
            "total": self.get_export_queryset(request).order_by().count(),
            "at_once": AT_ONCE,
            "list_address": f"{self._list_address()}?{request.GET.urlencode()}".rstrip("?"),
        }

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        """Ids in the form choose nothing: the filters alone say what is exported."""
        return []

    def _do_file_export(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Any], export_form: Any = None
    ) -> HttpResponse:
        form = ExportForm(file_format.get_extension())
        total = queryset.order_by().count()
        if total > AT_ONCE:
            return self._ask(request, form, total)
        file = io.BytesIO()
        exporting.write(form, queryset, file)
        noun = self.opts.model_name
        audit.note_export(noun, by=request.user, count=total, filters=dict(request.GET.lists()), form=form)
        answer = HttpResponse(file.getvalue(), content_type=file_format.get_content_type())
        name = self.get_export_filename(request, queryset, file_format)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _ask(self, request: HttpRequest, form: ExportForm, total: int) -> HttpResponse:
        query = request.GET.urlencode()
        try:
            exporting.ask(request.user, self.opts.model_name, form, query=query, total=total)
        except Rejected as no:
            messages.warning(request, no.message)
        else:
            messages.success(request, _("It is written in the background; you get a mail when it is ready."))
        return HttpResponseRedirect(reverse("exports"))

    def _list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        return file_name(self.model, file_format.get_extension())


def file_name(model: type[Model], ending: str) -> str:
    noun = in_english(model._meta.verbose_name_plural).replace(" ", "-")
    return f"{noun}-{timezone.localdate():%Y-%m-%d}.{ending}"


def write_export(pk: int) -> str:
    """The queue's task: write one export that was asked for. Safe to do twice."""
    export = exporting.take(pk)
    if export is None:
        return "nothing to do"
    with timezone.override(clock_of(export.person)):
        rows = _rows_of(export)
        if rows is None:
            exporting.fail(export)
            return "not allowed any more"
        return "written" if exporting.perform(export, rows) else "withdrawn"


def _rows_of(export: Export) -> QuerySet[Any] | None:
    """What the list shows its person now under that address; None when they may not export it any more."""
    request = HttpRequest()
    request.method, request.user = "GET", User.objects.get(pk=export.person_id)
    request.GET = QueryDict(export.query)
    found = (shown for model, shown in admin.site._registry.items() if model._meta.model_name == export.table)
    shown: Any = next(found, None)
    if not isinstance(shown, ExportAdmin) or not shown.has_export_permission(request):
        return None
    try:
        return shown.get_export_queryset(request)
    except (IncorrectLookupParameters, OverflowError, ValueError):
        return None


def _resource_of(model: type[Model]) -> type[Resource]:
    class Rows(Resource):
        """What the export page says of the file: our own writers write it."""

        @classmethod
        def get_display_name(cls) -> str:
            return str(model._meta.verbose_name_plural)

        def get_user_visible_fields(self) -> list[Any]:
            return [_Heading(label) for label in exports.labels(model)]

    return Rows


class _Heading:
    """What the export page lists: just the column's name."""

    def __init__(self, column_name: str) -> None:
        self.column_name = column_name
