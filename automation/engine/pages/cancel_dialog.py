"""The dialog that asks why a showing is cancelled; its button stays disabled until a reason is set."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as WaitedTooLong

_SEND = re.compile(
    r"^\W*(?:Yes,?\s+)?(?:Cancel (?:the |this )?(?:Showing|Appointment)|Confirm(?: Cancellation)?)\s*$",
    re.IGNORECASE,
)
_BACK = re.compile(r"^\W*(?:Back|Close|No|Keep Showing)\s*$", re.IGNORECASE)
_AGREE = re.compile(r"^\s*(?:Confirm|Agree|Accept|OK|Yes)\s*$", re.IGNORECASE)
_DIALOGS = "body, [role='dialog'], [role='alertdialog'], dialog, .modal, .ant-modal"
_BUTTONS = "button, [role='button'], a.btn, input[type='submit']"
_ENABLED = ":not(:disabled):not([aria-disabled='true']):not(.disabled)"
_SEARCHED = "input[role='combobox'], .ant-select, [role='combobox'], [aria-haspopup='listbox']"
_ANT_OPTIONS = ".ant-select-dropdown .ant-select-item-option"
_OPTIONS = "[role='listbox'] [role='option'], [role='option'], .dropdown-menu li"


class CancelDialog:
    """Reasons come as a native drop-down, as one whose list is drawn elsewhere in the page, or as radios."""

    def __init__(self, page: Page) -> None:
        self._page = page

    BUTTON = (  # for pictures
        "[...document.querySelectorAll('button, [role=button]')]"
        ".findLast(one => /Cancel (the |this )?Showing$/i.test(one.textContent.trim()))"
    )

    async def wait_until_open(self) -> None:
        await self._send.wait_for()

    async def asks_nothing(self) -> bool:
        """Whether it can be sent as it is."""
        return await self._enabled.count() > 0 and not await self._controls.count()

    async def reasons(self) -> tuple[str, ...]:
        """What it offers, opened for that where it must be."""
        await self._controls.first.wait_for()
        if await self._select.count():
            return tuple(await self._select.first.locator("option").all_inner_texts())
        if await self._radios.count():
            return tuple(await self._labels.all_inner_texts())
        await self._open_list()
        return tuple([text.strip() for text in await (await self._options()).all_inner_texts()])

    async def choose(self, reason: str, *, patience: float) -> bool:
        """Whether the button can be pressed with this reason, which is chosen as a person does it."""
        if await self._select.count():
            await self._select.first.select_option(label=reason)
            return await self.is_ready(patience=patience) or await self._choose_by_key(reason, patience)
        if await self._radios.count():
            await self._labels.filter(has_text=_exactly(reason)).first.click()
            return await self.is_ready(patience=patience)
        options = await self._options()
        if not await options.count():
            await self._open_list()
            options = await self._options()
        await options.filter(has_text=_exactly(reason)).first.click()
        return await self.is_ready(patience=patience)

    async def is_ready(self, *, patience: float) -> bool:
        try:
            await self._enabled.wait_for(timeout=patience * 1000)
        except WaitedTooLong:
            return False
        return True

    async def shown(self) -> str:
        """What the dialog says, its chosen reason among it."""
        if await self._select.count():
            return str(await self._select.first.evaluate("one => one.selectedOptions[0]?.text ?? ''"))
        if await self._radios.count():
            chosen: str = await self._radios.evaluate_all(
                "all => all.find(one => one.checked)?.closest('label')?.innerText ?? ''"
            )
            return chosen
        return await self._dialog.inner_text()

    async def submit(self) -> None:
        await self._send.click()

    @property
    def agreement(self) -> Locator:
        """A second question, should the site ask one."""
        return self._page.get_by_role("dialog").get_by_role("button", name=_AGREE).first

    async def close(self) -> None:
        """Leaves the dialog without sending: a dialog that stays open blocks the site's next page."""
        back = self._dialog.locator(_BUTTONS).filter(has_text=_BACK, visible=True).first
        if await back.count():
            await back.click()
        else:
            await self._page.keyboard.press("Escape")
        await self._send.wait_for(state="hidden")

    async def _choose_by_key(self, reason: str, patience: float) -> bool:
        """As a keyboard does it, for a page that wants to see keys rather than a set value."""
        texts = await self._select.first.locator("option").all_inner_texts()
        await self._select.first.focus()
        await self._page.keyboard.press("Home")
        for _ in range(texts.index(reason)):
            await self._page.keyboard.press("ArrowDown")
        await self._page.keyboard.press("Tab")
        return await self.is_ready(patience=patience)

    async def _open_list(self) -> None:
        await self._lists.first.click()
        await self._page.locator(f"{_ANT_OPTIONS}, {_OPTIONS}").filter(visible=True).first.wait_for()

    async def _options(self) -> Locator:
        """The items that are seen; a list of Ant's has unseen twins of its first ones."""
        ant = self._page.locator(_ANT_OPTIONS).filter(visible=True)
        return ant if await ant.count() else self._page.locator(_OPTIONS).filter(visible=True)

    @property
    def _dialog(self) -> Locator:
        """The innermost one with the button in it."""
        return (
            self._page.locator(_DIALOGS).filter(has=self._page.locator(_BUTTONS).filter(has_text=_SEND)).last
        )

    @property
    def _send(self) -> Locator:
        return self._dialog.locator(_BUTTONS).filter(has_text=_SEND, visible=True).last

    @property
    def _enabled(self) -> Locator:
        return self._send.and_(self._page.locator(_ENABLED))

    @property
    def _select(self) -> Locator:
        return self._dialog.locator("select").filter(visible=True)

    @property
    def _radios(self) -> Locator:
        return self._dialog.locator("input[type='radio']")

    @property
    def _labels(self) -> Locator:
        return self._dialog.locator("label").filter(has=self._page.locator("input[type='radio']"))

    @property
    def _lists(self) -> Locator:
        by_text = self._dialog.get_by_text(re.compile(r"^\s*Select a reason", re.IGNORECASE))
        return self._dialog.locator(_SEARCHED).filter(visible=True).or_(by_text.filter(visible=True))

    @property
    def _controls(self) -> Locator:
        return self._select.or_(self._labels).or_(self._lists)


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(text)}\s*$")
