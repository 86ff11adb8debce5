"""A plain page that lists the API, made from its OpenAPI document: no script, no foreign host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>{title}: API</h1><p>{description}</p>
<p><a href="{document}">The OpenAPI document</a> has every field.</p>{operations}</main></body></html>"""
OPERATION = """<section><h2><code>{} {}</code></h2><p>{}</p>
<table><caption>Answers</caption><thead><tr><th>Status</th><th>Body</th></tr></thead><tbody>{}</tbody></table>
<table><caption>Fields</caption><thead><tr><th>Name</th><th>Where</th><th></th></tr></thead>
<tbody>{}</tbody></table>{}</section>"""
EXAMPLE = "<h3>A body to start from</h3><pre>{}</pre>"


class Listing(DocsBase):
    """What ninja shows at /docs."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        document = api.get_openapi_schema(path_params=kwargs)
        page = format_html(
            PAGE,
            title=api.title,
            description=api.description,
            document=self.get_openapi_url(api, kwargs),
            operations=format_html_join("\n", OPERATION, _operations(document)),
        )
        return HttpResponse(page)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (
                method.upper(),
                path,
                operation.get("description", ""),
                _rows(("td", "td"), _answers(operation)),
                _rows(("td", "td", "td"), _fields(document, operation)),
                _example(_body_of(document, operation)),
            )


def _rows(cells: tuple[str, ...], values: Iterator[tuple[str, ...]]) -> SafeString:
    row = "<tr>" + "".join("<td>{}</td>" for _ in cells) + "</tr>"
    return format_html_join("\n", row, values)


def _answers(operation: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {"": {}}).items():
            yield str(status), _name(content.get("schema", {})) or media_type or answer["description"]


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for parameter in operation["parameters"]:
        yield parameter["name"], parameter["in"], parameter.get("description", "")
    shape = _body_of(document, operation)
    for name, field in shape.get("properties", {}).items():
        needed = "needed. " if name in shape.get("required", ()) else ""
        yield name, "body", f"{needed}{field.get('description', '')}"


def _body_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shape: dict[str, Any] = document["components"]["schemas"].get(_name(body.get("schema", {})), {})
    return shape


def _example(shape: dict[str, Any]) -> SafeString | str:
    examples = shape.get("examples")
    return format_html(EXAMPLE, json.dumps(examples[0], indent=2)) if examples else ""


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
