"""Reads what the wizard offers on a day, for an order that only asks."""

from __future__ import annotations

from dataclasses import replace

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Level
from automation.engine.slots import say_day, say_minutes
from automation.engine.steps.choose_slot import see_slots


async def read_slots(attempt: Attempt) -> Done:
    """Leaves every open slot, and how long a showing may be: a chosen slot tells that, and sends nothing."""
    if attempt.order.date is None:
        raise ValueError("Reading a day's slots needs the day.")
    day, wizard = say_day(attempt.order.date), attempt.wizard
    open_times = await see_slots(attempt, wanted=None)
    if not open_times:
        return Done(message=f"No time is open on {day}.", level=Level.WARNING)
    wanted = attempt.order.time
    start = wanted if wanted is not None and wanted in open_times else min(open_times)
    await wizard.choose_slot(open_times[start])
    offer = await wizard.durations(patience=attempt.site.step_timeout)
    longest = offer.longest or max(offer.minutes, default=0)
    await wizard.press_done(patience=attempt.site.step_timeout)
    if attempt.listing is not None and longest:
        attempt.listing = replace(attempt.listing, max_minutes=longest)
    limit = f", for {say_minutes(longest)} at most" if longest else ""
    return Done(message=f"{len(open_times)} times are open on {day}{limit}.", touched=wizard.SELECTED_BLOCK)
