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


def body_of(status: int, media_type: str, description: str) -> dict[str, Any]:
    """`openapi_extra` for an answer that is not JSON of ours."""
    schema = {"type": "string", "description": description}
    return {"responses": {status: {"content": {media_type: {"schema": schema}}}}}
