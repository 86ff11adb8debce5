"""The engine used on its own: no Django, no tables, one booking."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta

from automation.engine.browser import WarmBrowser
from automation.engine.contract import Line, Order, OrderKind, Site
from automation.engine.flow import play
from tests.automation.foreign.site import Foreign, served


class Quiet:
    async def told(self, line: Line) -> None: ...

    async def before_submit(self) -> None: ...


async def book(foreign: Foreign) -> str:
    order = Order(
        kind=OrderKind.BOOK,
        mls_number="C20000001",
        date=(datetime.now() + timedelta(days=3)).date(),  # noqa: DTZ005 - the site's own clock
        time=time(14),
        duration_minutes=30,
    )
    browser = WarmBrowser()
    try:
        async with browser.context_for("one", foreign.signed_in()) as context:
            outcome = await play(context, order, site=Site(base_url=foreign.base_url), listener=Quiet())
    finally:
        await browser.close()
    return outcome.result.value


def main() -> None:
    with served() as foreign:
        foreign.add_home(mls="C20000001", street="100 Example Boulevard")
        print(asyncio.run(book(foreign)))
