"""One attempt in progress: what it works with, what it knows so far, and how its steps are run and told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from playwright.async_api import Error, Frame, Page
from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine import snapshot
from automation.engine.answers import deed
from automation.engine.contract import Level, Listing, OpenSlot, Order, OrderKind, SeenShowing, Site, Step
from automation.engine.errors import (
    BrowserGone,
    NeedsSignIn,
    NoAnswer,
    PageChanged,
    SiteDown,
    StepError,
)
from automation.engine.gate import Gate, own_hosts
from automation.engine.pages.asking import Asking
from automation.engine.pages.search import ResultRow
from automation.engine.pages.shell import Shell
from automation.engine.pages.wizard import Wizard
from automation.engine.telling import Teller

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a step tells that it ended well. `touched` is what its picture outlines, as the page names it."""

    message: str
    touched: str = ""
    level: Level = Level.INFO
    same_view: bool = False  # the page looks as it did when the last step ended


@dataclass(slots=True, kw_only=True)
class Attempt:
    """Steps read what earlier ones found here, and write what they find."""

    page: Page
    order: Order
    site: Site
    teller: Teller
    gate: Gate
    step: Step = Step.OPEN_SITE
    frame: Frame | None = None  # the part of the page that the wizard is drawn in, where it is not the whole
    own_showings: tuple[SeenShowing, ...] = ()
    row: ResultRow | None = None  # the search row that was found, while the search is open
    listing: Listing | None = None
    showing: SeenShowing | None = None
    showing_row: int | None = None  # where it stands on the page of the own list that is open
    open_slots: tuple[OpenSlot, ...] = ()
    snapshot: str = field(default="", repr=False)
    picture: asyncio.Task[bytes | None] | None = field(default=None)
    watch: asyncio.Task[bool] | None = field(default=None)  # for a sign-out, from the first step to the last
    asking: Asking = field(init=False)

    def __post_init__(self) -> None:
        self.asking = Asking(self.page, own_hosts(self.site.base_url))

    @property
    def shell(self) -> Shell:
        return Shell(self.page, self.site.base_url)

    @property
    def near(self) -> date:
        """A day in the year that days without one are meant for."""
        if self.order.showing is not None:
            return self.order.showing.date
        return self.order.date or datetime.now(UTC).date()

    @property
    def wizard(self) -> Wizard:
        return Wizard(self.frame or self.page, moves=self.order.kind is OrderKind.RESCHEDULE)

    async def perform(self, step: Step, act: Callable[[Attempt], Awaitable[Done]]) -> None:
        """Runs one step and tells how it ended. Raises only `StepError`, whatever the browser raised."""
        self.step = step
        self.teller.begin(step)
        try:
            done = await self._unless_signed_out(act)
        except StepError as error:
            raise await self._told(error) from error.__cause__
        except Error as error:
            raise await self._told(await self._named(error)) from error
        taken = self.picture if done.same_view else None
        self.picture = self.teller.end(
            step, done.message, level=done.level, touched=done.touched, taken=taken
        )

    async def _unless_signed_out(self, act: Callable[[Attempt], Awaitable[Done]]) -> Done:
        """Ends the step as soon as the page shows that nobody is signed in, rather than after its patience.

        A request that is at the gate is never given up: only its answer says what became of it.
        """
        if self.watch is None:
            self.watch = asyncio.ensure_future(self.shell.wait_until_signed_out())
        acting = asyncio.ensure_future(act(self))
        try:
            await asyncio.wait([acting, self.watch], return_when=asyncio.FIRST_COMPLETED)
            if not acting.done() and self.watch.result():
                self._give_up_signed_out()
            return await acting
        finally:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)

    def _give_up_signed_out(self) -> None:
        """Raises, unless the answer to a request is still to come."""
        if not self.gate.reached.is_set():
            self.gate.shut()
            raise NeedsSignIn(
                "BrokerBay signed us out on the way. Nothing was sent: a person must sign in again."
            )
        if self.step is Step.VERIFY:
            raise NoAnswer(
                f"BrokerBay took the {deed(self.order.kind)} and then signed us out. It must be looked up "
                "in its list of showings once somebody has signed in."
            )

    async def rest(self) -> bool:
        """Waits until all that the page asked for is here and drawn; False where that never ends.

        To be called before anything is said to be missing: pages are drawn before they know everything.
        """
        try:
            await self.asking.rest(patience=self.site.step_timeout)
        except TimeoutError:
            return False
        return True

    async def leave(self) -> None:
        """Ends what waits beside the steps."""
        if self.watch is not None:
            self.watch.cancel()
            await asyncio.gather(self.watch, return_exceptions=True)

    async def pictured(self) -> None:
        """Waits until the last step's picture is taken: to be called before the page is loaded anew."""
        if self.picture is not None:
            await asyncio.wait([self.picture])

    async def exposed(self) -> None:
        """Waits until the last step's picture is sure to show that step: to be called before a click."""
        await self.teller.exposed()

    async def _told(self, error: StepError) -> StepError:
        error.step = error.step or self.step.value
        if isinstance(error, PageChanged):
            self.snapshot = await snapshot.take(self.frame or self.page, masks=self.site.masks)
        self.picture = self.teller.end(self.step, error.message, level=Level.ERROR)
        return error

    async def _named(self, error: Error) -> StepError:
        """What a failure of the browser means here, in the flow's own words."""
        logger.info("The browser failed in %s: %s", self.step.value, error.message)
        if self.gate.opened:
            return NoAnswer(
                f"The {deed(self.order.kind)} left, and then the page stopped answering. "
                "Only BrokerBay's list of showings can tell what became of it."
            )
        if self.page.is_closed() or "crashed" in error.message or "closed" in error.message:
            return BrowserGone("The browser stopped while working on this page. Nothing was sent.")
        if "net::" in error.message:
            return SiteDown("BrokerBay cannot be reached: the connection broke. Nothing was sent.")
        where = self.step.value.replace("_", " ")
        try:
            if await self.shell.is_signed_out():
                return NeedsSignIn(
                    "BrokerBay signed us out on the way. Nothing was sent: a person must sign in again."
                )
            if await self.shell.is_blank():
                return SiteDown(f"BrokerBay shows an empty page ({where}). Nothing was sent.")
        except Error:
            return BrowserGone("The browser stopped while working on this page. Nothing was sent.")
        if isinstance(error, WaitedTooLong):
            return PageChanged(
                f"BrokerBay's page did not show what it should within {self.site.step_timeout:.0f} seconds "
                f"({where}). Nothing was sent."
            )
        return PageChanged(f"BrokerBay's page did not behave as it should ({where}). Nothing was sent.")
