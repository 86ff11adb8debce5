"""A listing's own page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from automation.engine.listings import mls_number

_NO_SHOWINGS = re.compile(r"No More Showings|showings? (?:are|is) not available", re.IGNORECASE)
_BOOK = re.compile(r"^\s*(Book|Request) Showing\s*$", re.IGNORECASE)
_OTHER = re.compile(r"Register Offer|Add to Tour", re.IGNORECASE)
_MISSING = re.compile(r"^\s*(?:Listing )?not found\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingSeen:
    """`reason` is what the page says about why no showing can be booked, where it says so."""

    address: str
    mls_number: str
    is_bookable: bool
    reason: str = ""


class ListingPage:
    """The header with the address and the booking button, which is missing where nothing can be booked."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @staticmethod
    def route(listing_id: str) -> str:
        return f"listing/{listing_id}/view"

    HEADING = "document.querySelector('h1')"  # what pictures outline, in the page's own language

    @property
    def _heading(self) -> Locator:
        return self._page.get_by_role("heading", level=1).filter(has_text=re.compile(r"\d")).first

    async def read(self) -> ListingSeen | None:
        """Waits for the header with its buttons (seconds); None where BrokerBay knows no such listing."""
        missing = self._page.get_by_text(_MISSING).first
        await self._heading.or_(missing).first.wait_for()
        if not await self._heading.count():
            return None
        await self._other_button.or_(self._book_button).first.wait_for()
        reason = self._page.get_by_text(_NO_SHOWINGS).filter(visible=True)
        return ListingSeen(
            address=(await self._heading.inner_text()).strip(),
            mls_number=mls_number(await self._page.locator("body").inner_text()),
            is_bookable=await self._book_button.count() > 0,
            reason=(await reason.first.inner_text()).strip() if await reason.count() else "",
        )

    async def open_wizard(self) -> None:
        # A menu of the top bar that hangs over the button closes at a click beside it.
        await self._heading.click()
        await self._book_button.first.click()

    @property
    def _book_button(self) -> Locator:
        return self._button.filter(has_text=_BOOK)

    @property
    def _other_button(self) -> Locator:
        """The header's other buttons are there whether it can be booked or not."""
        return self._button.filter(has_text=_OTHER)

    @property
    def _button(self) -> Locator:
        # A row of the search has buttons of the same names, while its overlay is still closing.
        outside = ":not(tr *):not([role='row'] *)"
        kinds = ("button", "[role='button']", "a.btn", "a.ant-btn")
        return self._page.locator(", ".join(kind + outside for kind in kinds)).filter(visible=True)
