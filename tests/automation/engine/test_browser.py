"""Finding a browser, and keeping one warm."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automation.engine.browser import BrowserMissing, WarmBrowser, blank_page, find_executable
from tests.automation.engine.conftest import Loop


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; the folder is its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "downloads"))
    return tmp_path


def test_the_setting_comes_first(bare_machine: Path) -> None:
    named = program(bare_machine / "bin", "mine")
    assert find_executable(str(named)).path == str(named)
    assert find_executable("mine").path == str(named)


def test_a_setting_that_names_nothing_is_said_so(bare_machine: Path) -> None:
    with pytest.raises(BrowserMissing, match="BROWSER_EXECUTABLE names '/nowhere'"):
        find_executable("/nowhere")


def test_playwrights_own_download_comes_before_the_systems(bare_machine: Path) -> None:
    program(bare_machine / "bin", "chromium")
    shell = bare_machine / "downloads" / "chromium_headless_shell-1234"
    shell.mkdir(parents=True)
    (shell / "INSTALLATION_COMPLETE").touch()
    assert find_executable().path is None


def test_a_broken_download_is_passed_over(bare_machine: Path) -> None:
    (bare_machine / "downloads" / "chromium_headless_shell-1234").mkdir(parents=True)
    chromium = program(bare_machine / "bin", "chromium")
    assert find_executable().path == str(chromium)


def test_the_headless_shell_comes_before_the_full_browser(bare_machine: Path) -> None:
    program(bare_machine / "bin", "chromium")
    shell = program(bare_machine / "bin", "chromium-headless-shell")
    assert find_executable().path == str(shell)


def test_a_machine_without_browser_is_told_what_to_do(bare_machine: Path) -> None:
    with pytest.raises(BrowserMissing, match=r"apt-get install.*playwright install.*BROWSER_EXECUTABLE"):
        find_executable()


Made = Callable[..., WarmBrowser]


@pytest.fixture
def warm(loop: Loop) -> Iterator[Made]:
    made: list[WarmBrowser] = []

    def make(**settings: Any) -> WarmBrowser:
        try:
            find_executable()
        except BrowserMissing as missing:
            pytest.skip(str(missing))
        made.append(WarmBrowser(**settings))
        return made[-1]

    yield make
    for browser in made:
        loop.run(browser.close())


def session(value: str) -> dict[str, Any]:
    cookie = {
        "name": "session", "value": value, "domain": "brokerbay.example", "path": "/", "expires": -1,
        "httpOnly": True, "secure": False, "sameSite": "Lax",
    }  # fmt: skip
    return {"cookies": [cookie], "origins": []}


async def cookies(context: Any) -> list[str]:
    return [cookie["value"] for cookie in await context.cookies()]


def test_an_account_keeps_its_context(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def twice() -> bool:
        async with browser.context_for("one", session("a")) as first:
            pass
        async with browser.context_for("one", session("a")) as second:
            return first is second

    assert loop.run(twice())


def test_another_session_gets_another_context(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def changed() -> list[list[str]]:
        async with browser.context_for("one", session("a")) as context:
            before = await cookies(context)
        async with browser.context_for("one", session("b")) as context:
            return [before, await cookies(context)]

    assert loop.run(changed()) == [["a"], ["b"]]


def test_the_session_that_the_context_ended_with_keeps_it(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def grown() -> bool:
        async with browser.context_for("one", session("a")) as first:
            await first.add_cookies(session("renewed")["cookies"])
            state = await first.storage_state()
        async with browser.context_for("one", dict(state)) as second:
            return first is second

    assert loop.run(grown())


def test_two_accounts_never_share_a_session(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def both() -> list[list[str]]:
        async with (
            browser.context_for("one", session("a")) as one,
            browser.context_for("two", session("b")) as two,
        ):
            return [await cookies(one), await cookies(two)]

    assert loop.run(both()) == [["a"], ["b"]]


def test_a_context_is_renewed_after_its_uses(loop: Loop, warm: Made) -> None:
    browser = warm(uses_per_context=1)

    async def twice() -> bool:
        async with browser.context_for("one") as first:
            pass
        async with browser.context_for("one") as second:
            return first is second

    assert not loop.run(twice())


def test_a_blank_page_lies_ready_for_the_next_attempt(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def three_times() -> tuple[int, int, bool]:
        await browser.lay_page("one")  # there is no context yet
        async with browser.context_for("one") as context:
            none = len(context.pages)
        await browser.lay_page("one")
        async with browser.context_for("one") as context:
            ready = list(context.pages)
            taken = await blank_page(context)
            await taken.close()
        await browser.lay_page("one")
        async with browser.context_for("one") as context:
            return none, len(ready), taken is ready[0] and len(context.pages) == 1

    assert loop.run(three_times()) == (0, 1, True)


def test_a_page_that_shows_a_site_is_nobodys_to_take(loop: Loop, warm: Made) -> None:
    browser = warm()

    async def beside_another() -> bool:
        async with browser.context_for("one") as context:
            busy = await context.new_page()
            await busy.goto("data:text/html,busy")
            return await blank_page(context) is not busy

    assert loop.run(beside_another())


async def _until(done: Callable[[], bool], within: float = 10) -> None:
    deadline = asyncio.get_running_loop().time() + within
    while not done() and asyncio.get_running_loop().time() < deadline:
        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0.02))])


def test_an_idle_browser_closes_and_the_next_use_starts_it_again(loop: Loop, warm: Made) -> None:
    browser = warm(idle_seconds=0.1)

    async def idle() -> list[bool]:
        async with browser.context_for("one"):
            seen = [browser.is_running]
        await _until(lambda: not browser.is_running)
        seen.append(browser.is_running)
        async with browser.context_for("one") as context:
            page = await context.new_page()
            seen.append(not page.is_closed())
        return seen

    assert loop.run(idle()) == [True, False, True]


def test_a_browser_in_use_does_not_idle_away(loop: Loop, warm: Made) -> None:
    browser = warm(idle_seconds=0.05)

    async def used() -> bool:
        async with browser.context_for("one"):
            pass
        async with browser.context_for("one") as context:
            page = await context.new_page()
            await page.evaluate("new Promise(done => setTimeout(done, 300))")
            return browser.is_running

    assert loop.run(used())


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [int(entry.name), *children_of(int(entry.name))]
    return found


@pytest.mark.parametrize("victim", ["browser", "driver"])
def test_a_killed_browser_is_replaced_at_the_next_use(loop: Loop, warm: Made, victim: str) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("Finding the browser's process needs /proc.")
    before = set(children_of(os.getpid()))
    browser = warm()

    async def opened() -> None:
        async with browser.context_for("one") as context:
            await context.new_page()

    loop.run(opened())
    new = [pid for pid in children_of(os.getpid()) if pid not in before]
    driver, chromium = new[0], new[1]
    os.kill(driver if victim == "driver" else chromium, signal.SIGKILL)
    loop.run(_until(lambda: not browser.is_running, within=2))
    loop.run(opened())
    assert browser.is_running


def test_a_browser_that_does_not_start_is_named(loop: Loop, tmp_path: Path, warm: Made) -> None:
    browser = warm(executable=str(program(tmp_path, "broken")))

    async def used() -> None:
        async with browser.context_for("one"):
            raise AssertionError

    with pytest.raises(BrowserMissing, match="did not start"):
        loop.run(used())


def test_a_missing_scratch_folder_is_made(
    loop: Loop, tmp_path: Path, warm: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    browser = warm()

    async def used() -> bool:
        async with browser.context_for("one"):
            return browser.is_running

    assert loop.run(used())
    assert (tmp_path / "scratch").is_dir()
