"""`python -m tests.ingest.bridge_trial --changes 1000 --troubles 10`: a bridge under siege, judged by rows.

Real processes: the local upstream, a line that can be cut, `manage.py run_bridge`, a portal of its own and no
other way into it. Troubles hit while requests change: the bridge is killed, its line goes silent or is reset,
it is ended and started anew. Half of the changes come while it is down, half when it is up again. In the end
the portal must hold what Supabase holds, with one run for each request to be booked. Prints JSON: {changes,
troubles, passes, seconds, wrong: [...]}; exit code 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil

from ingest.simulator.control import ROOT, SECRET_KEY, Upstream, running
from ingest.simulator.line import Line

CLIENT = "client-1"
TROUBLES = ("kill", "freeze", "cut", "restart", "kill the keeper")
SETTLES_WITHIN = 180.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--troubles", type=int, default=10)
    parser.add_argument("--only", choices=TROUBLES, action="append", help="these troubles, in turn")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running() as upstream, Line(upstream.url) as line:
        prepare(Path(folder), line.url)
        trial = Trial(upstream, line, random.Random(asked.seed))
        began = time.monotonic()
        with bridge_of(trial):
            trial.run(asked.changes, asked.troubles, asked.only or TROUBLES)
        report = {
            "changes": asked.changes,
            "troubles": dict(trial.had),
            "passes": _passes(),
            "seconds": round(time.monotonic() - began, 1),
            "wrong": trial.wrong(),
        }
    sys.stdout.write(json.dumps(report) + "\n")
    sys.exit(1 if report["wrong"] else 0)


def prepare(folder: Path, supabase: str) -> None:
    """A portal of its own, with a partner whose client asks for everything."""
    os.environ.update(
        ENV_FILE="",
        DJANGO_SETTINGS_MODULE="brokerbay.settings",
        SECRET_KEY="only-for-trials-" + "0123456789" * 5,
        SESSION_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        DATA_DIR=str(folder),
        DATABASE_URL="",
        REDIS_URL="",
        SUPABASE_URL=supabase,
        SUPABASE_KEY=SECRET_KEY,
        PROPERTY_API_URL="",
        LOG_LEVEL="WARNING",
    )
    import django

    django.setup()
    from django.core.management import call_command

    from bookings.models import Client
    from tests.bookings.cast import make_account, make_partner

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    partner = make_partner("Maple Team")
    make_account(partner)
    Client.objects.create(external_id=CLIENT, partner=partner)


class Trial:
    """Changes upstream, troubles on the way, and the judgement."""

    def __init__(self, upstream: Upstream, line: Line, chance: random.Random) -> None:
        self.upstream = upstream
        self.had: Counter[str] = Counter()
        self._line = line
        self._chance = chance
        self._keeper: subprocess.Popen[bytes] | None = None
        self._made = 0
        self._touched: set[str] = set()

    # ---- the bridge ------------------------------------------------------------------------------------

    def start(self) -> None:
        self._keeper = subprocess.Popen([sys.executable, "manage.py", "run_bridge"], cwd=ROOT)

    def end(self) -> None:
        if self._keeper is not None:
            self._keeper.terminate()
            self._keeper.wait(30)

    def _bare(self) -> psutil.Process:
        assert self._keeper is not None
        keeper = psutil.Process(self._keeper.pid)
        until(lambda: keeper.children(recursive=True), "the bridge runs")
        return keeper.children(recursive=True)[0]

    def wait_until_it_listens(self) -> None:
        until(self._is_listening, "the bridge listens")

    def _joins(self) -> int:
        return int(self.upstream.realtime()["heard"].get("phx_join", 0))

    def _is_listening(self) -> bool:
        return bool(self.upstream.realtime()["subscribed"])

    # ---- changes and troubles --------------------------------------------------------------------------

    def run(self, changes: int, troubles: int, kinds: Any) -> None:
        self.wait_until_it_listens()
        for number in range(troubles):
            kind = kinds[number % len(kinds)]
            due = changes * (number + 1) // troubles - self._made
            joins = self._joins()
            self._change(due // 2)
            self._trouble(kind)
            # A silent line still counts as listening there: only another join tells that it was noticed.
            until(lambda before=joins: self._joins() > before, f"the bridge joins again after: {kind}")
            self.wait_until_it_listens()
            self._change(due - due // 2)
        until(lambda: not self.wrong(), "the portal holds what Supabase holds", give_up=False)

    def _trouble(self, kind: str) -> None:
        self.had[kind] += 1
        if kind == "kill":
            self._bare().kill()
        elif kind == "freeze":
            self._line.freeze()
        elif kind == "cut":
            self._line.cut()
        elif kind == "restart":
            self.end()
            self.start()
        else:
            assert self._keeper is not None
            self._keeper.kill()
            self._keeper.wait()
            self.start()

    def _change(self, times: int) -> None:
        """New requests; every fourth change moves or cancels an older one, twice at most."""
        for _ in range(times):
            self._made += 1
            name = f"r{self._made:05}"
            older = self._chance.randrange(1, self._made) if self._made > 8 else 0
            target = f"r{older:05}"
            if self._made % 4 == 0 and older % 4 != 0 and target not in self._touched:
                self._touched.add(target)
                how: dict[str, Any] = {"status": "cancelled"} if older % 2 else {"scheduled_time": "16:15:00"}
                self.upstream.change_request(target, **how)
            else:
                self.upstream.insert_request(id=name, **a_wish(self._made))

    # ---- the judgement ---------------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """Sentences on what differs from Supabase, or is there twice."""
        from bookings.models import BookingRun, ShowingRequest
        from bookings.vocabulary import RunState

        theirs = {row["id"]: row for row in self.upstream.state()["requests"]}
        ours = {row.pk: row for row in ShowingRequest.objects.all()}
        runs = list(BookingRun.objects.values_list("request_id", "state"))
        queued = Counter(name for name, state in runs if state == RunState.QUEUED)
        ever = Counter(name for name, _ in runs)
        found = [f"{name} is not Supabase's" for name in ours.keys() - theirs.keys()]
        for name, row in theirs.items():
            found.extend(_difference(name, row, ours.get(name)))
            if queued[name] != (row["status"] == "scheduled"):
                found.append(f"{name}, {row['status']}, has {queued[name]} runs queued")
            if ever[name] > 1 + (name in self._touched):
                found.append(f"{name} had {ever[name]} runs")
        return found


def _difference(name: str, theirs: dict[str, Any], ours: Any) -> Iterator[str]:
    if ours is None:
        # Whoever is cancelled before it was ever read is none of ours.
        if theirs["status"] != "cancelled":
            yield f"{name} is missing"
        return
    told = (theirs["status"], theirs["scheduled_date"], theirs["scheduled_time"], theirs["property_id"])
    held = (ours.status, f"{ours.scheduled_date}", f"{ours.scheduled_time}", ours.property_id)
    if told != held:
        yield f"{name} is {held} and should be {told}"


def a_wish(number: int) -> dict[str, Any]:
    """A home and a time of its own for each request."""
    day = date.today() + timedelta(days=5 + number % 40)  # noqa: DTZ011
    return {
        "user_id": CLIENT,
        "property_id": f"W{10000000 + number}",
        "status": "scheduled",
        "scheduled_date": day.isoformat(),
        "scheduled_time": f"{9 + number // 40 % 6:02}:{number % 4 * 15:02}:00",
    }


def _passes() -> int:
    from bookings.models import SyncPass

    return SyncPass.objects.count()


def until(true: Callable[[], Any], what: str, *, give_up: bool = True) -> None:
    pause = threading.Event()
    end = time.monotonic() + SETTLES_WITHIN
    while not true():
        if time.monotonic() > end:
            if give_up:
                raise TimeoutError(f"It never came to be: {what}.")
            return
        pause.wait(0.1)


@contextmanager
def bridge_of(trial: Trial) -> Iterator[None]:
    trial.start()
    try:
        yield
    finally:
        trial.end()


if __name__ == "__main__":
    main()
