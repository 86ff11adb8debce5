"""What a page has asked its site in the background and was not answered yet."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Error, Page, Request

# An expression of the page's language: done when the page has drawn twice.
TWO_FRAMES = (
    "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn))))"
)
_BACKGROUND = frozenset({"fetch", "xhr", "script"})  # a part of the page may have to come first


class Asking:
    """Counts from its making on; questions to other hosts are left out."""

    def __init__(self, page: Page, hosts: re.Pattern[str]) -> None:
        self._page = page
        self._hosts = hosts
        self._open: set[Request] = set()
        self._count = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    async def rest(self, *, patience: float) -> None:
        """Until nothing is open and what came is drawn. Raises TimeoutError after `patience` seconds."""
        asked = None
        async with asyncio.timeout(patience):
            while asked != self._count:
                asked = self._count
                await self._quiet.wait()
                try:
                    await self._page.evaluate(TWO_FRAMES)
                except Error as error:
                    if "context was destroyed" not in error.message:
                        raise
                    await self._page.wait_for_load_state("domcontentloaded")
                    asked = None

    def _asked(self, request: Request) -> None:
        if request.resource_type in _BACKGROUND and self._hosts.match(request.url):
            self._open.add(request)
            self._count += 1
            self._quiet.clear()

    def _answered(self, request: Request) -> None:
        self._open.discard(request)
        if not self._open:
            self._quiet.set()
