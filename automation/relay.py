"""Plays one claimed run: the engine works in the browser's thread, this thread writes what it tells.

The two meet in one inbox: lines of the log, and the question at the gate. While it waits for them, this
thread keeps the lease alive and stops the engine when the run is no longer ours.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import queue
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from automation import browser_thread, evidence, translate, vault
from automation.engine.browser import BrowserMissing
from automation.engine.contract import Line, Order, Outcome, Site
from automation.engine.errors import Stopped
from automation.engine.flow import play as play_order
from bookings.models import BookingRun
from bookings.services import accounts, runs
from bookings.services.errors import Moved
from bookings.services.runs import AttemptEnd, KeptFile
from bookings.vocabulary import EvidenceKind

logger = logging.getLogger(__name__)

HEARTBEAT = 5.0  # seconds
# Well below django-q2's own timeout: an attempt ends by its own word, not by a killed worker.
DEADLINE = 180.0
MOST_AT_ONCE = 50
# From reaching the gate to leaving it. What was frozen in between stays: the quiet time counts from there.
SEND_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """The engine stands at the gate and waits for the intent to be committed."""

    answer: concurrent.futures.Future[bool]


class Inbox:
    """The engine's listener: passes everything on to the thread that may write rows."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Line | Question | None] = queue.SimpleQueue()

    async def told(self, line: Line) -> None:
        self._items.put(line)

    async def before_submit(self) -> None:
        asked = time.monotonic()
        question = Question(concurrent.futures.Future())
        self._items.put(question)
        if not await asyncio.wrap_future(question.answer):
            raise Stopped("The run was stopped, or another worker took it over. Nothing was sent.")
        if time.monotonic() - asked > SEND_WITHIN:
            raise Stopped(
                "Writing the intent down took too long. Nothing was sent; the list is read to be sure."
            )

    def wake(self) -> None:
        """Let a waiting reader look around (the engine is done)."""
        self._items.put(None)

    def take(self, timeout: float) -> Iterator[Line | Question]:
        """What has come in, waiting for the first at most `timeout` seconds."""
        try:
            item = self._items.get(timeout=timeout)
            for _ in range(MOST_AT_ONCE):
                if item is not None:
                    yield item
                item = self._items.get_nowait()
            if item is not None:
                yield item
        except queue.Empty:
            return


def play(run: BookingRun) -> BookingRun:
    """Perform a claimed run to its end and settle it. Answers the run as it then stands."""
    watch = _Watch(run)
    try:
        session = vault.unseal(run.account.session)
    except vault.SessionUnreadable as unreadable:
        return watch.settle(AttemptEnd(result="parked", code="needs_sign_in", message=str(unreadable)))
    thread = browser_thread.present()
    work = thread.start(
        _perform(
            thread.browser, str(run.account_id), session, translate.order_for(run), translate.site(), watch
        )
    )
    work.add_done_callback(lambda _: watch.inbox.wake())
    watch.over(work)
    settled = watch.settle(_end_of(work, watch))
    if watch.ran_out:
        # Its browser may be frozen and wake up later: it ends with this process, at the supervisor's hand.
        os.kill(os.getpid(), signal.SIGKILL)
    thread.start(thread.browser.lay_page(str(run.account_id)))
    return settled


async def _perform(
    browser: Any, account_key: str, session: dict[str, Any] | None, order: Order, site: Site, watch: _Watch
) -> Outcome:
    async with browser.context_for(account_key, session) as context:
        return await play_order(context, order, site=site, listener=watch.inbox, trace=watch.traces)


def _end_of(work: concurrent.futures.Future[Outcome], watch: _Watch) -> AttemptEnd:
    try:
        outcome = work.result(timeout=0)
    except (concurrent.futures.CancelledError, TimeoutError):
        return AttemptEnd(
            result="broke", code=watch.stopped_because, message=watch.stopped_message, retry_is_safe=True
        )
    except BrowserMissing as missing:
        return AttemptEnd(result="broke", code="browser_missing", message=str(missing))
    except Exception:
        logger.exception("The engine broke on run %s", watch.run.pk)
        return AttemptEnd(
            result="broke",
            code="engine_broke",
            message="The robot broke on this page.",
            retry_is_safe=True,
        )
    if outcome.session_state and outcome.code != "needs_sign_in":
        watch.keep_session(dict(outcome.session_state))
    return translate.end_of(outcome, picture=watch.last_picture, files=watch.keep_files(outcome))


