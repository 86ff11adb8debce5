"""Random trials: four accounts book at once, and at every moment somebody is hurt."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil
from django.db import DatabaseError, connection

from bookings.models import BookingRun
from bookings.services import runs
from bookings.services.errors import NotAllowed, Rejected
from bookings.services.runs import LEASE
from bookings.vocabulary import RunState
from tests.chaos import rows_hurt, truth
from tests.chaos.ground import Ground, Machine, Wish
from tests.chaos.plan import Deed, Injury, Trial

# A site that has seen more than this makes lists too long to be read at every step.
BATCH = 24
STUCK_AFTER = 120.0  # seconds, whatever the pace
RELEASE_EVERY = 1.0
VICTIM_WITHIN = 10.0
LOOK_EVERY = 0.1
SIGN_IN_CURES = ("needs_sign_in", "challenge_shown")
# A slot that somebody else took stays taken; everything else a person tries again.
FINAL_REFUSALS = ("slot_lost", "slot_unavailable")
_tick = threading.Event()


@dataclass(slots=True)
class Story:
    """What became of a session's trials."""

    kills: Counter[str] = field(default_factory=Counter)
    missed: int = 0  # injuries whose victim was not there at that moment
    ends: Counter[str] = field(default_factory=Counter)
    cures: Counter[str] = field(default_factory=Counter)
    wrongs: list[str] = field(default_factory=list)
    slowest: float = 0.0
    submits: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Open:
    """A trial under way."""

    trial: Trial
    wish: Wish
    since: float
    is_hurt: bool = False
    told_stuck: bool = False


def play(ground: Ground, plan: Sequence[Trial], *, tell: Callable[[str], None]) -> Story:
    """Plays the plan, batch by batch; tells every trial that went wrong with its place in the plan."""
    story = Story()
    for start in range(0, len(plan), BATCH):
        batch = plan[start : start + BATCH]
        began = time.monotonic()
        _Batch(ground, story).play(batch)
        spent = time.monotonic() - began
        tell(
            f"trials {batch[0].number}–{batch[-1].number}: {spent:.0f} s, "
            f"{sum(story.kills.values())} kills, {len(story.wrongs)} wrong"
        )
        for wrong in story.wrongs:
            tell(f"  {wrong}")
        if story.wrongs:
            break
        ground.clear_site()
    return story


def _wait_for_the_database() -> None:
    """The last injury may have been its own."""
    patience = time.monotonic() + VICTIM_WITHIN
    while True:
        connection.close()
        try:
            connection.ensure_connection()
        except DatabaseError:
            if time.monotonic() > patience:
                raise
            _tick.wait(LOOK_EVERY)
        else:
            return


