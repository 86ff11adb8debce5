"""Scenarios of the submit: before anything is booked, and after it, before the answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, time
from functools import partial

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


@scenario(Place.BEFORE_COMMIT, 52)
async def commits_late(moment: Moment, options: Options) -> Response:
    """The connection breaks, and the submit is done all the same, `seconds` (5) later."""
    if moment.commit:
        moment.world.later(moment.commit, seconds=float(options.get("seconds", 5)))
    return Dropped()


@scenario(Place.BEFORE_COMMIT, 78)
async def cancelled_meanwhile(moment: Moment, _: Options) -> None:
    """The listing side cancels the showing a moment before it is moved or cancelled."""
    if moment.showing:
        moment.world.set_status(moment.showing.id, "Cancelled")


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
async def half_written(_: Moment, options: Options) -> Response:
    """The showing is booked; the connection breaks within the answer's headers, with `body` after them."""
    headers = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"
    return Dropped(beginning=headers + b'\r\n{"_id": "' if options.get("body") else headers)


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


@scenario(Place.AFTER_COMMIT, 28, 29, 30)
async def listing_side_answers(moment: Moment, options: Options) -> None:
    """After `seconds` (0) the badge becomes `status` (Confirmed); with `at`, that time is suggested."""
    showing = moment.showing
    if showing is None:
        return
    status, at = str(options.get("status", "Confirmed")), options.get("at")
    suggested = datetime.combine(showing.date, time.fromisoformat(str(at))) if at else None
    answer = partial(moment.world.set_status, showing.id, status, suggested=suggested)
    moment.world.later(answer, seconds=float(options.get("seconds", 0)))
