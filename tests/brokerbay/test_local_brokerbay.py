"""`manage.py local_brokerbay`: the demo's door to the local BrokerBay, and only to that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from automation.simulator.control import Control
from automation.simulator.server import running

TOKEN = "for-this-test-only"
Door = Callable[..., str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running(tmp_path_factory.mktemp("brokerbay") / "state.sqlite3", token=TOKEN) as control:
        yield control


@pytest.fixture
def control(server: Control, settings: Any) -> Control:
    settings.BROKERBAY_URL, settings.SIMULATOR_TOKEN = server.base_url, TOKEN
    server.reset()
    return server


@pytest.fixture
def door() -> Door:
    def ask(*words: str) -> str:
        said = StringIO()
        call_command("local_brokerbay", *words, stdout=said)
        return said.getvalue()

    return ask


def test_the_list_tells_what_there_is_and_what_is_on(control: Control, door: Door) -> None:
    control.seed()
    door("on", "challenge", "--listing", "c10000101", "--times", "2")
    door(
        "on",
        "slow",
        "--option",
        "seconds=2.5",
        "--option",
        "path=/my/",
        "--account",
        "Robot@Lakeside.example",
    )
    told = door("list")
    for scenario in control.scenarios():
        assert scenario["name"] in told
        assert scenario["about"] in told
    assert "[ON listing C10000101 2 times]" in told
    assert "[ON account robot@lakeside.example seconds=2.5 path=/my/]" in told
    assert told.count("[ON") == 2


def test_what_is_on_goes_off_by_name_or_all_at_once(control: Control, door: Door) -> None:
    for name in ("challenge", "submit_500", "no_toast"):
        door("on", name)
    door("off", "challenge")
    assert {fault.name for fault in control.faults()} == {"submit_500", "no_toast"}
    door("off")
    assert control.faults() == []
    with pytest.raises(CommandError, match="challenge is not on"):
        door("off", "challenge")


def test_it_sows_tells_a_code_and_forgets(control: Control, door: Door) -> None:
    assert "12 listings" in door("seed")
    assert "No code waits" in door("code", "robot@lakeside.example")
    assert "forgotten everything" in door("reset")
    assert control.listings() == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["on", "earthquake"], "no scenario 'earthquake'; there are .*challenge"),
        (["on", "slow", "--option", "seconds"], "write NAME=VALUE"),
        (["on", "slow", "--option", "times=3"], "times has a place of its own"),
        (["on", "challenge", "--listing", "Z99999999"], "no listing with the MLS number Z99999999"),
    ],
)
def test_nonsense_is_answered_in_words(control: Control, door: Door, words: list[str], answer: str) -> None:
    with pytest.raises(CommandError, match=answer):
        door(*words)
    assert control.faults() == []


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"BROKERBAY_URL": ""}, "no local BrokerBay is known"),
        ({"BROKERBAY_URL": "https://edge.brokerbay.com"}, "never the real BrokerBay"),
        ({"BROKERBAY_URL": "http://127.0.0.1:9"}, "No local BrokerBay answers"),
        ({"SIMULATOR_TOKEN": ""}, "SIMULATOR_TOKEN is missing"),
        ({"SIMULATOR_TOKEN": "wrong"}, "X-Control-Token is not right"),
    ],
)
def test_any_other_site_is_left_alone(
    control: Control, door: Door, settings: Any, changed: dict[str, str], answer: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match=answer):
        door("on", "challenge")
    assert control.faults() == []
