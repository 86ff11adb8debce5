"""One click on the site's button with the real browser, through the gate and its door or without them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page

from automation.engine.contract import Line
from automation.engine.door import Door, hang
from automation.engine.errors import NoAnswer
from automation.engine.gate import Gate
from tests.automation.engine.one_click.site import FILLING, TOGETHER, Site

_FILL_THE_POOL = f"Promise.all([...Array({TOGETHER}).keys()].map(n => fetch('{FILLING}?' + n)))"


class Letting:
    """A listener that lets every request pass, and keeps the lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.gates = 0

    async def told(self, line: Line) -> None:
        self.lines.append(line)

    async def before_submit(self) -> None:
        self.gates += 1


@asynccontextmanager
async def behind_a_door(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A context as the engine has it."""
    door = Door()
    context = await browser.new_context(proxy={"server": await door.open(), "bypass": "<-loopback>"})
    hang(door, context)
    try:
        yield context
    finally:
        await context.close()
        door.close()


async def opened(context: BrowserContext, site: Site) -> Page:
    """The site's page, with a pool of connections that were used before, one of them busy with a poll."""
    page = await context.new_page()
    await page.goto(site.base_url)
    await page.evaluate(_FILL_THE_POOL)
    await page.evaluate("() => void poll()")
    return page


def gate_of(context: BrowserContext, site: Site, listener: Letting, *, patience: float = 10) -> Gate:
    return Gate(context, listener, base_url=site.base_url, answer_timeout=patience)


async def click_through_the_gate(browser: Browser, site: Site) -> tuple[int, bool]:
    """How often one click was committed, and whether its answer came."""
    async with behind_a_door(browser) as context:
        return await click_on(await opened(context, site), site)


async def click_on(page: Page, site: Site) -> tuple[int, bool]:
    """The same on a page that is open."""
    before = site.commits
    gate = gate_of(page.context, site, Letting())
    await gate.install()
    await page.get_by_role("button").click()
    try:
        await gate.answer()
        answered = True
    except NoAnswer:
        answered = False
    await page.close()
    await gate.remove()
    return site.commits - before, answered


async def click_without_the_gate(browser: Browser, site: Site) -> int:
    """How often one click was committed by the bare browser. The door stands there, but nobody tells it."""
    before = site.commits
    async with behind_a_door(browser) as context:
        page = await opened(context, site)
        await page.get_by_role("button").click()
        await page.wait_for_url("**/#/view")
    return site.commits - before
