"""Exports of exactly what a list shows, as CSV, JSON or XLSX: own permission, own rows, kept in the audit."""

from __future__ import annotations

from typing import Any

import tablib
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, JSON, XLSX
from import_export.resources import Resource
from unfold.contrib.import_export.forms import ExportForm

from bookings import exports
from bookings.admin.base import names_nul, on_the_clock_of
from bookings.services import audit

EXPORT = "bookings.export_booking"


class ExportAdmin(ExportMixin):
    """Stands before an admin of ours. Uses the list's own filters, search and order."""

    export_form_class = ExportForm
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
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(f"{reverse(name)}?{ERROR_FLAG}=1")

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if names_nul(request):
            raise IncorrectLookupParameters
        may_take_out = self.model._default_manager.visible_to(request.user, may="export_booking")
        return super().get_export_queryset(request).filter(pk__in=may_take_out.values("pk"))

    def get_valid_export_item_pks(self, request: HttpRequest) -> list[Any]:
        """Ids in the form choose nothing: the filters alone say what is exported."""
        return []

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        """Spreadsheets get cells that they never run; JSON is read by programs and stays as it is."""
        written = str(file_format.get_extension())
        safe = not isinstance(file_format, JSON)
        return super().get_export_data(file_format, request, queryset, safe=safe, written=written, **kwargs)

    def get_data_for_export(
        self, request: HttpRequest, queryset: Any, *, written: str, **kwargs: Any
    ) -> tablib.Dataset:
        data = super().get_data_for_export(request, queryset, **kwargs)
        filters = dict(request.GET.lists())
        noun = self.opts.model_name
        audit.note_export(noun, by=request.user, count=len(data), filters=filters, form=written)
        return data

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        noun = str(self.opts.verbose_name_plural).replace(" ", "-")
        return f"{noun}-{timezone.localdate():%Y-%m-%d}.{file_format.get_extension()}"


def _resource_of(model: type[Model]) -> type[Resource]:
    class Rows(Resource):
        """The columns of bookings.exports; django-import-export writes the file."""

        @classmethod
        def get_display_name(cls) -> str:
            return str(model._meta.verbose_name_plural)

        def get_export_headers(self, selected_fields: Any = None) -> list[str]:
            return exports.labels(model)

        def get_user_visible_fields(self) -> list[Any]:
            return [_Heading(label) for label in exports.labels(model)]

        def export_resource(
            self, instance: Any, selected_fields: Any = None, *, safe: bool = True, **_: Any
        ) -> list[exports.Cell]:
            write = exports.safe_row_of if safe else exports.row_of
            return write(instance)

    return Rows


class _Heading:
    """What the export page lists: just the column's name."""

    def __init__(self, column_name: str) -> None:
        self.column_name = column_name
