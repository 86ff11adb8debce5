"""The live log over a real ASGI server, with the lines written by another process."""

from __future__ import annotations

import pytest

from tests.bookings.live.conftest import Watched

FIRST_LINES = 2  # queued, attempt started


def test_lines_of_another_process_arrive_in_order_while_watched(watched: Watched) -> None:
    with watched.events() as stream:
        assert stream.content_type == "text/event-stream"
        told = stream.take(FIRST_LINES)
        watched.tell("one", "two")
        watched.tell("three")
        told += stream.take(3)
    assert [event.id for event in told] == ["1", "2", "3", "4", "5"]
    assert [event.data["message"] for event in told[2:]] == ["one", "two", "three"]
    assert set(told[2].data) == {
        *("seq", "attempt", "at", "level", "step", "state", "message", "durationMs", "picture")
    }


def test_a_watcher_who_comes_back_gets_what_was_missed_and_nothing_twice(watched: Watched) -> None:
    with watched.events() as stream:
        last = stream.take(FIRST_LINES)[-1].id
    watched.tell("missed one", "missed two")
    with watched.events(last_id=last) as stream:
        told = stream.take(2)
        watched.tell("live again")
        told += stream.take(1)
    assert [event.data["message"] for event in told] == ["missed one", "missed two", "live again"]


def test_the_long_form_of_an_id_resumes_too(watched: Watched) -> None:
    with watched.events(last_id=f"run-{watched.run}:1") as stream:
        assert stream.take(1)[0].id == "2"


def test_a_burst_arrives_once_each_and_in_order_for_every_watcher(watched: Watched) -> None:
    number = 300
    with watched.events() as early, watched.events(last_id=str(FIRST_LINES)) as late:
        early.take(FIRST_LINES)
        watched.tell(*(str(count) for count in range(number)), each=True)
        for stream in (early, late):
            told = stream.take(number)
            assert [event.data["message"] for event in told] == [str(count) for count in range(number)]


def test_a_move_of_the_run_is_told_as_a_status(watched: Watched) -> None:
    with watched.events(last_id=str(FIRST_LINES)) as stream:
        watched.finish()
        status = stream.take(1, event="status")[0].data
        line = stream.take(1)[0].data
    assert (status["state"], status["label"], status["isOpen"]) == ("refused", "Refused", False)
    assert line["seq"] == status["seq"]
    assert line["state"] == "refused"


def test_an_id_that_was_never_given_resets_the_watcher(watched: Watched) -> None:
    with watched.events(last_id="999") as stream:
        assert stream.take(1, event="stream-reset")


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_who_may_not_see_the_run_gets_no_stream(watched: Watched, who: str) -> None:
    with watched.events(who) as stream:
        assert stream.status == 404


def test_a_colleague_watches_too(watched: Watched) -> None:
    with watched.events("colleague") as stream:
        assert len(stream.take(FIRST_LINES)) == FIRST_LINES
