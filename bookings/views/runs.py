"""A run's page, its live log, its pictures, and what a person may do with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
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
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_eventstream.utils import add_default_headers, get_channelmanager

from bookings.live import channel_of, sse
from bookings.models import BookingRun, Evidence
from bookings.queries import runs as run_queries
from bookings.queries.evidence import evidence_for, files_of
from bookings.services import runs
from bookings.services.errors import Rejected
from bookings.vocabulary import EvidenceKind, RunState

LAST_EVENT_ID = re.compile(r"(?:run-[0-9a-f-]{36}:)?([0-9]{1,9})")
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
FILES = {
    EvidenceKind.TRACE: ("application/zip", "zip"),
    EvidenceKind.MARKUP: ("text/plain; charset=utf-8", "html.txt"),
}
MAY_TRY_AGAIN = (RunState.PARKED, RunState.REFUSED, RunState.FAILED)
MAY_STOP = (RunState.QUEUED, RunState.RUNNING, RunState.PARKED)
MAY_SET_ASIDE = (RunState.REFUSED, RunState.FAILED)


@login_required
@require_safe
@never_cache
def run_page(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The run step by step. `?part=run` answers all but the log, which the page appends to by itself."""
    user = _person(request)
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
            "may_book": may_book,
            "may_stop": may_book and _may_stop(run),
            "may_set_aside": may_book and run.state in MAY_SET_ASIDE,
            "may_try_again": may_book and run.state in MAY_TRY_AGAIN,
            "open_slots": _open_slots(run),
            "candidates": _candidates(run),
            "again": _auto_book_address(run),
            "upcoming": run_queries.upcoming_steps(told),
            "files": files_of(run, user),
        },
    )


def _may_stop(run: BookingRun) -> bool:
    return run.state in MAY_STOP and run.submitting_at is None and run.stop_asked_at is None


def _open_slots(run: BookingRun) -> list[dict[str, Any]]:
    return [
        {
            "day": date.fromisoformat(slot["date"]),
            "at": time.fromisoformat(slot["time"]),
            "address": _auto_book_address(run, date=slot["date"], time=slot["time"]),
        }
        for slot in run.open_slots
    ]


def _candidates(run: BookingRun) -> list[dict[str, str]]:
    return [
        {
            **candidate,
            "link": _auto_book_address(
                run,
                property=candidate.get("mls_number") or candidate.get("address") or run.property_text,
                listing_id=candidate.get("listing_id", ""),
            ),
        }
        for candidate in run.candidates
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
        sse(_person(request), uuid, int(number[1])), content_type="text/event-stream"
    )
    add_default_headers(response, request)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def stop_run(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _do(request, uuid, runs.stop)


@login_required
@require_POST
def try_again(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _do(request, uuid, runs.try_again)


def _do(request: HttpRequest, uuid: UUID, deed: Callable[..., BookingRun]) -> HttpResponse:
    user = _person(request)
    run = run_queries.visible_run(user, uuid)
    if run is None:
        raise Http404
    if not run_queries.may_book(user, run):
        raise PermissionDenied
    try:
        deed(run, by=user)
    except Rejected as no:
        messages.error(request, no.message)
    return redirect("run", uuid=uuid)


@login_required
@require_safe
def evidence(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """A picture, for those who may see its run; a trace or a page's markup as a file, for operators."""
    kept = evidence_for(_person(request)).filter(uuid=uuid).first()
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


def _person(request: HttpRequest) -> User:
    """Who asks; the view has made sure that somebody is signed in."""
    user = request.user
    assert isinstance(user, User)
    return user
