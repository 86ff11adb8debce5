"""A run's page, its live log, its pictures, and what a person may do with it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_eventstream.utils import add_default_headers, get_channelmanager

from bookings.asker import person_of
from bookings.live import channel_of, sse
from bookings.models import BookingRun, Evidence
from bookings.queries import runs as run_queries
from bookings.queries.evidence import evidence_for, files_of
from bookings.services import receipts, runs
from bookings.services.errors import Rejected
from bookings.views.answers import page_words
from bookings.views.standing import standing_of, title_of, when_of
from bookings.vocabulary import EvidenceKind, RunKind, RunState

LAST_EVENT_ID = re.compile(r"(?:run-[0-9a-f-]{36}:)?([0-9]{1,9})")
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
FILES = {
    EvidenceKind.TRACE: ("application/zip", "zip"),
    EvidenceKind.MARKUP: ("text/plain; charset=utf-8", "html.txt"),
}


@login_required
@require_safe
@never_cache
def run_page(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The run step by step. `?part=run` answers all but the log, which the page appends to by itself."""
    user = person_of(request)
    run = run_queries.visible_run(user, uuid)
    if run is None:
        raise Http404
    may_book = run_queries.may_book(user, run)
    told = run_queries.told(run)
    template = "bookings/runs/_run.html" if request.GET.get("part") == "run" else "bookings/runs/page.html"
    return render(
        request,
        template,
        {
            "run": run,
            "told": told,
            "kind": title_of(run),
            "when": when_of(run),
            "standing": standing_of(run),
            "may_book": may_book,
            **page_words(run, user, may_book=may_book),
            "open_slots": _open_slots(run),
            "rehearsal": run_queries.rehearsal_of(told) if run.reason_code == "rehearsed" else None,
            "own_list": f"{settings.BROKERBAY_URL}#/my_business/showings/buyer",
            "again": _auto_book_address(run) if run.kind in (RunKind.BOOK, RunKind.CHECK) else "",
            "upcoming": run_queries.upcoming_steps(told),
            "files": files_of(run, user),
            "receipt_of": _receipt_of(run),
        },
    )


def _receipt_of(run: BookingRun) -> int | None:
    """The booking whose receipt can be shared: the run made or moved it, and BrokerBay's list shows it."""
    made = run.booking if run.state == RunState.BOOKED else None
    return made.pk if made is not None and not receipts.why_none(made) else None


def _open_slots(run: BookingRun) -> list[dict[str, Any]]:
    """The times that were open, each with the form that books it anew; none where the showing may be booked
    already, or is yet to be."""
    is_answer = run.kind == RunKind.CHECK and run.state == RunState.DONE
    if not (is_answer or run.state == RunState.REFUSED):
        return []
    return [
        {
            "at": datetime.fromisoformat(f"{slot['date']}T{slot['time']}"),
            "address": _auto_book_address(run, date=slot["date"], time=slot["time"]),
        }
        for slot in run.open_slots
    ]


def _auto_book_address(run: BookingRun, **other: str) -> str:
    """The form to start a booking with, filled with this run's wish but for what is named."""
    wish: dict[str, Any] = {
        "partner": run.partner_id,
        "property": run.property_text,
        "date": run.wanted_date,
        "time": f"{run.wanted_time:%H:%M}" if run.wanted_time else "",
        "duration": run.duration_minutes,
        "auto_confirm_only": "on" if run.auto_confirm_only else "",
        "request": run.request_id,
        "instead": run.uuid,
    }
    said = {name: value for name, value in (wish | other).items() if value}
    return f"{reverse('auto_book')}?{urlencode(said)}"


@require_safe
def run_events(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The live log of a run as server-sent events; resumes after Last-Event-ID (or `?lastEventId=`)."""
    user = request.user
    if not get_channelmanager().can_read_channel(user if user.is_authenticated else None, channel_of(uuid)):
        raise Http404
    said = request.headers.get("Last-Event-ID") or request.GET.get("lastEventId") or "0"
    number = LAST_EVENT_ID.fullmatch(said)
    if number is None:
        return HttpResponseBadRequest("The last event's id is a number.\n", content_type="text/plain")
    if not isinstance(request, ASGIRequest):
        # A WSGI server would collect the endless stream before its first byte.
        return HttpResponse("The live log needs an ASGI server.\n", status=501, content_type="text/plain")
    response = StreamingHttpResponse(
        sse(person_of(request), uuid, int(number[1]), language=get_language() or settings.LANGUAGE_CODE),
        content_type="text/event-stream",
    )
    add_default_headers(response, request)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def stop_run(request: HttpRequest, uuid: UUID) -> HttpResponse:
    user = person_of(request)
    run = run_queries.visible_run(user, uuid)
    if run is None:
        raise Http404
    if not run_queries.may_book(user, run):
        raise PermissionDenied
    try:
        runs.stop(run, by=user)
    except Rejected as no:
        messages.error(request, no.message)
    return redirect("run", uuid=uuid)


@login_required
@require_safe
def evidence(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """A picture, for those who may see its run; a trace or a page's markup as a file, for operators."""
    kept = evidence_for(person_of(request)).filter(uuid=uuid).first()
    if kept is None:
        raise Http404
    try:
        with kept.file.open("rb") as file:
            content = file.read()
    except OSError as gone:
        raise Http404 from gone
    response = _picture(content) if kept.kind == EvidenceKind.PICTURE else _download(kept, content)
    # A picture shows a client's address: no cache on the way or on a shared machine keeps it.
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _picture(content: bytes) -> HttpResponse:
    kind = next((kind for start, kind in PICTURES.items() if content.startswith(start)), "")
    if not kind:
        raise Http404  # what is no picture is never shown as one
    return HttpResponse(content, content_type=kind)


def _download(kept: Evidence, content: bytes) -> HttpResponse:
    """Never opened in the browser: markup of a foreign page would run as ours."""
    kind, ending = FILES[EvidenceKind(kept.kind)]
    name = f"{kept.kind}-{kept.run_id}-{kept.attempt_number}.{ending}"
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
