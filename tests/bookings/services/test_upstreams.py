"""An outside service's circuit breaker: left alone when it fails, tried once, asked by all when it works."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Upstream
from bookings.services import upstreams
from bookings.vocabulary import UpstreamState

pytestmark = pytest.mark.django_db

KEY = "supabase"


class Clock:
    def __init__(self) -> None:
        self.now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")

    def passes(self, **much: float) -> None:
        self.now += timedelta(**much)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


def fail(times: int, **more: Any) -> None:
    for _ in range(times):
        upstreams.failed(KEY, "Supabase cannot be reached.", **more)


def state() -> str:
    return Upstream.objects.get(key=KEY).state


def test_a_service_that_nobody_knows_may_be_asked(clock: Clock) -> None:
    assert upstreams.may_ask(KEY) is None
    assert not Upstream.objects.exists()


def test_it_rests_after_some_failures_in_a_row_and_says_why(clock: Clock) -> None:
    fail(upstreams.FAILURES_TO_REST - 1)
    assert upstreams.may_ask(KEY) is None
    fail(1)
    pause = upstreams.may_ask(KEY)
    assert pause is not None
    assert pause.reason == "Supabase cannot be reached."
    assert 60 <= pause.seconds <= 66
    assert state() == UpstreamState.RESTING


def test_an_answer_between_failures_starts_the_count_anew(clock: Clock) -> None:
    fail(2)
    upstreams.succeeded(KEY)
    fail(2)
    assert upstreams.may_ask(KEY) is None


def test_after_a_rest_one_caller_tries_and_the_others_wait_for_it(clock: Clock) -> None:
    fail(3)
    clock.passes(seconds=70)
    assert upstreams.may_ask(KEY) is None
    assert state() == UpstreamState.TRYING
    assert upstreams.may_ask(KEY) is not None
    upstreams.succeeded(KEY)
    assert upstreams.may_ask(KEY) is None
    well = Upstream.objects.get(key=KEY)
    assert (well.state, well.failures, well.last_error, well.opened_at) == (UpstreamState.OK, 0, "", None)


def test_one_who_tried_and_died_holds_nobody_up_for_long(clock: Clock) -> None:
    fail(3)
    clock.passes(seconds=70)
    assert upstreams.may_ask(KEY) is None
    clock.passes(seconds=121)
    assert upstreams.may_ask(KEY) is None


def test_each_vain_try_doubles_the_rest_up_to_a_quarter_of_an_hour(clock: Clock) -> None:
    fail(3)
    rests = []
    for _ in range(7):
        pause = upstreams.may_ask(KEY)
        assert pause is not None
        rests.append(pause.seconds)
        clock.passes(seconds=pause.seconds + 1)
        assert upstreams.may_ask(KEY) is None
        fail(1)
    assert [round(rest / 63) for rest in rests[:4]] == [1, 2, 4, 8]
    assert all(900 <= rest <= 990 for rest in rests[4:])


def test_what_the_service_asks_for_is_kept_at_once(clock: Clock) -> None:
    fail(1, retry_after=1800)
    pause = upstreams.may_ask(KEY)
    assert pause is not None
    assert 1800 <= pause.seconds <= 1980


def test_those_who_had_asked_before_prolong_nothing(clock: Clock) -> None:
    fail(3)
    before = Upstream.objects.get(key=KEY)
    fail(20)
    assert Upstream.objects.get(key=KEY).retry_at == before.retry_at
    assert Upstream.objects.get(key=KEY).failures == 3


def test_a_person_is_never_told_to_wait(clock: Clock) -> None:
    fail(3)
    assert upstreams.may_ask(KEY, insist=True) is None
    assert upstreams.may_ask(KEY, insist=True) is None
    assert upstreams.may_ask(KEY) is not None


def test_asking_and_answering_cost_a_query_each_and_write_nothing_while_all_is_well(clock: Clock) -> None:
    upstreams.succeeded(KEY)
    first = Upstream.objects.get(key=KEY).last_ok_at
    clock.passes(seconds=10)
    with CaptureQueriesContext(connection) as asked:
        upstreams.may_ask(KEY)
    assert len(asked) == 1
    upstreams.succeeded(KEY)
    assert Upstream.objects.get(key=KEY).last_ok_at == first
    clock.passes(seconds=61)
    upstreams.succeeded(KEY)
    assert Upstream.objects.get(key=KEY).last_ok_at == clock.now


def test_facts_are_kept_beside_each_other(clock: Clock) -> None:
    upstreams.note("realtime", connected_since="2026-11-21T12:00:00Z", lag_ms=12)
    upstreams.note("realtime", lag_ms=7)
    upstreams.note("realtime", connected_since=None)
    assert Upstream.objects.get(key="realtime").facts == {"lag_ms": 7}
