"""What a page has asked its site in the background and was not answered yet."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, Request

_BACKGROUND = frozenset({"fetch", "xhr"})


class Asking:
    """Counts from its making on; questions to other hosts are left out."""

    def __init__(self, page: Page, hosts: re.Pattern[str]) -> None:
        self._hosts = hosts
        self._open: set[Request] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    async def quiet(self, *, patience: float) -> None:
        """Waits until nothing is open. Raises TimeoutError after `patience` seconds."""
        async with asyncio.timeout(patience):
            await self._quiet.wait()

    def _asked(self, request: Request) -> None:
        if request.resource_type in _BACKGROUND and self._hosts.match(request.url):
            self._open.add(request)
            self._quiet.clear()

    def _answered(self, request: Request) -> None:
        self._open.discard(request)
        if not self._open:
            self._quiet.set()
