"""That a time is not open is said only of slots that stood still."""

from __future__ import annotations

import asyncio
from datetime import date, time
from types import SimpleNamespace
from typing import Any

import pytest

from automation.engine.errors import PageChanged
from automation.engine.pages.wizard import SlotBlock, SlotsSeen
from automation.engine.steps.choose_slot import see_slots

TEN, ELEVEN = "10:00 AM", "11:00 AM"


class Restless:
    """A wizard that shows one text after another; it is redrawn until the last."""

    def __init__(self, *shown: str) -> None:
        self.shown = list(shown)

    async def slots(self) -> SlotsSeen:
        return SlotsSeen(blocks=(SlotBlock(text=self.shown[0], is_open=True),), time_zone="EST")

    async def redraws_slots(self, *, within: float) -> bool:
        if len(self.shown) > 1:
            self.shown.pop(0)
            return True
        return False


def seen(wizard: Restless, wanted: time) -> Any:
    async def rest() -> bool:
        return True

    attempt: Any = SimpleNamespace(
        order=SimpleNamespace(date=date(2026, 11, 24)), wizard=wizard, listing=None, open_slots=(), rest=rest
    )
    return asyncio.run(see_slots(attempt, wanted=wanted))


def test_a_time_that_a_redraw_brings_is_found() -> None:
    assert set(seen(Restless(TEN, TEN, ELEVEN), time(11))) == {time(11)}


def test_of_slots_that_stand_still_it_is_believed() -> None:
    assert set(seen(Restless(TEN), time(11))) == {time(10)}


def test_of_slots_that_never_do_it_is_not() -> None:
    with pytest.raises(PageChanged, match="kept changing"):
        seen(Restless(*[TEN] * 20), time(11))
