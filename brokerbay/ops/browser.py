"""A browser for the portal: the one that is there, or one that this machine lets us install."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

from automation.engine.browser import BrowserMissing, Found, WarmBrowser, find_executable

PLAYWRIGHT_MAY_TAKE = 90.0  # seconds
SYSTEM_MAY_TAKE = 300.0
SYSTEM_PACKAGES = ("chromium-headless-shell", "chromium")


def find_or_install(setting: str, *, tell: Callable[[str], None]) -> Found:
    """The browser to use. `tell` hears what is going on. Raises BrowserMissing with what a person can do."""
    try:
        return find_executable(setting)
    except BrowserMissing:
        if setting:
            raise
    for command, seconds in _ways_to_install():
        tell(f"No browser here yet. Trying: {' '.join(command)}")
        if _ran(command, seconds) and (found := _one_that_starts()):
            return found
    return find_executable("")


def _ways_to_install() -> Iterator[tuple[list[str], float]]:
    playwright = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    yield playwright, PLAYWRIGHT_MAY_TAKE
    apt = _apt()
    if apt is None:
        return
    _ran([*apt, "update"], SYSTEM_MAY_TAKE)
    for package in SYSTEM_PACKAGES:
        yield [*apt, "install", "-y", "--no-install-recommends", package], SYSTEM_MAY_TAKE


def _apt() -> list[str] | None:
    """apt-get with the right to install, or None."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ["apt-get", "-qq"]
    if shutil.which("sudo") and _ran(["sudo", "-n", "true"], 10):
        return ["sudo", "-n", "apt-get", "-qq"]
    return None


def _ran(command: list[str], seconds: float) -> bool:
    """Whether the command ended well in time. Its own session, so that nothing of it stays behind."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, 9)
        process.wait()


def _one_that_starts() -> Found | None:
    """A browser that really starts: a fresh download may lack the system's libraries."""
    candidates = [_found(""), *(_found(name) for name in SYSTEM_PACKAGES)]
    return next((found for found in candidates if found and _starts(found)), None)


def _found(setting: str) -> Found | None:
    try:
        return find_executable(setting)
    except BrowserMissing:
        return None


def _starts(found: Found) -> bool:
    async def start() -> None:
        browser = WarmBrowser(executable=found.path or "")
        try:
            async with browser.context_for("a look whether it starts"):
                pass
        finally:
            await browser.close()

    try:
        asyncio.run(start())
    except BrowserMissing:
        return False
    return True
