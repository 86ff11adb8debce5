"""A listing that vanishes while it is being booked: nothing is booked, and the run ends with a clear no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from automation.engine.contract import Result
from tests.automation.engine.conftest import Bay, Remembering, as_step_ends


@dataclass
class Vanishing(Remembering):
    """Does something to the site at the gate."""

    vanish: Callable[[], None] = field(default=lambda: None)

    async def before_submit(self) -> None:
        await super().before_submit()
        self.vanish()


def taken_off(bay: Bay) -> None:
    """BrokerBay does not know it any more."""
    bay.control.change_listing(bay.listing_id, appears_at=datetime.now(UTC) + timedelta(days=30))


def sold(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, is_sold=True)


def closed(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, showings_on=False)


@pytest.mark.parametrize(
    ("after", "vanish"),
    [
        ("open_site", taken_off),
        ("find_listing", taken_off),
        ("open_wizard", taken_off),
        ("find_listing", sold),
        ("choose_slot", sold),
        ("gate", sold),
        ("find_listing", closed),
    ],
)
def test_a_clear_no_ends_it_in_this_try_or_the_next(
    bay: Bay, after: str, vanish: Callable[[Bay], None]
) -> None:
    listener = Vanishing(vanish=lambda: vanish(bay)) if after == "gate" else Remembering()
    with as_step_ends(after, lambda: vanish(bay)):
        outcome = bay.play(bay.order(), listener=listener, step_timeout=3.0)
    if outcome.result is Result.BROKE:  # the page it stood on came to nothing: one more look is safe
        assert outcome.retry_is_safe
        assert "Nothing was sent" in outcome.message
        outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.REFUSED, NO[vanish]), outcome
    assert not any(post.committed for post in bay.control.posts())
    assert not bay.control.showings()


NO = {taken_off: "listing_not_found", sold: "not_bookable", closed: "not_bookable"}
