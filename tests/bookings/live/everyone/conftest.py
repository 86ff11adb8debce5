"""One browser and one portal full of rows for all tests of pages for everybody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Page as Tab

from automation.engine.browser import find_executable
from tests.bookings.live.everyone.pages import Page
from tests.bookings.live.portal import PROJECT, Portal, environment

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
Open = Callable[..., Tab]


@pytest.fixture(scope="session")
def world(portal: Portal) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bookings.live.everyone.world"]
    env = environment(portal.folder)
    told = subprocess.run(command, env=env, cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tabs(browser: Browser, portal: Portal, world: dict[str, Any]) -> Iterator[Callable[..., Tab]]:
    """A tab for each person and language; the next page opens in the same one."""
    opened: dict[tuple[str, str], tuple[BrowserContext, Tab]] = {}

    def tab(who: str, language: str = "en-CA", script: str = "") -> Tab:
        if (who, language) not in opened:
            context = browser.new_context(viewport=WIDE, reduced_motion="reduce", locale=language)
            if who:
                cookie = {"name": "sessionid", "value": world["sessions"][who], "url": portal.address}
                context.add_cookies([cookie])
            if script:
                context.add_init_script(script)
            opened[who, language] = context, context.new_page()
        return opened[who, language][1]

    yield tab
    for context, _tab in opened.values():
        context.close()


@pytest.fixture(scope="module")
def opened(portal: Portal, world: dict[str, Any], tabs: Callable[..., Tab]) -> Open:
    """Opens a page of the table for its person, at its width for a desk."""

    def opening(page: Page, *, language: str = "en-CA", script: str = "") -> Tab:
        tab = tabs(page.who, language, script)
        tab.set_viewport_size(WIDE)
        tab.emulate_media(color_scheme="light")
        address = portal.address + page.at.format(**world["said"])
        answer = tab.goto(address)
        assert answer is not None
        if page.sends:
            _send(tab, address, {name: value.format(**world["said"]) for name, value in page.sends})
        else:
            assert answer.status in (200, 400, 410), answer.status
            assert urlsplit(tab.url).path == urlsplit(address).path, "another page was opened"
        return tab

    return opening


def _send(tab: Tab, address: str, said: dict[str, str]) -> None:
    """Send a form of our own making with the page's own token, and show what comes."""
    tab.evaluate(
        """([address, said]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = address;
            // The way out of a mail is a form without one: the address is the right.
            said.csrfmiddlewaretoken = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
            for (const [name, value] of Object.entries(said)) {
                const field = document.createElement("input");
                field.type = "hidden";
                field.name = name;
                field.value = value;
                form.append(field);
            }
            document.body.append(form);
        }""",
        [address, said],
    )
    with tab.expect_navigation():
        tab.evaluate("document.body.lastElementChild.submit()")
