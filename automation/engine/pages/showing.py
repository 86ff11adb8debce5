"""A showing's own page: what it is, how it stands, and the buttons that change it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.showings import STATUS_WORDS, ShowingRow

_ID = re.compile(r"showing/([0-9a-f]{24})", re.IGNORECASE)
_LISTING_ID = re.compile(r"listing/([0-9a-f]{24})", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}\s*[AP]M", re.IGNORECASE)
_MISSING = re.compile(
    r"^\s*(?:(?:showing|page|appointment)\s+)?(?:not found|no longer exists|does not exist)\b", re.IGNORECASE
)
_STATUS = re.compile(rf"^\s*(?:showing\s+)?(?:{'|'.join(STATUS_WORDS)})\s*$", re.IGNORECASE)
_CANCEL = re.compile(r"^\W*(?:Cancel|Cancel Showing|Cancel Appointment)\s*$", re.IGNORECASE)
_MOVE = re.compile(r"^\W*(?:Reschedule|Modify|Change)(?: (?:Time|Showing|Appointment))?\s*$", re.IGNORECASE)
_BADGE = ".status, .badge, .ant-tag, [class*='status-']"
_READ = """badge => {
  // The panel with the facts can stand beside what the page calls its main part.
  const main = document.querySelector('main, [role=main], [ui-view], [ng-view]');
  const page = /\\d:\\d\\d\\s*[AP]M/i.test(main?.innerText) ? main : document.body;
  const around = 'header, nav, footer, [role=banner], [role=navigation], [role=dialog], .modal';
  const texts = [], headings = [];
  const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), parent = walker.currentNode.parentElement;
    if (!text || parent.closest(around) || !parent.getClientRects().length) continue;
    (parent.closest('h1, h2, h3, h4') ? headings : texts).push(text);
  }
  const shown = [...page.querySelectorAll(badge)].filter(
    one => !one.closest(around) && one.getClientRects().length);
  return {
    texts: [...headings, ...texts],
    badge: shown[0]?.textContent.trim() ?? '',
    link: page.querySelector('a[href*="listing/"]')?.getAttribute('href') ?? '',
  };
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowingSeen:
    """The page's texts, read like a row of the list; None where BrokerBay knows no such showing."""

    row: ShowingRow | None


class ShowingPage:
    """Timeouts in seconds. The buttons are there only while BrokerBay lets the showing be changed."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @staticmethod
    def route(showing_id: str) -> str:
        return f"my_business/showing/{showing_id}"

    HEADING = "document.querySelector('main h2, main h1, [role=main] h1, h1')"  # for pictures

    async def read(self) -> ShowingSeen:
        """Waits until the page is drawn, its badge too. To be read after a load: what was open before it
        may still be shown otherwise."""
        missing = self._page.get_by_text(_MISSING).filter(visible=True)
        clock = self._page.get_by_text(_CLOCK).filter(visible=True)
        await clock.or_(missing).first.wait_for()
        if await missing.count() and not await clock.count():
            return ShowingSeen(row=None)
        badge = self._page.locator(_BADGE).or_(self._page.get_by_text(_STATUS))
        await badge.filter(visible=True).first.wait_for()
        seen = await self._page.evaluate(_READ, _BADGE)
        known, listing = _ID.search(self._page.url), _LISTING_ID.search(seen["link"])
        texts = tuple(seen["texts"])
        # Without a badge of its own, the status is one of the texts.
        status = next((text for text in texts if _STATUS.match(text)), "")
        return ShowingSeen(
            row=ShowingRow(
                texts=texts,
                badge=seen["badge"] if not status or _STATUS.match(seen["badge"]) else status,
                showing_id=known[1].lower() if known else "",
                listing_id=listing[1].lower() if listing else "",
                url=self._page.url,
            )
        )

    async def wait_for_news(self, text: str, *, patience: float) -> None:
        """Until a text appears by itself, at most so long: asking over and over would be no courtesy."""
        try:
            await self._page.get_by_text(text).filter(visible=True).first.wait_for(timeout=patience * 1000)
        except WaitedTooLong:
            return

    async def offers_cancel(self, *, patience: float) -> bool:
        return await self._offers(self._cancel, patience)

    async def offers_move(self, *, patience: float) -> bool:
        return await self._offers(self._move, patience)

    async def press_cancel(self) -> None:
        """Opens the dialog that asks for a reason; nothing is sent by it."""
        await self._cancel.click()

    async def press_move(self) -> None:
        """Opens the form for another time; nothing is sent by it."""
        await self._move.click()

    async def _offers(self, button: Locator, patience: float) -> bool:
        enabled = button.and_(
            self._page.locator(":not(:disabled):not([aria-disabled='true']):not(.disabled)")
        )
        try:
            await enabled.wait_for(timeout=patience * 1000)
        except WaitedTooLong:
            return False
        return True

    @property
    def _cancel(self) -> Locator:
        return self._button(_CANCEL)

    @property
    def _move(self) -> Locator:
        return self._button(_MOVE)

    def _button(self, name: re.Pattern[str]) -> Locator:
        buttons = self._page.locator(
            "button:not([role='dialog'] *), [role='button']:not([role='dialog'] *), a:not([role='dialog'] *)"
        )
        return buttons.filter(has_text=name, visible=True).first
