"""One click is one commit, though Chromium by itself would make it two."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

from automation.engine.browser import BrowserMissing, find_executable
from tests.automation.engine.conftest import Loop
from tests.automation.engine.one_click import trials
from tests.automation.engine.one_click.site import H1, H2, Certificate, Site, certified, open_site

# `make one-click N=100` says how many.
TRIALS = int(os.environ.get("TRIALS") or 3)
Answer = TypeVar("Answer")
OnSite = Callable[[Callable[[Browser, Site], Awaitable[Answer]]], Answer]

pytestmark = pytest.mark.parametrize("protocol", [H1, H2])


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
def on_site(loop: Loop, chromium: Browser, certificate: Certificate, protocol: str) -> OnSite[Any]:
    """Runs a trial on a fresh site of that protocol, in the browser's loop."""

    def run(trial: Callable[[Browser, Site], Awaitable[Answer]]) -> Answer:
        async def on_fresh_site() -> Answer:
            async with open_site(protocol, certificate) as site:
                return await trial(chromium, site)

        return loop.run(on_fresh_site(), timeout=60 + 5 * TRIALS)

    return run


def test_a_connection_that_dies_after_the_commit_is_not_tried_again(on_site: OnSite[list[int]]) -> None:
    async def clicks(browser: Browser, site: Site) -> list[int]:
        commits = []
        for _ in range(TRIALS):
            site.resets = 1
            committed, answered = await trials.click_through_the_gate(browser, site)
            assert not answered
            commits.append(committed)
        return commits

    assert on_site(clicks) == [1] * TRIALS


def test_without_the_gate_the_browser_sends_it_twice(on_site: OnSite[list[int]]) -> None:
    async def clicks(browser: Browser, site: Site) -> list[int]:
        commits = []
        for _ in range(min(TRIALS, 10)):
            site.resets = 1
            commits.append(await trials.click_without_the_gate(browser, site))
        return commits

    assert set(on_site(clicks)) == {2}


def test_an_answer_comes_through_as_ever(on_site: OnSite[list[tuple[int, bool]]]) -> None:
    async def clicks(browser: Browser, site: Site) -> list[tuple[int, bool]]:
        return [await trials.click_through_the_gate(browser, site) for _ in range(TRIALS)]

    assert on_site(clicks) == [(1, True)] * TRIALS


def test_connections_that_idled_away_do_not_stop_a_submit(on_site: OnSite[list[tuple[int, bool]]]) -> None:
    async def clicks(browser: Browser, site: Site) -> list[tuple[int, bool]]:
        ends = []
        for _ in range(TRIALS):
            async with trials.behind_a_door(browser) as context:
                page = await trials.opened(context, site)
                site.close_connections()
                ends.append(await trials.click_on(page, site))
        return ends

    assert on_site(clicks) == [(1, True)] * TRIALS
