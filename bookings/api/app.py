"""The API put together: its operations, its refusals, and its description of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from bookings.api import changes, door, errors, health, homes, jobs, records, session, streams
from bookings.api.page import Listing

# Newlines too, which Django's own path converter leaves out.
ANY_OTHER = r"[\s\S]*"
DESCRIPTION = (
    "Every answer is JSON with “success”; a refusal carries “error”, a plain sentence, and often “fields”. "
    "Sign in with the session cookie (and the X-CSRFToken header on writes) or with "
    "“Authorization: Bearer KEY”; `manage.py create_api_key USERNAME` makes a key."
)


class Api(NinjaAPI):
    """Ninja's API, all of it behind our door and in our envelope: also 405, and 404 for any other path."""

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        asks = door.asks_of(self.get_openapi_schema(path_prefix="/"))
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                operations = asks.get(door.path_of(str(pattern.pattern)), {})
                pattern.callback = in_envelope(pattern.callback, operations)
        return [*patterns, re_path(ANY_OTHER, in_envelope(nothing_here))], app_name, namespace


def nothing_here(request: HttpRequest) -> HttpResponse:
    raise Http404


def in_envelope(
    view: Callable[..., Any], operations: Mapping[str, door.Asks] = MappingProxyType({})
) -> Callable[..., Any]:
    """The view behind our door, with our envelope for what is answered without asking an operation.

    HEAD is answered as GET, whose body the server leaves out; a stream, which has no end, is not asked so.
    Exempt from Django's own CSRF check, whose refusal is a page: the session's sign-in check makes it.
    """
    if iscoroutinefunction(view):

        @csrf_exempt
        @wraps(view)
        async def answer_later(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
            return door.refusal(request, operations) or _enveloped(await view(request, *args, **named))

        return answer_later

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        asked, request.method = request.method, "GET" if request.method == "HEAD" else request.method
        try:
            return door.refusal(request, operations) or _enveloped(view(request, *args, **named))
        except Http404:
            return errors.problem(404, _("There is nothing at this address."))
        finally:
            request.method = asked

    return answer


def _enveloped(answer: HttpResponse) -> HttpResponse:
    if answer.status_code != 405:
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer
    refusal = errors.problem(405, _("Use %(methods)s here.") % {"methods": answer["Allow"]})
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
