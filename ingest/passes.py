"""A sync pass: ask Supabase, store, learn addresses, queue what is ready, and say how it went.

Each part is safe to repeat and to be killed in: rows are upserts, runs are unique, the pass has a lease.
"""

from __future__ import annotations

import logging
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Flag, auto
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from bookings.models import ShowingRequest, SyncPass
from bookings.services import properties, showings, sync, upstreams
from bookings.vocabulary import RequestState
from ingest import homes, schedule
from ingest.sources.http import SourceDown, SourceError
from ingest.sources.property_api import PropertyApi
from ingest.sources.supabase import Supabase
from ingest.taking import dated, take_in

logger = logging.getLogger(__name__)

# The statuses that are asked for. A row that leaves them is found again by its id.
OPEN_UPSTREAM = ("pending", "scheduled", "rescheduled")
# Addresses wait for the next pass when a pass has lasted this long, in seconds: the queue ends a task at 300,
# and one last question may take nearly two minutes.
ADDRESSES_UNTIL = 150.0
# Counts are written down, and the lease extended, once in so many seconds.
COUNT_EVERY = 5.0
# Who asked for these passes wants an answer now, also while a service is left alone.
INSISTING = ("person", "start", "demo", "command")


class Part(Flag):
    """What a pass does."""

    REQUESTS = auto()
    ADDRESSES = auto()
    EVERYTHING = REQUESTS | ADDRESSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a pass is, for a person at a terminal. `total` is None while nobody knows."""

    stage: str
    done: int
    total: int | None = None


Tell = Callable[[Progress], None]


@dataclass(slots=True, kw_only=True)
class Sources:
    """Whom a pass asks. One that is not configured is None."""

    supabase: Supabase | None
    property_api: PropertyApi | None

    @classmethod
    def from_settings(cls) -> Sources:
        return cls(
            supabase=Supabase(
                url=settings.SUPABASE_URL, key=settings.SUPABASE_KEY, table=settings.SUPABASE_TABLE
            )
            if settings.SUPABASE_URL
            else None,
            property_api=PropertyApi(url=settings.PROPERTY_API_URL, key=settings.PROPERTY_API_KEY)
            if settings.PROPERTY_API_URL
            else None,
        )

    def close(self) -> None:
        for source in (self.supabase, self.property_api):
            if source is not None:
                source.close()


def run_pass(
    trigger: str,
    *,
    parts: Part = Part.EVERYTHING,
    sources: Sources | None = None,
    tell: Tell = lambda progress: None,
) -> SyncPass | None:
    """Make one pass and answer its row, with counts and, where something went wrong, a plain reason.

    None when another pass is running. A source that does not answer is told in the row, never raised.
    """
    sync_pass = sync.begin(trigger)
    if sync_pass is None:
        return None
    cycle = _Cycle(sync_pass=sync_pass, tell=tell, insists=trigger.startswith(INSISTING))
    try:
        sources = sources or Sources.from_settings()
        try:
            cycle.run(parts, sources)
        finally:
            sources.close()
    except _TakenOver:
        logger.warning("%s took too long; another pass goes on.", sync_pass)
        sync_pass.refresh_from_db()
        return sync_pass
    except BaseException as broke:
        stopped = isinstance(broke, KeyboardInterrupt | SystemExit)
        reason = (
            "It was stopped." if stopped else f"It broke ({type(broke).__name__}); the log has the details."
        )
        sync.count(sync_pass, **cycle.counted)
        sync.finish(sync_pass, error=reason)
        schedule.plan_next(sync_pass)
        raise
    sync_pass = sync.finish(sync_pass, error=" ".join(cycle.troubles), partial=cycle.did_something)
    schedule.plan_next(sync_pass, retry_after=cycle.retry_after)
    return sync_pass


def in_words(sync_pass: SyncPass) -> str:
    """A pass in one line for people."""
    counts = (
        f"{sync_pass.rows_seen} requests read ({sync_pass.rows_new} new, {sync_pass.rows_changed} changed, "
        f"{sync_pass.rows_unreadable} unreadable), {sync_pass.addresses_found} addresses found, "
        f"{sync_pass.addresses_missing} missing, {sync_pass.runs_queued} bookings queued."
    )
    unasked = sync_pass.addresses_missing and not settings.PROPERTY_API_URL
    advice = "PROPERTY_API_URL is not set, so no address was asked for." if unasked else ""
    return " ".join(filter(None, [f"{sync_pass}: {counts}", advice, sync_pass.error]))


class _TakenOver(Exception):
    """The pass's lease ran out and another pass runs: this one must not go on."""


