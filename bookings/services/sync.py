"""Sync passes: begun one at a time, their counts, and what could not be read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, JSONField, Q, Value
from django.utils import timezone

from bookings.models import SyncPass, UnreadableRow
from bookings.services import masses
from bookings.vocabulary import PassState

LEASE = timedelta(minutes=2)


def begin(trigger: str) -> SyncPass | None:
    """Start a pass; None while another one runs. A pass whose process died is closed first."""
    now = timezone.now()
    _close(Q(lease_until__lt=now))
    try:
        with transaction.atomic():
            return SyncPass.objects.create(trigger=trigger, started_at=now, lease_until=now + LEASE)
    except IntegrityError:
        return None


def close_dead(trigger: str) -> None:
    """Close a pass that is known to be dead, without waiting for its lease: whoever makes them is new."""
    _close(Q(trigger=trigger))


def _close(dead: Q) -> None:
    SyncPass.objects.filter(dead, state=PassState.RUNNING).update(
        state=PassState.FAILED,
        finished_at=timezone.now(),
        error="Its process stopped in the middle; the next pass goes on.",
    )


def count(sync_pass: SyncPass, **more: int) -> bool:
    """Add to the counts of a running pass and extend its lease. False when it was taken over."""
    held = SyncPass.objects.filter(pk=sync_pass.pk, state=PassState.RUNNING).update(
        lease_until=timezone.now() + LEASE, **{name: F(name) + number for name, number in more.items()}
    )
    return held == 1


def finish(sync_pass: SyncPass, *, error: str = "", partial: bool = False) -> SyncPass:
    """End a pass: done, done in part (something did not answer), or failed with a plain reason."""
    state = PassState.PARTIAL if partial else PassState.FAILED if error else PassState.DONE
    SyncPass.objects.filter(pk=sync_pass.pk, state=PassState.RUNNING).update(
        state=state, finished_at=timezone.now(), error=error
    )
    sync_pass.refresh_from_db()
    return sync_pass


def failures_in_a_row() -> int:
    """How many of the latest ended passes had trouble, one after the other (at most 10 are looked at)."""
    states = SyncPass.objects.exclude(state=PassState.RUNNING).order_by("-started_at")
    failed = 0
    for state in states.values_list("state", flat=True)[:10]:
        if state == PassState.DONE:
            break
        failed += 1
    return failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something from outside (JSON fit to be stored) that could not be understood, and why, for people."""

    raw: Any
    reason: str
    external_id: str = ""


def keep_unreadable(source: str, raw: Any, reason: str, *, external_id: str = "") -> None:
    """Keep something that could not be understood, with its reason; the same thing again is counted."""
    keep_all_unreadable(source, [Unreadable(raw=raw, reason=reason, external_id=external_id)])


def keep_all_unreadable(source: str, found: Iterable[Unreadable]) -> None:
    """The same for many at once, in a few queries however many they are."""
    by_fingerprint: dict[str, Unreadable] = {}
    seen: Counter[str] = Counter()
    for one in found:
        fingerprint = _fingerprint(one.raw)
        by_fingerprint[fingerprint] = one
        seen[fingerprint] += 1
    if not seen:
        return
    now = timezone.now()
    with transaction.atomic():
        rows = UnreadableRow.objects.filter(source=source)
        there = rows.filter(fingerprint__in=masses.any_of(seen)).values_list("fingerprint", flat=True)
        again: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for fingerprint in there.order_by():
            again[by_fingerprint[fingerprint].reason, seen.pop(fingerprint)].append(fingerprint)
        for (reason, times), fingerprints in again.items():
            rows.filter(fingerprint__in=masses.any_of(fingerprints)).update(
                last_seen_at=now, times_seen=F("times_seen") + times, reason=reason[:300]
            )
        UnreadableRow.objects.bulk_create(
            [
                UnreadableRow(
                    source=source,
                    external_id=one.external_id[:200],
                    fingerprint=fingerprint,
                    reason=one.reason[:300],
                    # A JSON null, which is not SQL's.
                    raw=Value(None, JSONField()) if one.raw is None else one.raw,
                    first_seen_at=now,
                    last_seen_at=now,
                    times_seen=times,
                )
                for fingerprint, times in seen.items()
                for one in [by_fingerprint[fingerprint]]
            ],
            batch_size=500,
            ignore_conflicts=True,
        )


def _fingerprint(raw: Any) -> str:
    text = json.dumps(raw, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
