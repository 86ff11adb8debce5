"""Scenarios of the submit: before anything is booked, and after it, before the answer."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response

from automation.simulator.connections import Dropped
from automation.simulator.scenarios.registry import Options, Place, scenario
from automation.simulator.world import Moment


@scenario(Place.BEFORE_COMMIT, 51)
async def submit_500(_: Moment, __: Options) -> Response:
    """The submit answers 500 and books nothing."""
    return JSONResponse({"error": "Something went wrong"}, status_code=500)


@scenario(Place.BEFORE_COMMIT, 56)
async def rate_limit(_: Moment, options: Options) -> Response:
    """The submit answers 429 with Retry-After `seconds` (30) and books nothing."""
    headers = {"Retry-After": str(options.get("seconds", 30))}
    return JSONResponse({"error": "Too many requests"}, status_code=429, headers=headers)


@scenario(Place.BEFORE_COMMIT, 48)
async def challenge(_: Moment, __: Options) -> Response:
    """The submit answers 200 but asks whether a human is there, and books nothing."""
    return JSONResponse({"showChallenge": True})


@scenario(Place.BEFORE_COMMIT, 42)
async def slot_taken_at_submit(moment: Moment, _: Options) -> None:
    """Somebody else takes the slot a moment before the submit, which the site then refuses."""
    if moment.listing and moment.post:
        moment.world.take(moment.listing, moment.post.body)


@scenario(Place.BEFORE_COMMIT, 53)
async def dropped_before_commit(_: Moment, __: Options) -> Response:
    """The connection breaks during the submit and nothing is booked."""
    return Dropped()


@scenario(Place.BEFORE_COMMIT)
async def hold_before_commit(moment: Moment, _: Options) -> Response | None:
    """The submit waits, nothing booked, until the control API releases it (go_on false drops it)."""
    if moment.post and await moment.world.hold(moment.post):
        return None
    return Dropped()


# After the booking, before its answer


@scenario(Place.AFTER_COMMIT, 52)
async def dropped_after_commit(_: Moment, __: Options) -> Response:
    """The showing is booked and the connection breaks before the answer."""
    return Dropped()


@scenario(Place.AFTER_COMMIT, 52)
async def answer_late(_: Moment, options: Options) -> None:
    """The showing is booked and the answer comes `seconds` late (60)."""
    await asyncio.sleep(float(options.get("seconds", 60)))


@scenario(Place.AFTER_COMMIT, 52)
async def error_after_commit(_: Moment, options: Options) -> Response:
    """The showing is booked and the answer is an error all the same, status `status` (500)."""
    return JSONResponse({"error": "Something went wrong"}, status_code=int(options.get("status", 500)))


@scenario(Place.AFTER_COMMIT)
async def hold_after_commit(moment: Moment, _: Options) -> Response | None:
    """The showing is booked; the answer waits until the control API releases it (go_on false drops it)."""
    if moment.post and await moment.world.hold(moment.post):
        return None
    return Dropped()


@scenario(Place.AFTER_COMMIT, 62)
async def late_in_list(moment: Moment, options: Options) -> None:
    """The new showing appears in the account's own list only after `seconds` (5)."""
    if moment.showing:
        moment.world.hide(moment.showing, before=moment.before, seconds=float(options.get("seconds", 5)))
