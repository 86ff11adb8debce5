"""A page on how to use the API, made from its OpenAPI document: no script, no foreign host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

PATH_PARAMETER = re.compile(r"\{(\w+)\}")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of the body."""

    name: str
    where: str
    is_needed: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page tells it; `curl` can be pasted into a shell."""

    method: str
    path: str
    anchor: str
    tag: str
    says: str
    fields: list[Field]
    answers: list[tuple[str, str]]
    curl: str


class Listing(DocsBase):
    """What ninja shows at /docs."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        told = {
            "document": self.get_openapi_url(api, kwargs),
            "portal": settings.SITE_URL.rstrip("/"),
            "per_minute": settings.API_REQUESTS_PER_MINUTE,
            "groups": [
                (tag, list(those)) for tag, those in groupby(operations(document), lambda one: one.tag)
            ],
        }
        return render(request, "bookings/api/page.html", told)


def operations(document: Document) -> list[Operation]:
    """Every operation, those of one tag together, otherwise in the document's order."""
    found = [
        _operation(document, method, path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    tags = list(dict.fromkeys(one.tag for one in found))
    return sorted(found, key=lambda one: tags.index(one.tag))


def _operation(document: Document, method: str, path: str, described: Document) -> Operation:
    body = _body_of(document, described)
    return Operation(
        method=method.upper(),
        path=path,
        anchor=described["operationId"],
        tag=described["tags"][0],
        says=described.get("description", ""),
        fields=[*_parameters(described), *_fields(body)],
        answers=sorted(_answers(described)),
        curl=_curl(method.upper(), path, described, _example(body)),
    )


def _parameters(described: Document) -> Iterator[Field]:
    for one in described["parameters"]:
        schema = one.get("schema", {})
        says = one.get("description") or schema.get("description", "")
        yield Field(
            name=one["name"],
            where=one["in"],
            is_needed=one.get("required", False),
            says=says or _limits(schema),
        )


def _limits(schema: Document) -> str:
    """What a parameter may be, where nothing else is said of it."""
    if "enum" in schema:
        return ", ".join(str(one) for one in schema["enum"] if one != "")
    if "maximum" in schema:
        return f"{schema['minimum']} – {schema['maximum']}; {schema.get('default')}"
    return ""


def _fields(shape: Document) -> Iterator[Field]:
    for name, schema in shape.get("properties", {}).items():
        yield Field(
            name=name,
            where="body",
            is_needed=name in shape.get("required", ()),
            says=schema.get("description", "") or _limits(schema),
        )


def _answers(described: Document) -> Iterator[tuple[str, str]]:
    for status, answer in described["responses"].items():
        for media_type, content in answer.get("content", {"": {}}).items():
            yield str(status), _name(content.get("schema", {})) or media_type or answer["description"]


def _curl(method: str, path: str, described: Document, body: Document) -> str:
    """The operation as a command line, with PORTAL, KEY and the ids as variables of the shell."""
    address = PATH_PARAMETER.sub(lambda named: f"${named[1].upper()}", path)
    words = ["curl"]
    if "text/event-stream" in str(described["responses"]):
        words.append("--no-buffer")
    if method != "GET":
        words.append(f"-X {method}")
    words.append(f'"$PORTAL{address}"')
    lines = [" ".join(words)]
    if "security" in described:
        lines.append('-H "Authorization: Bearer $KEY"')
    if body:
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(body)}'"]
    return " \\\n  ".join(lines)


def _example(shape: Document) -> Document:
    """A body to start from; its day is one to come."""
    [example] = shape.get("examples", [{}])
    soon = (timezone.now() + timedelta(days=14)).date().isoformat()
    return {**example, "preferredDate": soon} if "preferredDate" in example else dict(example)


def _body_of(document: Document, described: Document) -> Document:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    shape: Document = document["components"]["schemas"].get(_name(body.get("schema", {})), {})
    return shape


def _name(schema: Document) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
