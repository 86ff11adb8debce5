"""The ground of the chaos harness: a local BrokerBay, accounts, and booking workers on two "machines".

A machine is a `run_workers booking` of its own, kept up as an init would keep it. Both work on the same
tables. Everything below carries the ground's folder in its environment, so that nothing of it can hide.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from django.contrib.auth.models import User

from automation import vault
from automation.simulator.control import Control
from automation.simulator.server import running
from bookings.models import Account, BookingRun
from bookings.services import accounts, runs
from bookings.vocabulary import Health, Source
from tests.automation import plant
from tests.automation.plant import ROOT, lives
from tests.bookings.cast import in_days, make_account, make_partner
from tests.chaos import points
from tests.chaos.points import Deed, Point

ENTRY = [sys.executable, "tests/chaos/entry.py"]
MACHINES = 2
ACCOUNTS = 4
LOOK_EVERY = 0.05
# Machines that share their cores with others are slow; nothing is proven by that.
until = partial(plant.until, timeout=150.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One showing that is wanted, at a listing that nobody else wants."""

    run_id: int
    listing: str
    account: Account
    date: date
    time: time

    @property
    def run(self) -> BookingRun:
        return BookingRun.objects.get(pk=self.run_id)


class Machine:
    """`run_workers booking`, started anew whenever it ends, until told otherwise."""

    def __init__(self, number: int, folder: Path, environment: dict[str, str]) -> None:
        self.number = number
        self._log = (folder / f"machine-{number}.log").open("ab")
        self._environment = environment
        self._ending = threading.Event()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def supervisor(self) -> psutil.Process:
        return psutil.Process(self._process.pid)

    def roles(self) -> dict[str, list[psutil.Process]]:
        """What runs here, by role; a role that is not there just now is missing."""
        found: dict[str, list[psutil.Process]] = {}
        try:
            found["supervisor"] = [self.supervisor]
            found["main"] = self.supervisor.children()[:1]
            found["sentinel"] = found["main"][0].children()[:1]
            below = sorted(found["sentinel"][0].children(), key=lambda one: (one.create_time(), one.pid))
            # In the order in which django-q2's sentinel forks them.
            found["worker"], found["monitor"], found["pusher"] = below[:-2], below[-2:-1], below[-1:]
            below = found["main"][0].children(recursive=True)
        except (psutil.NoSuchProcess, IndexError):
            below = []
        for process in below:
            command = _command(process)
            if command[0].endswith("/node"):
                found.setdefault("driver", []).append(process)
            elif "chrom" in command[0] and "--type=" not in " ".join(command):
                found.setdefault("browser", []).append(process)
        return {role: processes for role, processes in found.items() if processes}

    def end(self) -> int:
        """SIGTERM, as a deployment would send it. Answers the exit code."""
        self._ending.set()
        self._keeper.join()
        self._process.terminate()
        try:
            return self._process.wait(timeout=60)
        finally:
            self._process.kill()
            self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*ENTRY, "run_workers", "booking"],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def _keep(self) -> None:
        while not self._ending.wait(LOOK_EVERY):
            if self._process.poll() is not None:
                self._process = self._start()


