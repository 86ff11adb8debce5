"""A cluster whose processes are killed or frozen, one by one: what is queued is answered soon anyway."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from brokerbay.ops import processes
from tests import redis_server
from tests.automation.plant import ROOT, lives, until

# Ten times as fast: a canary a second, and silent after ten (tests/chaos/pace.py).
ENTRY = [sys.executable, "tests/chaos/entry.py"]
ANSWERED_WITHIN = 40.0
# Forked in this order by django-q2's sentinel.
ROLES = ("worker", "other worker", "monitor", "pusher")


class Plant:
    """`run_workers default` with two workers over a database of its own."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self.redis_url = redis_url
        self.environment = {
            **os.environ,
            "ENV_FILE": "",
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "REDIS_URL": redis_url,
            "DEFAULT_WORKERS": "2",
            "CHAOS_PACE": "0.1",
            "LOG_LEVEL": "ERROR",
        }
        self.run("migrate", "--verbosity", "0")
        self.run("createcachetable")
        self.supervisor = psutil.Process(self.start().pid)

    def run(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen([*ENTRY, "run_workers", "default"], cwd=ROOT, env=self.environment)
        return self.process

    def roles(self) -> dict[str, psutil.Process]:
        """The cluster's processes by name, as soon as all are there and its pulse beats."""
        pulse = self.folder / "tmp" / f"default-{self.process.pid}" / "pulse"

        def all_there() -> dict[str, psutil.Process]:
            try:
                main = self.supervisor.children()[0]
                sentinel = main.children()[0]
                below = sorted(sentinel.children(), key=lambda one: (one.create_time(), one.pid))
            except (IndexError, psutil.NoSuchProcess):
                return {}
            complete = len(below) == len(ROLES) and pulse.exists()
            return (
                {"main": main, "sentinel": sentinel, **dict(zip(ROLES, below, strict=True))}
                if complete
                else {}
            )

        return until(all_there, what="the whole cluster")

    def queue(self) -> None:
        """Another task; none where a frozen process has the file's only lock, until it is ended."""
        code = (
            "import django; django.setup(); from django_q.tasks import async_task;"
            " async_task('brokerbay.ops.pulse.sing', save=True)"
        )
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "brokerbay.settings"}
        queued = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        )
        assert queued.returncode == 0 or "database is locked" in queued.stderr, queued.stderr

    def answered(self) -> int:
        with closing(sqlite3.connect(self.folder / "db.sqlite3")) as rows:
            return int(rows.execute("select count(*) from django_q_task where success").fetchone()[0])

    def end(self) -> None:
        below = self.supervisor.children(recursive=True) if lives(self.supervisor) else []
        self.process.kill()
        self.process.wait()
        until(lambda: not any(lives(one) for one in below), what="the cluster to be gone", timeout=15)


@pytest.fixture(scope="module", params=["orm", "redis"])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "orm":
        yield from _running(Plant(folder, ""))
        return
    if redis_server.binary() is None:
        pytest.skip("redis-server is not installed here")
    with redis_server.running(folder) as url:
        yield from _running(Plant(folder, url))


def _running(plant: Plant) -> Iterator[Plant]:
    try:
        yield plant
    finally:
        plant.end()


@pytest.mark.parametrize("hurt", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
@pytest.mark.parametrize("role", ["worker", "both workers", "monitor", "pusher", "sentinel", "main"])
def test_what_is_queued_is_answered_whatever_process_is(
    plant: Plant, role: str, hurt: signal.Signals
) -> None:
    roles = plant.roles()
    hit = [roles[name] for name in (ROLES[:2] if role == "both workers" else [role])]
    for process in hit:
        os.kill(process.pid, hurt)
    # What the dead had fetched already is lost with them, as doorbells may be: the sweep rings again.
    rung_before = plant.answered()
    until(
        lambda: (plant.queue(), plant.answered() > rung_before + 2)[1],
        what="three answers",
        timeout=ANSWERED_WITHIN,
    )
    # A frozen main or sentinel, or one worker of two, is in nobody's way: the queue flows on without it.
    for process in hit:
        if lives(process):
            os.kill(process.pid, signal.SIGCONT)


def test_nothing_outlives_a_killed_supervisor_for_longer_than_until_the_next_start(tmp_path: Path) -> None:
    """Frozen when its parents died, a browser's driver hears nothing of it; the next start ends it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = tmp_path / f"booking-{gone.pid}"
    left.mkdir()
    frozen = subprocess.Popen(["tail", "-f", "/dev/null"], env={**os.environ, "TMPDIR": str(left)})
    # A moment after it began, a process has no environment to be read yet.
    until(lambda: frozen.pid in processes.living_in(left), what="the process to have begun")
    os.kill(frozen.pid, signal.SIGSTOP)
    processes.own_temporary_folder(tmp_path, "booking")
    assert frozen.wait(timeout=10) == -signal.SIGKILL
    assert not left.exists()
