"""Plays one claimed sign-in: the browser works in its thread, this thread carries pictures and strokes.

A stroke lies sealed in its row until the browser is ready for it; it is deleted before it is opened.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from automation import browser_thread, translate, vault
from automation.engine import handoff
from automation.engine.browser import BrowserMissing, WarmBrowser
from automation.engine.handoff import Ending, HandedOver, Patience, Stroke
from bookings.models import BookingRun
from bookings.services import handoffs, runs
from bookings.services.errors import Forbidden, Moved
from bookings.services.runs import AttemptEnd

logger = logging.getLogger(__name__)

HEARTBEAT = 5.0  # seconds
# Between two looks for strokes: what a person feels as "at once" has room for several of these.
TICK = 0.02
ENDS: dict[Ending, AttemptEnd] = {
    Ending.STOPPED: AttemptEnd(result="broke", code="stopped", message="Stopped by a person"),
    Ending.LEFT_ALONE: AttemptEnd(
        result="broke",
        code="sign_in_unfinished",
        message="Nobody touched the robot's browser for a while, so it was closed. Nothing of it was kept.",
    ),
    Ending.TOO_LONG: AttemptEnd(
        result="broke",
        code="sign_in_unfinished",
        message="The sign-in took longer than a quarter of an hour. Nothing of it was kept.",
    ),
    Ending.SITE_DOWN: AttemptEnd(
        result="broke", code="sign_in_unfinished", message="BrokerBay cannot be reached."
    ),
    Ending.BROWSER_GONE: AttemptEnd(
        result="broke", code="sign_in_broke", message="The robot's browser closed. Nothing of it was kept."
    ),
}


class Wire:
    """The far end of the browser's thread: the newest look one way, a person's strokes the other."""

    def __init__(self) -> None:
        self._news = threading.Event()
        self._look: handoff.Look | None = None
        self._asked: concurrent.futures.Future[Sequence[Stroke]] | None = None

    def shown(self, look: handoff.Look) -> None:
        self._look = look
        self._news.set()

    async def strokes(self) -> Sequence[Stroke]:
        self._asked = concurrent.futures.Future()
        return await asyncio.wrap_future(self._asked)

    def newest(self, timeout: float) -> handoff.Look | None:
        """The look that was not taken yet, waiting for it at most `timeout` seconds."""
        self._news.wait(timeout)
        self._news.clear()
        look, self._look = self._look, None
        return look

    @property
    def wants_strokes(self) -> bool:
        return self._asked is not None and not self._asked.done()

    def give(self, strokes: Sequence[Stroke]) -> None:
        if self._asked is not None and self._asked.set_running_or_notify_cancel():
            self._asked.set_result(strokes)

    def wake(self) -> None:
        self._news.set()


def play(run: BookingRun, *, patience: Patience | None = None) -> BookingRun:
    """Show a claimed sign-in to its people until it ends, and settle it. Answers how the run stands then."""
    watch = _Watch(run)
    thread = browser_thread.present()
    work = thread.start(_hand_over(thread.browser, run, watch.wire, patience or Patience()))
    work.add_done_callback(lambda _: watch.wire.wake())
    watch.over(work)
    settled = watch.settle(work)
    thread.start(thread.browser.lay_page(str(run.account_id)))
    return settled


async def _hand_over(browser: WarmBrowser, run: BookingRun, wire: Wire, patience: Patience) -> HandedOver:
    async with browser.context_for(str(run.account_id), _session(run)) as context:
        return await handoff.hand_over(
            context, site=translate.site(), person=wire, listing_id=run.listing_id, patience=patience
        )


def _session(run: BookingRun) -> dict[str, Any] | None:
    """The last session, for what BrokerBay remembers of this browser; a new one where it cannot be opened."""
    try:
        return vault.unseal(run.account.session)
    except vault.SessionUnreadable:
        return None


class _Watch:
    """The writing side of one sign-in: its looks, its strokes, its lease."""

    def __init__(self, run: BookingRun) -> None:
        self.run = run
        self.fence = run.attempt_number
        self.wire = Wire()

    def over(self, work: concurrent.futures.Future[HandedOver]) -> None:
        """Carry looks and strokes until the browser is done, cancelling it when the run is ours no more."""
        next_beat = time.monotonic() + HEARTBEAT
        while not work.done():
            if (look := self.wire.newest(timeout=TICK)) is not None:
                self._show(look)
            if self.wire.wants_strokes and (strokes := self._take()):
                self.wire.give(strokes)
            if time.monotonic() >= next_beat:
                next_beat = time.monotonic() + HEARTBEAT
                self._beat(work)

    def settle(self, work: concurrent.futures.Future[HandedOver]) -> BookingRun:
        handed = self._handed_over(work)
        try:
            if isinstance(handed, AttemptEnd):
                return runs.settle(self.run.pk, handed, fence=self.fence)
            return self._keep(handed)
        except Moved:
            logger.warning("Sign-in %s was taken back; attempt %s says no more", self.run.pk, self.fence)
            return BookingRun.objects.get(pk=self.run.pk)

    def _handed_over(self, work: concurrent.futures.Future[HandedOver]) -> AttemptEnd | Mapping[str, Any]:
        """The session of a signed-in account, or how it ended otherwise."""
        try:
            handed = work.result(timeout=0)
        except (concurrent.futures.CancelledError, TimeoutError):
            return ENDS[Ending.STOPPED]
        except BrowserMissing as missing:
            return AttemptEnd(result="broke", code="browser_missing", message=str(missing))
        except Exception as broke:
            # Not its message, which may hold what was typed.
            logger.error("The sign-in of run %s broke: %s", self.run.pk, type(broke).__name__)
            return ENDS[Ending.BROWSER_GONE]
        if handed.ending is Ending.SIGNED_IN and handed.session_state is not None:
            return handed.session_state
        return ENDS[handed.ending]

    def _keep(self, session_state: Mapping[str, Any]) -> BookingRun:
        try:
            return handoffs.signed_in(self.run.pk, vault.seal(session_state), fence=self.fence)
        except Forbidden as no:
            end = AttemptEnd(result="broke", code="sign_in_unfinished", message=no.message)
            return runs.settle(self.run.pk, end, fence=self.fence)

    def _show(self, look: handoff.Look) -> None:
        seen = handoffs.Look(
            jpeg=look.jpeg, width=look.width, height=look.height, host=look.host, page=look.page
        )
        handoffs.show(self.run.pk, seen, fence=self.fence)

    def _take(self) -> list[Stroke]:
        taken = []
        for sealed in handoffs.take(self.run.pk):
            try:
                said = vault.unseal(sealed)
            except vault.SessionUnreadable:
                continue  # sealed with a key that this worker does not have
            taken.append(Stroke(**(said or {})))
        return taken

    def _beat(self, work: concurrent.futures.Future[HandedOver]) -> None:
        beat = runs.heartbeat(self.run.pk, fence=self.fence)
        if not beat.held or beat.stop_asked:
            work.cancel()
