"""Chooses the order's day in the wizard's calendar."""

from __future__ import annotations

from datetime import date

from automation.engine.attempt import Attempt, Done
from automation.engine.errors import PageChanged, SlotUnavailable
from automation.engine.pages.wizard import CalendarSeen, DayCell, Wizard
from automation.engine.slots import add_months, month_cells, months_to, say_day


async def choose_date(attempt: Attempt) -> Done:
    """Turns to the month and clicks the day, never a neighbour month's day of the same number."""
    wanted = attempt.order.date
    if wanted is None:
        raise ValueError("A booking needs a date.")
    wizard = attempt.wizard
    calendar = await wizard.calendar()
    if any(cell.is_chosen for cell in calendar.cells):
        # Its slots must not come after those of the day that is chosen now, and stand for them.
        await wizard.wait_for_slots(patience=attempt.site.step_timeout)
    await attempt.exposed()
    index, cell = await _turn_to(wanted, calendar, wizard)
    if not cell.is_selectable:
        await attempt.rest()
        index, cell = await _turn_to(wanted, await wizard.calendar(), wizard)
    if not cell.is_selectable:
        raise SlotUnavailable(
            f"BrokerBay does not let {say_day(wanted)} be chosen for this listing. "
            "Nothing was sent: choose another day."
        )
    if not cell.is_chosen:
        await wizard.choose_day(index, patience=attempt.site.step_timeout)
    return Done(message=f"Chose {say_day(wanted)}.", touched=wizard.day_cell(index))


async def ensure_day(attempt: Attempt) -> None:
    """Raises `PageChanged` where the calendar shows another day as chosen than the order's.

    Whose times were read is not known then, so none are kept.
    """
    wanted = attempt.order.date
    if wanted is None:
        raise ValueError("A booking needs a date.")
    calendar = await attempt.wizard.calendar()
    chosen = [index for index, cell in enumerate(calendar.cells) if cell.is_chosen]
    read, attempt.open_slots = attempt.open_slots, ()
    if chosen and chosen != [_cell(calendar, wanted)[0]]:
        raise PageChanged(
            f"BrokerBay's calendar shows another day as chosen than {say_day(wanted)}. Nothing was sent."
        )
    attempt.open_slots = read


async def _turn_to(wanted: date, calendar: CalendarSeen, wizard: Wizard) -> tuple[int, DayCell]:
    """The day's place in the calendar, turned to its month, and its cell."""
    if calendar.month is None:
        raise PageChanged("BrokerBay's calendar does not name its month. Nothing was sent.")
    turns = months_to(wanted, shown=calendar.month)
    for turned in range(1, abs(turns) + 1):
        forward = turns > 0
        month = add_months(calendar.month, turned if forward else -turned)
        await wizard.turn(to=month, forward=forward)
    return _cell(await wizard.calendar() if turns else calendar, wanted)


def _cell(calendar: CalendarSeen, day: date) -> tuple[int, DayCell]:
    """The day's place among all cells, and its cell; `PageChanged` where its month is not shown."""
    within = month_cells([cell.number for cell in calendar.cells], month=day)
    if within is None or calendar.month != day.replace(day=1):
        raise PageChanged(
            f"BrokerBay's calendar does not show the month of {say_day(day)}. Nothing was sent."
        )
    index = within.start + day.day - 1
    return index, calendar.cells[index]
