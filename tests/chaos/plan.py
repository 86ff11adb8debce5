"""The seeded plan: which account wants a showing, what the site does to it, who is hurt, and when."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Deed(StrEnum):
    """What is done to a process, or to the rows."""

    KILL = "kill"
    FREEZE = "freeze"  # SIGSTOP, and SIGCONT later
    FREEZE_MACHINE = "freeze_machine"
    DEPLOY = "deploy"  # SIGTERM
    HURT_ROWS = "hurt_rows"  # SQLite locked for a while; PostgreSQL crashed and started anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Injury:
    """`role` is a process's (see ground.Machine.roles), "holder" the worker of the trial's own run."""

    deed: Deed
    role: str = ""
    after: float  # seconds from the moment at which the trial's run was queued
    lasts: float = 0.0  # in leases, for what is frozen or locked

    def __str__(self) -> str:
        words = f"{self.deed} {self.role}".strip()
        return f"{words} after {self.after:.2f} s" + (f" for {self.lasts:.1f} leases" if self.lasts else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A scenario of the local BrokerBay, once, at the trial's own listing."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    number: int
    account: int
    machine: int
    fault: Fault | None
    injury: Injury

    def __str__(self) -> str:
        site = self.fault.name if self.fault else "well"
        return f"trial {self.number}: account {self.account}, site {site}, {self.injury}"


KILLED = {
    "holder": 30,
    "worker": 10,
    "main": 6,
    "sentinel": 6,
    "pusher": 5,
    "monitor": 5,
    "browser": 12,
    "driver": 12,
    "supervisor": 14,
}
DEEDS = {Deed.KILL: 84, Deed.FREEZE: 8, Deed.FREEZE_MACHINE: 2, Deed.DEPLOY: 3, Deed.HURT_ROWS: 3}
FROZEN = {"holder": 5, "worker": 2, "driver": 2, "pusher": 1, "sentinel": 1}
# Long enough to meet every part of a run, and often enough to meet its end.
LONGEST_WAIT = 4.0


def make(*, trials: int, seed: int, accounts: int, machines: int, pace: float) -> list[Trial]:
    """The same arguments make the same plan, and a trial does not depend on how many follow."""
    return [
        _trial(number, random.Random(f"{seed}/{number}"), accounts, machines, pace)
        for number in range(trials)
    ]


def _trial(number: int, dice: random.Random, accounts: int, machines: int, pace: float) -> Trial:
    return Trial(
        number=number,
        account=number % accounts,
        machine=dice.randrange(machines),
        fault=_fault(dice, pace) if dice.random() < 0.5 else None,
        injury=_injury(dice),
    )


def _injury(dice: random.Random) -> Injury:
    deed = _drawn(dice, DEEDS)
    after = dice.uniform(0.0, LONGEST_WAIT)
    if deed == Deed.KILL:
        return Injury(deed=deed, role=_drawn(dice, KILLED), after=after)
    if deed == Deed.FREEZE:
        return Injury(deed=deed, role=_drawn(dice, FROZEN), after=after, lasts=dice.uniform(0.1, 2.5))
    return Injury(deed=deed, after=after, lasts=dice.uniform(0.1, 1.5))


def _fault(dice: random.Random, pace: float) -> Fault:
    """Times of the protocol's own clock, as long as the protocol allows them to be."""
    faults = [
        Fault(name="dropped_before_commit"),
        Fault(name="dropped_after_commit"),
        Fault(name="submit_500"),
        Fault(name="error_after_commit"),
        Fault(name="answer_late", options={"seconds": 60 * pace}),
        Fault(name="late_in_list", options={"seconds": dice.uniform(1, 14) * pace}),
        Fault(name="hold_before_commit"),
        Fault(name="hold_after_commit"),
        Fault(name="slot_taken_at_submit"),
        Fault(name="challenge"),
        Fault(name="rate_limit", options={"seconds": 10 * pace}),
        Fault(name="popover_eats_click"),
        Fault(name="session_dies", options={"path": dice.choice(["/search", "/appointment"])}),
    ]
    return dice.choice(faults)


def _drawn(dice: random.Random, weights: Mapping[Any, int]) -> Any:
    return dice.choices(list(weights), weights=list(weights.values()))[0]
