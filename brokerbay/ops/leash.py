"""`python -m brokerbay.ops.leash PID 'command'`: become the command; die when PID, the starter, does."""

from __future__ import annotations

import os
import sys

from brokerbay.ops.processes import die_with_parent


def main(starter: int, command: str) -> None:
    die_with_parent(starter)
    # The leash survives an exec but not a fork, so the shell must become the command, too.
    os.execv("/bin/sh", ["sh", "-c", f"exec {command}"])  # noqa: S606 - the Procfile's own line


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
