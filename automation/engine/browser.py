"""Finds a browser on this machine and keeps one warm: lazily started, one context per account."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, async_playwright

from automation.engine.door import Door, hang

logger = logging.getLogger(__name__)

SYSTEM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_NOWHERE = "https://nowhere.invalid/"
VIEWPORT = {"width": 1280, "height": 720}
BLANK = "about:blank"


class BrowserMissing(Exception):
    """No browser can be found or started; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A browser to launch. `path` is None when Playwright is to take its own download."""

    path: str | None
    origin: str


def find_executable(setting: str = "") -> Found:
    """The browser to use: the setting, Playwright's own download, or the system's.

    Raises `BrowserMissing` when there is none, or when the setting names no program.
    """
    if setting:
        path = shutil.which(setting)
        if path is None:
            raise BrowserMissing(
                f"BROWSER_EXECUTABLE names {setting!r}, which is not a program that can be run here. "
                "Correct the path, or leave the setting empty to let the portal look for a browser."
            )
        return Found(path=path, origin="BROWSER_EXECUTABLE")
    if _playwright_has_its_own():
        return Found(path=None, origin="Playwright's own download")
    for name in SYSTEM_NAMES:
        if path := shutil.which(name):
            return Found(path=path, origin="the system")
    raise BrowserMissing(
        "No browser was found. Install one with the system's package manager (on Debian, as root: "
        "`apt-get install chromium-headless-shell`; elsewhere the package is called chromium), or with "
        f"`{sys.executable} -m playwright install --with-deps --only-shell chromium`, "
        "or name a Chromium or Chrome in BROWSER_EXECUTABLE."
    )


def _playwright_has_its_own() -> bool:
    """Whether Playwright's download folder holds what a headless launch asks for.

    `chromium.executable_path` is no answer: it names the full browser, a headless launch takes the shell.
    """
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or "~/.cache/ms-playwright"
    downloads = Path(folder).expanduser().glob("chromium_headless_shell-*/INSTALLATION_COMPLETE")
    return any(downloads)


@dataclass(slots=True)
class _Warm:
    """A context kept open for one account, and the session that it was opened with."""

    context: BrowserContext
    door: Door
    session_state: Mapping[str, Any] | None
    uses: int = 0
    is_open: bool = field(default=True)
    laying: asyncio.Task[None] | None = field(default=None)  # of a blank page, for the next attempt


class WarmBrowser:
    """One headless browser, started at the first need and kept until it has idled.

    Belongs to one event loop. One attempt at a time may use an account's context; attempts of different
    accounts may overlap. A browser that crashed is replaced at the next use.
    """

    def __init__(
        self,
        *,
        executable: str = "",
        sandbox: bool = False,
        idle_seconds: float = 300.0,
        uses_per_context: int = 50,
    ) -> None:
        self._executable = executable
        self._sandbox = sandbox
        self._idle_seconds = idle_seconds
        self._uses_per_context = uses_per_context
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._contexts: dict[str, _Warm] = {}
        self._lock = asyncio.Lock()
        self._users = 0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self._browser is not None and self._browser.is_connected()

    @asynccontextmanager
    async def context_for(
        self, account_key: str, session_state: Mapping[str, Any] | None = None
    ) -> AsyncIterator[BrowserContext]:
        """The account's warm context, held open for the length of the block.

        `session_state` is Playwright's storage state; a context that holds another session is replaced.
        Raises `BrowserMissing` when no browser can be started.
        """
        self._users += 1
        self._stop_idle_timer()
        try:
            async with self._lock:
                warm = await self._warm(account_key, session_state)
                warm.uses += 1
            if warm.laying is not None:
                await asyncio.wait([warm.laying])
            yield warm.context
        finally:
            self._users -= 1
            if not self._users:
                self._start_idle_timer()

    async def lay_page(self, account_key: str) -> None:
        """Has a blank page made for the account's next attempt, if its context is still open.

        A new page takes a tenth of a booking: for whoever has just ended one, and lets nobody wait now.
        """
        warm = self._contexts.get(account_key)
        if warm is not None and warm.is_open and (warm.laying is None or warm.laying.done()):
            warm.laying = asyncio.ensure_future(_quietly(blank_page(warm.context)))

    async def close(self) -> None:
        """Ends the browser and Playwright's driver; the next use starts them anew."""
        self._stop_idle_timer()
        async with self._lock:
            await self._shut_down()

    async def _warm(self, account_key: str, session_state: Mapping[str, Any] | None) -> _Warm:
        warm = self._contexts.get(account_key)
        if warm is not None and await self._still_fits(warm, session_state):
            return warm
        if warm is not None:
            del self._contexts[account_key]
            await _quietly(warm.context.close())
            warm.door.close()
        try:
            warm = await self._open_context(session_state)
        except Error:
            # The browser or its driver died since its last use: nothing was sent, so start over once.
            logger.warning("The browser was gone; starting a new one.")
            await self._shut_down()
            warm = await self._open_context(session_state)
        self._contexts[account_key] = warm
        return warm

    async def _still_fits(self, warm: _Warm, session_state: Mapping[str, Any] | None) -> bool:
        if not warm.is_open or not self.is_running or warm.uses >= self._uses_per_context:
            return False
        if warm.door.is_barred:
            return False
        try:
            if warm.session_state == session_state:
                # A driver that was killed tells nobody: only asking shows whether it lives.
                await warm.context.cookies(_NOWHERE)
                return True
            # Usually the session that this very context ended its last attempt with.
            if await warm.context.storage_state() != session_state:
                return False
        except Error:
            return False
        warm.session_state = session_state
        return True

    async def _open_context(self, session_state: Mapping[str, Any] | None) -> _Warm:
        browser = await self._running_browser()
        door = Door()
        try:
            context = await browser.new_context(
                storage_state=session_state or None,  # type: ignore[arg-type]
                viewport=VIEWPORT,  # type: ignore[arg-type]
                locale="en-CA",
                service_workers="block",  # a worker's own requests would slip past the gate
                # Chromium would go to loopback by itself, past the door.
                proxy={"server": await door.open(), "bypass": "<-loopback>"},
            )
        except BaseException:
            door.close()
            raise
        hang(door, context)
        warm = _Warm(context=context, door=door, session_state=session_state)

        def closed(_: BrowserContext) -> None:
            warm.is_open = False
            door.close()

        context.on("close", closed)
        return warm

    async def _running_browser(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        await self._shut_down()
        found = find_executable(self._executable)
        if folder := os.environ.get("TMPDIR"):
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 (Chromium does not start without its folder)
        self._playwright = await async_playwright().start()
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=found.path, chromium_sandbox=self._sandbox
            )
        except Error as error:
            await self._shut_down()
            raise BrowserMissing(
                f"The browser from {found.origin} ({found.path or 'bundled'}) did not start: "
                f"{error.message.splitlines()[0]} Run it by hand to see why, "
                "or name another one in BROWSER_EXECUTABLE."
            ) from error
        return self._browser

    async def _shut_down(self) -> None:
        browser, self._browser = self._browser, None
        playwright, self._playwright = self._playwright, None
        doors = [warm.door for warm in self._contexts.values()]
        self._contexts.clear()
        if browser is not None:
            await _quietly(browser.close())
        if playwright is not None:
            await _quietly(playwright.stop())
        for door in doors:
            door.close()

    def _start_idle_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle_timer = loop.call_later(self._idle_seconds, self._close_if_idle)

    def _stop_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _close_if_idle(self) -> None:
        self._closing = asyncio.ensure_future(self._close_unless_used())

    async def _close_unless_used(self) -> None:
        async with self._lock:
            if not self._users:
                await self._shut_down()


async def blank_page(context: BrowserContext) -> Page:
    """The page that lies ready in a warm context, or a new one."""
    return next((page for page in context.pages if page.url == BLANK), None) or await context.new_page()


async def _quietly(closing: Any) -> None:
    """Waits for what may fail because its target is dead already."""
    try:
        await asyncio.wait_for(closing, timeout=10)
    except Exception as error:  # a dead driver fails in ways of its own
        logger.info("The browser was gone already: %s", error)
