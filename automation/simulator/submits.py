"""The three requests that change something: book, cancel, reschedule. Each is kept as evidence first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from automation.simulator import rules, scenarios
from automation.simulator.connections import Dropped
from automation.simulator.guard import json_body, missing, signed_out
from automation.simulator.records import Post, Showing
from automation.simulator.scenarios import Place
from automation.simulator.world import Moment, World


async def book(request: Request) -> Response:
    """POST /listing/<id>/appointment: {"date", "time", "duration"} and what the profile says."""
    return await _receive(request, "book", listing_id=request.path_params["listing_id"])


async def cancel(request: Request) -> Response:
    """POST /appointment/<showing id>/cancel: {"reason"}."""
    return await _receive(request, "cancel", showing_id=request.path_params["showing_id"])


async def reschedule(request: Request) -> Response:
    """POST /appointment/<showing id>/time_change: {"date", "time", "duration"}."""
    return await _receive(request, "reschedule", showing_id=request.path_params["showing_id"])


async def _receive(
    request: Request, kind: str, *, listing_id: str = "", showing_id: str | None = None
) -> Response:
    world = World.of(request)
    account = world.account(request)
    showing = world.store.showing(showing_id) if showing_id else None
    listing_id = showing.listing_id if showing else listing_id
    post = world.store.receive_post(
        kind,
        listing_id=listing_id,
        showing_id=showing_id,
        account=account.email if account else None,
        body=await json_body(request),
    )
    world.tell("post_received", post=post.number, listing=listing_id)
    moment = Moment(
        world=world,
        account=account,
        listing=world.store.listing(listing_id),
        post=post,
        showing=showing,
        path=request.url.path,
    )
    answer: Response | None = None
    try:
        answer = await _answer(moment, post)
        return answer
    finally:
        _close(world, post, answer)


async def _answer(moment: Moment, post: Post) -> Response:
    if moment.account is None:
        return signed_out()
    if moment.listing is None or _is_strange(moment, post):
        return missing()
    moment.commit = partial(_commit, moment, post)
    if answer := await scenarios.answer_instead(Place.BEFORE_COMMIT, moment):
        return answer
    try:
        showing = moment.commit()
    except rules.Refused as no:
        return JSONResponse({"error": no.message}, status_code=no.status)
    if answer := await scenarios.answer_instead(Place.AFTER_COMMIT, moment):
        return answer
    return JSONResponse({"_id": showing.id, "status": showing.status})


def _is_strange(moment: Moment, post: Post) -> bool:
    """Whether the showing to be changed is not there, or somebody else's."""
    if post.kind == "book":
        return False
    return moment.showing is None or moment.showing.account != post.account


def _commit(moment: Moment, post: Post) -> Showing:
    world = moment.world
    before = world.store.showing(moment.showing.id) if moment.showing else None
    showing = _done(moment, before, post)
    moment.before, moment.showing = before, showing
    moment.post = world.store.change_post(post.number, committed=True, showing_id=showing.id)
    world.tell("post_committed", post=post.number, showing=showing.id)
    world.tell("slots_changed", listing=showing.listing_id)
    return showing


def _done(moment: Moment, before: Showing | None, post: Post) -> Showing:
    """What the submit asks for, by the listing's present rules; raises Refused."""
    assert moment.account is not None
    assert moment.listing is not None
    store = moment.world.store
    listing = scenarios.bent(store.listing(moment.listing.id) or moment.listing, moment)
    if before is None:
        return rules.book(store, listing, moment.account, post.body)
    act = rules.cancel if post.kind == "cancel" else rules.reschedule
    if before.earlier:  # the list stops lagging behind the former change, and may lag behind this one
        before = replace(before, earlier=None, visible_at=store.now())
    return act(store, listing, before, post.body)


def _close(world: World, post: Post, answer: Response | None) -> None:
    status = None if answer is None or isinstance(answer, Dropped) else answer.status_code
    closed = world.store.change_post(post.number, state="done", answer=status)
    if closed is not None:
        world.tell("post_done", post=post.number, committed=closed.committed, answer=status)


ROUTES: list[BaseRoute] = [
    Route("/listing/{listing_id}/appointment", book, methods=["POST"]),
    Route("/appointment/{showing_id}/cancel", cancel, methods=["POST"]),
    Route("/appointment/{showing_id}/time_change", reschedule, methods=["POST"]),
]
