"""The local stand-ins for BrokerBay, Supabase and the property API, where no real ones are configured."""

from __future__ import annotations

import ipaddress
import shlex
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from brokerbay.env import LOCAL_SITES
from ingest.simulator.server import SECRET_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSites:
    """`commands` by process name, and the `environment` that points the portal to them."""

    commands: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def ports(self) -> list[int]:
        return sorted(
            {urlsplit(url).port or 0 for name, url in self.environment.items() if name.endswith("_URL")}
        )


def plan(*, data_dir: Path, configured: Mapping[str, str], token: str) -> LocalSites:
    """Which local sites are needed, given the `configured` values of BROKERBAY_URL and SUPABASE_URL.

    The local Supabase is the property API, too, unless PROPERTY_API_URL is among them.
    A site keeps its port from run to run while it is free, so that stored links stay good. The addresses
    are written to DATA_DIR/local-sites.env, where other commands of this installation find them.
    """
    last = _last_time(data_dir)
    sites = LocalSites()
    if configured["BROKERBAY_URL"] in ("", last.get("BROKERBAY_URL")):
        port = _port_like(last.get("BROKERBAY_URL", ""))
        sites.environment.update(BROKERBAY_URL=f"http://127.0.0.1:{port}", SIMULATOR_CONTROL_TOKEN=token)
        sites.commands["brokerbay-sim"] = _command(
            "automation.simulator", port, data_dir / "local-brokerbay.sqlite3", "--seed", "demo"
        )
    if configured["SUPABASE_URL"] in ("", last.get("SUPABASE_URL")):
        port = _port_like(last.get("SUPABASE_URL", ""))
        address = f"http://127.0.0.1:{port}"
        sites.environment.update(SUPABASE_URL=address, SUPABASE_KEY=SECRET_KEY)
        if configured.get("PROPERTY_API_URL", "") in ("", last.get("PROPERTY_API_URL")):
            sites.environment.update(PROPERTY_API_URL=address)
        sites.commands["supabase-sim"] = _command("ingest.simulator", port, data_dir / "local-supabase.json")
    _keep(data_dir, sites)
    return sites


def answers(port: int) -> bool:
    """Whether something on this machine listens on `port`."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_local(url: str) -> bool:
    """Whether `url` leads to this very machine, by a loopback address.

    >>> is_local("http://127.0.0.1:8010"), is_local("http://localhost:1"), is_local("http://[::1]:8010")
    (True, True, True)
    >>> is_local("https://127.0.0.1.example.com"), is_local("http://10.0.0.7:8010"), is_local("")
    (False, False, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _command(module: str, port: int, state: Path, *more: str) -> str:
    return shlex.join([sys.executable, "-m", module, "--port", str(port), "--state", str(state), *more])


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody has it, else any port that is free on this machine."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free port is left on this machine.")


def _port_like(last_address: str) -> int:
    return free_port(urlsplit(last_address).port or 0)


def _last_time(data_dir: Path) -> dict[str, str]:
    path = data_dir / LOCAL_SITES
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _keep(data_dir: Path, sites: LocalSites) -> None:
    kept = {name: value for name, value in sites.environment.items() if name != "SIMULATOR_CONTROL_TOKEN"}
    text = "".join(f"{name}={value}\n" for name, value in kept.items())
    (data_dir / LOCAL_SITES).write_text(text, encoding="utf-8")
