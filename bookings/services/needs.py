"""What a showing request lacks before a robot may book it; nothing is ever filled in by guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from django.utils import timezone

from bookings import wallclock
from bookings.models import ShowingRequest
from bookings.services.runs import asking
from bookings.services.runs.figures import FARTHEST_START
from bookings.vocabulary import FetchState, Need

MLS_NUMBER = re.compile(r"[A-Z]\d{7,8}", re.IGNORECASE)


class Facts(NamedTuple):
    """What is looked at. What belongs to the partner or the home is None where there is none."""

    partner_is_active: bool | None
    partner_has_account: bool
    partner_zone: str | None
    home: str | None
    home_state: str | None
    home_zone: str | None
    day: date | None
    at: time | None


def needs_of(request: ShowingRequest) -> list[Need]:
    partner, home = request.partner, request.property
    facts = Facts(
        partner_is_active=partner.is_active if partner else None,
        partner_has_account=bool(partner and partner.accounts.filter(is_active=True).exists()),
        partner_zone=partner.time_zone if partner else None,
        home=home.property_id if home else None,
        home_state=home.fetch_state if home else None,
        home_zone=home.time_zone if home else None,
        day=request.scheduled_date,
        at=request.scheduled_time,
    )
    return lacking(facts, now=timezone.now())


def lacking(facts: Facts, *, now: datetime) -> list[Need]:
    """Needs in the order in which a person would see to them."""
    needs = []
    if not facts.partner_is_active:
        needs.append(Need.CLIENT)
    elif not facts.partner_has_account:
        needs.append(Need.ACCOUNT)
    if facts.home is None:
        needs.append(Need.PROPERTY)
    elif facts.home_state != FetchState.KNOWN and not is_mls_number(facts.home):
        needs.append(Need.ADDRESS)
    if facts.day is None:
        needs.append(Need.DATE)
    if facts.at is None:
        needs.append(Need.TIME)
    zone = facts.home_zone or facts.partner_zone
    if needs or facts.day is None or facts.at is None or not zone:
        return needs
    return _of_start(facts.day, facts.at, zone, now)


def _of_start(day: date, at: time, zone: str, now: datetime) -> list[Need]:
    if not asking.on_grid(at):
        return [Need.QUARTER]
    try:
        starts_at = wallclock.instant(day, at, zone)
    except wallclock.NoSuchTime:
        return [Need.REAL_TIME]
    except OverflowError:
        return [Need.NEARER]
    if starts_at > now + FARTHEST_START:
        return [Need.NEARER]
    return [] if starts_at > now else [Need.FUTURE]


def in_words(needs: Sequence[Need]) -> str:
    return "; ".join(str(need.label) for need in needs)


def is_mls_number(text: str) -> bool:
    """
    >>> is_mls_number("N1234567"), is_mls_number("w12345678"), is_mls_number("12 King St")
    (True, True, False)
    """
    return MLS_NUMBER.fullmatch(text) is not None