class _Batch:
    def __init__(self, ground: Ground, story: Story) -> None:
        self.ground = ground
        self.story = story
        self.open: list[Open] = []
        self.ended: list[Open] = []
        self.deeds: list[threading.Thread] = []

    def play(self, batch: Sequence[Trial]) -> None:
        waiting = deque(batch)
        released = time.monotonic()
        while waiting or self.open:
            try:
                self._round(waiting)
            except DatabaseError:
                connection.close()  # the rows are being hurt; the next round looks again
            if time.monotonic() - released > RELEASE_EVERY:
                released = time.monotonic()
                self.ground.control.release()
            _tick.wait(LOOK_EVERY)
        for deed in self.deeds:
            deed.join()
        self.ground.thaw()
        _wait_for_the_database()
        wishes = {one.wish: one for one in self.ended}
        for wrong in truth.wrongs(self.ground, wishes):
            self.story.wrongs.append(wrong)
        for one in self.ended:
            run = one.wish.run
            self.story.ends[f"{run.state} {run.reason_code}".strip()] += 1
            self.story.submits[run.submits] += 1
            if any(f"run {run.pk} " in wrong for wrong in self.story.wrongs):
                self.story.wrongs.append(f"run {run.pk} was {one.trial}")

    def _round(self, waiting: deque[Trial]) -> None:
        busy = {one.trial.account for one in self.open}
        while waiting and waiting[0].account not in busy:
            trial = waiting.popleft()
            busy.add(trial.account)
            self._begin(trial)
        self.story.cures["signed in"] += self.ground.tend()
        for one in list(self.open):
            self._look_after(one)

    def _begin(self, trial: Trial) -> None:
        wish = self.ground.wish(trial.account)
        if trial.fault:
            self.ground.control.set_fault(
                trial.fault.name, listing=wish.listing, times=1, **trial.fault.options
            )
        self.open.append(Open(trial=trial, wish=wish, since=time.monotonic()))

    def _look_after(self, one: Open) -> None:
        age = time.monotonic() - one.since
        if not one.is_hurt and age >= one.trial.injury.after:
            one.is_hurt = True
            self._hurt(one)
        run = one.wish.run
        self._cure(run, one)
        if not run.is_open and (run.state != RunState.FAILED or run.attempts_left == 0) and one.is_hurt:
            self.open.remove(one)
            self.ended.append(one)
            self.story.slowest = max(self.story.slowest, age)
        elif age > STUCK_AFTER and one.is_hurt:
            self.open.remove(one)
            self.ended.append(one)
            self.story.wrongs.append(f"STUCK: {self.ground.story(one.wish)} after {age:.0f} s; {one.trial}")

    def _cure(self, run: BookingRun, one: Open) -> None:
        """What a person would do about a run that waits for one."""
        if run.reason_code in SIGN_IN_CURES:
            return  # the account's people are at it
        waits = run.state == RunState.PARKED and run.not_before is None
        if waits or run.state == RunState.FAILED or self._is_refused_in_passing(run):
            self.story.cures[f"tried again after {run.reason_code}"] += 1
            try:
                runs.try_again(run, by=self.ground.person)
            except (NotAllowed, Rejected):
                return

    def _is_refused_in_passing(self, run: BookingRun) -> bool:
        return run.state == RunState.REFUSED and run.reason_code not in FINAL_REFUSALS

    # ---- Injuries

    def _hurt(self, one: Open) -> None:
        deed = threading.Thread(target=self._do, args=(one,), daemon=True)
        self.deeds.append(deed)
        deed.start()

    def _do(self, one: Open) -> None:
        injury = one.trial.injury
        machine = self.ground.machines[one.trial.machine]
        try:
            if injury.deed == Deed.HURT_ROWS:
                rows_hurt.hurt(self._seconds(injury))
                self.story.kills["rows"] += 1
            elif injury.deed == Deed.DEPLOY:
                machine.supervisor.terminate()
                self.story.kills["SIGTERM"] += 1
            elif injury.deed == Deed.FREEZE_MACHINE:
                self._freeze_machine(machine, injury)
            else:
                self._strike(self._victim(one, machine, injury.role), injury)
        except (psutil.NoSuchProcess, DatabaseError):
            self.story.missed += 1
        finally:
            connection.close()  # this thread's own

    def _victim(self, one: Open, machine: Machine, role: str) -> psutil.Process:
        """Who plays that role, waiting a while for one. Raises NoSuchProcess when nobody does."""
        if role == "holder":
            name = one.wish.run.holder
            if name:
                return psutil.Process(int(name.rpartition("/")[2]))
            role = "worker"
        patience = time.monotonic() + VICTIM_WITHIN
        while not (there := machine.roles().get(role)):
            if time.monotonic() > patience:
                raise psutil.NoSuchProcess(0)
            _tick.wait(LOOK_EVERY)
        return there[0]

    def _strike(self, victim: psutil.Process, injury: Injury) -> None:
        if injury.deed == Deed.KILL:
            victim.kill()
            self.story.kills[injury.role] += 1
            return
        victim.suspend()
        self.story.kills[f"SIGSTOP {injury.role}"] += 1
        _tick.wait(self._seconds(injury))
        victim.resume()

    def _freeze_machine(self, machine: Machine, injury: Injury) -> None:
        frozen = self.ground.freeze_machine(machine)
        self.story.kills["SIGSTOP machine"] += 1
        _tick.wait(self._seconds(injury))
        self.ground.resume(frozen)

    def _seconds(self, injury: Injury) -> float:
        return injury.lasts * LEASE.total_seconds() * self.ground.pace
