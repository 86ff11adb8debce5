"""A real browser and a site over TLS, on one loop."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

from automation.engine.browser import BrowserMissing, find_executable
from tests.automation.engine.conftest import Loop
from tests.automation.engine.one_click.site import H1, Certificate, Site, certified, open_site

# `make one-click N=100` says how many.
TRIALS = int(os.environ.get("TRIALS") or 3)
Trial = Callable[[Browser, Site], Awaitable[Any]]
OnSite = Callable[[Trial], Any]


@pytest.fixture
def protocol() -> str:
    return H1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certified(tmp_path_factory.mktemp("one click"))


@pytest.fixture(scope="module")
def chromium(loop: Loop, certificate: Certificate) -> Iterator[Browser]:
    try:
        found = find_executable()
    except BrowserMissing as missing:
        pytest.skip(str(missing))

    async def start() -> tuple[Playwright, Browser]:
        playwright = await async_playwright().start()
        settings = [certificate.browser_setting]
        return playwright, await playwright.chromium.launch(executable_path=found.path, args=settings)

    playwright, browser = loop.run(start())
    yield browser
    loop.run(browser.close())
    loop.run(playwright.stop())


@pytest.fixture
def on_site(loop: Loop, chromium: Browser, certificate: Certificate, protocol: str) -> OnSite:
    """Runs a trial on a fresh site of that protocol, in the browser's loop."""

    def run(trial: Trial) -> Any:
        async def on_fresh_site() -> Any:
            async with open_site(protocol, certificate) as site:
                return await trial(chromium, site)

        return loop.run(on_fresh_site(), timeout=60 + 5 * TRIALS)

    return run
