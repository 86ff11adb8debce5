"""Named cases: one for each row of the fault matrix that can be brought about on purpose (rows.py)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta

import psutil
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from bookings.models import Attempt, BookingRun
from bookings.services import dispatch, runs
from bookings.services.errors import NotAllowed
from bookings.vocabulary import RunState
from tests.automation.plant import lives
from tests.chaos import rows_hurt
from tests.chaos.ground import Ground, Wish, until
from tests.chaos.points import Deed, Point

Play = Callable[[Ground], list[Wish]]
_never = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is done, and the state in which its runs must end; that the truth holds, is always asked."""

    name: str
    rows: tuple[int, ...]
    play: Play
    ends: RunState = RunState.BOOKED

    @property
    def about(self) -> str:
        return (self.play.__doc__ or "").strip().splitlines()[0]


CASES: dict[str, Case] = {}


def case(*rows: int, ends: RunState = RunState.BOOKED) -> Callable[[Play], Play]:
    def register(play: Play) -> Play:
        CASES[play.__name__] = Case(name=play.__name__, rows=rows, play=play, ends=ends)
        return play

    return register


def pause(ground: Ground, seconds: float) -> None:
    """So many seconds of the protocol's own, faster clock."""
    _never.wait(seconds * ground.pace)


def _release_as_late_as_may_be(ground: Ground, wish: Wish) -> None:
    """Lets the site go on just before its list would be believed, or once somebody sent a second time."""

    def is_nearly_over() -> bool:
        run = wish.run
        waits = run.state == RunState.UNCONFIRMED and run.not_before is not None
        left = run.not_before - timezone.now() if waits else runs.QUIET_TIME
        return timedelta() < left < 0.1 * ground.pace * runs.QUIET_TIME

    until(lambda: is_nearly_over() or len(ground.control.posts()) > 1, what="the quiet time to end")
    ground.control.release()


# ---- kill -9 at a point


def _killed_at(point: Point, *rows: int) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.hurt(point, Deed.KILL)
        wish = ground.wish()
        ground.until_hurt(point)
        ground.until_ended(wish)
        return [wish]

    play.__name__ = f"killed_{point.value}"
    play.__doc__ = f"kill -9 of the worker, {point.value.replace('_', ' ')}."
    case(*rows)(play)


_killed_at(Point.BEFORE_CLAIM, 1)
_killed_at(Point.AFTER_CLAIM, 2)
_killed_at(Point.BEFORE_PRECHECK, 3)
_killed_at(Point.AFTER_PRECHECK, 3)
_killed_at(Point.FORM_FILLED, 4)
_killed_at(Point.BEFORE_INTENT, 5)
_killed_at(Point.AFTER_INTENT, 6)
_killed_at(Point.BEFORE_WIRE, 6, 7)
_killed_at(Point.BEFORE_SETTLE, 9)
_killed_at(Point.AFTER_SETTLE, 10)


@case(7, 8)
def killed_while_the_site_holds_the_request(ground: Ground) -> list[Wish]:
    """kill -9 after the bytes left; the site books all the same, later, inside the quiet time."""
    ground.control.set_fault("hold_before_commit", times=1)
    wish = ground.wish()
    worker = ground.until_held(wish)
    ground.control.wait_for_post("held", timeout=150)
    worker.kill()
    _release_as_late_as_may_be(ground, wish)
    ground.until_ended(wish)
    return [wish]


@case(8)
def killed_while_the_answer_is_on_its_way(ground: Ground) -> list[Wish]:
    """kill -9 after the site booked, before it answered."""
    ground.control.set_fault("hold_after_commit", times=1)
    wish = ground.wish()
    worker = ground.until_held(wish)
    ground.control.wait_for_post("held", timeout=150)
    worker.kill()
    ground.control.release()
    ground.until_ended(wish)
    return [wish]


# ---- The reader of the list, hurt


def _reader_killed_at(point: Point) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.control.set_fault("dropped_after_commit", times=1)
        wish = ground.wish()
        until(lambda: wish.run.state == RunState.UNCONFIRMED, what="the run to be in doubt")
        ground.hurt(point, Deed.KILL)
        ground.until_hurt(point)
        ground.until_ended(wish)
        return [wish]

    play.__name__ = f"reader_killed_{point.value}"
    play.__doc__ = (
        f"The site booked and dropped; kill -9 of the list's reader, {point.value.replace('_', ' ')}."
    )
    case(11, 29)(play)


