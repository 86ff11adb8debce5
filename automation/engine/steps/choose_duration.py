"""Chooses the order's duration, exactly, and checks what the wizard then shows as chosen."""

from __future__ import annotations

from dataclasses import replace

from playwright.async_api import TimeoutError as WaitedTooLong

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Order
from automation.engine.errors import DurationTooLong, PageChanged, SlotLost
from automation.engine.pages.wizard import DurationOffer
from automation.engine.slots import parse_range, say_minutes
from automation.engine.steps.choose_date import choose_date
from automation.engine.steps.choose_slot import see_slots


async def choose_duration(attempt: Attempt) -> Done:
    """Raises `DurationTooLong` where the listing, or the next showing, allows shorter ones only."""
    wanted = attempt.order.duration_minutes
    if wanted is None:
        raise ValueError("A booking needs a duration.")
    wizard = attempt.wizard
    patience = min(attempt.site.send_timeout, attempt.site.step_timeout)
    offer = await _offer(attempt, patience)
    longest = max(offer.minutes, default=0)
    if attempt.listing is not None:
        attempt.listing = replace(attempt.listing, max_minutes=offer.longest or longest or None)
    if wanted not in offer.minutes:
        raise _refused(wanted, offer.minutes, longest)
    await attempt.exposed()
    if offer.chosen != wanted:
        await wizard.choose_duration(offer.minutes.index(wanted), patience=patience)
    shown = await wizard.press_done(patience=patience)
    if not shown:
        raise await _lost_slot(attempt)
    if not is_as_ordered(shown, attempt.order):
        raise wrong_selection(shown)
    return Done(message=f"Chose {say_minutes(wanted)}.", touched=wizard.SELECTED_BLOCK)


async def _offer(attempt: Attempt, patience: float) -> DurationOffer:
    """What the popover offers; one that stays or falls shut may mean that the slot is lost."""
    wizard = attempt.wizard
    try:
        offer = await wizard.durations(patience=patience)
    except WaitedTooLong:
        if not await wizard.selection():
            raise await _lost_slot(attempt) from None
        offer = await wizard.durations(patience=attempt.site.step_timeout)
    if not offer.minutes:
        raise await _lost_slot(attempt)
    return offer


async def _lost_slot(attempt: Attempt) -> SlotLost | PageChanged:
    """What to say when the page dropped the selection: somebody else took the slot, or it redrew itself.

    The popover goes with it, and a click that was meant for it then hits a day of the calendar beneath.
    """
    await choose_date(attempt)
    open_times = await see_slots(attempt, wanted=attempt.order.time)
    if attempt.order.time in open_times:
        return wrong_selection("")
    return SlotLost(
        "Somebody else took this time while it was being chosen. Nothing was sent: choose another time.",
        open_slots=attempt.open_slots,
    )


def is_as_ordered(selection: str, order: Order) -> bool:
    """Whether the green block says just what the order says: a redraw can drop or move a selection."""
    return parse_range(selection) == (order.time, order.duration_minutes)


def wrong_selection(selection: str) -> PageChanged:
    said = f"“{selection}”" if selection else "no time"
    return PageChanged(f"BrokerBay's page shows {said} as chosen, not what was asked for. Nothing was sent.")


def _refused(wanted: int, offered: tuple[int, ...], longest: int) -> DurationTooLong | PageChanged:
    if wanted > longest > 0:
        return DurationTooLong(
            f"This listing allows showings of at most {say_minutes(longest)} at this time, and "
            f"{say_minutes(wanted)} were asked for. "
            "Nothing was sent: choose a shorter showing or another time."
        )
    said = ", ".join(say_minutes(minutes) for minutes in offered) or "none"
    return PageChanged(
        f"BrokerBay offers no showing of {say_minutes(wanted)} here (it offers: {said}). Nothing was sent."
    )
