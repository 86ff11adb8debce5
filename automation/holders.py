"""Who holds a run: a process, named so that its supervisor can tell for certain whether it still lives."""

from __future__ import annotations

import os
import socket

SUPERVISOR = "SHOWINGS_SUPERVISOR"  # set by run_workers for the cluster that it starts


def this_process() -> str:
    """Host, supervisor and process, like "web1/3f2a…/4711"."""
    return f"{supervisor_prefix(os.environ.get(SUPERVISOR, 'none'))}{os.getpid()}"


def supervisor_prefix(supervisor: str) -> str:
    return f"{socket.gethostname()}/{supervisor}/"
