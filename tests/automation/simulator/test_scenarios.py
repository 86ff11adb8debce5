"""Each scenario by what it changes for the browser and for the books."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from automation.simulator.control import Control, ControlRefused
from automation.simulator.scenarios import SCENARIOS, Place, require_playable
from automation.simulator.site import STATIC
from tests.automation.simulator.conftest import FIVE, ROBOT, TOMORROW, send

SCRIPTS = "\n".join(path.read_text() for path in STATIC.rglob("*.js"))
README = (STATIC.parent / "README.md").read_text()
TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def search(visitor: requests.Session, control: Control, text: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = visitor.get(
        f"{control.base_url}/search/listings?input={text}&crossOrg=true", timeout=5
    ).json()
    return found


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_described_and_tried(name: str) -> None:
    scenario = SCENARIOS[name]
    assert scenario.about.endswith(".")
    assert all(1 <= number <= 83 for number in scenario.facts)
    assert f"| `{name}` |" in README
    assert scenario.about in README
    assert f'"{name}"' in TESTS, "no test switches it on"
    if scenario.place in {Place.SHELL, Place.WIZARD, Place.SHOWING}:
        assert re.search(rf"\.{name}\b", SCRIPTS), "no script of a page looks at it"


@pytest.mark.parametrize(
    ("name", "answer"), [("submit_500", 500), ("rate_limit", 429), ("slot_taken_at_submit", 409)]
)
def test_a_submit_that_is_refused_books_nothing(
    control: Control, visitor: requests.Session, home: str, name: str, answer: int
) -> None:
    control.set_fault(name, listing=home, times=1)
    assert send(visitor, control, home).status_code == answer
    assert control.showings() == []
    [post] = control.posts()
    assert (post.committed, post.answer) == (False, answer)
    assert control.faults() == [], "it was to happen once"


def test_a_challenge_looks_like_success_by_its_status_alone(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("challenge")
    answer = send(visitor, control, home)
    assert (answer.status_code, answer.json()) == (200, {"showChallenge": True})
    assert control.showings() == []


@pytest.mark.parametrize(("name", "booked"), [("dropped_before_commit", 0), ("dropped_after_commit", 1)])
def test_a_dropped_connection_tells_nothing(
    control: Control, visitor: requests.Session, home: str, name: str, booked: int
) -> None:
    control.set_fault(name, times=1)
    with pytest.raises(requests.ConnectionError):
        send(visitor, control, home)
    post = control.wait_for_post("done")
    assert (post.committed, post.answer) == (bool(booked), None)
    assert len(control.showings()) == booked


def test_an_error_can_come_after_the_booking(control: Control, visitor: requests.Session, home: str) -> None:
    control.set_fault("error_after_commit", status=503)
    assert send(visitor, control, home).status_code == 503
    assert len(control.showings()) == 1


def test_a_late_answer_is_late_but_the_showing_is_there(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("answer_late", seconds=60)
    url = f"{control.base_url}/listing/{home}/appointment"
    with pytest.raises(requests.ReadTimeout):
        visitor.post(url, json={"date": f"{TOMORROW}", "time": "17:00", "duration": 15}, timeout=0.5)
    assert len(control.showings()) == 1


@pytest.mark.parametrize(("name", "booked"), [("hold_before_commit", 0), ("hold_after_commit", 1)])
@pytest.mark.parametrize("go_on", [True, False])
def test_a_held_submit_waits_until_it_is_released(
    control: Control, visitor: requests.Session, home: str, name: str, booked: int, go_on: bool
) -> None:
    control.set_fault(name, times=1)
    with ThreadPoolExecutor(1) as browser:
        answer = browser.submit(send, visitor, control, home)
        post = control.wait_for_post("held")
        assert (post.state, post.committed, len(control.showings())) == ("held", bool(booked), booked)
        assert not answer.done()
        assert control.release(go_on=go_on) == [post.number]
        done = control.wait_for_post("done")
        assert (answer.exception() is None) is go_on
    assert done.committed is (go_on or bool(booked))
    assert len(control.showings()) == int(done.committed)


def test_a_held_submit_does_not_stop_the_others(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("hold_before_commit", times=1)
    with ThreadPoolExecutor(1) as browser:
        held = browser.submit(send, visitor, control, home)
        control.wait_for_post("held")
        cookies = visitor.cookies.get_dict()
        other = {"date": f"{TOMORROW}", "time": "10:00", "duration": 15}
        url = f"{control.base_url}/listing/{home}/appointment"
        assert requests.post(url, json=other, cookies=cookies, timeout=5).status_code == 200
        control.release()
        assert held.result().status_code == 200


def test_resetting_drops_what_is_held_and_leaves_no_trace(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("hold_before_commit")
    with ThreadPoolExecutor(1) as browser:
        held = browser.submit(send, visitor, control, home)
        control.wait_for_post("held")
        control.reset()
        assert isinstance(held.exception(), requests.ConnectionError)
    assert (control.posts(), control.events(), control.faults(), control.listings()) == ([], [], [], [])


def test_a_new_showing_may_be_late_in_the_list(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("late_in_list", seconds=3600)
    send(visitor, control, home)
    assert len(control.showings()) == 1
    assert visitor.get(f"{control.base_url}/my/showings", timeout=5).json()["total"] == 0
    assert visitor.get(f"{control.base_url}/me/notifications", timeout=5).json() == {"notifications": 0}


def test_listing_scenarios_bend_what_the_site_shows_and_obeys(
    control: Control, visitor: requests.Session, home: str
) -> None:
    url = f"{control.base_url}/listing/{home}"

    def wizard() -> requests.Response:
        return visitor.get(f"{url}/booking", timeout=5)

    def slots() -> list[str]:
        found = visitor.get(f"{url}/slots?date={TOMORROW}", timeout=5).json()["slots"]
        return [slot["time"] for slot in found if slot["state"] == "open"]

    control.set_fault("approval_forced", listing=home)
    assert wizard().json()["autoConfirm"] is False
    control.set_fault("max_duration", listing=home, minutes=15)
    assert wizard().json()["maxMinutes"] == 15
    assert send(visitor, control, home).status_code == 422
    control.set_fault("min_notice", listing=home, hours=100)
    assert slots() == []
    control.clear_faults("min_notice")
    assert "17:00" in slots()
    control.add_showing(listing_id=home, account="other@example.com", date=TOMORROW, time=FIVE)
    control.set_fault("overlap_forbidden", listing=home)
    assert "17:00" not in slots()
    control.set_fault("no_slots", listing=home)
    assert slots() == []
    control.set_fault("showings_off", listing=home)
    assert wizard().status_code == 404
    assert [row["bookable"] for row in search(visitor, control, "C10000001")] == [False]
    control.clear_faults()
    assert send(visitor, control, home).json()["status"] == "Confirmed"


def test_a_scenario_can_be_meant_for_one_account_and_one_listing(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("submit_500", account="other@example.com")
    control.set_fault("submit_500", listing="0" * 24)
    assert send(visitor, control, home).status_code == 200
    control.set_fault("submit_500", account=ROBOT.upper(), listing=home)
    assert send(visitor, control, home).status_code == 500


def test_search_scenarios(control: Control, visitor: requests.Session, home: str) -> None:
    control.set_fault("no_results", times=1)
    assert search(visitor, control, "C10000001") == []
    control.set_fault("late_results", seconds=0.3, times=1)
    with pytest.raises(requests.ReadTimeout):
        visitor.get(f"{control.base_url}/search/listings?input=C10000001", timeout=0.1)
    assert len(search(visitor, control, "C10000001")) == 1


def test_request_scenarios_can_be_limited_to_a_path(
    control: Control, visitor: requests.Session, home: str
) -> None:
    control.set_fault("white_page", path="/booking", times=1, status=503)
    assert len(search(visitor, control, "C10000001")) == 1
    assert visitor.get(f"{control.base_url}/listing/{home}/booking", timeout=5).status_code == 503
    control.set_fault("slow", path="/my/", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        visitor.get(f"{control.base_url}/my/showings", timeout=0.2)
    control.clear_faults()
    control.set_fault("session_dies", path="/appointment")
    assert visitor.get(f"{control.base_url}/me", timeout=5).status_code == 200
    assert send(visitor, control, home).status_code == 401
    assert visitor.get(f"{control.base_url}/me", timeout=5).status_code == 401
    assert control.showings() == []


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("slow", {"seconds": "abc"}, "seconds=abc will not do: it is a number of seconds"),
        ("slow", {"seconds": -1}, "seconds=-1 will not do"),
        ("slow", {"seconds": True}, "seconds=True will not do"),
        ("slow", {"delay": 3}, "slow has no option delay; it has kind, path, seconds"),
        ("white_page", {"status": "Confirmed"}, "it is an HTTP status"),
        ("listing_side_answers", {"status": 500}, "it is a word"),
        ("listing_side_answers", {"at": "25:00"}, "it is a time of day"),
        ("min_notice", {"hours": 2.5}, "it is a whole number"),
        ("rows_shift", {"gone": "yes"}, "it is true or false"),
        ("submit_500", {"kind": "move"}, "it is book, cancel or reschedule"),
        ("submit_500", {"times": 0}, "times=0 will not do"),
    ],
)
def test_what_could_not_be_played_is_refused_with_a_sentence(
    control: Control, name: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ControlRefused, match=sentence):
        control.set_fault(name, **options)
    assert not control.faults()


def test_every_option_that_a_scenario_names_is_known() -> None:
    for scenario in SCENARIOS.values():
        for option in scenario.options:
            with pytest.raises(ValueError, match=f"{option}=.* will not do"):
                require_playable(scenario, {option: []}, times=None)
