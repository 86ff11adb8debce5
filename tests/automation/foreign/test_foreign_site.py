"""The robot on a site of the same behaviour and other markup: it may lean on roles, labels and words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from automation.engine.browser import WarmBrowser
from automation.engine.contract import (
    KnownShowing,
    Order,
    OrderKind,
    Outcome,
    Result,
    ShowingStatus,
    Site,
)
from automation.engine.flow import play
from tests.automation.engine.conftest import Loop, Remembering, browser, loop, toronto_today
from tests.automation.foreign.site import Foreign, Home, served

__all__ = ["browser", "loop"]

DAY = toronto_today() + timedelta(days=3)
AT = datetime.combine(DAY, time(14, 0))


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    with served() as foreign:
        yield foreign


@pytest.fixture
def home(foreign: Foreign) -> Home:
    return foreign.add_home(mls="C20000001", street="100 Example Boulevard", unit="3008")


class Robot:
    def __init__(self, foreign: Foreign, browser: WarmBrowser, loop: Loop) -> None:
        self.foreign, self.browser, self.loop = foreign, browser, loop
        self.listener = Remembering()

    def does(self, kind: OrderKind, **fields: Any) -> Outcome:
        wish: dict[str, Any] = {"mls_number": "C20000001", "address": "3008-100 Example Blvd, Toronto"}
        if kind in (OrderKind.BOOK, OrderKind.RESCHEDULE):
            wish |= {"date": DAY, "time": time(14), "duration_minutes": 30}
        order = Order(kind=kind, **{**wish, **fields})
        site = Site(base_url=self.foreign.base_url, step_timeout=4, list_timeout=3)

        async def played() -> Outcome:
            key = self.foreign.base_url
            async with self.browser.context_for(key, self.foreign.signed_in()) as context:
                return await play(context, order, site=site, listener=self.listener)

        return self.loop.run(played())


@pytest.fixture
def robot(foreign: Foreign, browser: WarmBrowser, loop: Loop) -> Robot:
    return Robot(foreign, browser, loop)


def known(home: Home, start: datetime = AT, **fields: Any) -> KnownShowing:
    return KnownShowing(
        address=f"{home.address}, {home.city}",
        date=start.date(),
        time=start.time(),
        listing_id=home.id,
        **fields,
    )


@pytest.mark.parametrize("automatic", [True, False])
def test_it_books(robot: Robot, foreign: Foreign, home: Home, automatic: bool) -> None:
    home.automatic = automatic
    outcome = robot.does(OrderKind.BOOK)
    assert outcome.result is Result.BOOKED, outcome
    [visit] = foreign.visits
    assert (visit.home, visit.start, visit.minutes) == (home, AT, 30)
    assert outcome.showing is not None
    assert outcome.showing.showing_id == visit.id
    expected = ShowingStatus.CONFIRMED if automatic else ShowingStatus.REQUESTED
    assert outcome.showing.status is expected
    assert [method for method, *_ in foreign.changes] == ["POST"]
    assert robot.listener.gates == 1


def test_it_books_by_address_when_results_come_late(robot: Robot, foreign: Foreign, home: Home) -> None:
    foreign.search_delay = 0.6
    assert robot.does(OrderKind.BOOK, mls_number="").result is Result.BOOKED


def test_the_times_of_another_day_that_come_late_are_not_the_days(
    robot: Robot, foreign: Foreign, home: Home
) -> None:
    foreign.today_delay = 0.5
    outcome = robot.does(OrderKind.BOOK)
    assert outcome.result is Result.BOOKED, outcome


def test_a_page_that_is_drawn_over_the_list_does_not_hide_the_showings_id(
    robot: Robot, foreign: Foreign, home: Home
) -> None:
    foreign.draws_over_the_list = True
    outcome = robot.does(OrderKind.BOOK)
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.showing is not None
    assert outcome.showing.showing_id == foreign.visits[0].id


def test_it_takes_what_the_list_has_already(robot: Robot, foreign: Foreign, home: Home) -> None:
    for step in range(1, 8):
        foreign.add_visit(home, AT + timedelta(days=step))
    foreign.add_visit(home, AT)
    outcome = robot.does(OrderKind.BOOK)
    assert outcome.result is Result.BOOKED, outcome
    assert foreign.changes == []


def test_a_taken_time_is_refused_with_those_that_are_open(robot: Robot, foreign: Foreign, home: Home) -> None:
    home.taken.add(AT)
    outcome = robot.does(OrderKind.BOOK)
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_unavailable")
    assert time(14, 15) in {slot.time for slot in outcome.open_slots}
    assert foreign.changes == []


def test_twins_are_a_question(robot: Robot, foreign: Foreign, home: Home) -> None:
    foreign.add_home(mls="C20000002", street=home.street, unit=home.unit, price="$3,200")
    outcome = robot.does(OrderKind.BOOK, mls_number="")
    assert outcome.code == "ambiguous_listing"
    assert {one.mls_number for one in outcome.candidates} == {"C20000001", "C20000002"}
    assert foreign.changes == []


def test_an_unknown_home_is_not_found(robot: Robot, home: Home) -> None:
    outcome = robot.does(OrderKind.CHECK, mls_number="C29999999", address="")
    assert outcome.code == "listing_not_found"


def test_a_home_without_showings_is_not_bookable(robot: Robot, home: Home) -> None:
    home.open_to_showings = False
    assert robot.does(OrderKind.CHECK).code == "not_bookable"


def test_it_rehearses_without_sending(robot: Robot, foreign: Foreign, home: Home) -> None:
    assert robot.does(OrderKind.BOOK, rehearse=True).result is Result.REHEARSED
    assert foreign.changes == []


def test_a_click_that_comes_before_the_pages_script_is_made_again(
    robot: Robot, foreign: Foreign, home: Home
) -> None:
    foreign.script_delay = 2.5
    assert robot.does(OrderKind.CHECK, date=DAY).result is Result.FOUND


def test_a_check_tells_the_open_times(robot: Robot, home: Home) -> None:
    outcome = robot.does(OrderKind.CHECK, date=DAY)
    assert outcome.result is Result.FOUND
    assert time(9) in {slot.time for slot in outcome.open_slots}


def test_it_reads_the_whole_list(robot: Robot, foreign: Foreign, home: Home) -> None:
    for step in range(12):
        foreign.add_visit(home, AT + timedelta(days=step))
    outcome = robot.does(OrderKind.RECONCILE)
    assert outcome.result is Result.FOUND, outcome
    assert len(outcome.own_showings) == 12


def test_it_looks_one_showing_up(robot: Robot, foreign: Foreign, home: Home) -> None:
    visit = foreign.add_visit(home, AT, badge="Cancelled")
    outcome = robot.does(OrderKind.LOOK_UP, showing=known(home, showing_id=visit.id))
    assert outcome.result is Result.FOUND, outcome
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.CANCELLED


@pytest.mark.parametrize("knows_the_id", [True, False])
def test_it_cancels_that_very_showing(robot: Robot, foreign: Foreign, home: Home, knows_the_id: bool) -> None:
    for step in range(1, 8):
        foreign.add_visit(home, AT + timedelta(days=step))
    visit = foreign.add_visit(home, AT)
    wanted = known(home, showing_id=visit.id) if knows_the_id else known(home)
    outcome = robot.does(OrderKind.CANCEL, showing=wanted, reason="Client is no longer interested")
    assert outcome.result is Result.CANCELLED, outcome
    assert [one.id for one in foreign.visits if one.badge == "Cancelled"] == [visit.id]
    assert foreign.changes == [
        ("DELETE", f"/api/visit/{visit.id}", {"reason": "Client is no longer interested"})
    ]
    assert robot.listener.gates == 1


def test_it_moves_a_showing(robot: Robot, foreign: Foreign, home: Home) -> None:
    visit = foreign.add_visit(home, AT)
    new = AT + timedelta(days=1, hours=1)
    outcome = robot.does(
        OrderKind.RESCHEDULE, showing=known(home, showing_id=visit.id), date=new.date(), time=new.time()
    )
    assert outcome.result is Result.BOOKED, outcome
    assert (visit.start, visit.minutes) == (new, 30)
    assert [method for method, *_ in foreign.changes] == ["PATCH"]
    assert robot.listener.gates == 1


def test_a_dead_session_is_told(robot: Robot, foreign: Foreign, home: Home) -> None:
    state = foreign.signed_in()
    foreign.session = "another"
    foreign.signed_in = lambda: state  # type: ignore[method-assign]
    assert robot.does(OrderKind.BOOK).code == "needs_sign_in"


def test_the_engine_runs_where_there_is_no_django() -> None:
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'django', 'django_q', 'bookings', 'brokerbay'}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from tests.automation.foreign.alone import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.returncode) == ("booked", 0), done.stderr
