"""The sign-in hand-off: a person at the robot's own browser."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.asker import person_of
from bookings.live.screens import screens
from bookings.models import BookingRun
from bookings.queries import handoffs as handoff_queries
from bookings.services import handoffs
from bookings.services.errors import NotAllowed, Rejected


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_account(request: HttpRequest, pk: int) -> HttpResponse:
    """What signing an account in means; POST opens the robot's browser, or leads to the one that is open."""
    user = person_of(request)
    account = handoff_queries.visible_account(user, pk)
    if account is None:
        raise Http404
    if not handoff_queries.may_sign_in(user, account):
        raise PermissionDenied
    if request.method == "POST":
        try:
            return redirect("handoff", uuid=handoffs.open_for(account, by=user).uuid)
        except Rejected as no:
            messages.error(request, no.message)
            return redirect("sign_in_account", pk=pk)
    context = {
        "account": account,
        "present": handoffs.open_run(account),
        "waiting": handoff_queries.waiting_runs(account),
    }
    return render(request, "bookings/handoff/ask.html", context)


@login_required
@require_safe
@never_cache
def handoff(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = _steerable(request, uuid)
    return render(request, "bookings/handoff/page.html", {"run": run, "account": run.account})


@login_required
@require_safe
def handoff_screen(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The robot's browser as server-sent events; no cache on the way keeps any of it."""
    run = _steerable(request, uuid)
    if not isinstance(request, ASGIRequest):
        # A WSGI server would collect the endless stream before its first byte.
        return HttpResponse(
            "The robot's browser needs an ASGI server.\n", status=501, content_type="text/plain"
        )
    response = StreamingHttpResponse(
        screens(person_of(request), run, language=get_language() or settings.LANGUAGE_CODE),
        content_type="text/event-stream",
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@login_required
@require_POST
@never_cache
@sensitive_variables("strokes")
def handoff_strokes(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Clicks and keys for the robot's browser: a JSON list of strokes, in order."""
    run = _steerable(request, uuid)
    try:
        strokes: Any = json.loads(request.body)
    except (ValueError, RecursionError):
        strokes = None
    if not isinstance(strokes, list):
        return JsonResponse({"error": "Send a list of strokes."}, status=422)
    try:
        handoffs.send(run, strokes, by=person_of(request))
    except NotAllowed as no:
        return JsonResponse({"error": no.message}, status=409)
    except Rejected as no:
        return JsonResponse({"error": no.message}, status=422)
    return HttpResponse(status=204)


@login_required
@require_POST
def stop_handoff(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = _steerable(request, uuid)
    try:
        handoffs.stop(run, by=person_of(request))
    except Rejected as no:
        messages.error(request, no.message)
    return redirect("handoff", uuid=uuid)


def _steerable(request: HttpRequest, uuid: UUID) -> BookingRun:
    """The sign-in, for whom the role allows it there; who only sees the run is told so, others of nothing."""
    user = person_of(request)
    run = handoff_queries.visible_handoff(user, uuid)
    if run is None:
        raise Http404
    if not handoff_queries.may_sign_in(user, run.account):
        raise PermissionDenied
    return run
