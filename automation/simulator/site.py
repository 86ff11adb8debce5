"""What a browser sees of the local BrokerBay: the shell, the JSON behind its pages, and the submit."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from automation.simulator import pictures, scenarios
from automation.simulator.connections import Dropped
from automation.simulator.records import Account, Listing, Showing
from automation.simulator.scenarios import Place
from automation.simulator.search import find
from automation.simulator.slots import read_day, today
from automation.simulator.store import Refused
from automation.simulator.world import Moment, World

STATIC = Path(__file__).parent / "static"
PAGE_SIZE = 8
CONTACT_FIELDS = ("First name", "Last name", "E-mail", "Company", "Phone")
_KEEP_ALIVE = 15.0  # seconds
_LISTING_PATH = re.compile(r"^/listing/([0-9a-f]{24})\b")
_UNTOUCHED = ("/control", "/static", "/photo", "/live")

Handler = Callable[[Request, Moment], Awaitable[Response]]


class WrongOrLate:
    """Lets the scenarios of any request step in before the site looks at it."""

    def __init__(self, app: ASGIApp, *, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNTOUCHED):
            await self._app(scope, receive, send)
            return
        answer = await scenarios.answer_instead(Place.REQUEST, self._moment(Request(scope)))
        await (answer or self._app)(scope, receive, send)

    def _moment(self, request: Request) -> Moment:
        path = request.url.path
        found = _LISTING_PATH.match(path)
        listing = self._world.store.listing(found[1]) if found else None
        return Moment(world=self._world, account=self._world.account(request), listing=listing, path=path)


async def shell(request: Request) -> Response:
    if World.of(request).account(request) is None:
        return RedirectResponse("/auth/login", status_code=302)
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-store"})


def signed_in(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """For JSON endpoints: 401 for strangers, else the handler with who asks."""

    async def guarded(request: Request) -> Response:
        world = World.of(request)
        account = world.account(request)
        if account is None:
            return _signed_out()
        return await handler(request, Moment(world=world, account=account, path=request.url.path))

    return guarded


@signed_in
async def me(_: Request, moment: Moment) -> Response:
    account = _who(moment)
    return JSONResponse(
        {
            "name": account.name,
            "initials": "".join(word[0] for word in account.name.split()[:2]).upper(),
            "email": account.email,
            "brokerage": account.brokerage,
            "office": account.office,
            "notifications": len(_own(moment)),
            "scenarios": scenarios.page_scenarios(Place.SHELL, moment),
        }
    )


@signed_in
async def notifications(_: Request, moment: Moment) -> Response:
    return JSONResponse({"notifications": len(_own(moment))})


@signed_in
async def search(request: Request, moment: Moment) -> Response:
    if answer := await scenarios.answer_instead(Place.SEARCH, moment):
        return answer
    known = [one for one in moment.world.store.listings() if _is_known(one, moment)]
    hits = find(known, request.query_params.get("input", ""))[:25]
    shown = [one for one in hits if scenarios.met("feed_lag", replace(moment, listing=one)) is None]
    return JSONResponse([_row(scenarios.bent(one, moment)) for one in shown])


@signed_in
async def listing_page(request: Request, moment: Moment) -> Response:
    listing = _listing(request, moment)
    return JSONResponse(_row(listing) | _details(listing)) if listing else _missing()


@signed_in
async def wizard(request: Request, moment: Moment) -> Response:
    listing = _listing(request, moment)
    if listing is None or not listing.is_bookable:
        return _missing()
    here = replace(moment, listing=listing)
    differently = scenarios.page_scenarios(Place.WIZARD, here)
    if moment.world.store.setting(_contact_key(_who(moment))):
        differently.pop("contact_form", None)
    return JSONResponse(
        _row(listing)
        | {
            "today": today(listing, now=moment.world.store.now()).isoformat(),
            "maxMinutes": listing.max_minutes,
            "scenarios": differently,
        }
    )


@signed_in
async def slots(request: Request, moment: Moment) -> Response:
    listing = _listing(request, moment)
    if listing is None:
        return _missing()
    try:
        day = read_day(request.query_params.get("date", ""))
    except ValueError:
        return JSONResponse({"error": "Which date?"}, status_code=422)
    found = moment.world.store.slots(listing, day)
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(listing.time_zone))
    return JSONResponse(
        {
            "date": day.isoformat(),
            "zone": noon.tzname(),
            "timeZone": listing.time_zone,
            "slots": [{"time": f"{slot.time:%H:%M}", "state": slot.state} for slot in found],
        }
    )


@signed_in
async def live_slots(request: Request, moment: Moment) -> Response:
    """Server-sent events: one whenever the slots of `listing` may have changed (really: Pusher)."""
    world, listing_id = moment.world, request.query_params.get("listing", "")

    async def changes() -> AsyncIterator[str]:
        after = world.store.last_event()
        yield "retry: 1000\n\n"
        while True:
            for event in await world.events(after=after, patience=_KEEP_ALIVE):
                after = event.number
                if event.kind == "slots_changed" and event.details["listing"] == listing_id:
                    yield "data: changed\n\n"
            yield ": still here\n\n"

    return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@signed_in
async def save_contact(request: Request, moment: Moment) -> Response:
    """The details that an agent gives who is no verified one; once saved they are not asked for again."""
    body = await _body(request)
    if lacking := [name for name in CONTACT_FIELDS if not str(body.get(name, "")).strip()]:
        return JSONResponse({"error": f"Please fill in: {', '.join(lacking)}"}, status_code=422)
    moment.world.store.set_setting(_contact_key(_who(moment)), json.dumps(body))
    moment.world.tell("contact_saved", account=_who(moment).email)
    return JSONResponse({"saved": True})


async def submit(request: Request) -> Response:
    """POST …/appointment: kept as evidence first, whatever becomes of it."""
    world = World.of(request)
    account = world.account(request)
    listing_id = request.path_params["listing_id"]
    post = world.store.receive_post(
        listing_id=listing_id, account=account.email if account else None, body=await _body(request)
    )
    world.tell("post_received", post=post.number, listing=listing_id)
    moment = Moment(world=world, account=account, listing=world.store.listing(listing_id), post=post)
    try:
        answer = await _answer_submit(moment)
    except BaseException:
        _close_post(moment, None)
        raise
    _close_post(moment, answer)
    return answer


async def _answer_submit(moment: Moment) -> Response:
    world, post = moment.world, moment.post
    assert post is not None
    if moment.account is None:
        return _signed_out()
    if moment.listing is None:
        return _missing()
    if answer := await scenarios.answer_instead(Place.BEFORE_COMMIT, moment):
        return answer
    listing = scenarios.bent(moment.listing, moment)
    try:
        moment.showing = showing = world.store.book(listing, moment.account, post.body)
    except Refused as no:
        return JSONResponse({"error": no.message}, status_code=no.status)
    moment.post = world.store.change_post(post, committed=True, showing_id=showing.id) or post
    world.tell("post_committed", post=post.number, showing=showing.id)
    world.tell("slots_changed", listing=listing.id)
    if answer := await scenarios.answer_instead(Place.AFTER_COMMIT, moment):
        return answer
    return JSONResponse({"_id": showing.id, "status": showing.status})


def _close_post(moment: Moment, answer: Response | None) -> None:
    assert moment.post is not None
    status = None if answer is None or isinstance(answer, Dropped) else answer.status_code
    post = moment.world.store.change_post(moment.post, state="done", answer=status)
    if post is not None:
        moment.world.tell("post_done", post=post.number, committed=post.committed, answer=status)


@signed_in
async def my_showings(request: Request, moment: Moment) -> Response:
    own = _own(moment)
    try:
        page = max(1, int(request.query_params.get("page", "1")))
    except ValueError:
        page = 1
    first = (page - 1) * PAGE_SIZE
    rows = [_showing(moment.world, one) for one in own[first : first + PAGE_SIZE]]
    return JSONResponse(
        {"total": len(own), "page": page, "pages": -(-len(own) // PAGE_SIZE), "showings": rows}
    )


@signed_in
async def one_showing(request: Request, moment: Moment) -> Response:
    showing = moment.world.store.showing(request.path_params["showing_id"])
    if showing is None or showing.account != _who(moment).email:
        return _missing()
    return JSONResponse(_showing(moment.world, showing))


async def photo(request: Request) -> Response:
    drawn = pictures.house(request.path_params["listing_id"])
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})


def _listing(request: Request, moment: Moment) -> Listing | None:
    listing = moment.world.store.listing(request.path_params["listing_id"])
    return scenarios.bent(listing, moment) if listing and _is_known(listing, moment) else None


def _is_known(listing: Listing, moment: Moment) -> bool:
    """Whether the MLS feed has brought the listing by now."""
    return listing.appears_at is None or listing.appears_at <= moment.world.store.now()


def _contact_key(account: Account) -> str:
    return f"contact {account.email}"


def _own(moment: Moment) -> list[Showing]:
    """The account's showings, as far as its list shows them yet."""
    store = moment.world.store
    now = store.now()
    return [one for one in store.showings(account=_who(moment).email) if one.visible_at <= now]