for _point in (Point.BEFORE_CLAIM, Point.AFTER_CLAIM, Point.BEFORE_PRECHECK, Point.AFTER_PRECHECK):
    _reader_killed_at(_point)
_reader_killed_at(Point.BEFORE_SETTLE)
_reader_killed_at(Point.AFTER_SETTLE)


# ---- Frozen workers (SIGSTOP)


def _frozen_at(point: Point, *rows: int) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.hurt(point, Deed.FREEZE)
        wish = ground.wish()
        frozen = ground.until_hurt(point)
        until(lambda: wish.run.attempt_number > 1 or not wish.run.is_open, what="another attempt")
        _wake(frozen)
        ground.until_ended(wish)
        return [wish]

    play.__name__ = f"frozen_{point.value}"
    play.__doc__ = f"SIGSTOP of the worker for longer than its lease, {point.value.replace('_', ' ')}."
    case(*rows)(play)


def _wake(pid: int) -> None:
    try:
        psutil.Process(pid).send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        return  # its supervisor ended it: it will not wake up


_frozen_at(Point.AFTER_CLAIM, 12)
_frozen_at(Point.AFTER_INTENT, 13)
_frozen_at(Point.BEFORE_SETTLE, 15)


@case(14)
def frozen_before_the_wire_and_woken_late(ground: Ground) -> list[Wish]:
    """SIGSTOP between the gate and the wire; it wakes up when another worker has sent."""
    ground.hurt(Point.BEFORE_WIRE, Deed.FREEZE)
    wish = ground.wish()
    frozen = ground.until_hurt(Point.BEFORE_WIRE)
    until(lambda: wish.run.submits > 1, what="the run to be sent a second time", timeout=150)
    ground.until_ended(wish)
    _wake(frozen)
    # What it had on its tongue would be out by now.
    pause(ground, 20)
    return [wish]


@case(15)
def frozen_after_the_request_left(ground: Ground) -> list[Wish]:
    """SIGSTOP while the site has the request, for longer than the lease."""
    ground.control.set_fault("hold_after_commit", times=1)
    wish = ground.wish()
    worker = ground.until_held(wish)
    ground.control.wait_for_post("held", timeout=150)
    worker.suspend()
    ground.control.release()
    until(lambda: wish.run.state != RunState.RUNNING, what="the run to be taken back")
    _wake(worker.pid)
    ground.until_ended(wish)
    return [wish]


@case(47)
def a_whole_machine_frozen(ground: Ground) -> list[Wish]:
    """SIGSTOP of a machine, its supervisor too, before the gate; when the other one works, it wakes up,
    its supervisor last."""
    ground.hurt(Point.FORM_FILLED, Deed.FREEZE)
    wish = ground.wish()
    frozen = ground.until_hurt(Point.FORM_FILLED)
    supervisor, *others = ground.freeze_machine(ground.machine_of(frozen))
    ground.hurt(Point.FORM_FILLED, Deed.WAIT)
    ground.until_hurt(Point.FORM_FILLED)  # the other machine has the form filled
    ground.hurt(Point.BEFORE_SETTLE, Deed.WAIT)
    ground.resume(others)
    ground.until_hurt(Point.BEFORE_SETTLE)  # the old attempt has done all that it is let
    ground.go_on(Point.BEFORE_SETTLE)
    ground.go_on(Point.FORM_FILLED)
    ground.resume([supervisor])
    ground.until_ended(wish)
    return [wish]


