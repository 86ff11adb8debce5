"""Processes that do not outlive their parent, and temporary files that do not outlive their process."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when `parent` dies. On Linux only; elsewhere nothing happens.

    The starter tells its process id, for it may have died before this process could look.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def leash_forks() -> None:
    """From now on whatever this process forks dies with it, and so on down."""
    forking = threading.local()

    def before() -> None:
        forking.pid = os.getpid()

    os.register_at_fork(before=before, after_in_child=lambda: die_with_parent(forking.pid))


def leashed(*command: str) -> list[str]:
    """The command as a child of this process that the kernel ends together with it (`ops.leash`).

    The thread that starts it has to stay for as long: the kernel counts that thread as the parent.
    """
    return [sys.executable, "-m", "brokerbay.ops.leash", str(os.getpid()), shlex.join(command)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def living_in(folder: Path) -> Iterator[int]:
    """The processes whose TMPDIR is `folder`, wherever their parents went; on Linux only, elsewhere none.

    A browser, or its driver, that was frozen when its worker died is found by this and by nothing else.
    """
    mark = f"TMPDIR={folder}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environment.read_bytes().split(b"\0"):
                yield int(environment.parent.name)
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else


def end_all_in(folder: Path) -> None:
    """SIGKILL to every process whose TMPDIR is `folder`."""
    for pid in living_in(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def own_temporary_folder(parent: Path, name: str) -> Path:
    """A fresh temporary folder for this process's children; those of dead processes are swept away, together
    with what still runs in them."""
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.glob(f"{name}-*"):
        owner = folder.name.rpartition("-")[2]
        if not owner.isdigit() or int(owner) == os.getpid() or not is_alive(int(owner)):
            end_all_in(folder)
            shutil.rmtree(folder, ignore_errors=True)
    own = parent / f"{name}-{os.getpid()}"
    own.mkdir(mode=0o700)
    return own
