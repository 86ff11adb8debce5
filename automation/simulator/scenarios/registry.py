"""The register of scenarios: everything the site can do wrong, late or differently, one small thing each.

A scenario is off until the control API switches it on (`Control.set_fault`) for a listing, an account,
the next N times, or all of these. To add one, write a function under the decorator of the place where it
steps in; when the page alone behaves differently, add a `page_rule(...)` line and one `if` in the page's
script. Its options stand in backticks in what it is about; options.py says what each can be.
The numbers (`facts`) are those of the project's list of 83 things that the real site does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from starlette.responses import Response

from automation.simulator.records import Listing
from automation.simulator.world import Moment

Options = dict[str, Any]
Act = Callable[[Moment, Options], Awaitable[Response | None]]
Change = Callable[[Listing, Options], Listing]


class Place(StrEnum):
    """Where a scenario steps in."""

    REQUEST = "request"  # any request of the browser, before it is looked at
    SIGN_IN = "sign_in"  # one step of the sign-in
    SEARCH = "search"  # a search, before it is answered
    HIT = "hit"  # a listing that a search has found, before it is shown
    LISTING = "listing"  # the listing's data, wherever they are shown or obeyed
    BEFORE_COMMIT = "before_commit"  # a submit has arrived, nothing is done
    AFTER_COMMIT = "after_commit"  # it is booked, cancelled or moved, the browser does not know yet
    LIST = "list"  # the account's own list, before a page of it is answered
    SHELL = "shell"  # the page's script, once per load of the page
    WIZARD = "wizard"  # the page's script, once per opening of the wizard, also of the form that moves one
    SHOWING = "showing"  # the page's script, once per opening of a showing's own page


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that can be switched on. `act` may answer in the site's stead; `change` bends a listing.

    `about` names in backticks the options that it knows, besides those that limit any scenario.
    """

    name: str
    facts: tuple[int, ...]
    about: str
    place: Place
    act: Act | None = None
    change: Change | None = None

    @property
    def options(self) -> frozenset[str]:
        """
        >>> sorted(Scenario(name="late", facts=(), about="`seconds` late (3)", place=Place.LIST).options)
        ['kind', 'path', 'seconds']
        """
        return frozenset(re.findall(r"`(\w+)`", self.about)) - {"times"} | {"path", "kind"}


SCENARIOS: dict[str, Scenario] = {}


async def answer_instead(place: Place, moment: Moment) -> Response | None:
    """Plays what is switched on at this place; the site must send a Response that comes back, and stop."""
    for scenario, options in _switched_on(place, moment, acting=True):
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
    return {scenario.name: options for scenario, options in _switched_on(place, moment, acting=False)}


def met(name: str, moment: Moment) -> Options | None:
    """The options of one scenario where it is switched on, which uses it once; else None."""
    store = moment.world.store
    for fault in store.faults():
        if fault.name == name and moment.meets(fault) and store.take_fault(fault):
            return fault.options
    return None


def _switched_on(place: Place, moment: Moment, *, acting: bool) -> Iterator[tuple[Scenario, Options]]:
    store = moment.world.store
    for fault in store.faults():
        scenario = SCENARIOS[fault.name]
        fits = scenario.place is place and (scenario.act is not None) is acting
        if fits and moment.meets(fault) and store.take_fault(fault):
            yield scenario, fault.options


def scenario(place: Place, *facts: int) -> Callable[[Act], Act]:
    def register(act: Act) -> Act:
        name, about = act.__name__, (act.__doc__ or "").strip()
        SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=place, act=act)
        return act

    return register


def listing_rule(name: str, *facts: int, about: str, change: Change) -> None:
    SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=Place.LISTING, change=change)


def page_rule(name: str, *facts: int, place: Place, about: str) -> None:
    SCENARIOS[name] = Scenario(name=name, facts=facts, about=about, place=place)
