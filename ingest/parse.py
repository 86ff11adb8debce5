"""JSON → shapes. A row is understood whole or kept as Malformed with its reason; nothing is invented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from bookings.services.showings import AHEAD_AT_MOST, IncomingShowing
from ingest.addresses import Address, one_line, read_address
from ingest.shapes import TOO_LARGE, IncomingProperty, Malformed
from ingest.storable import storable

# A year outside of these is a slip of somebody's keyboard, and arithmetic on it overflows.
YEARS = range(1900, 2201)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?", re.ASCII)
_TIME_OF_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s?([AaPp])\.?[Mm]\.?", re.ASCII)
_MLS_NUMBER = re.compile(r"[A-Z]\d{7,8}", re.IGNORECASE | re.ASCII)


class _Unreadable(ValueError):
    """A value that is not what its column promises; the text is the reason, for people."""


def read_request(raw: Any) -> IncomingShowing | Malformed:
    """A row of Supabase's table."""
    if not isinstance(raw, Mapping):
        return Malformed(external_id="", reason="The row is not an object.", raw=storable(raw))
    if TOO_LARGE in raw:
        return Malformed(
            external_id=_name_of(raw), reason="The row is too large to be read.", raw=storable(raw)
        )
    try:
        return IncomingShowing(
            id=_key(raw, "id", longest=100),
            user_id=_text(raw, "user_id", longest=100),
            property_id=_text(raw, "property_id", longest=40),
            status=_identity(raw, "status", longest=40),
            created_at=_instant(raw, "created_at"),
            scheduled_date=_date(raw, "scheduled_date"),
            scheduled_time=_time(raw, "scheduled_time"),
            group_name=_label(raw, "group_name", longest=200),
            updated_at=_version(raw, "updated_at"),
            raw=storable(dict(raw)),
        )
    except _Unreadable as reason:
        return Malformed(external_id=_name_of(raw), reason=str(reason), raw=storable(dict(raw)))


def read_property(property_id: str, payload: Any) -> IncomingProperty | Malformed:
    """The property API's answer about one home, in any of its seen shapes."""
    home = _unwrap(payload)
    if home is None:
        return Malformed(
            external_id=property_id, reason="The answer holds no property.", raw=storable(payload)
        )
    told = home.get("id")
    if isinstance(told, str) and _MLS_NUMBER.fullmatch(told.strip()) and _differ(told, property_id):
        return Malformed(
            external_id=property_id,
            reason=f"The answer is about another property ({told.strip()}).",
            raw=storable(payload),
        )
    address = read_address(home.get("address")) or read_address(home) or Address(text="", has_street=False)
    return IncomingProperty(
        property_id=property_id,
        address=address.text if address.has_street else "",
        place="" if address.has_street else address.text,
        price=_fact(home, "price"),
        status=_fact(home, "status"),
        listing_date=_fact(home, "added"),
        bedrooms=_fact(home, "beds"),
        bathrooms=_fact(home, "baths"),
        parking_spaces=_fact(home, "parking"),
        sqft=_fact(home, "sqft"),
        property_type=_fact(home, "propertyType"),
        description=storable(home["description"]) if isinstance(home.get("description"), str) else "",
        details=storable(dict(home)),
    )


def read_start(raw: Mapping[str, Any], *, day: str, at: str) -> tuple[date, time] | str:
    """A showing's day and time from the columns of these names; a plain reason where they cannot be read."""
    try:
        found = _date(raw, day), _time(raw, at)
    except _Unreadable as reason:
        return str(reason)
    if found[0] is None or found[1] is None:
        return f"{day} or {at} is missing."
    return found[0], found[1]


def _differ(one: str, other: str) -> bool:
    return one.strip().casefold() != other.strip().casefold()


