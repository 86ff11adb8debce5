"""Chooses the order's start time, exactly, or says which times are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import OpenSlot
from automation.engine.errors import PageChanged, SlotUnavailable
from automation.engine.slots import parse_time, say_day, say_open, say_time

# Seconds that slots must stand still in, before what they lack is believed, and how often they may not.
STILL = 1.0
MOST_REDRAWS = 5


async def choose_slot(attempt: Attempt) -> Done:
    """Raises `SlotUnavailable` with every open slot of that day."""
    day, wanted = attempt.order.date, attempt.order.time
    if day is None or wanted is None:
        raise ValueError("A booking needs a date and a time.")
    wizard = attempt.wizard
    open_times = await see_slots(attempt, wanted=wanted)
    if wanted not in open_times:
        raise SlotUnavailable(
            f"{say_time(wanted)} on {say_day(day)} is not free. "
            f"{say_open(attempt.open_slots, wanted=wanted)}",
            open_slots=attempt.open_slots,
        )
    await attempt.exposed()
    await wizard.choose_slot(open_times[wanted])
    return Done(
        message=f"Chose {say_time(wanted)}; {len(open_times)} times were open.", touched=wizard.SELECTED_BLOCK
    )


async def see_slots(attempt: Attempt, *, wanted: time | None) -> Mapping[time, int]:
    """The open start times of the chosen day and where each stands; keeps them, and the listing's zone.

    That the `wanted` time is not open, or none at all, is believed of slots that stand still only, on a page
    at rest. Raises `PageChanged` where they never do.
    """
    rests = True
    for _ in range(MOST_REDRAWS):
        open_times = await _see_slots(attempt)
        is_there = wanted in open_times if wanted is not None else bool(open_times)
        if is_there:
            return open_times
        rests = rests and await attempt.rest()  # a page that never does is not waited for again
        redrawn = await attempt.wizard.redraws_slots(within=STILL)
        if not redrawn and open_times == await _see_slots(attempt):
            return open_times
    raise PageChanged("BrokerBay's times kept changing while they were read. Nothing was sent.")


async def _see_slots(attempt: Attempt) -> Mapping[time, int]:
    day = attempt.order.date
    if day is None:
        raise ValueError("Slots belong to a day.")
    seen = await attempt.wizard.slots()
    if attempt.listing is not None:
        attempt.listing = replace(attempt.listing, time_zone=seen.time_zone)
    open_times = {
        start: index
        for index, block in enumerate(seen.blocks)
        if block.is_open and (start := parse_time(block.text))
    }
    attempt.open_slots = tuple(OpenSlot(date=day, time=start) for start in sorted(open_times))
    return open_times
