"""`python -m ingest.simulator --port 8802 --state var/upstream.json`: the upstream, on this machine only."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from ingest.simulator.server import MAX_ROWS, TABLE, Settings, build
from ingest.simulator.world import World

PR_SET_PDEATHSIG = 1


def main() -> None:
    asked = _arguments()
    if asked.die_with_parent:
        _die_with_parent()
    settings = Settings(table=asked.table, max_rows=asked.max_rows, control_token=asked.control_token)
    # Named as TCP, or asyncio leaves its connections waiting 40 ms for the other side between two packets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", asked.port))
    except OSError as taken:
        sys.exit(f"Port {asked.port} cannot be used ({taken.strerror}). Choose another one with --port.")
    listener.listen(128)
    sys.stdout.write(f"Supabase and property API, local: http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(build(World(asked.state), settings), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ingest.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one, which is printed")
    parser.add_argument("--state", type=Path, default=None, help="the file that keeps rows and homes")
    parser.add_argument("--table", default=TABLE, help="the table of showing requests")
    parser.add_argument("--max-rows", type=int, default=MAX_ROWS, help="PostgREST's silent cap on an answer")
    parser.add_argument(
        "--control-token",
        default=os.environ.get("SIMULATOR_TOKEN", ""),
        help="what X-Control-Token must say; SIMULATOR_TOKEN if not given",
    )
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    return parser.parse_args()


def _die_with_parent() -> None:
    """Linux only: the kernel ends us with our parent, however that dies."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("The starting process is gone.")


if __name__ == "__main__":
    main()
