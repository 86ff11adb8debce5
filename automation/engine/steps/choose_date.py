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
    """Raises `PageChanged` where the calendar shows another month, or another day as chosen."""
    wanted = attempt.order.date
    if wanted is None:
        raise ValueError("A booking needs a date.")
    if not await _may_be_chosen(wanted, attempt.wizard):
        await attempt.rest()
        if not await _may_be_chosen(wanted, attempt.wizard):
            raise PageChanged(
                f"BrokerBay's calendar shows another day as chosen than {say_day(wanted)}. Nothing was sent."
            )


async def _may_be_chosen(day: date, wizard: Wizard) -> bool:
    """Whether the day is among those shown as chosen, if any is: one of a showing to be moved may be, too."""
    calendar = await wizard.calendar()
    _, cell = _cell(calendar, day)
    return cell.is_chosen or not any(one.is_chosen for one in calendar.cells)


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
