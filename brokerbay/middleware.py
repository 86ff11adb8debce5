"""What every answer gets: an id to find it by in the logs, a content security policy, and a language."""

from __future__ import annotations

import secrets
from io import BytesIO
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from whitenoise.middleware import WhiteNoiseMiddleware

from bookings.sessions import LANGUAGE
from brokerbay.logs import request_id

OWN_PAGES = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
UNFOLD_PAGES = f"{OWN_PAGES}; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"


def policy_for(path: str) -> str:
    """The content security policy of the page at `path`."""
    return UNFOLD_PAGES if path.startswith(settings.UNFOLD_PATHS) else OWN_PAGES


class StaticFiles(WhiteNoiseMiddleware):
    """Style sheets and scripts, answered whole: an asynchronous Django cannot stream a file itself."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        with found.file or BytesIO() as file:
            answer = HttpResponse(file.read(), status=int(found.status))
        del answer["Content-Type"]
        for name, value in found.headers:
            answer[name] = value
        return answer


class PersonsLanguage(LocaleMiddleware):
    """Speaks to people in the language that they chose, else in the one that their browser asks for.

    Programs are spoken to in English: the API's sentences are part of what its clients know.
    """

    def process_request(self, request: HttpRequest) -> None:
        language = settings.LANGUAGE_CODE
        if not request.path.startswith(settings.PROGRAMS_PATHS) or request.path == "/api/docs":
            # Of a browser that sends no session's cookie, nothing is read here.
            language = request.session.get(LANGUAGE) or translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        answer: HttpResponseBase = super().process_response(request, response)
        # Nobody who comes after in this thread is to be spoken to in a stranger's language.
        translation.deactivate()
        return answer


@sync_and_async_middleware
def content_security(get_response: Any) -> Any:
    """Sets Content-Security-Policy, unless the view has set a stricter one itself."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return _protect(request, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _protect(request, get_response(request))

    return answer


@sync_and_async_middleware
def request_ids(get_response: Any) -> Any:
    """Gives each request an id of ours (a caller's is not believed), for its log lines and X-Request-ID."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            asked = _new_id()
            return _name(await get_response(request), asked)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        asked = _new_id()
        return _name(get_response(request), asked)

    return answer


def _protect(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", policy_for(request.path))
    return response


def _new_id() -> str:
    asked = secrets.token_hex(8)
    request_id.set(asked)
    return asked


def _name(response: HttpResponseBase, asked: str) -> HttpResponseBase:
    response.headers["X-Request-ID"] = asked
    return response
