"""Scenarios of the search."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response

from automation.simulator.scenarios.registry import Options, Place, page_rule, scenario
from automation.simulator.world import Moment


@scenario(Place.SEARCH, 16)
async def late_results(_: Moment, options: Options) -> None:
    """Search results come `seconds` late (3)."""
    await asyncio.sleep(float(options.get("seconds", 3)))


@scenario(Place.SEARCH, 15)
async def no_results(_: Moment, __: Options) -> Response:
    """The search finds nothing."""
    return JSONResponse([])


page_rule(
    "feed_lag",
    18,
    place=Place.HIT,
    about="The listing is missing from the next `times` searches that would find it: the MLS feed lags.",
)
