"""The register of scenarios: everything the site can do wrong, late or differently, one small thing each.

A scenario is off until the control API switches it on (`Control.set_fault`) for a listing, an account,
the next N times, or all of these. To add one, write a function under the decorator of the place where it
steps in; when the page alone behaves differently, add a `_page(...)` line and one `if` in the page's script.
The numbers (`facts`) are those of the project's list of 83 things that the real site does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

from automation.simulator.connections import Dropped
from automation.simulator.records import Listing
from automation.simulator.world import Moment

Options = dict[str, Any]
Act = Callable[[Moment, Options], Awaitable[Response | None]]
Change = Callable[[Listing, Options], Listing]


class Place(StrEnum):
    """Where a scenario steps in."""

    REQUEST = "request"  # any request of the browser, before it is looked at
    SEARCH = "search"  # a search, before it is answered
    LISTING = "listing"  # the listing's data, wherever they are shown or obeyed
    BEFORE_COMMIT = "before_commit"  # the submit has arrived, nothing is booked
    AFTER_COMMIT = "after_commit"  # the showing is booked, the browser does not know yet
    SHELL = "shell"  # the page's script, once per load of the page
    WIZARD = "wizard"  # the page's script, once per opening of the wizard


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that can be switched on. `act` may answer in the site's stead; `change` bends a listing."""

    name: str
    facts: tuple[int, ...]
    about: str
    place: Place
    act: Act | None = None
    change: Change | None = None


SCENARIOS: dict[str, Scenario] = {}


async def answer_instead(place: Place, moment: Moment) -> Response | None:
    """Plays what is switched on at this place; the site must send a Response that comes back, and stop."""
    for scenario, options in _switched_on(place, moment):
        if scenario.act and (answer := await scenario.act(moment, options)):
            return answer
    return None


def bent(listing: Listing, moment: Moment) -> Listing:
    """The listing as the scenarios let it look; counted scenarios make no sense here and are not used up."""
    here = replace(moment, listing=listing)
    for fault in moment.world.store.faults():
        scenario = SCENARIOS[fault.name]
        if scenario.place is Place.LISTING and scenario.change and here.meets(fault):
            listing = scenario.change(listing, fault.options)
    return listing


def page_scenarios(place: Place, moment: Moment) -> dict[str, Options]:
    """What the page's script must do differently: scenario names with their options."""
    return {scenario.name: options for scenario, options in _switched_on(place, moment)}


def _switched_on(place: Place, moment: Moment) -> Iterator[tuple[Scenario, Options]]:
    store = moment.world.store
    for fault in store.faults():
        scenario = SCENARIOS[fault.name]
        if scenario.place is place and moment.meets(fault) and store.take_fault(fault):
            yield scenario, fault.options


def _scenario(place: Place, *facts: int) -> Callable[[Act], Act]:
    def register(act: Act) -> Act:
        name, about = act.__name__, (act.__doc__ or "").strip()
        SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=place, act=act)
        return act

    return register


def _listing(name: str, *facts: int, about: str, change: Change) -> None:
    SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=Place.LISTING, change=change)


def _page(name: str, *facts: int, place: Place, about: str) -> None:
    SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=place)


# Any request


@_scenario(Place.REQUEST, 81)
async def slow(_: Moment, options: Options) -> None:
    """Every request takes `seconds` longer (0.5); `path` limits it to paths with that in them."""
    await asyncio.sleep(float(options.get("seconds", 0.5)))


@_scenario(Place.REQUEST, 57)
async def white_page(_: Moment, options: Options) -> Response:
    """Every request is answered with an empty error page, status `status` (502)."""
    return HTMLResponse("<html><body></body></html>", status_code=int(options.get("status", 502)))


@_scenario(Place.REQUEST, 5, 6)
async def session_dies(moment: Moment, _: Options) -> None:
    """The account's session is gone from this request on; `path` says at which."""
    if moment.account:
        moment.world.store.close_sessions(moment.account.email)


# Search


@_scenario(Place.SEARCH, 16)
async def late_results(_: Moment, options: Options) -> None:
    """Search results come `seconds` late (3)."""
    await asyncio.sleep(float(options.get("seconds", 3)))


@_scenario(Place.SEARCH, 15)
async def no_results(_: Moment, __: Options) -> Response:
    """The search finds nothing, as while the MLS feed lags."""
    return JSONResponse([])


# The listing's rules

_listing(
    "showings_off", 22, about="No booking button.", change=lambda one, _: replace(one, showings_on=False)
)
_listing(
    "approval_forced",
    24,
    about="An auto-confirm listing asks for approval after all.",
    change=lambda one, _: replace(one, auto_confirm=False),
)
_listing(
    "min_notice",
    36,
    about="The first `hours` (3) from now cannot be booked.",
    change=lambda one, options: replace(one, notice_hours=int(options.get("hours", 3))),
)
_listing(
    "max_duration",
    32,
    about="The longest showing takes `minutes` (15).",
    change=lambda one, options: replace(one, max_minutes=int(options.get("minutes", 15))),
)
_listing(
    "overlap_forbidden",
    40,
    about="Taken slots are salmon.",
    change=lambda one, _: replace(one, overlaps_allowed=False),
)
_listing("no_slots", 38, about="No slot on any day.", change=lambda one, _: replace(one, days_ahead=-1))

