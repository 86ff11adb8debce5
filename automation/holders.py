"""Who holds a run: a process, named so that its supervisor can tell for certain whether it still lives."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

SUPERVISOR = "SHOWINGS_SUPERVISOR"  # set by run_workers for the cluster that it starts


def this_process() -> str:
    """Host, supervisor and process, like "web1/3f2a…/4711"."""
    return f"{supervisor_prefix(os.environ.get(SUPERVISOR, 'none'))}{os.getpid()}"


def supervisor_prefix(supervisor: str) -> str:
    return f"{socket.gethostname()}/{supervisor}/"


def stopping_mark(folder: Path, supervisor: str) -> Path:
    """The file by which a supervisor tells its workers, who share this folder, to begin nothing new."""
    return folder / f"stopping-{supervisor}"


def is_stopping() -> bool:
    """Whether this process's supervisor was told to stop: a run that is begun now would be cut off."""
    supervisor = os.environ.get(SUPERVISOR, "")
    return bool(supervisor) and stopping_mark(Path(tempfile.gettempdir()), supervisor).exists()
