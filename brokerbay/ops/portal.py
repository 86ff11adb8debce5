"""The whole portal on one machine: what `manage.py run_portal` prepares, starts, announces and ends."""

from __future__ import annotations

import fcntl
import http.client
import multiprocessing
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

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


def run(processes: Mapping[str, str], *, environment: Mapping[str, str], base: Path) -> int:
    """Run the processes until Ctrl-C, SIGTERM or the end of one of them. Answers the exit code.

    None outlives this process, however it ends: what it starts dies with it, and so on down.
    """
    leash_forks()
    honcho.manager.KILL_WAIT = MAY_END_FOR
    manager = honcho.manager.Manager()
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
