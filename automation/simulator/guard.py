"""Who may ask, and the answers that every door of the site gives alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from automation.simulator.records import Account
from automation.simulator.world import Moment, World

Handler = Callable[[Request, Moment], Awaitable[Response]]


def signed_in(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """For JSON endpoints: 401 for strangers, else the handler with who asks."""

    async def guarded(request: Request) -> Response:
        world = World.of(request)
        account = world.account(request)
        if account is None:
            return signed_out()
        return await handler(request, Moment(world=world, account=account, path=request.url.path))

    return guarded


def who(moment: Moment) -> Account:
    """The account behind a guarded request."""
    assert moment.account is not None
    return moment.account


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object; empty where it sent something else."""
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def signed_out() -> Response:
    return JSONResponse({"error": "You have been logged out. Please log back in."}, status_code=401)


def missing() -> Response:
    return JSONResponse({"error": "Not found"}, status_code=404)
