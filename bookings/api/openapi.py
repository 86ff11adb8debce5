"""What the OpenAPI document says beyond ninja's own: every refusal, files and streams."""

from __future__ import annotations

from typing import Any

from bookings.api.shapes import Problem

# Any operation may say these; what cannot be read and what nobody knows are refused at the door.
ALWAYS = (400, 401, 403, 422, 429, 503)
# Any operation with a body may say these.
OF_A_BODY = (413, 415)


def answers(wanted: dict[int, Any], *refusals: int) -> dict[int, Any]:
    """The answers of an operation that needs a sign-in: the wanted ones, and the refusals of its own."""
    return {**dict.fromkeys(sorted({*ALWAYS, *refusals}), Problem), **wanted}


def body_of(status: int, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """`openapi_extra` for an answer that is not JSON of ours."""
    return {"responses": {status: {"content": {media_type: {"schema": schema}}}}}


def text_of(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def events_of(description: str, *names: str) -> dict[str, Any]:
    """The schema of one server-sent event."""
    text = {"type": "string"}
    fields = {"event": {"enum": list(names)}, "data": text, "id": text, "retry": {"type": "integer"}}
    return {
        "type": "object",
        "properties": fields,
        "required": ["event", "data"],
        "description": description,
    }
