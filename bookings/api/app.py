"""The API put together: its operations, its refusals, and its description of itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from bookings.api import changes, errors, health, homes, jobs, records, session, streams
from bookings.api.page import Listing

# Newlines too, which Django's own path converter leaves out.
ANY_OTHER = r"[\s\S]*"
DESCRIPTION = (
    "Every answer is JSON with “success”; a refusal carries “error”, a plain sentence, and often “fields”. "
    "Sign in with the session cookie (and the X-CSRFToken header on writes) or with "
    "“Authorization: Bearer KEY”; `manage.py create_api_key USERNAME` makes a key."
)


class Api(NinjaAPI):
    """Ninja's API, all of it in our envelope: also 405, and 404 for any other path."""

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = in_envelope(pattern.callback)
        return [*patterns, re_path(ANY_OTHER, in_envelope(nothing_here))], app_name, namespace


def nothing_here(request: HttpRequest) -> HttpResponse:
    raise Http404


def in_envelope(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, with our envelope for what the framework answers without asking an operation.

    Exempt from Django's own CSRF check, whose refusal is a page: the session's sign-in check makes it.
    """
    if iscoroutinefunction(view):

        @csrf_exempt
        @wraps(view)
        async def answer_later(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
            return _enveloped(await view(request, *args, **named))

        return answer_later

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            return _enveloped(view(request, *args, **named))
        except Http404:
            return errors.problem(404, "There is nothing at this address.")

    return answer


def _enveloped(answer: HttpResponse) -> HttpResponse:
    if answer.status_code != 405:
        return answer
    refusal = errors.problem(405, f"Use {answer['Allow']} here.")
    refusal["Allow"] = answer["Allow"]
    return refusal


api = Api(
    title="Showings portal",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs=Listing(),
)
errors.install(api)
for room in (jobs, streams, records, changes, homes, session, health):
    api.add_router("", room.router)
