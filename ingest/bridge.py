"""The bridge: a change in Supabase is here within seconds, for as long as the line is up.

Realtime only rings: it may tell a change late, twice, in the wrong order, in part or never. So the row is
read over REST as it is now, and every "Subscribed" is followed by a pass, which finds what was missed before.
One bridge works at a time, over all machines; a second one stands by.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from bookings.services import dispatch, leases, properties, showings, sync, upstreams
from ingest.passes import Part, Progress, Sources, run_pass
from ingest.sources.http import Patience, SourceDown, SourceError
from ingest.sources.realtime import Realtime, Subscribed, Told
from ingest.sources.supabase import Supabase
from ingest.taking import dated, take_in

logger = logging.getLogger(__name__)

LEASE, TRIGGER = "bridge", "realtime"
# So many rows at once are found more cheaply by a pass.
MANY = 1000
# Whoever waits for a row wants to know soon that Supabase does not answer.
PATIENCE = Patience(connect=5, read=10, attempts=2, total=20, longest_wait=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """In seconds. Between two tries to connect, pauses double from the first to the longest; a line that held
    for `steady` begins anew."""

    lease: float = 20.0
    look: float = 1.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    steady: float = 60.0
    between_passes: float = 5.0
    while_another_passes: float = 1.0
    between_notes: float = 10.0


@dataclass(slots=True, kw_only=True)
class Heard:
    """What was told and is not yet acted on. `changed` says of each row when it was committed upstream."""

    subscribed: bool = False
    trouble: SourceError | None = None
    missed: bool = False
    changed: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def something(self) -> bool:
        return bool(self.subscribed or self.trouble or self.missed or self.changed)

    def add(self, told: Told) -> None:
        """The same row again adds nothing: it is read as it is by then."""
        if isinstance(told, Subscribed):
            self.subscribed, self.trouble = True, None
        elif told.id is None or len(self.changed) >= MANY:
            self.missed = True
        else:
            self.changed.setdefault(told.id, told.committed_at)


class Ear:
    """Listens in a thread of its own, over and over, so that a slow database never costs the line."""

    def __init__(self, realtime: Realtime, pace: Pace) -> None:
        self._realtime = realtime
        self._pace = pace
        self._news = threading.Condition()
        self._heard = Heard()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen_on, name="realtime", daemon=True)
        self._thread.start()

    def take(self, wait: float) -> Heard:
        """What was heard since the last time; waits so many seconds for something."""
        with self._news:
            self._news.wait_for(lambda: self._heard.something, timeout=wait)
            heard, self._heard = self._heard, Heard()
        return heard

    def close(self) -> None:
        self._stop.set()
        self._realtime.close()
        self._thread.join()

    def _listen_on(self) -> None:
        tries = 0
        while not self._stop.is_set():
            began = time.monotonic()
            trouble = self._listen()
            tries = 0 if time.monotonic() - began > self._pace.steady else tries + 1
            if not self._stop.is_set():
                logger.info("%s", trouble)
                self._stop.wait(self._pause(tries, trouble))

    def _listen(self) -> SourceError:
        """Listen until the line ends, and say why it did."""
        try:
            for told in self._realtime.listen():
                with self._news:
                    self._heard.add(told)
                    self._news.notify()
        except SourceError as ended:
            trouble = ended
        else:
            trouble = SourceDown("Supabase Realtime", "Supabase Realtime ended.")
        with self._news:
            self._heard.subscribed, self._heard.trouble = False, trouble
            self._news.notify()
        return trouble

    def _pause(self, tries: int, trouble: SourceError) -> float:
        asked = trouble.retry_after or 0.0 if isinstance(trouble, SourceDown) else 0.0
        doubled = min(self._pace.first_pause * 2 ** min(tries, 20), self._pace.longest_pause)
        return max(asked, doubled * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


class _Enough(SystemExit):
    """A pass under way is stopped: we are to end, or another bridge has our place."""


class Bridge:
    """Reads and stores what the ear hears. `alive` is called all the time, for whoever watches over it."""

    def __init__(
        self,
        *,
        holder: str,
        make_ear: Callable[[], Ear],
        make_supabase: Callable[[], Supabase],
        make_sources: Callable[[], Sources] = Sources.from_settings,
        pace: Pace | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`holder` is its name among the bridges; one that starts anew under its old name goes on at once.

        `make_supabase` is for single rows, `make_sources` for passes.
        """
        self._holder = holder
        self._make_ear = make_ear
        self._make_supabase = make_supabase
        self._make_sources = make_sources
        self._pace = pace or Pace()
        self._alive = alive
        self._stopping = False
        self._ear: Ear | None = None
        self._supabase: Supabase | None = None
        self._changed: dict[str, datetime | None] = {}
        self._owes_pass = False
        self._ask_from = self._pass_from = self._note_from = self._ring_from = self._renew_from = 0.0
        self._facts: dict[str, Any] = {}

    def stop(self) -> None:
        """End soon; may be called by a signal, so it touches no lock."""
        self._stopping = True

    def run(self) -> None:
        """Work until `stop`: as the one bridge while the lease is ours, standing by while it is another's."""
        try:
            while not self._stopping:
                self._alive()
                if not self._holds_lease():
                    self._hang_up()
                    time.sleep(self._pace.look)
                    continue
                if self._ear is None:
                    self._begin()
                self._work(self._wait())
                self._catch_up()
        finally:
            self._hang_up()
            leases.let_go(LEASE, self._holder)

    def _begin(self) -> None:
        """The lease is ours: a pass that a bridge still makes died with it."""
        sync.close_dead(TRIGGER)
        self._ear, self._supabase = self._make_ear(), self._make_supabase()

    def _holds_lease(self) -> bool:
        """Renews in good time, not in every round."""
        now = time.monotonic()
        if self._ear is not None and now < self._renew_from:
            return True
        self._renew_from = now + self._pace.lease / 4
        return leases.hold(LEASE, self._holder, seconds=self._pace.lease)

    def _hang_up(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._note(state="stopped", connected_since=None)
        if self._supabase is not None:
            self._supabase.close()
        self._ear = self._supabase = None

    def _wait(self) -> float:
        """How long the next look may wait for something to be told."""
        due = [self._pace.look]
        if self._changed:
            due.append(self._ask_from - time.monotonic())
        if self._owes_pass:
            due.append(self._pass_from - time.monotonic())
        return max(0.0, min(due))

    # ---- what was told ---------------------------------------------------------------------------------

    def _work(self, wait: float) -> None:
        assert self._ear is not None
        heard = self._ear.take(wait)
        self._tell_state(heard)
        self._owes_pass |= heard.subscribed or heard.missed
        for request_id, committed_at in heard.changed.items():
            self._changed.setdefault(request_id, committed_at)
        if len(self._changed) > MANY:
            self._give_over_to_a_pass()
        if self._changed and time.monotonic() >= self._ask_from:
            self._read_changed()
        self._note_later()

    def _give_over_to_a_pass(self) -> None:
        self._changed.clear()
        self._owes_pass = True

    def _read_changed(self) -> None:
        pause = upstreams.may_ask(upstreams.SUPABASE)
        if pause is not None:
            self._ask_from = time.monotonic() + pause.seconds
            return
        try:
            self._read_and_store(dict(self._changed))
        except SourceDown as down:
            upstreams.failed(upstreams.SUPABASE, down.message, retry_after=down.retry_after)
            self._ask_from = time.monotonic() + max(down.retry_after or 0.0, self._pace.between_passes)
        except SourceError as refused:
            # A pass tells a person what to do, and finds the rows when that is done.
            upstreams.failed(upstreams.SUPABASE, refused.message)
            self._give_over_to_a_pass()
        else:
            upstreams.succeeded(upstreams.SUPABASE)

    def _read_and_store(self, changed: Mapping[str, datetime | None]) -> None:
        """Read rows as they are now, store them and queue what is ready; those that are gone are let be."""
        assert self._supabase is not None
        # A page that a pass asked for before now, and has not stored yet, must not undo what we read.
        showings.outdate(changed, timezone.now())
        for asked_at, page in dated(self._supabase.read_by_ids(list(changed))):
            taken = take_in(page, read_at=asked_at)
            showings.queue_ready(among=taken.ids)
            for request_id in taken.ids:
                self._changed.pop(request_id, None)
            self._note_change([at for request_id in taken.ids if (at := changed.get(request_id))])
            if taken.new or taken.changed:
                self._ask_for_addresses()
        for request_id in changed:
            self._changed.pop(request_id, None)

    def _ask_for_addresses(self) -> None:
        now = time.monotonic()
        if now >= self._ring_from and properties.wanting_address():
            self._ring_from = now + self._pace.between_passes
            dispatch.ring_addresses()

    # ---- what was missed -------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        if not self._owes_pass or time.monotonic() < self._pass_from:
            return
        self._owes_pass = False
        try:
            made = run_pass(
                TRIGGER, parts=Part.REQUESTS, sources=self._make_sources(), tell=self._between_pages
            )
        except _Enough:
            return
        if made is None:
            # Another one runs, and may have read before we were listening: then ours comes after it.
            self._owes_pass = True
        else:
            # Whoever was rung for while ours ran found it running, and went.
            self._ring_from = 0.0
            self._ask_for_addresses()
        pause = self._pace.while_another_passes if made is None else self._pace.between_passes
        self._pass_from = time.monotonic() + pause

    def _between_pages(self, progress: Progress) -> None:
        """A long pass holds up no change: what is told meanwhile is read between two of its pages."""
        self._alive()
        if self._stopping or not self._holds_lease():
            raise _Enough
        self._work(0.0)

    # ---- what people see -------------------------------------------------------------------------------

    def _tell_state(self, heard: Heard) -> None:
        if heard.subscribed:
            upstreams.succeeded(upstreams.REALTIME)
            self._note(state="listening", connected_since=_now(), trouble=None)
        if heard.trouble is not None:
            self._note(state="down", connected_since=None, trouble=str(heard.trouble))

    def _note_change(self, committed: list[datetime]) -> None:
        self._facts["last_event_at"] = _now()
        if committed:
            lag = max((timezone.now() - at).total_seconds() for at in committed)
            # Two machines' clocks: a little before zero is zero.
            self._facts["lag_ms"] = max(0, round(lag * 1000))

    def _note_later(self) -> None:
        if time.monotonic() >= self._note_from:
            self._note()

    def _note(self, **facts: Any) -> None:
        self._note_from = time.monotonic() + self._pace.between_notes
        upstreams.note(upstreams.REALTIME, **self._facts, seen_at=_now(), **facts)
        self._facts = {}


def from_settings(holder: str, *, alive: Callable[[], None]) -> Bridge:
    """The bridge of this installation. SUPABASE_URL must be set."""
    pace = Pace()
    return Bridge(
        holder=holder,
        make_ear=lambda: Ear(
            Realtime(
                url=settings.SUPABASE_URL, key=lambda: settings.SUPABASE_KEY, table=settings.SUPABASE_TABLE
            ),
            pace,
        ),
        make_supabase=lambda: Supabase(
            url=settings.SUPABASE_URL,
            key=settings.SUPABASE_KEY,
            table=settings.SUPABASE_TABLE,
            patience=PATIENCE,
        ),
        pace=pace,
        alive=alive,
    )


def _now() -> str:
    return timezone.now().isoformat(timespec="milliseconds")
