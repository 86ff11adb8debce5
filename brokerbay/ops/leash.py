"""`python -m brokerbay.ops.leash 'command'`: become the command, and die when the starting process dies."""

from __future__ import annotations

import os
import sys

from brokerbay.ops.processes import die_with_parent


def main(command: str) -> None:
    die_with_parent()
    # The leash survives an exec but not a fork, so the shell must become the command, too.
    os.execv("/bin/sh", ["sh", "-c", f"exec {command}"])  # noqa: S606 - the Procfile's own line


if __name__ == "__main__":
    main(sys.argv[1])
