"""The live log: lines numbered without gaps within their run, in the order of commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from bookings import live
from bookings.models import BookingRun, Evidence, RunEvent
from bookings.vocabulary import Level, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line for the live log; `picture` is the path of a stored picture, if any."""

    at: datetime
    message: str
    level: Level = Level.INFO
    step: str = ""
    duration_ms: int | None = None
    picture: str = ""


def tell(run_id: int, lines: Sequence[LogLine], *, fence: int) -> bool:
    """Append lines to the live log; False when the fence is old (nothing is written)."""
    if not lines:
        return True
    with transaction.atomic():
        held = BookingRun.objects.filter(pk=run_id, attempt_number=fence).update(
            event_seq=F("event_seq") + len(lines), step=_last_step(lines)
        )
        if held != 1:
            return False
        first = BookingRun.objects.values_list("event_seq", flat=True).get(pk=run_id) - len(lines) + 1
        for offset, line in enumerate(lines):
            RunEvent.objects.create(
                run_id=run_id,
                seq=first + offset,
                attempt_number=fence,
                at=line.at,
                level=line.level,
                step=line.step,
                message=line.message[:500],
                duration_ms=line.duration_ms,
                evidence=_evidence(run_id, fence, line),
            )
        live.announce(run_id)
    return True


def _last_step(lines: Sequence[LogLine]) -> Any:
    return next((line.step for line in reversed(lines) if line.step), F("step"))


def _evidence(run_id: int, fence: int, line: LogLine) -> Evidence | None:
    if not line.picture:
        return None
    return Evidence.objects.create(
        run_id=run_id, attempt_number=fence, step=line.step, file=line.picture, taken_at=line.at
    )


def write(
    run_id: int,
    message: str,
    *,
    level: Level = Level.INFO,
    step: str = "",
    state: RunState | str = "",
    attempt_number: int = 0,
) -> None:
    """Append one line inside the caller's transaction; the run's row lock keeps `seq` in commit order."""
    BookingRun.objects.filter(pk=run_id).update(event_seq=F("event_seq") + 1)
    seq = BookingRun.objects.values_list("event_seq", flat=True).get(pk=run_id)
    RunEvent.objects.create(
        run_id=run_id,
        seq=seq,
        attempt_number=attempt_number,
        level=level,
        step=step,
        state=state,
        message=message[:500],
    )
    live.announce(run_id)
