"""The booking wizard: one page with the profile, a month's calendar, the day's slots and the submit."""

from __future__ import annotations

import asyncio
import re
from asyncio import ensure_future
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from playwright.async_api import Frame, Locator, Page
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.pages.pressing import press
from automation.engine.slots import MONTHS, parse_minutes, parse_month

_TITLE = re.compile(r"(?:›|»|>)\s*Book Showing", re.IGNORECASE)
_SUBMIT = re.compile(r"^\s*(AUTO-?\s?CONFIRM|Book Showing)\s*$", re.IGNORECASE)
_SUBMIT_MOVE = re.compile(
    r"^\s*(?:AUTO-?\s?CONFIRM|(?:Book|Reschedule|Modify|Update|Save|Change|Request)"
    r"(?: (?:Showing|Appointment|Changes|Time|Reschedule))?)\s*$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"/appointments/(?:book|[0-9a-f]{24}/time_change)\b")
_ORIGINAL = re.compile(r"\b(?:original|current)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}\s*[AP]M", re.IGNORECASE)
_AUTO = re.compile(r"auto", re.IGNORECASE)
_AGREE = re.compile(r"^\s*(Confirm|I Agree|Agree|Accept|OK|Yes)\s*$", re.IGNORECASE)
_SAVE_CONTACT = re.compile(r"^\s*Save Profile\s*$", re.IGNORECASE)
_LISTING_ID = re.compile(r"listing/([0-9a-f]{24})", re.IGNORECASE)

_READ_CALENDAR = """calendar => ({
  heading: calendar.innerText,
  cells: [...calendar.querySelectorAll('.datecontainer')].map(cell => {
    const number = cell.querySelector('.datenumber') || cell;
    return {
      text: number.textContent.trim(),
      closed: cell.classList.contains('no-hover') || cell.getAttribute('aria-disabled') === 'true',
      chosen: number.classList.contains('day-selected'),
    };
  }),
})"""
_READ_SLOTS = """blocks => ({
  slots: blocks.map(block => ({
    text: block.textContent.trim(),
    open: !['timeslot-unavailable', 'timeslot-p'].some(name => block.classList.contains(name)),
  })),
  zone: /time\\s?zone\\s*\\(?([A-Z][A-Za-z_/]*)/.exec(document.body.textContent)?.[1] ?? '',
})"""
# True once the slots were redrawn and there are some: right after a click, the old day's may still be shown.
_SLOTS_REDRAWN = """limit => new Promise(done => {
  let redrawn = false;
  const isSlots = node => node.nodeType === 1
    && (node.closest('.timeslot') !== null || node.querySelector('.timeslot') !== null);
  const observer = new MutationObserver(records => {
    redrawn ||= records.some(one => [one.target, ...one.addedNodes, ...one.removedNodes].some(isSlots));
    if (redrawn && document.querySelector('.timeslot')) end(true);
  });
  const timer = setTimeout(() => end(false), limit);
  const end = seen => { observer.disconnect(); clearTimeout(timer); done(seen); };
  observer.observe(document.body, {childList: true, subtree: true, attributeFilter: ['class']});
})"""
# A page hears of a scroll with its next frame, and may drop the selection then.
_REVEAL = """async button => {
  const before = scrollY;
  button.scrollIntoView({block: 'nearest'});
  const frame = () => new Promise(requestAnimationFrame);
  if (scrollY !== before) { await frame(); await frame(); }
  return document.querySelector('.timeslot-selected')?.innerText ?? '';
}"""
_READ_DURATIONS = """radios => ({
  title: /Duration\\s*\\([^)]*\\)/.exec(document.body.innerText)?.[0] ?? '',
  radios: radios.map(radio => ({
    value: radio.value, text: (radio.closest('label') || radio).textContent.trim(), checked: radio.checked,
  })),
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WizardSeen:
    address: str
    listing_id: str
    auto_confirm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveSeen:
    original: str  # "" where the form does not say
    listing_id: str
    auto_confirm: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCell:
    number: int  # 0 where the cell has none
    is_selectable: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSeen:
    month: date | None  # its first day; None where the heading names none
    cells: tuple[DayCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotBlock:
    text: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsSeen:
    """A day's slots, and the time zone that the page names beside them ("EST"), or ""."""

    blocks: tuple[SlotBlock, ...]
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationOffer:
    longest: int | None  # the listing's limit, as the popover's title says
    minutes: tuple[int, ...]
    chosen: int | None


class Wizard:
    """All timeouts in seconds; every click is a real mouse click, for BrokerBay ignores any other."""

    def __init__(self, view: Page | Frame, *, moves: bool = False) -> None:
        """`view` is where the wizard is drawn: the page, or a frame in it. `moves`: it is the form that
        gives a showing another time, whose button has other names."""
        self._view = view
        self._label = _SUBMIT_MOVE if moves else _SUBMIT

    # What pictures outline, in the page's own language
    SUBMIT_BUTTON = (
        "[...document.querySelectorAll('button, [role=button]')].find(one =>"
        " /^(AUTO-?\\s?CONFIRM|(Book|Reschedule|Modify|Update|Save)( Showing| Changes)?)$/i"
        ".test(one.textContent.trim()) && !one.closest('tr, [role=row]') && one.checkVisibility())"
    )
    SELECTED_BLOCK = "document.querySelector('.timeslot-selected')"

    @staticmethod
    def day_cell(index: int) -> str:
        return f"document.querySelectorAll('.datepicker-booking .datecontainer')[{index}]"

    @property
    def listing_id(self) -> str:
        """As the address names it; "" where it does not."""
        found = _LISTING_ID.search(self._view.url)
        return found[1].lower() if found else ""

    async def read(self) -> WizardSeen | None:
        """Waits until the page is there; None where it wants an unverified agent's contact details first.

        The submit's label tells the mode before anything is chosen.
        """
        head, forms = await asyncio.gather(
            self._title.or_(self._contact_form).first.inner_text(), self._contact_form.count()
        )
        if forms or not _TITLE.search(head):
            return None
        return WizardSeen(
            address=_TITLE.split(head)[0].strip(),
            listing_id=self.listing_id,
            auto_confirm=bool(_AUTO.search(await self._submit.inner_text())),
        )

    async def read_move(self) -> MoveSeen:
        """Waits until the form is there; `original` is what it says of the showing as it stands."""
        await self._calendar.wait_for()
        await self._submit.wait_for()
        # The innermost part that names the original showing and has a time in it.
        block = (
            self._view.locator("section, div, p, li, td").filter(has_text=_ORIGINAL).filter(has_text=_CLOCK)
        )
        block = block.filter(has_not=self._view.locator(".timeslot, .datecontainer"))
        texts, label = await block.all_inner_texts(), await self._submit.inner_text()
        return MoveSeen(
            original=min(texts, key=len, default=""),
            listing_id=self.listing_id,
            auto_confirm=True if _AUTO.search(label) else None,
        )

    async def frame(self) -> Frame | None:
        """The frame that the booking view is drawn in where an MLS put it into one; None: into the page."""
        inside = self._view.locator("iframe[src*='/dashboard'], iframe[src*='brokerbay.com']")
        await self._title.or_(self._contact_form).or_(inside).filter(visible=True).first.wait_for()
        frames, titles = await asyncio.gather(inside.count(), self._title.count())
        if not frames or titles:
            return None
        handle = await inside.first.element_handle()
        return await handle.content_frame() if handle else None

    async def calendar(self) -> CalendarSeen:
        seen = await self._calendar.evaluate(_READ_CALENDAR)
        return CalendarSeen(
            month=parse_month(seen["heading"]),
            cells=tuple(
                DayCell(
                    number=int(cell["text"]) if cell["text"].isdigit() else 0,
                    is_selectable=not cell["closed"],
                    is_chosen=cell["chosen"],
                )
                for cell in seen["cells"]
            ),
        )

    async def turn(self, *, to: date, forward: bool) -> None:
        """Turns the calendar by one month, and waits until it shows `to`."""
        await press(self._calendar.locator(f".fa-chevron-{'right' if forward else 'left'}"))
        name = MONTHS[to.month - 1]
        shown = re.compile(rf"{to.year}\s+{name}|{name}\s+{to.year}", re.IGNORECASE)
        await self._calendar.get_by_text(shown).first.wait_for()

    async def wait_for_slots(self, *, patience: float) -> None:
        """Until the slots of the day that is chosen already are drawn, or as good as never will be."""
        with suppress(WaitedTooLong):
            await self._slots.first.wait_for(state="attached", timeout=patience * 1000)

    async def redraws_slots(self, *, within: float) -> bool:
        redrawn: bool = await self._view.evaluate(_SLOTS_REDRAWN, within * 1000)
        return redrawn

    async def choose_day(self, index: int, *, patience: float) -> None:
        """Clicks the day in that cell and waits until its slots are drawn."""
        redrawn = ensure_future(self.redraws_slots(within=patience))
        try:
            await press(self._cells.nth(index))
            await redrawn
        finally:
            redrawn.cancel()

    async def slots(self) -> SlotsSeen:
        await self._slots.first.wait_for(state="attached")
        seen = await self._slots.evaluate_all(_READ_SLOTS)
        blocks = tuple(SlotBlock(text=block["text"], is_open=block["open"]) for block in seen["slots"])
        return SlotsSeen(blocks=blocks, time_zone=seen["zone"])

    async def choose_slot(self, index: int) -> None:
        await press(self._slots.nth(index))

    async def durations(self, *, patience: float) -> DurationOffer:
        """What the popover offers, once it is open."""
        await self._durations.first.wait_for(timeout=patience * 1000)
        seen = await self._durations.evaluate_all(_READ_DURATIONS)
        radios = seen["radios"]
        minutes = [
            int(radio["value"]) if radio["value"].isdigit() else parse_minutes(radio["text"]) or 0
            for radio in radios
        ]
        return DurationOffer(
            longest=parse_minutes(seen["title"]),
            minutes=tuple(minutes),
            chosen=next((one for one, radio in zip(minutes, radios, strict=True) if radio["checked"]), None),
        )

    async def choose_duration(self, index: int, *, patience: float) -> None:
        """Chooses none where selection and popover are gone, as when somebody else takes the slot."""
        await self._click_while_selected(self._durations.nth(index), patience=patience)

    async def press_done(self, *, patience: float) -> str:
        """Closes the popover, which would swallow a click on submit; what is selected then, or ""."""
        done = self._view.get_by_role("button", name="Done", exact=True)
        await self._click_while_selected(done, patience=patience)
        closed = self._durations.first.wait_for(state="hidden")
        _, selected = await asyncio.gather(closed, self.selection())
        return selected

    async def selection(self) -> str:
        """The text of the green block, "8:00 PM - 8:30 PM", or "" where none is chosen."""
        blocks = await self._view.locator(".timeslot-selected").all_inner_texts()
        return blocks[0] if blocks else ""

    async def reveal_submit(self) -> str:
        """Scrolls to the button where it is out of sight; what is still selected once the page saw that."""
        left: str = await self._submit.evaluate(_REVEAL)
        return left

    async def wait_until_ready(self) -> None:
        """Until the submit can be pressed."""
        await self._submit.and_(self._view.locator(":not(:disabled):not([aria-disabled='true'])")).wait_for()

    async def submit(self) -> None:
        await press(self._submit)

    @property
    def agreement(self) -> Locator:
        """The button that agrees to the terms which some listings ask for after the click on submit."""
        return self._view.get_by_role("dialog").get_by_role("button", name=_AGREE).first

    async def wait_until_left(self, *, patience: float) -> bool:
        """Whether the page goes back to the listing, as it does after a booking."""
        try:
            await self._view.wait_for_url(
                lambda url: not _ADDRESS.search(url), timeout=patience * 1000, wait_until="commit"
            )
        except WaitedTooLong:
            return False
        return True

    async def _click_while_selected(self, button: Locator, *, patience: float) -> None:
        """After `patience` without the button it is looked whether anything is selected still."""
        try:
            await press(button, patience=patience)
        except WaitedTooLong:
            if await self.selection():
                await press(button)

    @property
    def _contact_form(self) -> Locator:
        return self._view.get_by_role("button", name=_SAVE_CONTACT)

    @property
    def _title(self) -> Locator:
        return self._view.get_by_text(_TITLE).first

    @property
    def _submit(self) -> Locator:
        # The listing page has a button of the same name: trust this one only where the wizard's title is.
        # So have a search's rows, which may still be there, unseen.
        outside = ":not(tr *):not([role='row'] *)"
        buttons = self._view.locator(f"button{outside}, [role='button']{outside}")
        return buttons.filter(has_text=self._label, visible=True).first

    @property
    def _calendar(self) -> Locator:
        return self._view.locator(".datepicker-booking").first

    @property
    def _cells(self) -> Locator:
        return self._calendar.locator(".datecontainer")

    @property
    def _slots(self) -> Locator:
        return self._view.locator(".timeslot")

    @property
    def _durations(self) -> Locator:
        return self._view.locator("input[name='duration']")
