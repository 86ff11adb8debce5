"""The running site around its store: who asks, what happened, which submits are held back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

from automation.simulator.records import Account, Event, Fault, Listing, Post, Showing
from automation.simulator.rules import Refused, wish
from automation.simulator.store import Store

COOKIE = "brokerbay_session"


class World:
    """What every handler shares; lives in `app.state.world`, on the server's one thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._news: set[asyncio.Event] = set()
        self._held: dict[int, asyncio.Future[bool]] = {}
        self._later: set[asyncio.TimerHandle] = set()

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

    def hide(self, showing: Showing, *, before: Showing | None, seconds: float) -> None:
        """Lets the account's list lag: for a while it shows the showing as it was `before`, or not at all."""
        shown = ("date", "time", "minutes", "status")
        written = before.written() if before else {}
        earlier = {name: written[name] for name in shown} if before else None
        visible_at = self.store.now() + timedelta(seconds=seconds)
        self.store.put_showing(replace(showing, visible_at=visible_at, earlier=earlier))

    def set_status(self, showing_id: str, status: str, *, suggested: datetime | None = None) -> None:
        """What the listing side decides about a showing; raises KeyError for one that is not there."""
        showing = self.store.showing(showing_id)
        if showing is None:
            raise KeyError("there is no such showing")
        self.store.put_showing(replace(showing, status=status, suggested=suggested))
        self.tell("showing_changed", showing=showing_id, status=status)
        self.tell("slots_changed", listing=showing.listing_id)

    def later(self, act: Callable[[], object], *, seconds: float) -> None:
        """Does something in a while, unless the state is reset before or the site refuses it then."""

        def do() -> None:
            self._later.discard(handle)
            with suppress(Refused, KeyError):
                act()

        handle = asyncio.get_running_loop().call_later(seconds, do)
        self._later.add(handle)

    def forget(self) -> None:
        """Drops what is held and what was to happen later, then everything that is known."""
        self.release(None, go_on=False)
        for handle in self._later:
            handle.cancel()
        self._later.clear()
        self.store.clear()

    async def hold(self, post: Post) -> bool:
        """Waits until somebody releases this submit; returns whether it may go on."""
        released: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._held[post.number] = released
        self.store.change_post(post.number, state="held")
        self.tell("post_held", post=post.number, committed=post.committed)
        try:
            return await released
        finally:
            del self._held[post.number]
            self.store.change_post(post.number, state="received")

    def release(self, number: int | None, *, go_on: bool) -> list[int]:
        """Lets one held submit, or all of them, go; returns their numbers."""
        numbers = [one for one in self._held if number in (None, one)]
        for one in numbers:
            if not self._held[one].done():
                self._held[one].set_result(go_on)
        return numbers


@dataclass(slots=True, kw_only=True)
class Moment:
    """What a scenario may look at: who asks, about which listing, and the submit if it is one.

    `showing` is what a submit is about, once it is committed as it became; `before` as it was.
    """

    world: World
    account: Account | None = None
    listing: Listing | None = None
    post: Post | None = None
    showing: Showing | None = None
    before: Showing | None = None
    commit: Callable[[], Showing] | None = None  # does what the submit asks for; raises Refused
    path: str = ""

    def meets(self, fault: Fault) -> bool:
        if fault.account and (self.account is None or fault.account != self.account.email):
            return False
        if fault.listing_id and (self.listing is None or fault.listing_id != self.listing.id):
            return False
        if self.post and fault.options.get("kind") not in (None, self.post.kind):
            return False
        return str(fault.options.get("path", "")) in self.path
