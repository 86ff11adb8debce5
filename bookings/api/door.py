"""Looked at before an operation is asked: no parameter that it does not know, and no body but JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from bookings.api.errors import problem

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Scripts add it with the time of day, so that nothing between them and us answers from memory.
CACHE_BUSTER = "_"
NO_BODY = ("", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What an operation takes: the names in its query, and whether it reads a body."""

    query: frozenset[str]
    has_body: bool


def asks_of(document: Mapping[str, Any]) -> dict[str, dict[str, Asks]]:
    """What each operation that needs a sign-in takes, by its path and its method in capitals."""
    return {
        path: {
            method.upper(): Asks(
                query=frozenset(one["name"] for one in operation["parameters"] if one["in"] == "query"),
                has_body="requestBody" in operation,
            )
            for method, operation in methods.items()
            if "security" in operation
        }
        for path, methods in document["paths"].items()
    }


def path_of(route: str) -> str:
    """A route of Django's as the document has it.

    >>> path_of("bookings/<int:booking_id>/cancel")
    '/bookings/{booking_id}/cancel'
    """
    return "/" + PARAMETER.sub(r"{\1}", route)


def refusal(request: HttpRequest, operations: Mapping[str, Asks]) -> HttpResponse | None:
    """Why this request is not asked of its operation; None when it may be."""
    asks = operations.get(request.method or "")
    if asks is None:
        return None
    try:
        named = list(request.GET)
    except SuspiciousOperation:
        return problem(400, _("The request could not be read."))
    unknown = [name for name in named if name not in asks.query and name != CACHE_BUSTER]
    if unknown:
        return _no_such(unknown[0][:60], asks.query)
    if asks.has_body and _is_other_than_json(request):
        return problem(415, _("Send the body as JSON, with “Content-Type: application/json”."))
    return None


def _no_such(name: str, known: frozenset[str]) -> HttpResponse:
    sentence = _("There is no such parameter.")
    if known:
        sentence = _("There is no such parameter; there are %(names)s.") % {"names": ", ".join(sorted(known))}
    return problem(422, f"{name}: {sentence}", fields={name: sentence})


def _is_other_than_json(request: HttpRequest) -> bool:
    has_body = (
        request.META.get("CONTENT_LENGTH") or ""
    ) not in NO_BODY or "Transfer-Encoding" in request.headers
    return has_body and request.content_type not in ("", "application/json")
