"""The shapes that clients of the predecessor rely on, and whether a value has one.

A shape is a kind (a function of a value), a mapping of the fields that must be there, or a list of one shape.
More fields are always allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

Kind: TypeAlias = Callable[[Any], bool]
Shape: TypeAlias = "Kind | dict[str, Shape] | list[Shape]"


def text(value: Any) -> bool:
    return isinstance(value, str)


def whole(value: Any) -> bool:
    return type(value) is int


def zero_or_one(value: Any) -> bool:
    return type(value) is int and value in (0, 1)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def yes(value: Any) -> bool:
    return value is True


def moment(value: Any) -> bool:
    """An instant with its zone, as JavaScript's Date reads it."""
    return text(value) and datetime.fromisoformat(value).tzinfo is not None


def day(value: Any) -> bool:
    return text(value) and date.fromisoformat(value).isoformat() == value


def clock(value: Any) -> bool:
    return text(value) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value) is not None


def uuid(value: Any) -> bool:
    return text(value) and str(UUID(value)) == value


def anything(value: Any) -> bool:
    return True


def maybe(kind: Kind) -> Kind:
    return lambda value: value is None or kind(value)


def one_of(*words: str) -> Kind:
    return lambda value: value in words


LOG: Shape = {
    "id": whole,
    "timestamp": moment,
    "level": one_of("info", "warning", "error", "success"),
    "message": text,
}
JOB: dict[str, Shape] = {
    "id": uuid,
    "property": text,
    "status": one_of("pending", "running", "completed", "failed"),
    "state": text,
    "options": {
        "preferredTime": maybe(clock),
        "preferredDate": maybe(day),
        "preferredDuration": maybe(whole),
        "autoConfirmOnly": flag,
        "headless": flag,
    },
    "createdAt": moment,
    "updatedAt": moment,
    "startedAt": maybe(moment),
    "completedAt": maybe(moment),
}
JOB_WITH_LOGS: Shape = {**JOB, "logs": [LOG]}
BOOKING: Shape = {
    "id": whole,
    "listing_id": text,
    "property_address": text,
    "booking_date": day,
    "booking_time": clock,
    "duration": maybe(whole),
    "user_name": text,
    "user_email": text,
    "organization": text,
    "showing_type": text,
    "status": one_of("Confirmed", "Pending", "Cancelled", "Declined", "Time Suggested", "Unverified"),
    "auto_confirmed": zero_or_one,
    "booking_url": text,
    "screenshot_path": text,
    "confirmation_message": text,
    "created_at": moment,
}
PROPERTY: Shape = {
    "property_id": text,
    "address": text,
    "price": text,
    "price_change": text,
    "status": text,
    "bedrooms": text,
    "bathrooms": text,
    "sqft": text,
    "listing_date": text,
    "last_updated": maybe(moment),
    "mls_number": text,
    "agent": text,
    "agent_phone": text,
    "description": text,
    "features": text,
    "details_json": anything,
    "rooms_json": anything,
    "url": text,
    "property_type": text,
    "year_built": text,
    "lot_size": text,
    "parking_spaces": text,
    "organization": text,
    "organization_address": text,
}
PROBLEM: Shape = {"success": lambda value: value is False, "error": text}
CHECKED: Shape = {"success": yes, "exists": flag, "logs": [LOG]}


def unlike(value: Any, shape: Shape, at: str = "$") -> Iterator[str]:
    """What of a value is not as its shape says, each with the way to it."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{at} is no object: {value!r}"
            return
        for name, part in shape.items():
            if name not in value:
                yield f"{at}.{name} is missing"
            else:
                yield from unlike(value[name], part, f"{at}.{name}")
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            yield f"{at} is no list with something in it: {value!r}"
            return
        for number, one in enumerate(value):
            yield from unlike(one, shape[0], f"{at}[{number}]")
    elif not _is(value, shape):
        yield f"{at} is {value!r}"


def _is(value: Any, kind: Kind) -> bool:
    try:
        return kind(value)
    except ValueError:
        return False
