"""What a browser sees of the local BrokerBay: the shell, the JSON behind its pages."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from automation.simulator import my_showings, pictures, rows, scenarios
from automation.simulator.guard import json_body, missing, signed_in, who
from automation.simulator.records import Account, Listing
from automation.simulator.scenarios import Place
from automation.simulator.search import find
from automation.simulator.slots import read_day, today
from automation.simulator.world import Moment, World

STATIC = Path(__file__).parent / "static"
CONTACT_FIELDS = ("First name", "Last name", "E-mail", "Company", "Phone")
_KEEP_ALIVE = 15.0  # seconds
_LISTING_PATH = re.compile(r"^/listing/([0-9a-f]{24})\b")
_SHOWING_PATH = re.compile(r"^/(?:appointment|my/showings)/([0-9a-f]{24})\b")
_UNTOUCHED = ("/control", "/static", "/photo", "/live")


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
        account = self._world.account(request)
        return Moment(world=self._world, account=account, listing=self._listing(path), path=path)

    def _listing(self, path: str) -> Listing | None:
        """The home that an address is about, by its own id or by a showing's."""
        store = self._world.store
        if found := _LISTING_PATH.match(path):
            return store.listing(found[1])
        found = _SHOWING_PATH.match(path)
        showing = store.showing(found[1]) if found else None
        return store.listing(showing.listing_id) if showing else None


async def shell(request: Request) -> Response:
    if World.of(request).account(request) is None:
        return RedirectResponse("/auth/login", status_code=302)
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-store"})


@signed_in
async def me(_: Request, moment: Moment) -> Response:
    account = who(moment)
    return JSONResponse(
        {
            "name": account.name,
            "initials": "".join(word[0] for word in account.name.split()[:2]).upper(),
            "email": account.email,
            "brokerage": account.brokerage,
            "office": account.office,
            "notifications": len(my_showings.own(moment)),
            "scenarios": scenarios.page_scenarios(Place.SHELL, moment),
        }
    )


@signed_in
async def search(request: Request, moment: Moment) -> Response:
    if answer := await scenarios.answer_instead(Place.SEARCH, moment):
        return answer
    known = [one for one in moment.world.store.listings() if _is_known(one, moment)]
    hits = find(known, request.query_params.get("input", ""))[:25]
    shown = [one for one in hits if scenarios.met("feed_lag", replace(moment, listing=one)) is None]
    return JSONResponse([rows.of_listing(scenarios.bent(one, moment)) for one in shown])


@signed_in
async def listing_page(request: Request, moment: Moment) -> Response:
    listing = _listing(request, moment)
    return JSONResponse(rows.of_listing(listing) | rows.details(listing)) if listing else missing()


@signed_in
async def wizard(request: Request, moment: Moment) -> Response:
    listing = _listing(request, moment)
    if listing is None or not listing.is_bookable:
        return missing()
    here = replace(moment, listing=listing)
    differently = scenarios.page_scenarios(Place.WIZARD, here)
    if moment.world.store.setting(_contact_key(who(moment))):
        differently.pop("contact_form", None)
    return JSONResponse(
        rows.of_listing(listing)
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
        return missing()
    try:
        day = read_day(request.query_params.get("date", ""))
    except ValueError:
        return JSONResponse({"error": "Which date?"}, status_code=422)
    found = moment.world.store.slots(listing, day, moving=request.query_params.get("moving", ""))
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
    heard = world.store.last_event()

    async def changes() -> AsyncIterator[str]:
        after = heard
        yield "retry: 1000\n\n"
        while True:
            for event in await world.events(after=after, patience=_KEEP_ALIVE):
                after = event.number
                if event.kind == "slots_changed" and event.details["listing"] == listing_id:
                    yield "data: changed\n\n"
            yield ": still here\n\n"

    return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@signed_in
async def live_chosen(request: Request, moment: Moment) -> Response:
    """In `slot_taken_while_chosen` a wizard tells what is chosen, and somebody else takes it."""
    listing = moment.world.store.listing(request.query_params.get("listing", ""))
    if listing is None:
        return missing()
    moment.world.take(listing, dict(request.query_params))
    return JSONResponse({})


@signed_in
async def save_contact(request: Request, moment: Moment) -> Response:
    """The details that an agent gives who is no verified one; once saved they are not asked for again."""
    body = await json_body(request)
    if lacking := [name for name in CONTACT_FIELDS if not str(body.get(name, "")).strip()]:
        return JSONResponse({"error": f"Please fill in: {', '.join(lacking)}"}, status_code=422)
    moment.world.store.set_setting(_contact_key(who(moment)), json.dumps(body))
    moment.world.tell("contact_saved", account=who(moment).email)
    return JSONResponse({"saved": True})


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


ROUTES: list[BaseRoute] = [
    Route("/", shell),
    Route("/me", me),
    Route("/me/contact", save_contact, methods=["POST"]),
    Route("/live/slots", live_slots),
    Route("/live/chosen", live_chosen),
    Route("/search/listings", search),
    Route("/listing/{listing_id}", listing_page),
    Route("/listing/{listing_id}/booking", wizard),
    Route("/listing/{listing_id}/slots", slots),
    Route("/photo/{listing_id}.svg", photo),
    Mount("/static", StaticFiles(directory=STATIC)),
]
