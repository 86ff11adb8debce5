"""An account's own showings: the list in pages, one showing, and the form that moves one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from automation.simulator import rows, rules, scenarios
from automation.simulator.guard import missing, signed_in, who
from automation.simulator.records import GIVEN_UP, Listing, Showing
from automation.simulator.scenarios import Place
from automation.simulator.slots import today
from automation.simulator.store import latest_first
from automation.simulator.world import Moment

PAGE_SIZE = 8


def own(moment: Moment) -> list[Showing]:
    """The account's showings as far as its list shows them yet, the latest start first."""
    store = moment.world.store
    now = store.now()
    listed = [rules.as_listed(one, now=now) for one in store.showings(account=who(moment).email)]
    return latest_first(one for one in listed if one)


@signed_in
async def notifications(_: Request, moment: Moment) -> Response:
    return JSONResponse({"notifications": len(own(moment))})


@signed_in
async def my_showings(request: Request, moment: Moment) -> Response:
    try:
        page = max(1, int(request.query_params.get("page", "1")))
    except ValueError:
        page = 1
    moment.path = f"{moment.path}?page={page}"
    if answer := await scenarios.answer_instead(Place.LIST, moment):
        return answer
    showings = _shifted(own(moment), scenarios.met("rows_shift", moment))
    first = (page - 1) * PAGE_SIZE
    shown = [rows.of_showing(moment.world.store, one) for one in showings[first : first + PAGE_SIZE]]
    lacking = scenarios.met("list_rows_missing", moment)
    said = scenarios.met("list_total", moment)
    return JSONResponse(
        {
            "total": len(showings),
            "page": page,
            "pages": -(-len(showings) // PAGE_SIZE),
            "showings": shown if lacking is None else shown[int(lacking.get("rows", PAGE_SIZE)) :],
            "saysTotal": None if said is None else len(showings) + int(said.get("more", 0)),
        }
    )


@signed_in
async def one_showing(request: Request, moment: Moment) -> Response:
    found = _found(request, moment)
    if found is None:
        return missing()
    showing, listing = found
    now = moment.world.store.now()
    return JSONResponse(
        rows.of_showing(moment.world.store, showing)
        | {
            "canCancel": rules.can_cancel(showing, listing, now=now),
            "canReschedule": rules.can_reschedule(showing, listing, now=now),
            "reasons": rules.REASONS,
            "scenarios": scenarios.page_scenarios(Place.SHOWING, replace(moment, listing=listing)),
        }
    )


@signed_in
async def time_change(request: Request, moment: Moment) -> Response:
    """What the wizard needs to move a showing."""
    found = _found(request, moment)
    if found is None:
        return missing()
    showing, listing = found
    now = moment.world.store.now()
    if not rules.can_reschedule(showing, listing, now=now):
        return JSONResponse({"error": "This showing can no longer be rescheduled"}, status_code=409)
    return JSONResponse(
        rows.of_listing(listing)
        | {
            "today": today(listing, now=now).isoformat(),
            "maxMinutes": listing.max_minutes,
            "original": rows.of_showing(moment.world.store, showing),
            "scenarios": scenarios.page_scenarios(Place.WIZARD, replace(moment, listing=listing)),
        }
    )


def _found(request: Request, moment: Moment) -> tuple[Showing, Listing] | None:
    """The account's showing that the address names, and its home as it shows now."""
    store = moment.world.store
    showing = store.showing(request.path_params["showing_id"])
    listing = store.listing(showing.listing_id) if showing else None
    if showing is None or listing is None or showing.account != who(moment).email:
        return None
    return showing, scenarios.bent(listing, moment)


def _shifted(showings: list[Showing], options: dict[str, Any] | None) -> list[Showing]:
    """Where rows shift: what is given up goes to the end of the list, or out of it."""
    if options is None:
        return showings
    live = [one for one in showings if one.status not in GIVEN_UP]
    return live if options.get("gone") else live + [one for one in showings if one.status in GIVEN_UP]


ROUTES: list[BaseRoute] = [
    Route("/me/notifications", notifications),
    Route("/my/showings", my_showings),
    Route("/my/showings/{showing_id}", one_showing),
    Route("/my/showings/{showing_id}/time_change", time_change),
]