class _Watch:
    """The writing side of one attempt: its log, its pictures, its gate, its lease and its deadline."""

    def __init__(self, run: BookingRun) -> None:
        self.run = run
        self.fence = run.attempt_number
        self.inbox = Inbox()
        self.files = 0
        # A trace costs time: it is recorded once an attempt of this run broke, for whoever mends that.
        self.traces = run.attempts.filter(result="broke").exists()
        self.last_picture = ""
        self.stopped_because = "browser_gone"
        self.stopped_message = "BrokerBay took longer than an attempt may take."
        self.ran_out = False
        self._gate_passed = False
        self._has_given_up = False

    def over(self, work: concurrent.futures.Future[Outcome]) -> None:
        """Write what the engine tells until it is done, cancelling it when the run is not ours any more."""
        now = time.monotonic()
        deadline, next_beat = now + DEADLINE, now + HEARTBEAT
        while not work.done():
            self._write(list(self.inbox.take(timeout=max(0.0, min(next_beat, deadline) - time.monotonic()))))
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + HEARTBEAT
                self._beat(work)
            if now >= deadline:
                self.ran_out = True
                self._give_up(work)
        self._write(list(self.inbox.take(timeout=0)))

    def settle(self, end: AttemptEnd) -> BookingRun:
        try:
            return runs.settle(self.run.pk, end, fence=self.fence)
        except Moved:
            logger.warning("Run %s was taken over; attempt %s says no more", self.run.pk, self.fence)
            return BookingRun.objects.get(pk=self.run.pk)

    def keep_session(self, state: dict[str, Any]) -> None:
        accounts.keep_session(self.run.account_id, vault.seal(state))

    def keep_files(self, outcome: Outcome) -> list[KeptFile]:
        """What staff may want to see of an attempt that went wrong."""
        wanted = (
            (EvidenceKind.MARKUP, "html", outcome.snapshot.encode()),
            (EvidenceKind.TRACE, "zip", outcome.trace or b""),
        )
        kept = []
        for kind, ending, content in wanted:
            if not content:
                continue
            self.files += 1
            step = str(outcome.step) or "attempt"
            name = evidence.keep(self.run, number=self.files, step=step, content=content, ending=ending)
            kept += [KeptFile(kind=kind, path=name, step=step)] if name else []
        return kept

    def _beat(self, work: concurrent.futures.Future[Outcome]) -> None:
        beat = runs.heartbeat(self.run.pk, fence=self.fence)
        if not beat.held:
            self._give_up(work)
        elif beat.stop_asked and not self._gate_passed:
            self.stopped_because, self.stopped_message = "stopped", "Stopped by a person."
            self._give_up(work)

    def _give_up(self, work: concurrent.futures.Future[Outcome]) -> None:
        self._has_given_up = True
        work.cancel()

    def _write(self, items: list[Line | Question]) -> None:
        lines = []
        for item in items:
            if isinstance(item, Line):
                lines.append(translate.log_line(item, self._keep_picture(item)))
                continue
            runs.tell(self.run.pk, lines, fence=self.fence)
            lines = []
            self._answer(item)
        runs.tell(self.run.pk, lines, fence=self.fence)

    def _answer(self, question: Question) -> None:
        if not question.answer.set_running_or_notify_cancel():
            return  # the engine waits no longer, and has sent nothing
        try:
            self._gate_passed = not self._has_given_up and runs.pass_gate(self.run.pk, fence=self.fence)
            question.answer.set_result(self._gate_passed)
        except Exception:
            # Not written down is not allowed: the request does not leave.
            logger.exception("The gate of run %s could not be committed", self.run.pk)
            question.answer.set_result(False)

    def _keep_picture(self, line: Line) -> str:
        if line.picture is None:
            return ""
        self.files += 1
        name = evidence.keep(self.run, number=self.files, step=line.step.value, content=line.picture)
        self.last_picture = name or self.last_picture
        return name
