"""Learning of homes from the property API: which to ask for, what is kept, when to stop asking."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

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


class Count(Protocol):
    def __call__(self, *, addresses_found: int = 0, addresses_missing: int = 0) -> None: ...


@dataclass(slots=True, kw_only=True)
class Learned:
    """How it went. `answered`: the API told of a home, or that it does not know it. `trouble` ended it."""

    answered: bool = False
    trouble: SourceError | None = None


def learn(api: PropertyApi, *, until: float, tell: Callable[[int, int], None], count: Count) -> Learned:
    """Ask for the homes that are due; when `time.monotonic()` says `until`, the next pass goes on.

    `tell` hears how many of how many were asked for; `count` adds to the pass and may raise to end it.
    """
    wanted = properties.wanting_address()
    learned = Learned()
    in_a_row = 0
    for place, property_id in enumerate(wanted):
        tell(place, len(wanted))
        if time.monotonic() > until:
            logger.info("%d addresses are left for the next pass.", len(wanted) - place)
            return learned
        try:
            found = _learn(api, property_id)
            in_a_row = 0
            learned.answered = True
        except SourceRefused as refused:
            learned.trouble = refused
            return learned
        except SourceDown as down:
            properties.fetch_failed(property_id, FetchState.FAILED, down.message)
            found = False
            in_a_row += 1
            if down.status < 500 or in_a_row == TROUBLES_IN_A_ROW:
                count(addresses_missing=1)
                learned.trouble = down
                return learned
        count(addresses_found=int(found), addresses_missing=int(not found))
    return learned


def _learn(api: PropertyApi, property_id: str) -> bool:
    """Ask for one home and keep what is told. True when its street address is known now."""
    try:
        payload = api.read(property_id)
    except SourceUnreadable as unreadable:
        properties.fetch_failed(property_id, FetchState.UNREADABLE, unreadable.message)
        return False
    if payload is None:
        properties.fetch_failed(property_id, FetchState.NOT_FOUND, "The property API does not know it.")
        return False
    home = read_property(property_id, payload)
    if isinstance(home, Malformed):
        sync.keep_unreadable(PROPERTY_API, home.raw, home.reason, external_id=property_id)
        properties.fetch_failed(property_id, FetchState.UNREADABLE, home.reason)
        return False
    return bool(properties.take_in(_as_property(home)).address)


def _as_property(home: IncomingProperty) -> properties.IncomingProperty:
    facts = {
        "price": home.price,
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
