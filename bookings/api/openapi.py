"""What the OpenAPI document says beyond ninja's own: every refusal, files and streams."""

from __future__ import annotations

from typing import Any

from bookings.api.shapes import Problem

# Any operation may say these.
ALWAYS = (401, 403, 503)


def answers(wanted: dict[int, Any], *refusals: int) -> dict[int, Any]:
    """The answers of an operation that needs a sign-in: the wanted ones, and the refusals it may give."""
    return {**wanted, **dict.fromkeys(sorted({*ALWAYS, *refusals}), Problem)}


def body_of(status: int, media_type: str, description: str) -> dict[str, Any]:
    """`openapi_extra` for an answer that is not JSON of ours."""
    schema = {"type": "string", "description": description}
    return {"responses": {status: {"content": {media_type: {"schema": schema}}}}}
