"""The server as HTTP sees it: sessions, bookings, evidence, restarts."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests

from automation.simulator.control import Control, ControlRefused
from automation.simulator.server import running
from automation.simulator.store import Store
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW, send, wish


def test_a_stranger_is_sent_to_the_sign_in_page_and_gets_no_data(control: Control, home: str) -> None:
    shell = requests.get(control.base_url, allow_redirects=False, timeout=5)
    assert (shell.status_code, shell.headers["location"]) == (302, "/auth/login")
    for path in ("/me", "/search/listings?input=C1", f"/listing/{home}", "/my/showings"):
        assert requests.get(control.base_url + path, timeout=5).status_code == 401


def test_a_strangers_submit_is_kept_as_evidence_and_books_nothing(control: Control, home: str) -> None:
    answer = requests.post(f"{control.base_url}/listing/{home}/appointment", json=wish(), timeout=5)
    assert answer.status_code == 401
    [post] = control.posts()
    assert (post.account, post.committed, post.answer) == (None, False, 401)
    assert control.showings() == []


def test_an_auto_confirm_listing_confirms_at_once(
    control: Control, visitor: requests.Session, home: str
) -> None:
    answer = send(visitor, control, home, **wish(), note="Two people", showingType="Inspection")
    [showing] = control.showings(account=ROBOT)
    assert answer.json() == {"_id": showing.id, "status": "Confirmed"}
    assert (showing.date, showing.time, showing.minutes) == (TOMORROW, FIVE, 30)
    assert (showing.note, showing.showing_type) == ("Two people", "Inspection")
    [post] = control.posts()
    assert (post.committed, post.showing_id, post.answer, post.state) == (True, showing.id, 200, "done")


def test_an_approval_listing_takes_a_request_which_the_listing_side_settles(
    control: Control, visitor: requests.Session
) -> None:
    home = control.add_listing(mls_number="C10000002", street="2 Invented Street", auto_confirm=False)
    assert send(visitor, control, home).json()["status"] == "New"
    control.set_status(control.showings()[0].id, "Declined")
    listed = visitor.get(f"{control.base_url}/my/showings", timeout=5).json()
    assert [row["status"] for row in listed["showings"]] == ["Declined"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"date": "9999-12-31", "time": "17:00", "duration": 30}, 422),
        ({"date": "tomorrow", "time": "17:00", "duration": 30}, 422),
        (wish(minutes=20), 422),
        (wish(minutes=45), 422),  # above the listing's maximum
        (wish(at=time(3)), 409),  # outside the open hours
        (wish(at=time(17, 5)), 409),  # not on the grid
        (wish(on=TOMORROW - timedelta(days=3)), 409),
        (wish(on=TOMORROW + timedelta(days=90)), 409),
    ],
)
def test_nonsense_is_refused_in_words(
    control: Control, visitor: requests.Session, home: str, body: dict[str, object], status: int
) -> None:
    answer = visitor.post(f"{control.base_url}/listing/{home}/appointment", json=body, timeout=5)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
    assert control.showings() == []


def test_a_blocked_slot_is_refused_and_not_offered(
    control: Control, visitor: requests.Session, home: str
) -> None:
    block = control.block_slot(home, on=TOMORROW, at=FIVE, minutes=30)
    assert FIVE not in control.open_slots(home, TOMORROW)
    assert send(visitor, control, home).status_code == 409
    control.unblock_slot(block)
    assert send(visitor, control, home).status_code == 200


def test_ten_at_once_get_one_showing_where_overlaps_are_forbidden(
    control: Control, visitor: requests.Session
) -> None:
    home = control.add_listing(mls_number="C10000003", street="3 Invented Street", overlaps_allowed=False)
    cookies = visitor.cookies.get_dict()

    def submit(_: int) -> int:
        url = f"{control.base_url}/listing/{home}/appointment"
        return requests.post(url, json=wish(), cookies=cookies, timeout=10).status_code

    with ThreadPoolExecutor(10) as crowd:
        answers = sorted(crowd.map(submit, range(10)))
    assert answers == [200] + [409] * 9
    assert len(control.showings()) == 1
    assert sum(post.committed for post in control.posts()) == 1


def test_where_overlaps_are_allowed_a_second_submit_is_a_second_showing(
    control: Control, visitor: requests.Session, home: str
) -> None:
    assert [send(visitor, control, home).status_code for _ in range(2)] == [200, 200]
    assert len(control.showings()) == 2


def test_a_cancelled_showing_frees_its_slot(control: Control, visitor: requests.Session, home: str) -> None:
    control.change_listing(home, overlaps_allowed=False)
    send(visitor, control, home)
    assert FIVE not in control.open_slots(home, TOMORROW)
    control.set_status(control.showings()[0].id, "Cancelled")
    assert FIVE in control.open_slots(home, TOMORROW)


def test_an_account_sees_its_own_showings_alone(
    control: Control, visitor: requests.Session, home: str
) -> None:
    other = control.add_showing(listing_id=home, account="other@example.com", date=TOMORROW, time=FIVE)
    assert visitor.get(f"{control.base_url}/my/showings", timeout=5).json()["total"] == 0
    assert visitor.get(f"{control.base_url}/my/showings/{other}", timeout=5).status_code == 404


def test_the_list_comes_in_pages_the_latest_first(
    control: Control, visitor: requests.Session, home: str
) -> None:
    for days in range(11):
        control.add_showing(listing_id=home, account=ROBOT, date=TOMORROW + timedelta(days=days), time=FIVE)
    first, second = (
        visitor.get(f"{control.base_url}/my/showings?page={page}", timeout=5).json() for page in (1, 2)
    )
    assert (first["total"], first["pages"], len(first["showings"]), len(second["showings"])) == (11, 2, 8, 3)
    assert first["showings"][0]["date"] == (TOMORROW + timedelta(days=10)).isoformat()
    assert second["showings"][-1]["date"] == TOMORROW.isoformat()


def test_the_sites_clock_can_be_moved(control: Control, home: str) -> None:
    zone = ZoneInfo("America/Toronto")
    evening = datetime(2027, 1, 4, 18, 50, tzinfo=zone)
    control.set_clock(evening)
    assert control.open_slots(home, evening.date())[0] == time(19)
    control.set_clock(evening + timedelta(hours=2))
    assert control.open_slots(home, evening.date()) == []


def test_signing_out_ends_every_session_of_the_account(control: Control, visitor: requests.Session) -> None:
    assert visitor.get(f"{control.base_url}/me", timeout=5).status_code == 200
    control.sign_out(ROBOT)
    assert visitor.get(f"{control.base_url}/me", timeout=5).status_code == 401


def test_the_control_api_needs_its_token(control: Control) -> None:
    stranger = Control(control.base_url, "wrong")
    with pytest.raises(ControlRefused, match="X-Control-Token"):
        stranger.reset()
    stranger.close()


def test_the_control_api_says_what_is_wrong(control: Control, home: str) -> None:
    with pytest.raises(ControlRefused, match=r"no scenario 'earthquake'; there are .*challenge"):
        control.set_fault("earthquake")
    with pytest.raises(ControlRefused, match="Listing has no field colour"):
        control.add_listing(mls_number="C10000009", street="9 Invented Street", colour="red")
    with pytest.raises(ControlRefused, match="no such listing"):
        control.block_slot("0" * 24, on=TOMORROW, at=FIVE)
    with pytest.raises(TimeoutError, match=r"Not within 0\.2 s"):
        control.wait_for_post("held", timeout=0.2)


def test_everything_survives_a_kill_and_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "brokerbay.sqlite3"
    with running(state, seed="demo") as control:
        home = control.add_listing(mls_number="C10000001", street="1 Invented Street")
        control.set_fault("late_in_list", seconds=60)
        kept = control.sign_in(ROBOT)
        with requests.Session() as visitor:
            visitor.cookies.set(kept["cookies"][0]["name"], kept["cookies"][0]["value"])
            send(visitor, control, home)
        before = (control.listings(), control.showings(), control.posts(), control.faults())
        os.kill(control.pid, signal.SIGKILL)
    with running(state, seed="demo") as control:
        assert (control.listings(), control.showings(), control.posts(), control.faults()) == before
        cookies = {kept["cookies"][0]["name"]: kept["cookies"][0]["value"]}
        assert requests.get(f"{control.base_url}/me", cookies=cookies, timeout=5).status_code == 200


def test_a_state_file_from_before_the_kinds_of_posts_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with closing(Store(path)) as store:
        store.receive_post("book", listing_id="0" * 24, account=None, body={})
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("ALTER TABLE posts DROP COLUMN kind")
    with closing(Store(path)) as store:
        assert [post.kind for post in store.posts()] == ["book"]


def test_the_demo_can_be_booked_in_the_coming_30_days(control: Control) -> None:
    control.seed("demo")
    today = datetime.now(UTC).date()
    bookable = [listing for listing in control.listings() if listing.showings_on]
    assert len(bookable) >= 10
    assert {listing.auto_confirm for listing in bookable} == {True, False}
    assert len(bookable) < len(control.listings())
    for listing in bookable:
        for days in (2, 29):
            assert len(control.open_slots(listing.id, today + timedelta(days=days))) > 20


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from automation.simulator.server import running\n"
        "with running(sys.argv[1]) as control:\n"
        "    print(control.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "state.sqlite3")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    watched = os.pidfd_open(pid)
    try:
        parent.kill()
        parent.communicate()
        assert _ends(watched, within=5), "the local BrokerBay outlived its parent"
    finally:
        os.close(watched)


def _ends(pidfd: int, *, within: float) -> bool:
    return bool(select.select([pidfd], [], [], within)[0])
