"""The person at a sign-in sees the page that the words tell of, also when the screencast falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from automation.engine import handoff
from automation.engine.browser import VIEWPORT, WarmBrowser
from automation.engine.contract import Site
from automation.engine.handoff import Ending, HandedOver, Look, Patience, Stroke
from automation.simulator.control import Control
from automation.simulator.server import running
from tests.automation.engine.conftest import ACCOUNT, Loop

MEMBER, PIN = "9876543", "49275501"
PATIENCE = 15.0


class Watching:
    """A person who keeps every look and steers by its words."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self._deeds: asyncio.Queue[Stroke] = asyncio.Queue()
        self._seen = asyncio.Event()

    def shown(self, look: Look) -> None:
        self.looks.append(look)
        self._seen.set()

    async def strokes(self) -> Sequence[Stroke]:
        return [await self._deeds.get()]

    async def sees(self, label: str, *, other_than: frozenset[bytes] = frozenset()) -> Look:
        """The first look from now on with that control and a picture that is none of those."""
        async with asyncio.timeout(PATIENCE):
            while True:
                look = self.looks[-1] if self.looks else None
                if look and label in _labels(look) and look.jpeg not in other_than:
                    return look
                self._seen.clear()
                await self._seen.wait()

    async def does(self, kind: str, label: str = "", text: str = "") -> None:
        number = _labels(await self.sees(label)).index(label) if label else 0
        self._deeds.put_nowait(Stroke(kind=kind, control=number, label=label, text=text))


def _labels(look: Look) -> list[str]:
    return [control["label"] for control in look.page.get("controls", ()) if not control["off"]]


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with running(tmp_path / "brokerbay.sqlite3") as control:
        control.add_account(ACCOUNT, member_id=MEMBER, pin=PIN)
        yield control


@pytest.fixture
def silent_screencast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handoff, "_CAST", {**handoff._CAST, "everyNthFrame": 1_000_000})


@pytest.mark.usefixtures("silent_screencast")
def test_each_page_of_the_sign_in_is_seen_and_not_only_told(
    control: Control, browser: WarmBrowser, loop: Loop
) -> None:
    person = Watching()

    async def walked() -> tuple[list[bytes], HandedOver]:
        async with browser.context_for(ACCOUNT, None) as context:
            work = asyncio.ensure_future(
                handoff.hand_over(
                    context, site=Site(base_url=control.base_url), person=person, patience=Patience()
                )
            )
            seen: list[bytes] = []
            for label, deeds in (
                ("Email address", [("fill", "Email address", ACCOUNT), ("press", "Continue", "")]),
                ("Log in with PropTx User ID", [("press", "Log in with PropTx User ID", "")]),
                ("User ID", [("fill", "User ID", MEMBER), ("fill", "PIN", PIN), ("press", "Log In", "")]),
                ("Send code", [("press", "Send code", "")]),
                ("Authorization code", []),
            ):
                known = frozenset(look.jpeg for look in person.looks if label not in _labels(look))
                seen.append((await person.sees(label, other_than=known)).jpeg)
                for deed in deeds:
                    await person.does(*deed)
            await person.does("stop")
            return seen, await work

    pictures, ended = loop.run(walked())
    assert ended.ending is Ending.STOPPED
    assert len(set(pictures)) == len(pictures) == 5
    assert {(look.width, look.height) for look in person.looks} == {(VIEWPORT["width"], VIEWPORT["height"])}
