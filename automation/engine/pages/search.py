"""The search overlay under the top bar's field, and its table of results."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Page, Response
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.pages.pressing import press
from automation.engine.pages.shell import search_field

_BUTTON = re.compile(r"^\s*(Book|Request) Showing\s*$", re.IGNORECASE)
_HINT = re.compile(r"enter an MLS", re.IGNORECASE)
OPENED = 2.0  # seconds; it takes no answer of the site to open it
REDRAWN = 1.0  # seconds; a second search may well find the same rows
_ROWS = "[...document.querySelectorAll('tr, [role=row]')].filter(row => /Add to tour/i.test(row.textContent))"
_SAID = f"{_ROWS}.map(row => row.textContent).join('\\n')"
_SAYS_ELSE = f"before => ![before, ''].includes({_SAID})"
_READ_ROWS = """rows => rows.map(row => {
  const texts = [];
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    if (text) texts.push(text);
  }
  const buttons = [...row.querySelectorAll('button, [role=button], a')];
  return {texts, buttons: buttons.map(button => button.textContent.trim())};
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """A row's texts in reading order, never glued together, and what its button says."""

    texts: tuple[str, ...]
    element: Locator
    button: str = ""
    outline: str = ""  # for pictures, in the page's own language

    @property
    def auto_confirm(self) -> bool | None:
        """ "Book Showing" confirms at once, "Request Showing" needs approval; None without a button."""
        return self.button.lower().startswith("book") if self.button else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """`status` is that of the search itself; `is_open` is False where the overlay closed by itself."""

    status: int
    is_open: bool = True
    rows: tuple[ResultRow, ...] = ()


class Search:
    """Looks listings up. The overlay's box takes the focus as it opens, so what is typed goes there."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def open(self, *, rest: Callable[[], Awaitable[object]]) -> None:
        """Presses the field once more where the page was drawn before its script came: nothing heard it.

        `rest` waits until the page has all that it asked for.
        """
        field = search_field(self._page).filter(visible=True).first
        opened = self._page.get_by_text(_HINT).or_(self._rows).first
        await press(field)
        try:
            await opened.wait_for(timeout=OPENED * 1000)
        except WaitedTooLong:
            await rest()
            if not await opened.is_visible():
                with suppress(WaitedTooLong):  # the overlay opens over the field
                    await press(field, patience=OPENED)
            await opened.wait_for()

    async def look_up(self, text: str, *, rest: Callable[[], Awaitable[object]]) -> Results:
        """What BrokerBay finds, complete: its answer is here, and its own rows are drawn.

        `rest` waits until the page comes to rest; for a search after another one, whose rows still stand.
        """

        def is_answer(response: Response) -> bool:
            parts = urlsplit(response.url)
            return parts.path.endswith("/search/listings") and parse_qs(parts.query).get("input") == [text]

        before = await self._page.evaluate(_SAID)
        async with self._page.expect_response(is_answer) as answered:
            box = self._page.locator("input:focus, textarea:focus")
            await box.fill(text)
            await box.press("Enter")
        response = await answered.value
        if not response.ok:
            return Results(status=response.status)
        found = await response.json()
        if isinstance(found, list) and not found:
            return Results(status=response.status)
        if not await self._drawn():
            return Results(status=response.status, is_open=False)
        if before:
            with suppress(WaitedTooLong):
                await self._page.wait_for_function(_SAYS_ELSE, arg=before, timeout=REDRAWN * 1000)
            await rest()
        return Results(status=response.status, rows=await self._read())

    async def open_wizard(self, row: ResultRow, *, address: str, mls_number: str) -> None:
        """Only where the row names them still: rows that came later can have pushed it on."""
        named = row.element.filter(has_text=address).filter(has_text=mls_number)
        await press(named.get_by_text(_BUTTON).first)

    async def open_listing(self, row: ResultRow, *, address: str, mls_number: str) -> None:
        """As `open_wizard`. A row has no link: a click on its address opens the listing."""
        named = row.element.filter(has_text=mls_number)
        await press(named.get_by_text(address, exact=True).first)

    async def _drawn(self) -> bool:
        """Whether rows appear, rather than that the overlay closes by itself."""
        if await self._rows.count():
            return True
        appear = asyncio.ensure_future(self._rows.first.wait_for())
        closes = asyncio.ensure_future(
            self._page.locator("input:focus, textarea:focus").wait_for(state="detached")
        )
        try:
            await asyncio.wait([appear, closes], return_when=asyncio.FIRST_COMPLETED)
            if appear.done():
                await appear
                return True
            return await self._rows.count() > 0
        finally:
            for waiting in (appear, closes):
                waiting.cancel()
            await asyncio.gather(appear, closes, return_exceptions=True)

    async def _read(self) -> tuple[ResultRow, ...]:
        seen = await self._rows.evaluate_all(_READ_ROWS)
        return tuple(
            ResultRow(
                texts=tuple(row["texts"]),
                element=self._rows.nth(index),
                outline=f"{_ROWS}[{index}]",
                button=next((text for text in row["buttons"] if _BUTTON.match(text)), ""),
            )
            for index, row in enumerate(seen)
        )

    @property
    def _rows(self) -> Locator:
        """Only the search's rows can be added to a tour; the page underneath may have a table of its own."""
        return self._page.locator("tr, [role='row']").filter(
            has_text=re.compile("Add to tour", re.IGNORECASE)
        )
