"""Noise over the pages and listings that come and go: what the robot makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from automation.engine.contract import Result
from tests.automation.engine.conftest import Bay


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("chat_bubble", {"over": "buttons"}),
        ("slow_render", {"seconds": 0.5}),
        ("feed_lag", {"times": 1}),
        ("approval_forced", {}),
    ],
)
def test_it_books_all_the_same(bay: Bay, name: str, options: dict[str, Any]) -> None:
    bay.control.set_fault(name, **options)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED, outcome
    assert [post.committed for post in bay.control.posts()] == [True]


@pytest.mark.parametrize("name", ["help_menu_open", "product_tour", "chat_bubble"])
def test_nothing_hangs_over_the_page_of_a_listing_that_was_picked(bay: Bay, name: str) -> None:
    bay.control.set_fault(name)
    outcome = bay.play(bay.order(listing_id=bay.listing_id))
    assert outcome.result is Result.BOOKED, outcome


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_more_showings", "It says “No More Showings”"),
        ("feed_lag", "up to 30 minutes after the MLS"),
    ],
)
def test_it_says_why_nothing_can_be_booked(bay: Bay, name: str, words: str) -> None:
    bay.control.set_fault(name)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.REFUSED
    assert words in outcome.message
    assert bay.control.posts() == []
