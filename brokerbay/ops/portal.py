"""The whole portal on one machine: what `manage.py run_portal` prepares, starts, announces and ends."""

from __future__ import annotations

import fcntl
import http.client
import multiprocessing
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import honcho.manager
from honcho.environ import parse_procfile

from brokerbay.ops.local_sites import answers
from brokerbay.ops.processes import leash_forks

PREPARING = frozenset({"release"})
LOOK_EVERY = 0.1  # seconds
MAY_START_FOR = 60.0
# The supervisor lets a run in the browser end by itself, for 25 seconds at most.
MAY_END_FOR = 30


class CannotStart(Exception):
    """Something is in the way; the message says what and what to do."""


def require_port(host: str, port: int) -> None:
    """Raises CannotStart when somebody listens there already, or when we may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({taken.strerror}). "
                f"Another portal or programme may have it. Choose another: make run PORT={port + 1}"
            ) from None


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR for this portal alone; raises CannotStart when another one has it."""
    with (data_dir / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"Another portal is running with the data in {data_dir}. "
                "End it first, or give this one its own: make run DATA_DIR=/some/folder"
            ) from None
        yield


def commands(procfile: str) -> dict[str, str]:
    """The lasting processes of a Procfile by name; one-off lines such as `release` are left out.

    >>> commands("release: migrate\\nweb: serve --port $PORT\\n")
    {'web': 'serve --port $PORT'}
    """
    lines = parse_procfile(procfile).processes
    return {name: command for name, command in lines.items() if name not in PREPARING}


class _Manager(honcho.manager.Manager):
    """Honcho's, but what others lean on ends after them: a run in the browser keeps its site to its end."""

    _processes: dict[str, dict[str, Any]]

    def __init__(self, leaned_on: Collection[str]) -> None:
        super().__init__()
        self._leaned_on = frozenset(leaned_on)
        self._ending_leaned_on = False

    def _killall(self, force: bool = False) -> None:
        everything = self._processes
        if not (force or self._ending_leaned_on):
            self._processes = {name: one for name, one in everything.items() if name not in self._leaned_on}
        try:
            super()._killall(force)
        finally:
            self._processes = everything

    def _all_stopped(self) -> bool:
        """Asked in every round of the loop."""
        if self._terminating and not self._ending_leaned_on and self._leaning_have_stopped():
            self._ending_leaned_on = True
            self._killall()
        return bool(super()._all_stopped())

    def _leaning_have_stopped(self) -> bool:
        leaning = self._processes.keys() - self._leaned_on
        return all(self._processes[name].get("returncode") is not None for name in leaning)


def run(
    processes: Mapping[str, str],
    *,
    leaned_on: Collection[str] = (),
    environment: Mapping[str, str],
    base: Path,
) -> int:
    """Run the processes until Ctrl-C, SIGTERM or the end of one of them. Answers the exit code.

    Those named in `leaned_on` are ended last, when all the others have stopped.
    None outlives this process, however it ends: what it starts dies with it, and so on down.
    """
    leash_forks()
    honcho.manager.KILL_WAIT = MAY_END_FOR
    manager = _Manager(leaned_on)
    for name, command in processes.items():
        # The shell that honcho starts tells its parent, and becomes the leash, which becomes the command.
        leashed = f"exec {shlex.quote(sys.executable)} -m brokerbay.ops.leash $PPID {shlex.quote(command)}"
        manager.add_process(name, leashed, env=dict(environment), cwd=str(base))
    try:
        manager.loop()
    except BaseException:
        # The terminal is gone, for one. Python would wait for ever for these children; they die, with theirs.
        for child in multiprocessing.active_children():
            child.kill()
        raise
    return int(manager.returncode or 0)


def listen_on(ports: list[int]) -> bool:
    return all(answers(port) for port in ports)


def is_live(host: str, port: int) -> bool:
    """Whether the portal answers there, and not just its server's socket."""
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(reached, port, timeout=5)
    try:
        connection.request("GET", "/live", headers={"Host": "localhost"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    # Any answer will do: a host or https rule may refuse this one.
    return True


def once(ready: Callable[[], bool], then: Callable[[], None]) -> None:
    """Call `then` in a thread of its own as soon as `ready()`; gives up after MAY_START_FOR seconds."""

    def wait() -> None:
        pause = threading.Event()
        for _ in range(int(MAY_START_FOR / LOOK_EVERY)):
            if ready():
                then()
                return
            pause.wait(LOOK_EVERY)

    threading.Thread(target=wait, name="once up", daemon=True).start()