def _who(moment: Moment) -> Account:
    assert moment.account is not None
    return moment.account


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _signed_out() -> Response:
    return JSONResponse({"error": "You have been logged out. Please log back in."}, status_code=401)


def _missing() -> Response:
    return JSONResponse({"error": "Not found"}, status_code=404)


def _row(listing: Listing) -> dict[str, Any]:
    return {
        "_id": listing.id,
        "mls": f"{listing.board}: {listing.mls_number}",
        "badge": listing.badge,
        "rowAddress": listing.row_address,
        "address": listing.address,
        "cityLine": f"{listing.city}, {listing.province}",
        "place": listing.place,
        "price": f"${listing.price:,}" + ("/mo" if listing.deal == "lease" else ""),
        "deal": "For Lease" if listing.deal == "lease" else "For Sale",
        "days": listing.days_on_market,
        "brokerage": listing.brokerage,
        "agents": listing.agents,
        "bookable": listing.is_bookable,
        "status": "Sold" if listing.is_sold else "Active" if listing.is_active else "Inactive",
        "autoConfirm": listing.auto_confirm,
        "photo": f"/photo/{listing.id}.svg",
    }


def _details(listing: Listing) -> dict[str, Any]:
    return {"kind": listing.kind, "beds": listing.beds, "baths": listing.baths, "number": listing.mls_number}


def _showing(world: World, showing: Showing) -> dict[str, Any]:
    listing = world.store.listing(showing.listing_id)
    return {
        "_id": showing.id,
        "listing": _row(listing) if listing else None,
        "date": showing.date.isoformat(),
        "time": f"{showing.time:%H:%M}",
        "minutes": showing.minutes,
        "status": showing.status,
        "showingType": showing.showing_type,
        "instructionBy": showing.instruction_by,
        "note": showing.note,
    }


ROUTES: list[BaseRoute] = [
    Route("/", shell),
    Route("/me", me),
    Route("/me/notifications", notifications),
    Route("/me/contact", save_contact, methods=["POST"]),
    Route("/live/slots", live_slots),
    Route("/search/listings", search),
    Route("/listing/{listing_id}", listing_page),
    Route("/listing/{listing_id}/booking", wizard),
    Route("/listing/{listing_id}/slots", slots),
    Route("/listing/{listing_id}/appointment", submit, methods=["POST"]),
    Route("/my/showings", my_showings),
    Route("/my/showings/{showing_id}", one_showing),
    Route("/photo/{listing_id}.svg", photo),
    Mount("/static", StaticFiles(directory=STATIC)),
]
