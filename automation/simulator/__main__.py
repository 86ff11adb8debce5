"""python -m automation.simulator --port 8100 --state var/brokerbay.sqlite3 --seed demo"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import sys
from pathlib import Path

import uvicorn

from automation.simulator import app, control_api, demo
from automation.simulator.connections import DroppableProtocol
from automation.simulator.parent import left_alone
from automation.simulator.store import Store


class Announcing(uvicorn.Server):
    """Says on standard output where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port, *_ = self.servers[0].sockets[0].getsockname()
            _say(f"BrokerBay (local) listens on http://{host}:{port}")


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    token = asked.control_token or os.environ.get("SIMULATOR_TOKEN", "")
    if not token:
        token = secrets.token_urlsafe(16)
        _say(f"Control token: {token}")
    Path(asked.state).parent.mkdir(parents=True, exist_ok=True)
    store = Store(asked.state)
    if asked.seed:
        control_api.plant(store, asked.seed)
    server = Announcing(
        uvicorn.Config(
            app.build(store, control_token=token),
            host=asked.host,
            port=asked.port,
            http=DroppableProtocol,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
    try:
        asyncio.run(_serve(server, parent=asked.die_with_parent))
    except KeyboardInterrupt:
        return 130
    finally:
        store.close()
    return 0 if server.started else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _serve(server: uvicorn.Server, *, parent: int) -> None:
    serving = asyncio.ensure_future(server.serve())
    if not parent:
        await serving
        return
    orphaned = asyncio.ensure_future(left_alone(parent))
    await asyncio.wait({serving, orphaned}, return_when=asyncio.FIRST_COMPLETED)
    orphaned.cancel()
    server.should_exit = True
    await serving


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m automation.simulator", description="A local BrokerBay.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one and prints it")
    parser.add_argument("--state", required=True, help="the SQLite file that keeps everything")
    parser.add_argument("--seed", choices=list(demo.SEEDS), help="sown once into an empty state")
    parser.add_argument("--control-token", default="", help="else SIMULATOR_TOKEN, else random and printed")
    parser.add_argument(
        "--die-with-parent",
        type=int,
        nargs="?",
        const=os.getppid(),
        default=0,
        metavar="PID",
        help="end when the process that started this one ends (PID says which that is)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
