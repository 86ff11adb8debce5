"""Scenarios of any request."""

from __future__ import annotations

import asyncio

from starlette.responses import HTMLResponse, Response

from automation.simulator.scenarios.registry import Options, Place, scenario
from automation.simulator.world import Moment


@scenario(Place.REQUEST, 81)
async def slow(_: Moment, options: Options) -> None:
    """Every request takes `seconds` longer (0.5); `path` limits it to paths with that in them."""
    await asyncio.sleep(float(options.get("seconds", 0.5)))


@scenario(Place.REQUEST, 57)
async def white_page(_: Moment, options: Options) -> Response:
    """Every request is answered with an empty error page, status `status` (502)."""
    return HTMLResponse("<html><body></body></html>", status_code=int(options.get("status", 502)))


@scenario(Place.REQUEST, 5, 6)
async def session_dies(moment: Moment, _: Options) -> None:
    """The account's session is gone from this request on; `path` says at which."""
    if moment.account:
        moment.world.store.close_sessions(moment.account.email)
