"""BrokerBay's ways of saying that nobody is signed in."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page

_ADDRESS = re.compile(r"^https?://auth\.|/login\b", re.IGNORECASE)
_WORDS = re.compile(r"you have been logged out|please log (?:back )?in", re.IGNORECASE)

# Forms inside BrokerBay ask for an e-mail address, too; there the top bar's search is in the page.
_INSIDE = "#vendor-search-handler, [placeholder^='Search listings']"
_EMAIL = f"body:not(:has({_INSIDE})) :is(input[type=email], input[name=email], input[autocomplete=username])"


class SignIn:
    """Knows the sign-in page and the "logged out" banner; signs nobody in."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def signs(self) -> Locator:
        """What only a signed-out visitor sees, once visible: the app always carries the banner, hidden."""
        email = self._page.locator(_EMAIL)
        return email.or_(self._page.locator(".alert, [role='alert']").filter(has_text=_WORDS))

    async def wait_until_shown(self) -> None:
        await self.signs.filter(visible=True).first.wait_for(timeout=0)

    async def wait_until_address(self) -> None:
        await self._page.wait_for_url(_ADDRESS, timeout=0, wait_until="commit")

    async def is_shown(self) -> bool:
        if _ADDRESS.search(self._page.url):
            return True
        return await self.signs.filter(visible=True).count() > 0
