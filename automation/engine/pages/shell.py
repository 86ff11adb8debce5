"""The frame around every page of BrokerBay: its address bar, its signs of being signed in or out."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Locator, Page

from automation.engine.pages.sign_in import SignIn


class Shell:
    """Opens BrokerBay's hash routes and tells in which state the site is."""

    def __init__(self, page: Page, base_url: str) -> None:
        self._page = page
        self._base_url = base_url.rstrip("/") + "/"
        self._sign_in = SignIn(page)

    def address(self, route: str) -> str:
        """The URL of a route, given as BrokerBay writes it behind the hash, without a leading slash."""
        return f"{self._base_url}#/{route}"

    async def open(self, route: str) -> int | None:
        """Goes to a route; the HTTP status where the whole site had to be loaded for it."""
        address = self.address(route)
        if self._page.url == address:
            response = await self._page.reload(wait_until="commit")
        else:
            response = await self._page.goto(address, wait_until="commit")
        return response.status if response else None

    async def load(self, route: str) -> int | None:
        """Goes to a route by loading the whole site anew: nothing that was drawn before is left."""
        if not self.is_at(route):
            await self._page.goto(self.address(route), wait_until="commit")
        response = await self._page.reload(wait_until="commit")
        return response.status if response else None

    def is_at(self, route: str) -> bool:
        """Whether the address bar shows this route, with or without a query behind it."""
        return self._page.url.partition("#")[2].partition("?")[0] == f"/{route}"

    async def wait_until_known(self) -> None:
        """Until the site shows whether we are signed in; a blank page is still loading. Seconds."""
        signs = search_field(self._page).or_(self._sign_in.signs)
        await signs.filter(visible=True).first.wait_for()

    async def is_signed_out(self) -> bool:
        return await self._sign_in.is_shown()

    async def wait_until_signed_out(self) -> bool:
        """Until a visible sign of it; False where the page ends before. Without a time limit."""
        bounced = asyncio.ensure_future(self._sign_in.wait_until_address())
        shown = asyncio.ensure_future(self._sign_in.wait_until_shown())
        try:
            await asyncio.wait([bounced, shown], return_when=asyncio.FIRST_COMPLETED)
            return (bounced.done() and bounced.exception() is None) or (
                shown.done() and shown.exception() is None
            )
        finally:
            for waiting in (bounced, shown):
                waiting.cancel()
            await asyncio.gather(bounced, shown, return_exceptions=True)

    async def is_blank(self) -> bool:
        return not (await self._page.locator("body").inner_text(timeout=1000)).strip()


def search_field(page: Page) -> Locator:
    """The top bar's field, which only somebody signed in sees."""
    by_text = page.get_by_placeholder(re.compile(r"^Search listings or agents", re.IGNORECASE))
    return by_text.or_(page.locator("#vendor-search-handler"))