@case(12)
def asleep_until_its_lease_ran_out(ground: Ground) -> list[Wish]:
    """SIGSTOP before the gate for longer than the lease, nobody sweeping: on waking, the gate stays shut."""
    ground.hurt(Point.BEFORE_INTENT, Deed.FREEZE)
    wish = ground.wish()
    frozen = ground.until_hurt(Point.BEFORE_INTENT)
    supervisors = [machine.supervisor for machine in ground.machines]
    for supervisor in supervisors:
        supervisor.suspend()
    until(lambda: wish.run.lease_until < timezone.now(), what="the lease to run out")
    _wake(frozen)
    until(lambda: _gate_was_met(wish), what="the woken worker to meet the gate")
    for supervisor in supervisors:
        supervisor.resume()
    ground.until_ended(wish)
    first = Attempt.objects.get(run_id=wish.run_id, number=1)
    assert first.submitting_at is None, "I5 it passed the gate without a lease"
    return [wish]


def _gate_was_met(wish: Wish) -> bool:
    run = wish.run
    first = Attempt.objects.get(run_id=wish.run_id, number=1)
    return first.submitting_at is not None or first.ended_at is not None or not run.is_open


# ---- What the site does


def _site_does(fault: str, *rows: int, ends: RunState = RunState.BOOKED, **options: object) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.control.set_fault(fault, times=1, **options)
        wish = ground.wish()
        ground.until_ended(wish)
        return [wish]

    words = "".join(f", {name} {value}" for name, value in options.items())
    play.__name__ = f"site_{fault}"
    play.__doc__ = f"The site plays {fault}{words}."
    case(*rows, ends=ends)(play)


_site_does("dropped_before_commit", 18)
_site_does("submit_500", 19)
_site_does("dropped_after_commit", 20)
_site_does("error_after_commit", 21)
_site_does("answer_late", 22, seconds=8)
_site_does("late_in_list", 24, seconds=1)
_site_does("slot_taken_at_submit", 28, ends=RunState.REFUSED)
_site_does("popover_eats_click", 32)


@case(23)
def the_site_commits_late(ground: Ground) -> list[Wish]:
    """The site books long after our patience ended, but inside the quiet time."""
    ground.control.set_fault("hold_before_commit", times=1)
    wish = ground.wish()
    ground.control.wait_for_post("held", timeout=150)
    until(lambda: wish.run.state == RunState.UNCONFIRMED, what="our patience to end")
    _release_as_late_as_may_be(ground, wish)
    ground.until_ended(wish)
    return [wish]


@case(20, 24)
def booked_dropped_and_late_in_the_list(ground: Ground) -> list[Wish]:
    """The site books, drops the connection, and its list shows the showing late: as long as it may."""
    ground.control.set_fault("late_in_list", times=1, seconds=40 * ground.pace)
    ground.control.set_fault("dropped_after_commit", times=1)
    wish = ground.wish()
    ground.until_ended(wish)
    return [wish]


@case(8, 24)
def booked_killed_and_late_in_the_list(ground: Ground) -> list[Wish]:
    """The site books, the worker is killed, and the list shows the showing late: as long as it may."""
    ground.control.set_fault("late_in_list", times=1, seconds=40 * ground.pace)
    ground.control.set_fault("hold_after_commit", times=1)
    wish = ground.wish()
    worker = ground.until_held(wish)
    ground.control.wait_for_post("held", timeout=150)
    worker.kill()
    ground.control.release()
    ground.until_ended(wish)
    return [wish]


@case(33, 35)
def a_challenge_and_a_person(ground: Ground) -> list[Wish]:
    """The site asks whether a human is there: the account waits for its person, and goes on then."""
    ground.control.set_fault("challenge", times=1)
    wish = ground.wish()
    until(lambda: wish.run.state == RunState.PARKED, what="the run to wait for a person")
    ground.sign_in(wish.account)
    ground.until_ended(wish)
    return [wish]


@case(25)
def the_list_fails_again_and_again(ground: Ground) -> list[Wish]:
    """The site books and drops; its list then answers 500 six times."""
    ground.control.set_fault("dropped_after_commit", times=1)
    wish = ground.wish()
    until(lambda: wish.run.state == RunState.UNCONFIRMED, what="the run to be in doubt")
    ground.control.set_fault("list_500", times=6)
    ground.until_ended(wish)
    return [wish]


@case(26)
def the_list_lacks_rows(ground: Ground) -> list[Wish]:
    """The site books and drops; its list lacks rows for a while, and an incomplete list is no absence."""
    ground.control.set_fault("dropped_after_commit", times=1)
    wish = ground.wish()
    until(lambda: wish.run.state == RunState.UNCONFIRMED, what="the run to be in doubt")
    ground.control.set_fault("list_rows_missing", rows=1, times=2)
    ground.control.set_fault("list_total", more=1, times=2)
    ground.until_ended(wish)
    return [wish]


