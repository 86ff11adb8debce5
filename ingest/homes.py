"""Learning of homes from the property API: which to ask for, what is kept, when to stop asking."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from django.conf import settings

from bookings.models import Property
from bookings.services import properties, sync
from bookings.vocabulary import FetchState
from ingest.parse import read_property
from ingest.shapes import IncomingProperty, Malformed
from ingest.sources.http import SourceDown, SourceError, SourceRefused, SourceUnreadable
from ingest.sources.property_api import PropertyApi

logger = logging.getLogger(__name__)

PROPERTY_API = "property_api"
# An API that fails for so many homes in a row is down, whatever it says.
TROUBLES_IN_A_ROW = 3
# The pass's lease is kept alive at least so often, in seconds, however long an answer takes.
LONGEST_SILENCE = 15.0


class Count(Protocol):
    def __call__(self, *, addresses_found: int = 0, addresses_missing: int = 0) -> None: ...


class Learning(Enum):
    """What one answer brought: an address that was not known, news of a known one, or no address."""

    FOUND = "found"
    REFRESHED = "refreshed"
    MISSING = "missing"


@dataclass(slots=True, kw_only=True)
class Learned:
    """How it went. `answered`: the API told of a home, or that it does not know it. `trouble` ended it."""

    answered: bool = False
    trouble: SourceError | None = None

    def found_one(self, learning: Learning, count: Count) -> None:
        self.answered = True
        count(
            addresses_found=int(learning == Learning.FOUND),
            addresses_missing=int(learning == Learning.MISSING),
        )


def learn(api: PropertyApi, *, until: float, tell: Callable[[int, int], None], count: Count) -> Learned:
    """Ask for the homes that are due, and for those that fall due meanwhile, each once.

    When `time.monotonic()` says `until`, the next pass goes on. The first question goes alone, for a sleeping
    server wakes no faster for many; once one is answered, up to PROPERTY_API_AT_ONCE are asked at a time.
    `tell` hears how many of how many were asked for; `count` adds to the pass, is called at least every few
    seconds, and may raise to end it.
    """
    wanted = deque(properties.due())
    asked_for = set(wanted)
    learned = Learned()
    in_a_row = 0
    with _Lines(api, settings.PROPERTY_API_AT_ONCE) as lines:
        while True:
            goes_on = learned.trouble is None and time.monotonic() < until
            while wanted and goes_on and lines.may_ask(alone=not learned.answered):
                tell(len(asked_for) - len(wanted), len(asked_for))
                lines.ask(wanted.popleft())
            if not lines.under_way:
                wanted.extend(_due_besides(asked_for) if goes_on else [])
                if not goes_on or not wanted:
                    break
                asked_for.update(wanted)
                continue
            for property_id, answer in lines.answered():
                try:
                    learned.found_one(_learn(property_id, answer), count)
                    in_a_row = 0
                except SourceRefused as refused:
                    learned.trouble = learned.trouble or refused
                except SourceDown as down:
                    properties.fetch_failed(property_id, FetchState.FAILED, down.message)
                    count(addresses_missing=1)
                    in_a_row += 1
                    if down.status < 500 or in_a_row == TROUBLES_IN_A_ROW:
                        learned.trouble = learned.trouble or down
            count()
    if wanted:
        logger.info("%d homes are left for the next pass.", len(wanted))
    return learned


def _due_besides(asked_for: Collection[str]) -> list[str]:
    return [property_id for property_id in properties.due() if property_id not in asked_for]


class _Lines:
    """Up to `at_once` questions to the property API at the same time, each over a connection of its own.

    Threads only ask; rows are written by whoever reads the answers.
    """

    def __init__(self, api: PropertyApi, at_once: int) -> None:
        self.under_way: dict[Future[Any], str] = {}
        self._at_once = at_once
        self._api = api
        self._free: list[PropertyApi] = [api]
        self._others: list[PropertyApi] = []
        self._line_of: dict[Future[Any], PropertyApi] = {}
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="property-api")

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for line in self._others:
            line.close()

    def may_ask(self, *, alone: bool) -> bool:
        return len(self.under_way) < (1 if alone else self._at_once)

    def ask(self, property_id: str) -> None:
        line = self._free.pop() if self._free else self._another()
        future = self._pool.submit(line.read, property_id)
        self.under_way[future] = property_id
        self._line_of[future] = line

    def answered(self) -> list[tuple[str, Callable[[], Any]]]:
        """The homes that are answered for, each with what gives the answer or raises; none after a while."""
        done, _ = wait(self.under_way, timeout=LONGEST_SILENCE, return_when=FIRST_COMPLETED)
        self._free += [self._line_of.pop(future) for future in done]
        return [(self.under_way.pop(future), future.result) for future in done]

    def _another(self) -> PropertyApi:
        self._others.append(self._api.another())
        return self._others[-1]


def _learn(property_id: str, answer: Callable[[], Any]) -> Learning:
    """Keep what is told of one home."""
    try:
        payload = answer()
    except SourceUnreadable as unreadable:
        return _told_nothing(property_id, FetchState.UNREADABLE, unreadable.message)
    if payload is None:
        return _told_nothing(property_id, FetchState.NOT_FOUND, "The property API does not know it.")
    home = read_property(property_id, payload)
    if isinstance(home, Malformed):
        sync.keep_unreadable(PROPERTY_API, home.raw, home.reason, external_id=property_id)
        return _told_nothing(property_id, FetchState.UNREADABLE, home.reason)
    was_known = Property.objects.filter(property_id=property_id).exclude(address="").exists()
    if not properties.take_in(_as_property(home)).address:
        return Learning.MISSING
    return Learning.REFRESHED if was_known else Learning.FOUND


def _told_nothing(property_id: str, state: FetchState, reason: str) -> Learning:
    properties.fetch_failed(property_id, state, reason)
    return Learning.MISSING


def _as_property(home: IncomingProperty) -> properties.IncomingProperty:
    facts = {
        "price": home.price,
        "status": home.status,
        "listing_date": home.listing_date,
        "bedrooms": home.bedrooms,
        "bathrooms": home.bathrooms,
        "parking_spaces": home.parking_spaces,
        "sqft": home.sqft,
        "property_type": home.property_type,
        "description": home.description,
    }
    return properties.IncomingProperty(
        property_id=home.property_id,
        address=home.address,
        fields={name: _cut(name, text) for name, text in facts.items()},
        raw=dict(home.details),
    )


def _cut(column: str, text: str) -> str:
    longest: int | None = getattr(Property._meta.get_field(column), "max_length", None)
    return text[:longest]
