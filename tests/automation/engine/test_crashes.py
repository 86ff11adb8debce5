"""The browser, its driver or its page dies in the middle of an attempt: a named end, and the next works."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import psutil
import pytest
from playwright.async_api import Error

from automation.engine.browser import WarmBrowser
from automation.engine.contract import Outcome, Result
from automation.engine.flow import play
from tests.automation.engine.conftest import ACCOUNT, Bay, Loop, Remembering, as_step_ends

SITE_PATIENCE = {"step_timeout": 30.0}


@dataclass
class Crashing(Remembering):
    """A listener that lets something die at the gate."""

    crash: Callable[[], object] = field(default=lambda: None)

    async def before_submit(self) -> None:
        await super().before_submit()
        self.crash()


@pytest.fixture
def bay_of_its_own(bay: Bay, loop: Loop) -> Iterator[Bay]:
    """The bay with a browser that may die."""

    async def make() -> WarmBrowser:
        return WarmBrowser()

    own = replace(bay, browser=loop.run(make()))
    yield own
    loop.run(own.browser.close())


def kill(victim: str, before: set[int]) -> None:
    """The driver is our child, the browser its child, maybe by a shell."""
    new = [child for child in psutil.Process().children() if child.pid not in before]
    driver = next(child for child in new if child.children())
    below = driver.children(recursive=True)
    browser = [child for child in below if "debugging-pipe" in " ".join(child.cmdline())][-1]
    os.kill((driver if victim == "driver" else browser).pid, signal.SIGKILL)


def play_on(bay: Bay, listener: Remembering) -> Outcome:
    async def played() -> Outcome:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            return await play(context, bay.order(), site=bay.site(**SITE_PATIENCE), listener=listener)

    return bay.loop.run(played(), timeout=50)


@pytest.mark.parametrize("victim", ["browser", "driver"])
@pytest.mark.parametrize("after", ["open_site", "open_wizard", "choose_slot"])
def test_what_dies_before_the_gate_may_be_tried_again(bay_of_its_own: Bay, victim: str, after: str) -> None:
    bay = bay_of_its_own
    before = {child.pid for child in psutil.Process().children()}
    with as_step_ends(after, lambda: kill(victim, before)):
        outcome = play_on(bay, Remembering())
    assert (outcome.result, outcome.code, outcome.submitted) == (Result.BROKE, "browser_gone", False)
    assert outcome.retry_is_safe
    assert not bay.control.posts()
    assert bay.play(bay.order()).result is Result.BOOKED


@pytest.mark.parametrize("victim", ["browser", "driver"])
def test_what_dies_at_the_gate_is_unconfirmed_and_not_sent_twice(bay_of_its_own: Bay, victim: str) -> None:
    bay = bay_of_its_own
    before = {child.pid for child in psutil.Process().children()}
    outcome = play_on(bay, Crashing(crash=lambda: kill(victim, before)))
    assert (outcome.result, outcome.submitted) == (Result.UNCONFIRMED, True)
    assert len(bay.control.posts()) <= 1


def test_a_renderer_that_crashes_is_a_browser_that_is_gone(bay_of_its_own: Bay) -> None:
    bay = bay_of_its_own
    crashes: list[asyncio.Task[object]] = []

    async def played() -> Outcome:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:

            async def crash() -> None:
                session = await context.new_cdp_session(context.pages[-1])
                await session.send("Page.crash")  # never answered

            def crash_soon() -> None:
                crashes.append(asyncio.ensure_future(crash()))

            with as_step_ends("open_wizard", crash_soon):
                return await play(
                    context, bay.order(), site=bay.site(**SITE_PATIENCE), listener=Remembering()
                )

    outcome = bay.loop.run(played(), timeout=50)
    assert (outcome.result, outcome.code) == (Result.BROKE, "browser_gone")
    assert not bay.control.posts()
    with pytest.raises(Error):
        bay.loop.run(asyncio.wait_for(crashes[0], 10))