@case(27, ends=RunState.FAILED)
def the_list_cannot_be_read(ground: Ground) -> list[Wish]:
    """The own list answers 500 for good: nothing is sent, and a person is asked."""
    ground.control.set_fault("list_500")
    wish = ground.wish()
    ground.until_ended(wish)
    assert wish.run.submits == 0, "without having read the own list nothing may be sent"
    return [wish]


@case(48)
def redis_flushed(ground: Ground) -> list[Wish]:
    """Every doorbell in Redis is lost; the sweep rings again."""
    if not settings.REDIS_URL:
        return []
    for machine in ground.machines:
        machine.supervisor.suspend()
    pushers = [machine.roles()["pusher"][0] for machine in ground.machines]
    for pusher in pushers:
        pusher.suspend()
    wish = ground.wish()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
    ground.thaw()
    ground.until_ended(wish)
    return [wish]


def _session_dies(where: str, path: str) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.control.set_fault("session_dies", times=1, path=path)
        wish = ground.wish()
        until(lambda: wish.run.state == RunState.PARKED, what="the run to wait for a sign-in")
        ground.sign_in(wish.account)
        ground.until_ended(wish)
        return [wish]

    play.__name__ = f"session_dies_at_{where}"
    play.__doc__ = f"The session ends at the {where}; a person signs in, and the run goes on."
    case(35)(play)


_session_dies("search", "/search")
_session_dies("submit", "/appointment")


@case(16)
def the_engine_breaks_in_the_form(ground: Ground) -> list[Wish]:
    """An exception that nobody expected, with the form filled."""
    ground.hurt(Point.FORM_FILLED, Deed.RAISE)
    wish = ground.wish()
    ground.until_ended(wish)
    return [wish]


@case(17)
def rung_by_many(ground: Ground) -> list[Wish]:
    """The queue hands one run out many times at once."""
    wish = ground.wish()
    for _ in range(8):
        dispatch.ring(wish.run_id)
    ground.until_ended(wish)
    assert wish.run.attempt_number == 1, "one claim must win, and no other attempt follow"
    return [wish]


# ---- Processes


def _role_killed(role: str, *rows: int) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.control.set_fault("hold_after_commit", times=1)
        wish = ground.wish()
        machine = ground.machine_of(ground.until_held(wish))
        ground.control.wait_for_post("held", timeout=150)
        main = machine.roles()["main"][0]
        ground.kill(machine, role)
        ground.control.release()
        ground.until_ended(wish)
        if role not in ("driver", "browser"):  # the next case must not begin in a cluster that is going
            until(
                lambda: not main.is_running() and "pusher" in machine.roles(),
                what="the cluster to stand anew",
            )
        return [wish]

    play.__name__ = f"{role}_killed"
    play.__doc__ = f"kill -9 of the {role} while the site holds the answer."
    case(*rows)(play)


for _role, _row in [("supervisor", 37), ("main", 37), ("sentinel", 37), ("pusher", 37), ("monitor", 37)]:
    _role_killed(_role, _row)
_role_killed("driver", 34)
_role_killed("browser", 34)


def _gone_while_the_intent_waits(role: str) -> None:
    def play(ground: Ground) -> list[Wish]:
        ground.hurt(Point.BEFORE_INTENT, Deed.WAIT)
        wish = ground.wish()
        machine = ground.machine_of(ground.until_hurt(Point.BEFORE_INTENT))
        ground.kill(machine, role)
        pause(ground, 10)
        ground.go_on(Point.BEFORE_INTENT)
        ground.until_ended(wish)
        return [wish]

    play.__name__ = f"{role}_killed_while_the_intent_waits"
    play.__doc__ = f"kill -9 of the {role} while the request stands at the gate: nobody may let it go."
    case(34)(play)


_gone_while_the_intent_waits("driver")
_gone_while_the_intent_waits("browser")