@dataclass(slots=True, kw_only=True)
class _Cycle:
    """One pass under way. `troubles` are sentences for people."""

    sync_pass: SyncPass
    tell: Tell
    insists: bool = False
    started: float = field(default_factory=time.monotonic)
    seen: SeenIds = field(default_factory=lambda: SeenIds())
    troubles: list[str] = field(default_factory=list)
    retry_after: float | None = None
    read: int = 0
    read_anything: bool = False
    counted: Counter[str] = field(default_factory=Counter)
    counted_at: float = field(default_factory=time.monotonic)

    @property
    def did_something(self) -> bool:
        """In trouble, but not without result: done in part."""
        return bool(self.troubles) and self.read_anything

    def run(self, parts: Part, sources: Sources) -> None:
        if Part.REQUESTS in parts:
            self._read_requests(sources.supabase)
        if Part.ADDRESSES in parts:
            self._learn_addresses(sources.property_api)
        self.tell(Progress(stage="Queueing what is ready", done=0))
        self._write_counts()
        self._count(runs_queued=showings.queue_ready())
        self._write_counts()

    # ---- requests --------------------------------------------------------------------------------------

    def _read_requests(self, supabase: Supabase | None) -> None:
        if supabase is None:
            self.troubles.append("Supabase is not configured. Set SUPABASE_URL and SUPABASE_KEY.")
            return
        if self._is_left_alone(upstreams.SUPABASE, "Supabase"):
            return
        try:
            self._take_in(supabase.read_requests(statuses=OPEN_UPSTREAM))
            self.read_anything = True
            held = self._left_the_open_ones()
            self._take_in(supabase.read_by_ids(held))
        except SourceError as trouble:
            self._note(trouble)
            upstreams.failed(upstreams.SUPABASE, str(trouble), retry_after=asked_for(trouble))
            return
        upstreams.succeeded(upstreams.SUPABASE)
        if not self.seen and (held or not ShowingRequest.objects.exists()):
            self.troubles.extend(filter(None, [supabase.advice_when_empty()]))

    def _is_left_alone(self, key: str, name: str) -> bool:
        """True, and told, while a service that failed again and again gets its rest."""
        pause = upstreams.may_ask(key, insist=self.insists)
        if pause is None:
            return False
        self.troubles.append(f"{name} is left alone until {pause.until:%H:%M} UTC. {pause.reason}".strip())
        self.retry_after = max(self.retry_after or 0.0, pause.seconds)
        return True

    def _take_in(self, pages: Iterable[list[Any]]) -> None:
        for asked_at, page in dated(pages):
            taken = take_in(page, sync_pass=self.sync_pass, read_at=asked_at)
            self.seen.add(taken.ids)
            self.read_anything = True
            self.read += len(page)
            self._count(
                rows_seen=len(page),
                rows_new=taken.new,
                rows_changed=taken.changed,
                rows_unreadable=taken.unreadable,
            )
            self.tell(Progress(stage="Reading requests", done=self.read))

    def _left_the_open_ones(self) -> list[str]:
        """Ids that we hold as open, or as booked and still to come, and Supabase no longer lists as open."""
        yesterday = (timezone.now() - timedelta(days=1)).date()
        booked = Q(booking_status=RequestState.BOOKED, scheduled_date__gte=yesterday)
        ours = ShowingRequest.objects.filter(booked | Q(status__in=OPEN_UPSTREAM))
        ids = ours.exclude(booking_status=RequestState.CLOSED).order_by().values_list("pk", flat=True)
        return sorted(self.seen.lacking(ids.iterator()))

    # ---- addresses -------------------------------------------------------------------------------------

    def _learn_addresses(self, api: PropertyApi | None) -> None:
        if api is None:
            self._count(addresses_missing=len(properties.wanting_address()))
            return
        if not properties.due() or self._is_left_alone(upstreams.PROPERTY_API, "The property API"):
            return
        learned = homes.learn(
            api,
            until=self.started + ADDRESSES_UNTIL,
            tell=lambda done, total: self.tell(
                Progress(stage="Asking for addresses", done=done, total=total)
            ),
            count=self._count,
        )
        self.read_anything = self.read_anything or learned.answered
        if learned.trouble is not None:
            self._note(learned.trouble)
            asked = asked_for(learned.trouble)
            upstreams.failed(upstreams.PROPERTY_API, str(learned.trouble), retry_after=asked)
        elif learned.answered:
            upstreams.succeeded(upstreams.PROPERTY_API)

    def _note(self, trouble: SourceError) -> None:
        self.troubles.append(str(trouble))
        if asked := asked_for(trouble):
            self.retry_after = max(self.retry_after or 0.0, asked)

    def _count(self, **more: int) -> None:
        self.counted.update(more)
        if time.monotonic() - self.counted_at > COUNT_EVERY:
            self._write_counts()

    def _write_counts(self) -> None:
        more, self.counted, self.counted_at = self.counted, Counter(), time.monotonic()
        if not sync.count(self.sync_pass, **more):
            raise _TakenOver


class SeenIds:
    """Which ids a pass has seen, eight bytes each: a hash, so that a pass weighs the same over any number.

    Two of 100,000 ids share one in fewer than one of a billion passes; the row that is then taken for seen is
    asked about in the next process's pass, whose hashes are others.
    """

    def __init__(self) -> None:
        # On many shelves, so that putting them in order takes no room either.
        self._shelves = [array("q") for _ in range(256)]
        self._in_order = True

    def __bool__(self) -> bool:
        return any(self._shelves)

    def add(self, ids: Iterable[str]) -> None:
        for number in map(hash, ids):
            self._shelves[number & 255].append(number)
        self._in_order = False

    def lacking(self, ids: Iterable[str]) -> Iterator[str]:
        """Those that were not seen, in the order given."""
        if not self._in_order:
            for number, shelf in enumerate(self._shelves):
                self._shelves[number] = array("q", sorted(shelf))
            self._in_order = True
        for pk in ids:
            number = hash(pk)
            shelf = self._shelves[number & 255]
            at = bisect_left(shelf, number)
            if at == len(shelf) or shelf[at] != number:
                yield pk


def asked_for(trouble: SourceError) -> float | None:
    """The seconds that a source asked to be left alone for."""
    return trouble.retry_after if isinstance(trouble, SourceDown) else None
