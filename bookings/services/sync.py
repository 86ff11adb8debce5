"""Sync passes: begun one at a time, their counts, and what could not be read."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from bookings.models import SyncPass, UnreadableRow
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


def keep_unreadable(source: str, raw: Any, reason: str, *, external_id: str = "") -> None:
    """Keep something that could not be understood, with its reason; the same thing again is counted."""
    text = json.dumps(raw, sort_keys=True, default=str)
    fingerprint = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    now = timezone.now()
    with transaction.atomic():
        again = UnreadableRow.objects.filter(source=source, fingerprint=fingerprint).update(
            last_seen_at=now, times_seen=F("times_seen") + 1, reason=reason[:300]
        )
        if not again:
            UnreadableRow.objects.create(
                source=source,
                external_id=external_id[:200],
                fingerprint=fingerprint,
                reason=reason[:300],
                raw=raw,
                first_seen_at=now,
                last_seen_at=now,
            )
