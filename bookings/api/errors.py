"""Every refusal in one envelope: `{"success": false, "error": "<plain sentence>", "fields"?: {...}}`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.responses import NinjaJSONEncoder

from bookings.api.auth import TooOften
from bookings.services.errors import AlreadyThere, Forbidden, Moved, NotAllowed, Rejected

logger = logging.getLogger("django.request")

# What the services call a field, and what it is called on the wire.
WIRE_NAMES = {
    "date": "preferredDate",
    "time": "preferredTime",
    "duration": "preferredDuration",
    "idempotency_key": "Idempotency-Key",
}
MOST_SENTENCES = 5
# Plain words for the kinds of pydantic's errors; the braces take what the error tells of its limits.
SENTENCES = {
    "missing": gettext_lazy("This is missing."),
    "string_type": gettext_lazy("Write a text."),
    "string_too_short": gettext_lazy("Write at least {min_length} characters."),
    "string_too_long": gettext_lazy("Write at most {max_length} characters."),
    "string_pattern_mismatch": gettext_lazy("It holds characters that cannot be used here."),
    "string_unicode": gettext_lazy("It holds characters that cannot be used here."),
    "extra_forbidden": gettext_lazy("There is no such field."),
    "literal_error": gettext_lazy("Use one of {expected}."),
    "enum": gettext_lazy("Use one of {expected}."),
    "greater_than_equal": gettext_lazy("It must be at least {ge}."),
    "less_than_equal": gettext_lazy("It must be at most {le}."),
    "bool_type": gettext_lazy("Write true or false."),
    "int_type": gettext_lazy("Write a whole number."),
    "int_parsing": gettext_lazy("Write a whole number."),
    "int_parsing_size": gettext_lazy("This number is too large."),
    "int_from_float": gettext_lazy("Write a whole number."),
    "value_error": "{error}",
}


def problem(status: int, error: str, *, fields: Mapping[str, str] | None = None, **more: Any) -> JsonResponse:
    """The envelope of a refusal. `fields` says per field what to mend; `more` may hold shapes of ours."""
    body: dict[str, Any] = {"success": False, "error": error, **more}
    if fields:
        body["fields"] = dict(fields)
    return JsonResponse(body, status=status, encoder=NinjaJSONEncoder)


def install(api: NinjaAPI) -> None:
    """Answer whatever an operation raises in the envelope."""
    answers: dict[type[Exception], Any] = {
        ValidationError: _invalid,
        AuthenticationError: _not_signed_in,
        TooOften: _too_often,
        HttpError: _http_error,
        Http404: _not_there,
        Rejected: _rejected,
        Forbidden: _forbidden,
        NotAllowed: _conflict,
        Moved: _conflict,
        AlreadyThere: _conflict,
        RequestDataTooBig: _too_big,
        SuspiciousOperation: _unreadable,
        UnreadablePostError: _unreadable,
        OperationalError: _no_database,
        InterfaceError: _no_database,
        Exception: _broken,
    }
    for kind, answer in answers.items():
        api.add_exception_handler(kind, answer)


def _invalid(request: HttpRequest, raised: ValidationError) -> HttpResponse:
    fields: dict[str, str] = {}
    whole: list[str] = []
    for error in raised.errors:
        sentence = sentence_for(error)
        name = _field_of(error)
        if name:
            fields.setdefault(name, sentence)
        else:
            whole.append(sentence)
    sentences = [*whole, *(f"{name}: {sentence}" for name, sentence in fields.items())]
    return problem(422, " ".join(sentences[:MOST_SENTENCES]), fields=fields)


def _field_of(error: Mapping[str, Any]) -> str:
    """The name on the wire; a body's location is ("body", <parameter>, <field>, ...)."""
    source, *path = error["loc"]
    names = path[1:] if source == "body" else path
    return str(names[0])[:60] if names else ""


def sentence_for(error: Mapping[str, Any]) -> str:
    """Plain words for one of pydantic's errors.

    >>> sentence_for({"type": "missing", "loc": ("body", "wish", "property"), "msg": "Field required"})
    'This is missing.'
    >>> sentence_for({"type": "less_than_equal", "loc": ("query", "limit"), "ctx": {"le": 5}, "msg": ""})
    'It must be at most 5.'
    """
    if len(error["loc"]) == 2 and error["loc"][0] == "body":
        return _("Send a JSON object.")
    words = SENTENCES.get(error["type"])
    return str(words).format(**error.get("ctx", {})) if words else f"{error['msg'].rstrip('.')}."


def _not_signed_in(request: HttpRequest, raised: AuthenticationError) -> HttpResponse:
    told = "" if raised.message == "Unauthorized" else raised.message
    answer = problem(401, told or _("Sign in, or send a key as “Authorization: Bearer KEY”."))
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def _too_often(request: HttpRequest, raised: TooOften) -> HttpResponse:
    sentence = ngettext(
        "This key may ask %(most)d times a minute. Ask again in %(wait)d second.",
        "This key may ask %(most)d times a minute. Ask again in %(wait)d seconds.",
        raised.wait,
    )
    answer = problem(429, sentence % {"most": raised.most, "wait": raised.wait})
    answer["Retry-After"] = str(raised.wait)
    return answer


def _http_error(request: HttpRequest, raised: HttpError) -> HttpResponse:
    if raised.status_code == 400:
        return problem(400, _("The body could not be read as JSON."))
    return problem(raised.status_code, raised.message)


def _not_there(request: HttpRequest, raised: Http404) -> HttpResponse:
    return problem(404, str(raised) or _("There is nothing at this address."))


def _rejected(request: HttpRequest, raised: Rejected) -> HttpResponse:
    return problem(422, raised.message, fields=_fields_of(raised))


def _forbidden(request: HttpRequest, raised: Rejected) -> HttpResponse:
    return problem(403, raised.message)


def _conflict(request: HttpRequest, raised: Rejected) -> HttpResponse:
    return problem(409, raised.message, fields=_fields_of(raised))


def _fields_of(raised: Rejected) -> dict[str, str]:
    if not raised.field:
        return {}
    return {WIRE_NAMES.get(raised.field, raised.field): raised.message}


def _too_big(request: HttpRequest, raised: Exception) -> HttpResponse:
    return problem(413, _("The body is too big for anything that is asked here."))


def _unreadable(request: HttpRequest, raised: Exception) -> HttpResponse:
    return problem(400, _("The request could not be read."))


def _no_database(request: HttpRequest, raised: Exception) -> HttpResponse:
    logger.error("The database did not answer: %s", raised, extra={"request": request, "status_code": 503})
    answer = problem(503, _("The database does not answer at the moment. Try again in a minute."))
    answer["Retry-After"] = "30"
    return answer


def _broken(request: HttpRequest, raised: Exception) -> HttpResponse:
    """A fault of ours: told to the log and to Django's own signal, as a page's would be."""
    logger.error(
        "The API broke: %s", request.path, exc_info=raised, extra={"request": request, "status_code": 500}
    )
    got_request_exception.send(sender=None, request=request)
    return problem(500, _("Something broke on our side; it was written down. Try again later."))
