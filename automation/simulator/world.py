"""The running site around its store: who asks, what happened, which submits are held back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request

from automation.simulator.records import Account, Event, Fault, Listing, Post, Showing
from automation.simulator.store import Refused, Store, wish

COOKIE = "brokerbay_session"


class World:
    """What every handler shares; lives in `app.state.world`, on the server's one thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._news: set[asyncio.Event] = set()
        self._held: dict[int, asyncio.Future[bool]] = {}

    @staticmethod
    def of(request: Request) -> World:
        world: World = request.app.state.world
        return world

    def account(self, request: Request) -> Account | None:
        """Who is signed in, if anybody."""
        return self.store.signed_in(request.cookies.get(COOKIE, ""))

    def tell(self, kind: str, **details: Any) -> None:
        """Notes an event and wakes those who wait for one."""
        self.store.add_event(kind, details)
        for waiting in self._news:
            waiting.set()

    async def events(self, *, after: int, patience: float) -> list[Event]:
        """What happened after event number `after`; waits up to `patience` seconds for one."""
        news = asyncio.Event()
        self._news.add(news)
        try:
            if found := self.store.events(after=after):
                return found
            async with asyncio.timeout(patience):
                await news.wait()
        except TimeoutError:
            return []
        finally:
            self._news.discard(news)
        return self.store.events(after=after)

    def take(self, listing: Listing, body: dict[str, Any]) -> None:
        """Somebody else books what this submit wants, just before it."""
        try:
            day, at, minutes = wish(body)
        except Refused:
            return
        self.store.block(listing.id, on=day, at=at, minutes=minutes)
        self.tell("slots_changed", listing=listing.id)

    def hide(self, showing: Showing, *, seconds: float) -> None:
        """Keeps a new showing out of its account's list for a while."""
        visible_at = self.store.now() + timedelta(seconds=seconds)
        self.store.put_showing(replace(showing, visible_at=visible_at))

    async def hold(self, post: Post) -> bool:
        """Waits until somebody releases this submit; returns whether it may go on."""
        released: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._held[post.number] = released
        self.store.change_post(post, state="held")
        self.tell("post_held", post=post.number, committed=post.committed)
        try:
            return await released
        finally:
            del self._held[post.number]

    def release(self, number: int | None, *, go_on: bool) -> list[int]:
        """Lets one held submit, or all of them, go; returns their numbers."""
        numbers = [one for one in self._held if number in (None, one)]
        for one in numbers:
            if not self._held[one].done():
                self._held[one].set_result(go_on)
        return numbers


@dataclass(slots=True, kw_only=True)
class Moment:
    """What a scenario may look at: who asks, about which listing, and the submit if it is one."""

    world: World
    account: Account | None = None
    listing: Listing | None = None
    post: Post | None = None
    showing: Showing | None = None
    path: str = ""

    def meets(self, fault: Fault) -> bool:
        if fault.account and (self.account is None or fault.account != self.account.email):
            return False
        if fault.listing_id and (self.listing is None or fault.listing_id != self.listing.id):
            return False
        return str(fault.options.get("path", "")) in self.path
