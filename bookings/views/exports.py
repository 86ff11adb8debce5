"""A person's exports: how far each is, the file itself, and taking one away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO, Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from bookings.asker import clock_of, person_of
from bookings.models import Export
from bookings.models.export import ExportForm
from bookings.services import exporting
from bookings.told import in_english

SHOWN = 50
CHUNK = 256 * 1024
CONTENT_TYPES = {
    ExportForm.CSV: "text/csv; charset=utf-8",
    ExportForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportForm.JSON: "application/json",
}


@login_required
@require_safe
@never_cache
def my_exports(request: HttpRequest) -> HttpResponse:
    """The person's exports, the newest first. `?part=exports` answers the moving part alone."""
    mine = exporting.of(person_of(request))[:SHOWN]
    shown = [(export, _noun(export), _list_of(export)) for export in mine]
    part = request.GET.get("part") == "exports"
    template = "bookings/exports/_exports.html" if part else "bookings/exports/page.html"
    zone = clock_of(person_of(request))
    with timezone.override(zone):
        return render(
            request, template, {"exports": shown, "kept_days": exporting.KEPT.days, "zone": zone.key}
        )


@login_required
@require_safe
def export_file(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The file, for the person who asked for it, while they may see what is in it."""
    export = exporting.fetch(person_of(request), uuid)
    if export is None:
        raise Http404
    try:
        file = export.file.open("rb")
    except OSError as gone:
        raise Http404 from gone
    is_async = isinstance(request, ASGIRequest)
    parts: Any = _parts(file) if is_async else iter(lambda: file.read(CHUNK), b"")
    answer = StreamingHttpResponse(parts, content_type=CONTENT_TYPES[ExportForm(export.form)])
    answer._resource_closers.append(file.close)  # type: ignore[attr-defined]
    name = f"{in_english(_noun(export)).replace(' ', '-')}-{timezone.localdate(export.created_at):%Y-%m-%d}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.{export.form}"'
    answer["Content-Length"] = str(export.size)
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    # Under ASGI a plain iterator would be read to its end before the first byte leaves.
    while part := await sync_to_async(file.read)(CHUNK):
        yield part


@login_required
@require_POST
def withdraw_export(request: HttpRequest, uuid: UUID) -> HttpResponse:
    if not exporting.withdraw(person_of(request), uuid):
        raise Http404
    messages.success(request, _("The export is deleted."))
    return redirect("exports")


def _list_of(export: Export) -> str:
    """The address of the list that it is of, as it was filtered."""
    return f"{reverse(f'admin:bookings_{export.table}_changelist')}?{export.query}".rstrip("?")


def _noun(export: Export) -> Any:
    """What is in it, in the language of who reads it."""
    return apps.get_model("bookings", export.table)._meta.verbose_name_plural or ""
