"""What leaves while the gate stands: one request that may change something, and the harmless ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from automation.engine.answers import Answer
from automation.engine.contract import Level
from automation.engine.door import door_of
from automation.engine.errors import NoAnswer, Stopped
from automation.engine.gate import Gate
from tests.automation.engine.one_click import trials
from tests.automation.engine.one_click.conftest import OnSite
from tests.automation.engine.one_click.site import POLL, SUBMIT, Site
from tests.automation.engine.one_click.trials import Letting

POST = "path => post(path).then(answer => answer.status, () => 'failed')"


async def at_the_gate(browser: Browser, site: Site, act: Any, **settings: Any) -> tuple[Any, Letting]:
    """What `act(page, gate)` returns with the gate installed, and what the listener was told."""
    listener = settings.pop("listener", None) or Letting()
    async with trials.behind_a_door(browser) as context:
        page = await trials.opened(context, site)
        gate = trials.gate_of(context, site, listener, **settings)
        await gate.install()
        try:
            return await act(page, gate), listener
        finally:
            await page.close()
            await gate.remove()


def test_of_two_submits_one_leaves(on_site: OnSite) -> None:
    async def twice(page: Page, gate: Gate) -> list[Any]:
        ends: list[Any] = await page.evaluate(
            f"Promise.all(['{SUBMIT}', '{SUBMIT}'].map({POST}))",
        )
        return ends

    async def trial(browser: Browser, site: Site) -> None:
        ends, listener = await at_the_gate(browser, site, twice)
        assert (sorted(map(str, ends)), site.commits, listener.gates) == (["200", "failed"], 1, 1)

    on_site(trial)


@pytest.mark.parametrize("path", ["/v2/reserve", "/listing/65f0/visit", "/graphql"])
def test_a_submit_under_another_address_is_the_one_that_leaves_and_is_named(
    on_site: OnSite, path: str
) -> None:
    async def renamed(page: Page, gate: Gate) -> Answer:
        assert await page.evaluate(POST, path) == 200
        assert await page.evaluate(POST, SUBMIT) == "failed"
        return await gate.answer()

    async def trial(browser: Browser, site: Site) -> None:
        answer, listener = await at_the_gate(browser, site, renamed)
        assert (answer.status, site.posts, listener.gates) == (200, [path], 1)
        (line,) = listener.lines
        assert (line.level, path in line.message) == (Level.WARNING, True)

    on_site(trial)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_method_that_may_change_something_is_held(on_site: OnSite, method: str) -> None:
    async def sent(page: Page, gate: Gate) -> Any:
        await page.evaluate(POST, SUBMIT)
        again = "method => fetch('/x', {method}).then(() => 'left', () => 'failed')"
        return await page.evaluate(again, method)

    async def trial(browser: Browser, site: Site) -> None:
        ended, _ = await at_the_gate(browser, site, sent)
        assert (ended, site.posts) == ("failed", [SUBMIT])

    on_site(trial)


def test_what_changes_no_showing_leaves_freely(on_site: OnSite) -> None:
    paths = ["/search/listings", "/notifications/read", "/telemetry", "/oauth/token"]

    async def sent(page: Page, gate: Gate) -> bool:
        for path in paths:
            assert await page.evaluate(POST, path) == 200
        return gate.opened or gate.reached.is_set()

    async def trial(browser: Browser, site: Site) -> None:
        reached, listener = await at_the_gate(browser, site, sent)
        assert (reached, site.posts, listener.gates) == (False, paths, 0)

    on_site(trial)


def test_nothing_leaves_that_the_listener_forbids(on_site: OnSite) -> None:
    class Forbidding(Letting):
        async def before_submit(self) -> None:
            raise Stopped("Not now.")

    async def sent(page: Page, gate: Gate) -> bool:
        assert await page.evaluate(POST, SUBMIT) == "failed"
        with pytest.raises(Stopped):
            await gate.answer()
        return gate.opened

    async def trial(browser: Browser, site: Site) -> None:
        opened, _ = await at_the_gate(browser, site, sent, listener=Forbidding())
        assert (opened, site.posts) == (False, [])

    on_site(trial)


def test_the_door_is_open_again_once_a_request_was_forbidden(on_site: OnSite) -> None:
    class Forbidding(Letting):
        async def before_submit(self) -> None:
            raise Stopped("Not now.")

    async def removed(page: Page, gate: Gate) -> Any:
        await page.get_by_role("button").click()
        with pytest.raises(Stopped):
            await gate.answer()
        await gate.remove()
        async with asyncio.timeout(5):
            return await page.evaluate("fetch('/page').then(() => 'left', () => 'failed')")

    async def trial(browser: Browser, site: Site) -> None:
        later, _ = await at_the_gate(browser, site, removed, listener=Forbidding())
        assert (later, site.posts) == ("left", [])

    on_site(trial)


def test_what_still_stands_at_the_gate_when_it_is_removed_never_leaves(on_site: OnSite) -> None:
    class Deciding(Letting):
        async def before_submit(self) -> None:
            await asyncio.Event().wait()

    async def removed(page: Page, gate: Gate) -> tuple[Any, bool]:
        await page.get_by_role("button").click()
        await gate.reached.wait()
        await gate.remove()
        # Whatever the browser would let go of now is over once another request has been tried.
        later = await page.evaluate("fetch('/page').then(() => 'left', () => 'failed')")
        return later, gate.opened

    async def trial(browser: Browser, site: Site) -> None:
        (later, opened), _ = await at_the_gate(browser, site, removed, listener=Deciding())
        assert (later, opened, site.posts) == ("failed", False, [])

    on_site(trial)


def test_the_door_holds_what_the_browser_lets_go_of_too_early(on_site: OnSite) -> None:
    class Leaking(Letting):
        async def before_submit(self) -> None:
            await self.context.unroute_all(behavior="ignoreErrors")
            left = self.page.evaluate("fetch('/page').then(() => 'left', () => 'failed')")
            waiting, _ = await asyncio.wait([asyncio.ensure_future(left)], timeout=0.3)
            self.early = bool(waiting)
            self.posts = list(self.site.posts)

    listener = Leaking()

    async def sent(page: Page, gate: Gate) -> None:
        listener.page, listener.context = page, page.context
        await page.get_by_role("button").click()
        await gate.reached.wait()
        await asyncio.wait([asyncio.ensure_future(gate.answer())], timeout=5)

    async def trial(browser: Browser, site: Site) -> None:
        listener.site = site
        await at_the_gate(browser, site, sent, listener=listener)
        assert (listener.early, listener.posts) == (False, [])

    on_site(trial)


def test_an_answer_that_does_not_come_in_time_shuts_the_door(on_site: OnSite) -> None:
    async def sent(page: Page, gate: Gate) -> bool:
        await page.get_by_role("button").click()
        with pytest.raises(NoAnswer, match="took too long"):
            await gate.answer()
        # What dies from here on is not tried again either.
        for connection in list(site_of[0].connections):
            connection.transport.abort()
        assert await page.evaluate("fetch('/page').then(() => 'left', () => 'failed')") == "failed"
        return door_of(page.context).is_barred

    site_of: list[Site] = []

    async def trial(browser: Browser, site: Site) -> None:
        site_of.append(site)
        site.holds = True
        barred, _ = await at_the_gate(browser, site, sent, patience=0.5)
        assert (barred, site.commits) == (True, 1)

    on_site(trial)


def test_a_poll_that_the_page_gives_up_meanwhile_does_not_spoil_the_answer(on_site: OnSite) -> None:
    async def sent(page: Page, gate: Gate) -> list[Any]:
        await page.get_by_role("button").click()
        await gate.reached.wait()
        while not site_of[0].commits:
            await site_of[0].next_commit()
        # Carried something up since the submit, and ends before the answer; then the page goes on.
        await page.evaluate(
            f"() => {{ const stop = new AbortController(); fetch('{POLL}', {{signal: stop.signal}})"
            ".catch(() => {}); setTimeout(() => stop.abort(), 50); }"
        )
        later = asyncio.ensure_future(page.evaluate("fetch('/page').then(answer => answer.status)"))
        site_of[0].answer_held()
        return [(await gate.answer()).status, await later]

    site_of: list[Site] = []

    async def trial(browser: Browser, site: Site) -> None:
        site_of.append(site)
        site.holds = True
        ends, _ = await at_the_gate(browser, site, sent)
        assert (ends, site.commits) == ([200, 200], 1)

    on_site(trial)


def test_a_context_without_a_door_sends_nothing(on_site: OnSite) -> None:
    async def trial(browser: Browser, site: Site) -> None:
        context = await browser.new_context()
        try:
            with pytest.raises(LookupError, match="no door"):
                trials.gate_of(context, site, Letting())
        finally:
            await context.close()

    on_site(trial)


def test_trackers_are_refused_at_the_door(on_site: OnSite) -> None:
    async def trial(browser: Browser, site: Site) -> None:
        async with trials.behind_a_door(browser) as context:
            page = await context.new_page()
            failed: list[str] = []
            page.on("requestfailed", lambda request: failed.append(request.failure or ""))
            await page.goto(site.base_url)
            await page.evaluate("fetch('https://bam.nr-data.net/1').catch(() => {})")
            assert failed == ["net::ERR_SOCKS_CONNECTION_FAILED"]

    on_site(trial)
