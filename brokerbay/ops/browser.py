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
# What Playwright's driver needs and a bare Debian lacks.
DRIVER_PACKAGE = "libatomic1"


def find_or_install(setting: str, *, tell: Callable[[str], None]) -> Found:
    """The browser to use. `tell` hears what is going on. Raises BrowserMissing with what a person can do."""
    _require_driver(setting, tell=tell)
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


def _require_driver(setting: str, *, tell: Callable[[str], None]) -> None:
    """Have Playwright's driver start, with the one system library that it may lack. Raises BrowserMissing."""
    if (problem := _driver_problem()) is None:
        return
    if (apt := _apt()) is not None:
        tell(f"Playwright's driver does not start yet. Trying: {' '.join([*apt, 'install', DRIVER_PACKAGE])}")
        _ran([*apt, "update"], SYSTEM_MAY_TAKE)
        _ran([*apt, "install", "-y", "--no-install-recommends", DRIVER_PACKAGE], SYSTEM_MAY_TAKE)
        if (problem := _driver_problem()) is None:
            return
    # Both at once, so that nobody installs one only to be told of the other.
    wanted = [DRIVER_PACKAGE, *([] if setting or _found("") else SYSTEM_PACKAGES[:1])]
    raise BrowserMissing(
        f"Playwright, which steers the browser, does not start here: {problem}\n"
        f"Install what it lacks and try again. On Debian, as root:  apt-get install {' '.join(wanted)}"
    )


def _driver_problem() -> str | None:
    """The driver's own last line on why it does not start, or None when it does."""
    asked = [sys.executable, "-m", "playwright", "--version"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=PLAYWRIGHT_MAY_TAKE)
    if answer.returncode == 0:
        return None
    return (answer.stderr.strip().splitlines() or [f"it ended with {answer.returncode}"])[-1]


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