@case(36)
def a_deployment_in_the_middle(ground: Ground) -> list[Wish]:
    """SIGTERM of a machine at work; the next version takes over."""
    ground.control.set_fault("slow", path="/search", seconds=1, times=1)
    wish = ground.wish()
    machine = ground.machine_of(ground.until_held(wish))
    machine.supervisor.terminate()
    ground.until_ended(wish)
    return [wish]


@case(34)
def the_driver_frozen_at_the_gate(ground: Ground) -> list[Wish]:
    """SIGSTOP of the browser's driver while the request is out: nobody answers, and it wakes up late."""
    ground.control.set_fault("hold_after_commit", times=1)
    wish = ground.wish()
    machine = ground.machine_of(ground.until_held(wish))
    ground.control.wait_for_post("held", timeout=150)
    drivers = machine.roles()["driver"]
    for driver in drivers:
        driver.suspend()
    ground.control.release()
    ground.until_ended(wish)
    assert not any(lives(driver) for driver in drivers), "a driver that does not obey must be ended"
    return [wish]


# ---- Rows, and people


@case(39)
def the_tables_locked(ground: Ground) -> list[Wish]:
    """SQLite's write lock held by somebody else, at the gate, for longer than the lease."""
    if connection.vendor != "sqlite":
        return []
    ground.control.set_fault("slow", path="/search", seconds=0.5, times=1)
    wish = ground.wish()
    ground.until_held(wish)
    with rows_hurt.locked():
        pause(ground, 45)
    ground.until_ended(wish)
    return [wish]


@case(42)
def restored_from_a_backup(ground: Ground) -> list[Wish]:
    """The tables forget that it was sent and booked; the site remembers."""
    wish = ground.wish()
    ground.until_ended(wish)
    BookingRun.objects.filter(pk=wish.run_id).update(
        state=RunState.QUEUED, submitting_at=None, submits=0, rung_at=None, finished_at=None
    )
    ground.until_ended(wish)
    return [wish]


@case(44)
def a_person_stops_it_too_late(ground: Ground) -> list[Wish]:
    """A person wants it stopped while the site has the request: it is learned first what became of it."""
    ground.control.set_fault("hold_after_commit", times=1)
    wish = ground.wish()
    ground.control.wait_for_post("held", timeout=150)
    try:
        runs.stop(wish.run, by=ground.person)
    except NotAllowed:
        ground.control.release()
    ground.until_ended(wish)
    return [wish]


@case(45)
def two_accounts_want_one_slot(ground: Ground) -> list[Wish]:
    """Two accounts ask for the same listing and time: one showing each."""
    first = ground.wish(0)
    second = ground.want(first.listing, first.run.mls_number, 1)
    ground.until_ended(first, second)
    return [first, second]


@case(46)
def booked_by_hand_meanwhile(ground: Ground) -> list[Wish]:
    """A person books the very showing by hand while the run waits: it is adopted, nothing is sent."""
    ground.hurt(Point.AFTER_CLAIM, Deed.WAIT)
    wish = ground.wish()
    ground.until_hurt(Point.AFTER_CLAIM)
    ground.control.add_showing(
        listing_id=wish.listing, account=wish.account.email, date=wish.date, time=wish.time, minutes=30
    )
    ground.go_on(Point.AFTER_CLAIM)
    ground.until_ended(wish)
    assert wish.run.submits == 0, "I1 what is there already was sent once more"
    return [wish]


@case(45)
def one_account_two_homes(ground: Ground) -> list[Wish]:
    """Two workers choose two runs of one account at once: one browser at a time uses it."""
    ground.hurt(Point.CHOSEN, Deed.WAIT)
    later = ground.wish(0, at=time(13, 0))
    ground.until_hurt(Point.CHOSEN)
    ground.hurt(Point.FORM_FILLED, Deed.WAIT)
    sooner = ground.wish(0)
    ground.until_hurt(Point.FORM_FILLED)
    ground.hurt(Point.TRIED, Deed.WAIT)
    ground.go_on(Point.CHOSEN)
    ground.until_hurt(Point.TRIED)
    ground.go_on(Point.TRIED)
    ground.go_on(Point.FORM_FILLED)
    ground.until_ended(sooner, later)
    return [sooner, later]
