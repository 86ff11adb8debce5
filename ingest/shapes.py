"""What came from outside, once it is understood: frozen, typed, nothing invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Marks what stands for a row of which only the id was read. No column can be called so.
TOO_LARGE = " too large "


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingProperty:
    """A home as the property API tells it. Texts are "" where it says nothing.

    `address` has a street; a home whose street the API does not know has "" there and its place
    ("Town, ON, L0L 0L0, CA") in `place`.
    """

    property_id: str
    address: str
    place: str
    price: str
    status: str
    listing_date: str
    bedrooms: str
    bathrooms: str
    parking_spaces: str
    sqft: str
    property_type: str
    description: str
    details: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """Something that cannot be understood: kept as it came (fit to be stored), with one plain reason."""

    external_id: str
    reason: str
    raw: Any = field(repr=False)
