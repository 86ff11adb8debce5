"""A circuit breaker for each outside service, kept in a row so that every process and person sees the same.

A service that fails several times in a row, or asks for time, is left alone for a while; then one caller asks
it once, and only when that works everybody asks again. Callers of a page-sized job ask `may_ask` once a job.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import Upstream
from bookings.vocabulary import UpstreamState

SUPABASE, PROPERTY_API, REALTIME = "supabase", "property_api", "realtime"

FAILURES_TO_REST = 3
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=15)
# A service may ask for more time than we would give it by ourselves, up to this.
LONGEST_ASKED = timedelta(hours=1)
# Whoever was let through to try has ended or died after this; then somebody else may.
TRYING = timedelta(minutes=2)
# While all is well, "last answer" is written down no more often than this.
OK_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Do not ask before `until`; `reason` says why, for people."""

    until: datetime
    reason: str

    @property
    def seconds(self) -> float:
        return max(0.0, (self.until - timezone.now()).total_seconds())


def may_ask(key: str, *, insist: bool = False) -> Pause | None:
    """None when the service may be asked now; else for how long to leave it alone. One query.

    After a rest one caller gets None and must tell how it went (`succeeded` or `failed`); the others wait for
    that. `insist` is for a person who asks for it now: they are never told to wait.
    """
    now = timezone.now()
    service = Upstream.objects.filter(key=key).first()
    if service is None or service.state == UpstreamState.OK or service.retry_at is None:
        return None
    if insist or service.retry_at <= now:
        mine = Upstream.objects.filter(key=key, state=service.state, retry_at=service.retry_at).update(
            state=UpstreamState.TRYING, retry_at=now + TRYING
        )
        if mine or insist:
            return None
        service.refresh_from_db()
    return Pause(until=service.retry_at or now, reason=service.last_error)


def succeeded(key: str) -> None:
    """It answered. Writes only when that is news, or was last written down a minute ago."""
    now = timezone.now()
    well = {
        "state": UpstreamState.OK,
        "failures": 0,
        "opened_at": None,
        "retry_at": None,
        "last_ok_at": now,
        "last_error": "",
    }
    news = (
        ~Q(state=UpstreamState.OK) | Q(failures__gt=0) | Q(last_ok_at=None) | Q(last_ok_at__lt=now - OK_EVERY)
    )
    if not Upstream.objects.filter(news, key=key).update(**well):
        Upstream.objects.get_or_create(key=key, defaults=well)


def failed(key: str, message: str, *, retry_after: float | None = None) -> None:
    """It did not answer as it should; `message` says how, for people. `retry_after`: seconds it asked for.

    Rests after a few failures in a row, at once when the service asked for time or when trying failed. Those
    who fail while it rests already, because they had asked before, prolong nothing.
    """
    now = timezone.now()
    with transaction.atomic():
        service = _locked(key)
        rests_already = service.state == UpstreamState.RESTING and (service.retry_at or now) > now
        service.last_error = message[:500]
        if not rests_already:
            service.failures += 1
            if service.state == UpstreamState.TRYING or retry_after or service.failures >= FAILURES_TO_REST:
                service.state = UpstreamState.RESTING
                service.opened_at = service.opened_at or now
                service.retry_at = now + _rest(service.failures, retry_after)
        service.save(update_fields=["last_error", "failures", "state", "opened_at", "retry_at"])


def note(key: str, **facts: Any) -> None:
    """Keep what is known of a service (JSON values), beside what is known already; None forgets a fact."""
    with transaction.atomic():
        service = _locked(key)
        merged = {**service.facts, **facts}
        service.facts = {name: value for name, value in merged.items() if value is not None}
        service.save(update_fields=["facts"])


def states() -> dict[str, str]:
    """Each service that was ever asked, and whether it is asked at the moment, or listened to."""
    return {
        service.key: UpstreamState.TRYING.value if service.has_lost_its_line else service.state
        for service in Upstream.objects.order_by("key")
    }


def fact(key: str, name: str) -> Any:
    """What was noted of a service under this name; None when nothing was."""
    facts = Upstream.objects.filter(key=key).values_list("facts", flat=True).first()
    return (facts or {}).get(name)


def _locked(key: str) -> Upstream:
    Upstream.objects.get_or_create(key=key)
    return Upstream.objects.select_for_update().get(key=key)


def _rest(failures: int, retry_after: float | None) -> timedelta:
    """Doubles with each failure; a little by chance, so that many machines do not ask in one moment."""
    doubled = FIRST_REST * 2 ** min(max(failures - FAILURES_TO_REST, 0), 10)
    asked = min(timedelta(seconds=retry_after or 0.0), LONGEST_ASKED)
    rest: timedelta = max(min(doubled, LONGEST_REST), asked) * random.uniform(1.0, 1.1)  # noqa: S311 - no secret
    return rest
