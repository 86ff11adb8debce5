"""The control API under /control: create, switch, release and read everything. Its client is control.py."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from automation.simulator import demo, scenarios
from automation.simulator.records import Account, Fault, Listing, Showing
from automation.simulator.store import Store, new_id
from automation.simulator.world import COOKIE, World

T = TypeVar("T")
TOKEN_HEADER = "X-Control-Token"
_LONGEST_WAIT = 30.0  # seconds

Command = Callable[[World, dict[str, Any]], Awaitable[Any]]


def routes(token: str) -> list[BaseRoute]:
    """The control API for those who know `token`: every command is a POST of one JSON object."""

    def route(command: Command) -> Route:
        async def guarded(request: Request) -> Response:
            if not secrets.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
                return JSONResponse({"error": f"The header {TOKEN_HEADER} is not right."}, status_code=403)
            try:
                asked = await request.json()
                return JSONResponse(await command(World.of(request), asked))
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"error": f"{command.__name__}: {error}"}, status_code=422)

        return Route(f"/{command.__name__}", guarded, methods=["POST"])

    return [Mount("/control", routes=[route(command) for command in COMMANDS])]


async def reset(world: World, _: dict[str, Any]) -> None:
    world.forget()


async def seed(world: World, asked: dict[str, Any]) -> None:
    plant(world.store, str(asked["name"]))


async def set_clock(world: World, asked: dict[str, Any]) -> None:
    moment = datetime.fromisoformat(asked["moment"]) if asked["moment"] else None
    if moment and moment.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    world.store.set_clock(moment)


async def add_listing(world: World, asked: dict[str, Any]) -> str:
    listing = Listing.read({"id": new_id(), **asked})
    world.store.put_listing(listing)
    return listing.id


async def change_listing(world: World, asked: dict[str, Any]) -> None:
    listing = _known(world.store.listing(asked["id"]), "listing")
    changed = Listing.read(listing.written() | asked)
    world.store.put_listing(changed)
    if changed.is_sold and not listing.is_sold:
        world.store.cancel_all(changed)
    world.tell("slots_changed", listing=listing.id)


async def listings(world: World, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [one.written() for one in world.store.listings()]


async def slots(world: World, asked: dict[str, Any]) -> list[dict[str, str]]:
    listing = _known(world.store.listing(asked["listing_id"]), "listing")
    found = world.store.slots(listing, date.fromisoformat(asked["on"]))
    return [{"time": f"{slot.time:%H:%M}", "state": slot.state} for slot in found]


async def block_slot(world: World, asked: dict[str, Any]) -> int:
    listing = _known(world.store.listing(asked["listing_id"]), "listing")
    on, at = date.fromisoformat(asked["on"]), time.fromisoformat(asked["at"])
    block_id = world.store.block(listing.id, on=on, at=at, minutes=int(asked["minutes"]))
    world.tell("slots_changed", listing=listing.id)
    return block_id


async def unblock_slot(world: World, asked: dict[str, Any]) -> None:
    world.store.unblock(int(asked["block_id"]))


async def add_account(world: World, asked: dict[str, Any]) -> None:
    world.store.put_account(Account.read(asked | {"email": asked["email"].lower()}))


async def sign_in(world: World, asked: dict[str, Any]) -> dict[str, str]:
    """A session without the sign-in pages; an account that is not there yet is made."""
    email = asked["account"].lower()
    if world.store.account(email) is None:
        world.store.put_account(Account(email=email))
    return {"name": COOKIE, "value": world.store.open_session(email)}


async def sign_out(world: World, asked: dict[str, Any]) -> None:
    world.store.close_sessions(asked["account"].lower())


async def code(world: World, asked: dict[str, Any]) -> str | None:
    """The code as the account's owner can read it: once it has arrived, until it is used."""
    sent = world.store.code(asked["account"].lower())
    return sent.code if sent and sent.arrives_at <= world.store.now() else None


async def add_showing(world: World, asked: dict[str, Any]) -> str:
    """A showing that is simply there, whatever the rules say."""
    now = world.store.now()
    made = {"id": new_id(), "created_at": now.isoformat(), "visible_at": now.isoformat(), **asked}
    showing = Showing.read(made)
    _known(world.store.listing(showing.listing_id), "listing")
    if world.store.account(showing.account) is None:
        world.store.put_account(Account(email=showing.account))
    world.store.put_showing(showing)
    return showing.id


async def forget_showings(world: World, asked: dict[str, Any]) -> None:
    world.store.forget_showings(asked["account"].lower())


async def set_status(world: World, asked: dict[str, Any]) -> None:
    suggested = datetime.fromisoformat(asked["suggested"]) if asked.get("suggested") else None
    world.set_status(asked["showing_id"], str(asked["status"]), suggested=suggested)


async def showings(world: World, asked: dict[str, Any]) -> list[dict[str, Any]]:
    found = world.store.showings(account=asked.get("account"), listing_id=asked.get("listing_id"))
    return [one.written() for one in found]


async def set_fault(world: World, asked: dict[str, Any]) -> int:
    account = asked.get("account")
    fault = Fault.read({"id": 0, **asked, "account": account.lower() if account else None})
    if fault.name not in scenarios.SCENARIOS:
        raise ValueError(f"no scenario {fault.name!r}; there are {', '.join(sorted(scenarios.SCENARIOS))}")
    scenarios.require_playable(scenarios.SCENARIOS[fault.name], fault.options, times=fault.times)
    return world.store.add_fault(fault)


async def clear_faults(world: World, asked: dict[str, Any]) -> None:
    world.store.remove_faults(asked.get("name"))


async def faults(world: World, _: dict[str, Any]) -> list[dict[str, Any]]:
    return [one.written() for one in world.store.faults()]


async def list_scenarios(_: World, __: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in asdict(one).items() if name not in {"act", "change"}}
        for one in scenarios.SCENARIOS.values()
    ]


async def release(world: World, asked: dict[str, Any]) -> list[int]:
    return world.release(asked.get("post"), go_on=bool(asked.get("go_on", True)))


async def posts(world: World, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [one.written() for one in world.store.posts() if one.number > int(asked.get("after", 0))]


async def events(world: World, asked: dict[str, Any]) -> list[dict[str, Any]]:
    patience = min(float(asked.get("timeout", 0)), _LONGEST_WAIT)
    return [one.written() for one in await world.events(after=int(asked.get("after", 0)), patience=patience)]


def plant(store: Store, name: str) -> None:
    """Sows a named seed once; sown before, it changes nothing. "crowded" is the demo with a long own list."""
    if name not in demo.SEEDS:
        raise ValueError(f"no seed {name!r}; there are {', '.join(demo.SEEDS)}")
    with store.transaction():
        names = list(demo.SEEDS)
        sown = store.setting("seeded")
        for one in names[names.index(sown) + 1 if sown else 0 : names.index(name) + 1]:
            demo.SEEDS[one](store, now=datetime.now(UTC))
            store.set_setting("seeded", one)


def _known(found: T | None, what: str) -> T:
    if found is None:
        raise KeyError(f"there is no such {what}")
    return found


COMMANDS: tuple[Command, ...] = (
    reset, seed, set_clock, add_listing, change_listing, listings, slots, block_slot, unblock_slot,
    add_account, sign_in, sign_out, code, add_showing, forget_showings, set_status, showings, set_fault,
    clear_faults, faults, list_scenarios, release, posts, events,
)  # fmt: skip