# The submit, before anything is booked


@_scenario(Place.BEFORE_COMMIT, 51)
async def submit_500(_: Moment, __: Options) -> Response:
    """The submit answers 500 and books nothing."""
    return JSONResponse({"error": "Something went wrong"}, status_code=500)


@_scenario(Place.BEFORE_COMMIT, 56)
async def rate_limit(_: Moment, options: Options) -> Response:
    """The submit answers 429 with Retry-After `seconds` (30) and books nothing."""
    headers = {"Retry-After": str(options.get("seconds", 30))}
    return JSONResponse({"error": "Too many requests"}, status_code=429, headers=headers)


@_scenario(Place.BEFORE_COMMIT, 48)
async def challenge(_: Moment, __: Options) -> Response:
    """The submit answers 200 but asks whether a human is there, and books nothing."""
    return JSONResponse({"showChallenge": True})


@_scenario(Place.BEFORE_COMMIT, 42)
async def slot_taken_at_submit(moment: Moment, _: Options) -> None:
    """Somebody else takes the slot a moment before the submit, which the site then refuses."""
    if moment.listing and moment.post:
        moment.world.take(moment.listing, moment.post.body)


@_scenario(Place.BEFORE_COMMIT, 53)
async def dropped_before_commit(_: Moment, __: Options) -> Response:
    """The connection breaks during the submit and nothing is booked."""
    return Dropped()


@_scenario(Place.BEFORE_COMMIT)
async def hold_before_commit(moment: Moment, _: Options) -> Response | None:
    """The submit waits, nothing booked, until the control API releases it (go_on false drops it)."""
    if moment.post and await moment.world.hold(moment.post):
        return None
    return Dropped()


# The submit, after the booking and before its answer


@_scenario(Place.AFTER_COMMIT, 52)
async def dropped_after_commit(_: Moment, __: Options) -> Response:
    """The showing is booked and the connection breaks before the answer."""
    return Dropped()


@_scenario(Place.AFTER_COMMIT, 52)
async def answer_late(_: Moment, options: Options) -> None:
    """The showing is booked and the answer comes `seconds` late (60)."""
    await asyncio.sleep(float(options.get("seconds", 60)))


@_scenario(Place.AFTER_COMMIT, 52)
async def error_after_commit(_: Moment, options: Options) -> Response:
    """The showing is booked and the answer is an error all the same, status `status` (500)."""
    return JSONResponse({"error": "Something went wrong"}, status_code=int(options.get("status", 500)))


@_scenario(Place.AFTER_COMMIT)
async def hold_after_commit(moment: Moment, _: Options) -> Response | None:
    """The showing is booked; the answer waits until the control API releases it (go_on false drops it)."""
    if moment.post and await moment.world.hold(moment.post):
        return None
    return Dropped()


@_scenario(Place.AFTER_COMMIT, 62)
async def late_in_list(moment: Moment, options: Options) -> None:
    """The new showing appears in the account's own list only after `seconds` (5)."""
    if moment.showing:
        moment.world.hide(moment.showing, seconds=float(options.get("seconds", 5)))


# The page's own behaviour

_page(
    "popover_eats_click",
    45,
    place=Place.WIZARD,
    about="An open duration popover swallows the first submit click.",
)
_page(
    "rerender_drops_selection",
    43,
    place=Place.WIZARD,
    about="The first scroll of the page drops the selection.",
)
_page("submit_stays_disabled", 46, place=Place.WIZARD, about="The submit button never becomes enabled.")
_page(
    "terms_dialog",
    47,
    place=Place.WIZARD,
    about="A dialog asks to agree to terms before the submit goes out.",
)
_page(
    "recaptcha_blocked",
    49,
    place=Place.WIZARD,
    about="The submit click leads to no POST, the button spins on.",
)
_page("live_blocked", 50, place=Place.WIZARD, about="The wizard spins for ever.")
_page("no_toast", 54, place=Place.WIZARD, about="No message after a booking.")
_page(
    "signed_out_bounces",
    6,
    place=Place.SHELL,
    about="Signed out midway, it goes to the sign-in page at once.",
)
_page(
    "overlay_closes",
    17,
    place=Place.SHELL,
    about="The search overlay closes by itself as results arrive, once.",
)
_page("product_tour", 79, place=Place.SHELL, about="A product tour lies over the page until it is closed.")
_page("chat_bubble", 80, place=Place.SHELL, about="A chat bubble opens over the bottom right corner.")
