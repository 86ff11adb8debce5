"""Stops before the last click: everything is filled in, and nothing is sent."""

from __future__ import annotations

from automation.engine.answers import deed
from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Level
from automation.engine.pages.cancel_dialog import CancelDialog
from automation.engine.steps.submit import make_ready


async def rehearse_cancel(attempt: Attempt) -> Done:
    """The reason is chosen and the button was seen enabled: the dialog is closed once it is pictured."""
    dialog = CancelDialog(attempt.page)
    return Done(
        message="Filled in the cancellation up to the last click. Nothing was sent.",
        level=Level.SUCCESS,
        touched=dialog.BUTTON,
    )


async def rehearse(attempt: Attempt) -> Done:
    """Makes sure that the form says what the order says and that its button could be pressed."""
    await make_ready(attempt)
    wizard = attempt.wizard
    await wizard.wait_until_ready()
    return Done(
        message=f"Filled in the {deed(attempt.order.kind)} up to the last click. Nothing was sent.",
        level=Level.SUCCESS,
        touched=wizard.SUBMIT_BUTTON,
    )
