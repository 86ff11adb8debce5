"""The protocol's guards, each of which can be taken away from the harness's own workers.

A harness that stays green without a guard does not see what the guard is for; so each names the cases that
must turn red without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import BaseConstraint

from bookings.models import BookingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`take_away` is called in every worker, `in_tables` once; `seen_by` are the cases that then go wrong."""

    name: str
    seen_by: tuple[str, ...]
    take_away: Callable[[], None]
    in_tables: str = ""  # the name of a unique constraint
    slower: float = 1.0  # so much slower a clock leaves what must go wrong the time that it takes

    @property
    def about(self) -> str:
        return (self.take_away.__doc__ or "").strip().splitlines()[0]


GUARDS: dict[str, Guard] = {}


def guard(
    *seen_by: str, in_tables: str = "", slower: float = 1.0
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(take_away: Callable[[], None]) -> Callable[[], None]:
        name = take_away.__name__
        GUARDS[name] = Guard(
            name=name, seen_by=seen_by, take_away=take_away, in_tables=in_tables, slower=slower
        )
        return take_away

    return register


def take_away(names: Iterable[str]) -> None:
    """Do without these guards in this process. Raises KeyError for a name that is none."""
    for name in names:
        GUARDS[name].take_away()


def take_from_tables(names: Iterable[str]) -> None:
    """Do without what the database itself guards."""
    for constraint in _constraints(names):
        with connection.schema_editor() as editor:
            editor.remove_constraint(BookingRun, constraint)


def put_back_into_tables(names: Iterable[str]) -> None:
    for constraint in _constraints(names):
        with connection.schema_editor() as editor:
            editor.add_constraint(BookingRun, constraint)


def _constraints(names: Iterable[str]) -> list[BaseConstraint]:
    wanted = {GUARDS[name].in_tables for name in names}
    return [one for one in BookingRun._meta.constraints if one.name in wanted]


@guard("killed_while_the_site_holds_the_request", "the_site_commits_late")
def quiet_time() -> None:
    """The list is believed at once, and both reads of it follow each other at once."""
    _figure("QUIET_TIME", timedelta(0))
    _figure("BETWEEN_READS", timedelta(0))


@guard("frozen_before_the_wire_and_woken_late")
def kill_old_holder() -> None:
    """A worker that lost its lease lives on."""
    from brokerbay.ops.supervisor import Supervisor

    Supervisor._end_lost_workers = lambda _: None


@guard("booked_dropped_and_late_in_the_list", slower=3)
def reconcile() -> None:
    """What may have been sent starts again like everything else."""
    from bookings.services.runs import verdicts
    from bookings.services.runs.moves import Move
    from bookings.vocabulary import RunState

    def again(run: Any, message: str, *, code: str) -> Move:
        return Move(to=RunState.QUEUED, message=message, fields={"submitting_at": None})

    verdicts.unconfirmed = again


@guard("booked_killed_and_late_in_the_list", slower=3)
def intent() -> None:
    """The gate opens without a word in the tables."""
    from bookings.services import runs

    runs.pass_gate = lambda run_id, *, fence: True


@guard("booked_by_hand_meanwhile")
def precheck() -> None:
    """The account's own list is not read before a booking."""
    from automation.engine.attempt import Attempt
    from automation.engine.contract import OrderKind, Step

    perform = Attempt.perform

    async def hasty(attempt: Any, step: Any, act: Any) -> None:
        if not (step is Step.CHECK_OWN_LIST and attempt.order.kind is OrderKind.BOOK):
            await perform(attempt, step, act)

    Attempt.perform = hasty


@guard("a_whole_machine_frozen")
def fencing() -> None:
    """An old attempt writes as if it were the present one."""
    from bookings.services import runs

    def unfenced(function: Any) -> Any:
        def wrapped(run_id: int, *args: Any, fence: int) -> Any:
            present = BookingRun.objects.values_list("attempt_number", flat=True).get(pk=run_id)
            return function(run_id, *args, fence=max(present, fence))

        return wrapped

    for name in ("heartbeat", "pass_gate", "settle"):
        setattr(runs, name, unfenced(getattr(runs, name)))

    tell = runs.tell

    def told(run_id: int, lines: Any, *, fence: int) -> Any:
        """Under its own old number, as a write without a fence would be."""
        from bookings.services.runs.log import write

        if BookingRun.objects.filter(pk=run_id, attempt_number=fence).exists():
            return tell(run_id, lines, fence=fence)
        for line in lines:
            write(run_id, line.message, attempt_number=fence)
        return True

    runs.tell = told


@guard("asleep_until_its_lease_ran_out")
def lease_at_the_gate() -> None:
    """The gate opens for whoever once held the run."""
    _figure("SEND_MARGIN", timedelta(days=-2))


@guard("one_account_two_homes", in_tables="one_holder_per_account")
def one_holder_per_account() -> None:
    """Two browsers at once may use one account."""


def _figure(name: str, value: timedelta) -> None:
    from bookings.services.runs import figures
    from tests.chaos import pace

    pace.replace(name, getattr(figures, name), value)