class Ground:
    """Where trials are played. `pace` is the factor on the protocol's clock (tests/chaos/pace.py)."""

    def __init__(self, folder: Path, control: Control, *, pace: float, without: str = "") -> None:
        self.folder = folder
        self.control = control
        self.pace = pace
        self.points = folder / "points"
        self.points.mkdir()
        self._frozen: set[psutil.Process] = set()
        self.accounts = [make_account(make_partner("Team")) for _ in range(ACCOUNTS)]
        self.person = User.objects.create_superuser("person", "person@example.com", "a long enough sentence")
        self._numbers = iter(range(10_000_000, 99_999_999))
        self._environment = {
            **os.environ,
            "BROKERBAY_URL": control.base_url,
            "SUBMIT_GAP_SECONDS": "0",
            "COMPARE_EVERY_MINUTES": "0",  # all workers are free for the case
            "CHAOS_PACE": str(pace),
            "CHAOS_WITHOUT": without,
            points.FOLDER: str(self.points),
        }
        self.machines: list[Machine] = []
        self.sign_in()

    def start(self) -> None:
        self.machines = [Machine(number, self.folder, self._environment) for number in range(MACHINES)]
        for machine in self.machines:
            until(lambda machine=machine: "worker" in machine.roles(), what="a machine to be up", timeout=180)

    def sign_in(self, *which: Account) -> None:
        for account in which or self.accounts:
            state = self.control.sign_in(account.email)
            accounts.sign_in(account, vault.seal(state), by=None, source=Source.ROBOT)

    def tend(self) -> int:
        """Does what the accounts' people would: signs in where BrokerBay asks. Answers how often."""
        waiting = Account.objects.filter(health__in=(Health.NEEDS_SIGN_IN, Health.CHALLENGED))
        if waiting:
            self.sign_in(*waiting)
        return len(waiting)

    def clear_site(self) -> None:
        """A site that has seen nothing, so that the accounts' lists stay short."""
        self.control.reset()
        self.sign_in()

    # Wishes

    def wish(self, account: int = 0, *, at: time = time(10, 0), **listing: Any) -> Wish:
        """A new listing, and the will to see it."""
        number = next(self._numbers)
        mls = f"C{number}"
        home = self.control.add_listing(
            mls_number=mls, street=f"{number} Chaos Street", city="Toronto", max_minutes=60, **listing
        )
        return self.want(home, mls, account, at=at)

    def want(self, home: str, mls: str, account: int, *, at: time = time(10, 0)) -> Wish:
        whose = self.accounts[account]
        asked = runs.Wish(property_text=mls, mls_number=mls, date=in_days(3), time=at, duration_minutes=30)
        run = runs.queue(asked, partner=whose.partner, source=Source.PERSON)
        return Wish(run_id=run.pk, listing=home, account=whose, date=in_days(3), time=at)

    def until_held(self, wish: Wish) -> psutil.Process:
        """The worker that holds the wish's run."""

        def holder() -> psutil.Process | None:
            name = wish.run.holder
            return psutil.Process(int(name.rpartition("/")[2])) if name else None

        return until(holder, what=f"run {wish.run_id} to be held")

    def until_ended(self, *wishes: Wish, timeout: float = 180.0) -> None:
        """Also signs in whoever must be signed in on the way."""

        def ended(wish: Wish) -> bool:
            self.tend()
            return not wish.run.is_open

        for wish in wishes:
            until(lambda wish=wish: ended(wish), what=self.story(wish), timeout=timeout)

    def story(self, wish: Wish) -> str:
        run = wish.run
        return f"run {run.pk} to end; it is {run.state} ({run.reason_code}, lease until {run.lease_until})"

    # Hurting

    def hurt(self, point: Point, deed: Deed) -> None:
        (self.points / f"{point.value}.done").unlink(missing_ok=True)
        points.ask(self.points, point, deed)

    def until_hurt(self, point: Point) -> int:
        """Waits for a worker to come to the point; answers the process that did the deed."""
        done = self.points / f"{point.value}.done"
        until(done.exists, what=f"a worker to reach {point.value}")
        return int(done.read_text())

    def go_on(self, point: Point) -> None:
        """Lets the worker go on that waits there."""
        (self.points / f"{point.value}.go").touch()

    def marked(self) -> list[psutil.Process]:
        """Every process of the ground, wherever its parents went."""
        # Chromium's zygotes hide their environment, and one that is frozen does not end with its browser.
        found = [process for process in self._frozen if lives(process)]
        for process in set(psutil.process_iter()) - self._frozen:
            try:
                if process.environ().get(points.FOLDER) == str(self.points) and lives(process):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def thaw(self) -> None:
        for process in self.marked():
            try:
                if process.status() == psutil.STATUS_STOPPED:
                    process.send_signal(signal.SIGCONT)
            except psutil.NoSuchProcess:
                continue

    def freeze_machine(self, machine: Machine) -> list[psutil.Process]:
        """All of it, as when a hypervisor stops it: nobody there can end anybody. Answers what to resume."""
        supervisor = machine.supervisor
        frozen = [supervisor, *supervisor.children(recursive=True)]
        self._frozen.update(frozen)
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        return frozen

    def resume(self, frozen: Iterable[psutil.Process]) -> None:
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def machine_of(self, process: psutil.Process | int) -> Machine:
        pid = process if isinstance(process, int) else process.pid
        parents = {one.pid for one in psutil.Process(pid).parents()}
        return next(machine for machine in self.machines if machine.supervisor.pid in parents)

    def kill(self, machine: Machine, role: str) -> None:
        """kill -9 of whoever plays that role there, browsers and drivers in the midst of their work."""
        victims = machine.roles().get(role)
        assert victims, f"nobody plays the {role} on that machine: nothing is proven"
        for process in victims:
            process.kill()

    # At the end

    def end(self) -> list[str]:
        """Ends everything in order; answers what is left behind: processes and temporary folders."""
        self.thaw()
        for machine in self.machines:
            machine.end()
        self.machines = []
        left = self.marked()
        for process in left:
            process.kill()
        folders = sorted((self.folder / "data" / "tmp").glob("*"))
        return [f"process {one.pid} {one.name()}" for one in left] + [f"folder {one}" for one in folders]


def _command(process: psutil.Process) -> list[str]:
    """[""] of one that has just ended: who goes while the others are listed hides none of them."""
    try:
        return process.cmdline() or [""]
    except psutil.NoSuchProcess:
        return [""]


@contextmanager
def standing(folder: Path, *, pace: float, without: str = "") -> Iterator[Ground]:
    """A ground over the database of the present settings, its workers running; nothing is left of it."""
    with running(folder / "brokerbay.sqlite3") as control:
        ground = Ground(folder, control, pace=pace, without=without)
        try:
            ground.start()
            yield ground
        finally:
            ground.end()
