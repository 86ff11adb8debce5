"""One click is one commit, though Chromium by itself would make it two."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.automation.engine.one_click import trials
from tests.automation.engine.one_click.conftest import TRIALS, OnSite
from tests.automation.engine.one_click.site import H1, H2, Site

pytestmark = pytest.mark.parametrize("protocol", [H1, H2])


def test_a_connection_that_dies_after_the_commit_is_not_tried_again(on_site: OnSite) -> None:
    async def clicks(browser: Browser, site: Site) -> list[int]:
        commits = []
        for _ in range(TRIALS):
            site.resets = 1
            committed, answered = await trials.click_through_the_gate(browser, site)
            assert not answered
            commits.append(committed)
        return commits

    assert on_site(clicks) == [1] * TRIALS


def test_without_the_gate_the_browser_sends_it_twice(on_site: OnSite) -> None:
    async def clicks(browser: Browser, site: Site) -> list[int]:
        commits = []
        for _ in range(min(TRIALS, 10)):
            site.resets = 1
            commits.append(await trials.click_without_the_gate(browser, site))
        return commits

    assert set(on_site(clicks)) == {2}


def test_an_answer_comes_through_as_ever(on_site: OnSite) -> None:
    async def clicks(browser: Browser, site: Site) -> list[tuple[int, bool]]:
        return [await trials.click_through_the_gate(browser, site) for _ in range(TRIALS)]

    assert on_site(clicks) == [(1, True)] * TRIALS


def test_connections_that_idled_away_do_not_stop_a_submit(on_site: OnSite) -> None:
    async def clicks(browser: Browser, site: Site) -> list[tuple[int, bool]]:
        ends = []
        for _ in range(TRIALS):
            async with trials.behind_a_door(browser) as context:
                page = await trials.opened(context, site)
                site.close_connections()
                ends.append(await trials.click_on(page, site))
        return ends

    assert on_site(clicks) == [(1, True)] * TRIALS
