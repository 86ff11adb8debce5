from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from automation.engine.answers import Answer, judge
from automation.engine.contract import SeenShowing, ShowingStatus
from automation.engine.errors import (
    ChallengeShown,
    NeedsSignIn,
    NoAnswer,
    NotBookable,
    RateLimited,
    SlotLost,
    StepError,
)
from automation.engine.pages.my_showings import ListPage
from automation.engine.showings import (
    ShowingRow,
    Wanted,
    doubtful_showings,
    find_showing,
    is_live,
    read_showing,
    status_of,
)
from automation.engine.steps.own_list import is_complete

DAY = date(2026, 7, 1)


@pytest.mark.parametrize("body", [{"_id": "1"}, {}, None, "", {"showChallenge": False}])
def test_a_success_without_challenge_is_a_yes(body: Any) -> None:
    judge(Answer(status=200, body=body))


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, {"showChallenge": True}, ChallengeShown),
        (403, {"showChallenge": True}, ChallengeShown),
        (409, {"error": "That time is no longer available"}, SlotLost),
        (200, {"error": {"message": "That time is no longer available"}}, SlotLost),
        (429, None, RateLimited),
        (401, None, NeedsSignIn),
        (422, {"error": "The longest showing here is 30 min"}, NotBookable),
        (409, {"error": "You already booked this showing"}, NoAnswer),
        (409, {"error": "Duplicate request"}, NoAnswer),
        (409, None, NoAnswer),
        (400, "<html>Bad request</html>", NoAnswer),
        (302, None, NoAnswer),
        (403, "blocked", NoAnswer),
        (500, {"error": "Something went wrong"}, NoAnswer),
        (502, "<html>showing no longer available</html>", NoAnswer),
        (504, None, NoAnswer),
    ],
)
def test_only_a_clear_no_is_a_no(status: int, body: Any, meaning: type[StepError]) -> None:
    with pytest.raises(meaning):
        judge(Answer(status=status, body=body))


def seen(**changes: Any) -> SeenShowing:
    row = {
        "showing_id": "", "listing_id": "", "address": "100 Example Boulevard #3008, Toronto",
        "date": DAY,
        "time": time(14), "duration_minutes": 30, "status": ShowingStatus.CONFIRMED, "badge": "Confirmed",
        "url": "",
    }  # fmt: skip
    return SeenShowing(**{**row, **changes})


WANTED = Wanted(address="3008-100 Example Blvd, Toronto", listing_id="", date=DAY, time=time(14))


@pytest.mark.parametrize(
    "other",
    [
        {"date": date(2026, 7, 2)},
        {"time": time(14, 15)},
        {"address": "100 Example Boulevard #300, Toronto, ON"},
        {"address": "100 Example Boulevard #3008, Oakville, ON"},
        {"address": "1100 Example Boulevard #3008, Toronto, ON"},
    ],
)
def test_another_home_day_or_time_is_another_showing(other: dict[str, Any]) -> None:
    assert find_showing([seen(**other)], WANTED) is None


def test_a_live_showing_comes_before_a_dead_one() -> None:
    dead, live = seen(status=ShowingStatus.CANCELLED), seen()
    assert find_showing([dead, live], WANTED) is live
    assert find_showing([dead], WANTED) is dead


def test_an_unknown_badge_counts_as_live() -> None:
    assert is_live(seen(status=status_of("On the moon")))


def test_an_order_without_its_unit_leaves_a_doubt() -> None:
    vague = Wanted(address="100 Example Blvd", listing_id="", date=DAY, time=time(14))
    assert find_showing([seen()], vague) is None
    assert doubtful_showings([seen()], vague) == [seen()]


def test_the_listings_id_decides_where_both_know_it() -> None:
    wanted = Wanted(address="elsewhere", listing_id="a" * 24, date=DAY, time=time(14))
    assert find_showing([seen(listing_id="a" * 24)], wanted)
    assert not find_showing([seen(listing_id="b" * 24)], wanted)


@pytest.mark.parametrize(
    "texts",
    [
        ("Listing removed", "Dec 1, 2025", "8:00 PM - 8:30 PM"),
        ("100 Example Boulevard", "8:00 PM - 8:30 PM"),
        ("100 Example Boulevard", "Dec 1, 2025"),
    ],
)
def test_a_row_that_cannot_be_read_is_no_showing(texts: tuple[str, ...]) -> None:
    assert read_showing(ShowingRow(texts=texts), near=DAY) is None


def page(number: int, *, of: int, rows: int, total: int | None = None, like: int = 0) -> ListPage:
    """`like`: with the texts of that page."""
    texts = [f"{like or number}/{row}" for row in range(rows)]
    return ListPage(
        rows=tuple(ShowingRow(texts=(text,)) for text in texts), number=number, pages=of, total=total
    )


def test_a_list_read_to_its_last_page_is_complete() -> None:
    assert is_complete([page(1, of=1, rows=0)])
    assert is_complete([page(1, of=1, rows=5, total=5)])
    assert is_complete([page(1, of=3, rows=8), page(2, of=3, rows=8), page(3, of=3, rows=2)])
    assert is_complete([page(1, of=2, rows=8), page(2, of=2, rows=1, like=1)])


@pytest.mark.parametrize(
    "pages",
    [
        [page(1, of=2, rows=8)],
        [page(2, of=2, rows=8)],
        [page(1, of=2, rows=8), page(2, of=3, rows=8)],
        [page(1, of=3, rows=8), page(2, of=3, rows=5), page(3, of=3, rows=8)],
        [page(1, of=2, rows=8), page(2, of=2, rows=0)],
        [page(1, of=1, rows=5, total=6)],
        [page(1, of=2, rows=8), page(2, of=2, rows=8, like=1)],
    ],
)
def test_a_list_with_a_gap_is_not_complete(pages: list[ListPage]) -> None:
    assert not is_complete(pages)
