"""Runs a local BrokerBay for a test or the demo, as a process that never outlives the caller."""

from __future__ import annotations

import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automation.simulator.control import Control

_ROOT = Path(__file__).resolve().parents[2]
_STARTS_WITHIN = 20.0  # seconds


@contextmanager
def running(
    state_path: Path | str, *, port: int = 0, seed: str | None = None, token: str = ""
) -> Iterator[Control]:
    """Starts it over `state_path`, on a free port unless told, and stops it in the end."""
    token = token or secrets.token_urlsafe(16)
    command = [sys.executable, "-m", "automation.simulator", "--port", str(port), "--state", str(state_path)]
    command += ["--die-with-parent", str(os.getpid()), *(["--seed", seed] if seed else [])]
    env = os.environ | {"SIMULATOR_TOKEN": token}
    process = subprocess.Popen(command, cwd=_ROOT, env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        control = Control(_address(process), token, pid=process.pid)
        try:
            yield control
        finally:
            control.close()
    finally:
        _end(process)


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _STARTS_WITHIN
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and ready.select(left):
            line = process.stdout.readline().decode()
            if not line:
                break
            if "listens on " in line:
                return line.split("listens on ")[1].strip()
    raise RuntimeError(
        f"The local BrokerBay did not start within {_STARTS_WITHIN:.0f} s (exit {process.poll()})."
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
