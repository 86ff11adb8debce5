"""The run page's reads: a run's log, told as attempts, steps and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User

from bookings.models import Attempt, BookingRun, Evidence, RunEvent, ShowingRequest
from bookings.queries.board import NEEDS_PERSON
from bookings.vocabulary import CHANGING_KINDS, AttemptPurpose, EvidenceKind, Level, RunKind, RunState

LINES_SHOWN = 500
# What each kind of run goes through, in order: a page shows the steps that are still to come.
STEPS: dict[RunKind, tuple[str, ...]] = {
    RunKind.BOOK: (
        "open_site",
        "check_own_list",
        "find_listing",
        "open_wizard",
        "choose_date",
        "choose_slot",
        "choose_duration",
        "submit",
        "verify",
    ),
    RunKind.CANCEL: ("open_site", "open_showing", "choose_reason", "submit", "verify"),
    RunKind.RESCHEDULE: (
        "open_site",
        "open_showing",
        "open_wizard",
        "choose_date",
        "choose_slot",
        "choose_duration",
        "submit",
        "verify",
    ),
    RunKind.CHECK: ("open_site", "find_listing", "open_wizard", "choose_date", "choose_slot"),
    RunKind.RECONCILE: ("open_site", "check_own_list"),
}
REHEARSED = ("rehearse",)  # …in place of what sends and proves
_GRAVITY = {Level.INFO: 0, Level.SUCCESS: 1, Level.WARNING: 2, Level.ERROR: 3}


@dataclass(slots=True, kw_only=True)
class StepTold:
    """A named part of an attempt, as its lines told it. `duration_ms` is None while it lasts."""

    name: str
    started_at: datetime
    level: Level = Level.INFO
    message: str = ""
    duration_ms: int | None = None
    pictures: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTold:
    attempt: Attempt
    steps: Sequence[StepTold]

    @property
    def took_ms(self) -> int:
        """What its steps took together."""
        return sum(step.duration_ms or 0 for step in self.steps)

    @property
    def longest_ms(self) -> int:
        return max((step.duration_ms or 0 for step in self.steps), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold:
    """`attempts` are newest first. `lines` are the log's last ones; `last_seq` is where a stream goes on."""

    run: BookingRun
    attempts: Sequence[AttemptTold]
    lines: Sequence[RunEvent]
    last_seq: int
    left_out: int


def visible_run(user: User | AnonymousUser, run_uuid: UUID) -> BookingRun | None:
    runs = BookingRun.objects.visible_to(user).filter(uuid=run_uuid)
    run: BookingRun | None = runs.select_related(
        "partner", "account", "booking", "request__property", "request__client", "created_by"
    ).first()
    return run


def waiting_for_person(request: ShowingRequest) -> BookingRun | None:
    """The newest run of a client's request that asks something of a person."""
    asking = request.runs.filter(NEEDS_PERSON, kind__in=CHANGING_KINDS)
    return asking.select_related("account", "partner").order_by("-pk").first()


def may_book(user: User, run: BookingRun) -> bool:
    """Whether the person's role at the run's own partner lets them start, stop and repeat it."""
    return BookingRun.objects.visible_to(user, may="book_run").filter(pk=run.pk).exists()


def told(run: BookingRun) -> RunTold:
    """A run's story, in two queries."""
    newest = run.events.select_related("evidence").order_by("-seq")[:LINES_SHOWN]
    lines = list(reversed(newest))
    attempts = [
        AttemptTold(
            attempt=attempt, steps=steps_of(line for line in lines if line.attempt_number == attempt.number)
        )
        for attempt in run.attempts.order_by("-number")
    ]
    return RunTold(
        run=run,
        attempts=attempts,
        lines=lines,
        last_seq=lines[-1].seq if lines else 0,
        left_out=lines[0].seq - 1 if lines else 0,
    )


def steps_of(lines: Iterable[RunEvent]) -> list[StepTold]:
    """The steps that an attempt's lines name, in order; lines without a step belong to none."""
    steps: list[StepTold] = []
    for line in lines:
        if not line.step:
            continue
        if not steps or steps[-1].name != line.step:
            steps.append(StepTold(name=line.step, started_at=line.at))
        _add(steps[-1], line)
    return steps


def _add(step: StepTold, line: RunEvent) -> None:
    ends = line.duration_ms is not None
    graver = _GRAVITY[Level(line.level)] > _GRAVITY[step.level]
    if ends or graver or step.duration_ms is None:
        step.message = line.message  # what follows its end tells of the run, not of the step
    step.level = max(step.level, Level(line.level), key=_GRAVITY.__getitem__)
    step.duration_ms = line.duration_ms if ends else step.duration_ms
    if line.evidence is not None and line.evidence.kind == EvidenceKind.PICTURE:
        step.pictures.append(line.evidence)


def upcoming_steps(told: RunTold) -> list[str]:
    """The steps that an attempt under way has not come to yet."""
    if told.run.state != RunState.RUNNING or not told.attempts:
        return []
    latest = told.attempts[0]
    if latest.attempt.purpose != AttemptPurpose.PERFORM:
        return []
    steps = steps_ahead(told.run)
    done = [step.name for step in latest.steps if step.name in steps]
    return list(steps[steps.index(done[-1]) + 1 :] if done else steps)


def steps_ahead(run: BookingRun) -> tuple[str, ...]:
    """The steps of a whole attempt; a rehearsal ends before the last click, a check without a day sooner."""
    steps = STEPS.get(RunKind(run.kind), ())
    if run.kind == RunKind.CHECK and run.wanted_date is None:
        return steps[: steps.index("choose_date")]
    if not run.rehearses or run.released_at is not None:
        return steps
    return (*(step for step in steps if step not in ("submit", "verify")), *REHEARSED)


def rehearsal_of(told: RunTold) -> Evidence | None:
    """The newest picture of the filled form."""
    for attempt in told.attempts:
        pictures = [picture for step in attempt.steps if step.name in REHEARSED for picture in step.pictures]
        if pictures:
            return pictures[-1]
    return None