def _unwrap(payload: Any) -> Mapping[str, Any] | None:
    """The property itself: bare, an array of one, or under `data` or `property` (in any nesting of these)."""
    for _ in range(4):
        if isinstance(payload, list) and len(payload) == 1:
            payload = payload[0]
        elif isinstance(payload, Mapping) and isinstance(payload.get("data"), Mapping | list):
            payload = payload["data"]
        elif isinstance(payload, Mapping) and isinstance(payload.get("property"), Mapping | list):
            payload = payload["property"]
    is_property = isinstance(payload, Mapping) and any(key in payload for key in ("id", "address", "price"))
    return payload if is_property else None


def _fact(home: Mapping[str, Any], key: str) -> str:
    """A fact for people to read ("3+1", "$799,000", 2): texts and numbers only."""
    value = home.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return one_line(str(value))


def _name_of(raw: Mapping[str, Any]) -> str:
    """Which row it is, to the letter where that can be shown."""
    value = raw.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:100] if str(value).isprintable() else one_line(str(value))[:100]


def _identity(raw: Mapping[str, Any], name: str, *, longest: int) -> str:
    text = _text(raw, name, longest=longest)
    if not text:
        raise _Unreadable(f"{name} is missing.")
    return text


def _key(raw: Mapping[str, Any], name: str, *, longest: int) -> str:
    """An identity to the letter: "a" and "a " are two rows, and the second is not taken for the first."""
    if isinstance(value := raw.get(name), str) and value != value.strip() and value.strip():
        raise _Unreadable(f"{name} has spaces around it.")
    return _identity(raw, name, longest=longest)


def _label(raw: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Words for people, which cost nobody a showing however they are written: one line, cut where long."""
    value = raw.get(name)
    return one_line(value)[:longest].strip() if isinstance(value, str) else _text(raw, name, longest=longest)


def _text(raw: Mapping[str, Any], name: str, *, longest: int) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Unreadable(f"{name} is not a text.")
    text = str(value).strip()
    if len(text) > longest:
        raise _Unreadable(f"{name} is longer than {longest} characters.")
    if not text.isprintable():
        raise _Unreadable(f"{name} holds characters that are no text.")
    return text


def _written(raw: Mapping[str, Any], name: str) -> str:
    """A date or time as it is written; "" where there is none."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unreadable(f"{name} is not a text.")
    return value.strip()


def _date(raw: Mapping[str, Any], name: str) -> date | None:
    text = _written(raw, name)
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise _Unreadable(f"{name} is no date like 2026-11-21.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _Unreadable(f"{name} is no day of the calendar.") from None
    if day.year not in YEARS:
        raise _Unreadable(f"{name} is in the year {day.year}.")
    return day


def _time(raw: Mapping[str, Any], name: str) -> time | None:
    text = _written(raw, name)
    if not text:
        return None
    numbers = _clock(text)
    if numbers is None:
        raise _Unreadable(f"{name} is no time like 14:30:00.")
    try:
        return time(*numbers)
    except ValueError:
        raise _Unreadable(f"{name} is no time of the day.") from None


def _clock(text: str) -> tuple[int, int, int] | None:
    if plain := _TIME.fullmatch(text):
        return int(plain[1]), int(plain[2]), int(plain[3] or 0)
    spoken = _TIME_OF_CLOCK.fullmatch(text)
    if spoken is None or not 1 <= int(spoken[1]) <= 12:
        return None
    return int(spoken[1]) % 12 + (12 if spoken[3] in "Pp" else 0), int(spoken[2]), 0


def _version(raw: Mapping[str, Any], name: str) -> datetime | None:
    """When a row was changed last, by which its readings are put in order; None for a moment yet to come, for
    every change after it would be taken for an older one."""
    moment = _instant(raw, name)
    return moment if moment is None or moment <= datetime.now(UTC) + AHEAD_AT_MOST else None


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    """An instant in either of the seen forms, `2026-11-21T05:46:54+00:00` and `2026-11-21 05:46:54.8+00`.

    One without an offset is UTC: that is what a Supabase column without a zone holds.
    """
    text = _written(raw, name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unreadable(f"{name} is no point in time.") from None
    if moment.year not in YEARS:
        raise _Unreadable(f"{name} is in the year {moment.year}.")
    return moment
