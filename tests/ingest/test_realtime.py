"""Listening to Realtime: what is told, and how every way of not being told any more is noticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from ingest.simulator.control import SECRET_KEY, TABLE, Upstream
from ingest.simulator.line import Line
from ingest.sources.http import SourceDown, SourceRefused
from ingest.sources.realtime import Changed, Realtime, Subscribed, Timing, Told

QUICK = Timing(connect=5, heartbeat=0.2, answer=1, subscribe=1)
STEADY = Timing(connect=2, heartbeat=30, answer=5, subscribe=5)


@contextmanager
def listening(
    upstream: Upstream, *, timing: Timing = STEADY, url: str = "", key: str = SECRET_KEY, table: str = TABLE
) -> Iterator[Iterator[Told]]:
    """What is told, once changes are."""
    realtime = Realtime(url=url or upstream.url, key=lambda: key, table=table, timing=timing)
    with closing(realtime.listen()) as told:
        assert next(told) == Subscribed()
        yield told


def test_inserts_and_updates_are_told_by_their_ids(upstream: Upstream) -> None:
    with listening(upstream) as told:
        upstream.insert_request(id="r1", status="scheduled")
        upstream.change_request("r1", status="cancelled")
        upstream.delete_request("r1")
        upstream.insert_request(id="r2")
        heard = [next(told) for _ in range(3)]
    assert [one.id for one in heard if isinstance(one, Changed)] == ["r1", "r1", "r2"]
    assert all(isinstance(one, Changed) and one.committed_at for one in heard)


def test_a_change_that_hides_its_row_is_told_without_an_id(upstream: Upstream) -> None:
    for kind in ("bare", "large", "blind"):
        upstream.break_it("realtime", kind, times=1)
    with listening(upstream) as told:
        upstream.insert_requests([{"id": "bare"}, {"id": "large"}, {"id": "blind"}])
        ids = [getattr(next(told), "id", "") for _ in range(3)]
    assert ids == ["bare", "large", None]


def test_it_waits_until_it_is_subscribed(upstream: Upstream) -> None:
    upstream.break_it("realtime", "late", seconds=0.4)
    with listening(upstream) as told:
        upstream.insert_request(id="r1")
        assert getattr(next(told), "id", "") == "r1"


@pytest.mark.parametrize("act", ["drop", "close", "crash", "silence"])
def test_an_end_is_noticed_however_it_comes(upstream: Upstream, act: str) -> None:
    with listening(upstream, timing=QUICK) as told:
        upstream.disturb(act)
        with pytest.raises(SourceDown) as down:
            next(told)
    assert "Supabase Realtime" in down.value.message


@pytest.mark.parametrize("how", ["freeze", "cut"])
def test_a_dead_line_is_noticed(upstream: Upstream, how: str) -> None:
    with Line(upstream.url) as line, listening(upstream, timing=QUICK, url=line.url) as told:
        getattr(line, how)()
        with pytest.raises(SourceDown):
            next(told)


def test_a_line_in_use_is_kept_for_many_heartbeats(upstream: Upstream) -> None:
    with listening(upstream, timing=QUICK) as told:
        threading.Timer(2.0, lambda: upstream.insert_request(id="r1")).start()
        assert getattr(next(told), "id", "") == "r1"
    assert upstream.realtime()["heard"]["heartbeat"] >= 5


def test_a_fresh_token_is_handed_on(upstream: Upstream) -> None:
    keys = iter([SECRET_KEY, "a.fresh.token"])
    last = "a.fresh.token"
    realtime = Realtime(url=upstream.url, key=lambda: next(keys, last), table=TABLE, timing=QUICK)
    with closing(realtime.listen()) as told:
        next(told)
        threading.Timer(1.0, lambda: upstream.insert_request(id="r1")).start()
        next(told)
    assert upstream.realtime()["heard"]["access_token"] == 1


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("JwtSignatureError: Failed to validate", SourceRefused, "Check SUPABASE_KEY"),
        ("RealtimeDisabledForTenant: off", SourceRefused, "Switch Realtime on"),
        ("ChannelRateLimitReached: Too many channels", SourceDown, "ChannelRateLimitReached"),
        ("", SourceRefused, "Check SUPABASE_KEY"),
    ],
)
def test_a_refused_join_says_who_can_mend_it(
    upstream: Upstream, reason: str, error: type[Exception], words: str
) -> None:
    upstream.break_it("realtime", "refused", reason=reason)
    with pytest.raises(error, match=words), listening(upstream):
        pass


@pytest.mark.parametrize(
    ("status", "error"), [(401, SourceRefused), (404, SourceRefused), (429, SourceDown), (500, SourceDown)]
)
def test_a_refused_handshake_says_who_can_mend_it(
    upstream: Upstream, status: int, error: type[Exception]
) -> None:
    upstream.break_it("realtime", "status", status=status)
    with pytest.raises(error, match=str(status)), listening(upstream):
        pass


def test_a_table_that_is_not_published_is_told_with_its_cure(upstream: Upstream) -> None:
    with pytest.raises(SourceRefused, match="publication"), listening(upstream, timing=QUICK, table="other"):
        pass


def test_a_server_that_never_subscribes_is_not_waited_for(upstream: Upstream) -> None:
    upstream.break_it("realtime", "late", seconds=60)
    with pytest.raises(SourceDown, match="in time"), listening(upstream, timing=QUICK):
        pass


def test_nobody_there_is_told_plainly(upstream: Upstream) -> None:
    with Line(upstream.url) as line:
        line.refuse()
        with pytest.raises(SourceDown, match="cannot be reached"), listening(upstream, url=line.url):
            pass


def test_no_word_and_no_log_line_holds_the_key(upstream: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with listening(upstream, timing=QUICK) as told:
        upstream.insert_request(id="r1", group_name="personal")
        next(told)
        upstream.disturb("silence")
        with pytest.raises(SourceDown) as silent:
            next(told)
    wrong = "sb_secret_wrong"
    with pytest.raises(SourceRefused) as refused, listening(upstream, key=wrong):
        pass
    told_of = f"{silent.value!r} {refused.value!r} {refused.value.__cause__!r} {caplog.text}"
    assert SECRET_KEY not in told_of
    assert wrong not in told_of
    assert "personal" not in told_of
