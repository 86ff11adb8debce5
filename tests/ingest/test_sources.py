"""The sources against the local upstream, over real HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing

import pytest

from ingest.simulator.control import SECRET_KEY, TABLE, VISITOR_KEY, Upstream
from ingest.sources.http import Patience, SourceDown, SourceRefused, SourceUnreadable
from ingest.sources.property_api import PropertyApi
from ingest.sources.supabase import PAGE, Supabase
from tests.ingest.conftest import QUICK

OPEN = ("pending", "scheduled", "rescheduled")


def ids(pages: Iterator[list[dict[str, str]]]) -> list[str]:
    return [row["id"] for page in pages for row in page]


def test_a_request_is_read_as_it_was_put_in(upstream: Upstream, supabase: Supabase) -> None:
    upstream.insert_request(id="r1", property_id="W12345678", status="scheduled", scheduled_date="2026-12-01")
    (page,) = supabase.read_requests(statuses=OPEN)
    assert page[0]["property_id"] == "W12345678"
    assert page[0]["scheduled_date"] == "2026-12-01"


def test_only_the_wanted_statuses_are_read(upstream: Upstream, supabase: Supabase) -> None:
    upstream.insert_requests([{"id": status, "status": status} for status in (*OPEN, "cancelled", "done")])
    assert sorted(ids(supabase.read_requests(statuses=OPEN))) == sorted(OPEN)


def test_an_empty_table_has_no_pages(supabase: Supabase) -> None:
    assert list(supabase.read_requests(statuses=OPEN)) == []


def test_rows_without_or_with_the_same_instant_are_all_read_once(
    upstream: Upstream, supabase: Supabase
) -> None:
    same = [{"id": f"a{n:04}", "created_at": "2026-11-21T08:00:00+00:00"} for n in range(PAGE + 200)]
    none = [{"id": f"b{n:04}", "created_at": None} for n in range(PAGE + 200)]
    upstream.insert_requests(none + same)
    assert ids(supabase.read_requests(statuses=OPEN)) == [row["id"] for row in same + none]


def test_a_row_that_arrives_while_reading_shifts_nothing(upstream: Upstream) -> None:
    upstream.insert_requests(
        [{"id": f"r{n}", "created_at": f"2026-11-21T08:00:0{n}+00:00"} for n in range(1, 8)]
    )
    with closing(Supabase(url=upstream.url, key=SECRET_KEY, table=TABLE, patience=QUICK, page=3)) as source:
        pages = source.read_requests(statuses=OPEN)
        read = [row["id"] for row in next(pages)]
        upstream.insert_request(id="early", created_at="2026-11-21T07:00:00+00:00")
        upstream.insert_request(id="late", created_at="2026-11-21T09:00:00+00:00")
        read += ids(pages)
    assert read == [f"r{n}" for n in range(1, 8)] + ["late"]


def test_odd_ids_are_followed_one_by_one(upstream: Upstream, supabase: Supabase) -> None:
    odd = ['a"b', "a,b", "a\\b", "(a)", "a b", "ä&b=c", "x+y"]
    upstream.insert_requests([{"id": odd_id, "status": "cancelled"} for odd_id in odd])
    assert sorted(ids(supabase.read_by_ids([*odd, "gone"]))) == sorted(odd)


def test_long_ids_are_followed_in_questions_of_a_length_that_is_read(
    upstream: Upstream, supabase: Supabase
) -> None:
    long = [f"{number:03}" + "\N{COLLISION SYMBOL}" * 90 for number in range(30)]
    upstream.insert_requests([{"id": each, "status": "cancelled"} for each in long])
    assert sorted(ids(supabase.read_by_ids(long))) == long
    assert max(len(question["query"]) for question in upstream.seen()) < 6000


def test_we_do_not_call_ourselves_a_browser(upstream: Upstream, supabase: Supabase) -> None:
    list(supabase.read_requests(statuses=OPEN))
    assert all("Mozilla" not in question["user_agent"] for question in upstream.seen())


def test_a_wrong_key_is_refused_with_the_cure(upstream: Upstream) -> None:
    source = Supabase(url=upstream.url, key="sb_secret_wrong", table=TABLE, patience=QUICK)
    with closing(source), pytest.raises(SourceRefused, match="Check SUPABASE_KEY") as refused:
        list(source.read_requests(statuses=OPEN))
    assert refused.value.status == 401
    assert "sb_secret_wrong" not in str(refused.value)


def test_a_visitors_key_sees_nothing_and_the_advice_says_why(upstream: Upstream) -> None:
    upstream.insert_request(status="scheduled")
    with closing(Supabase(url=upstream.url, key=VISITOR_KEY, table=TABLE, patience=QUICK)) as source:
        assert list(source.read_requests(statuses=OPEN)) == []
        assert "row level security" in source.advice_when_empty()


def test_a_wrong_table_is_refused_by_its_name(upstream: Upstream) -> None:
    source = Supabase(url=upstream.url, key=SECRET_KEY, table="tours", patience=QUICK)
    with closing(source), pytest.raises(SourceRefused, match="SUPABASE_TABLE: there is no table tours"):
        list(source.read_requests(statuses=OPEN))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 520])
def test_a_moment_of_trouble_is_waited_out(upstream: Upstream, supabase: Supabase, status: int) -> None:
    upstream.insert_request(id="r1")
    upstream.break_it("rest", "status", status=status, times=2)
    assert ids(supabase.read_requests(statuses=OPEN)) == ["r1"]


def test_lasting_trouble_ends_as_down(upstream: Upstream, supabase: Supabase) -> None:
    upstream.break_it("rest", "status", status=503)
    with pytest.raises(SourceDown, match=r"in trouble \(503\)") as down:
        list(supabase.read_requests(statuses=OPEN))
    assert down.value.status == 503
    assert len(upstream.seen()) == QUICK.attempts


def test_retry_after_is_honoured(upstream: Upstream) -> None:
    waits: list[float] = []
    patience = Patience(attempts=3, longest_wait=30, first_wait=0.01)
    upstream.break_it("rest", "status", status=429, retry_after="7", times=1)
    source = Supabase(url=upstream.url, key=SECRET_KEY, table=TABLE, patience=patience, sleep=waits.append)
    with closing(source):
        list(source.read_requests(statuses=OPEN))
    assert waits == [7.0]


def test_a_long_retry_after_is_left_for_the_next_pass(upstream: Upstream, supabase: Supabase) -> None:
    upstream.break_it("rest", "status", status=429, retry_after="3600")
    with pytest.raises(SourceDown) as down:
        list(supabase.read_requests(statuses=OPEN))
    assert down.value.retry_after == 3600.0
    assert len(upstream.seen()) == 1


def test_an_answer_that_breaks_off_is_asked_for_again(upstream: Upstream, supabase: Supabase) -> None:
    upstream.insert_request(id="r1")
    upstream.break_it("rest", "cut", times=1)
    assert ids(supabase.read_requests(statuses=OPEN)) == ["r1"]


def test_a_slow_answer_is_waited_for_and_a_slower_one_is_not(upstream: Upstream) -> None:
    upstream.break_it("properties", "slow", seconds=0.3, times=1)
    upstream.insert_property("W1", street="12 King St")
    with closing(PropertyApi(url=upstream.url, patience=QUICK)) as patient:
        assert patient.read("W1")["id"] == "W1"
    upstream.break_it("properties", "slow", seconds=3)
    hasty = Patience(connect=1, read=0.2, attempts=1)
    with closing(PropertyApi(url=upstream.url, patience=hasty)) as source, pytest.raises(SourceDown) as down:
        source.read("W1")
    assert down.value.status == 0


def test_a_page_for_people_is_not_taken_for_rows(upstream: Upstream, supabase: Supabase) -> None:
    upstream.break_it("rest", "garbled")
    with pytest.raises(SourceUnreadable, match="Check SUPABASE_URL"):
        list(supabase.read_requests(statuses=OPEN))


def test_nobody_there_is_down_and_says_so() -> None:
    source = Supabase(url="http://127.0.0.1:9", key=SECRET_KEY, table=TABLE, patience=QUICK)
    with closing(source), pytest.raises(SourceDown, match=r"Supabase at 127.0.0.1 cannot be reached\."):
        list(source.read_requests(statuses=OPEN))


@pytest.mark.parametrize("url", ["not a url", "ftp://example.com", "http://", "http://exa mple.com:99999"])
def test_an_impossible_address_is_a_setting_to_mend(url: str) -> None:
    source = Supabase(url=url, key=SECRET_KEY, table=TABLE, patience=QUICK)
    with closing(source), pytest.raises((SourceRefused, SourceDown)):
        list(source.read_requests(statuses=OPEN))


@pytest.mark.parametrize("key", ["line\nbreak", "\u2603", "nul\x00"])
def test_an_impossible_key_is_a_setting_to_mend_and_is_not_quoted(upstream: Upstream, key: str) -> None:
    source = Supabase(url=upstream.url, key=key, table=TABLE, patience=QUICK)
    with closing(source), pytest.raises(SourceRefused) as refused:
        list(source.read_requests(statuses=OPEN))
    assert key not in str(refused.value)


def test_no_proxy_is_asked_for_what_runs_on_this_machine(
    upstream: Upstream, supabase: Supabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert list(supabase.read_requests(statuses=OPEN)) == []


def test_no_key_and_no_row_is_ever_logged(
    upstream: Upstream, supabase: Supabase, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.insert_request(id="r1", group_name="the client's secret")
    upstream.break_it("rest", "status", status=503, times=1)
    with caplog.at_level(logging.DEBUG):
        list(supabase.read_requests(statuses=OPEN))
    assert "Asking again" in caplog.text
    assert SECRET_KEY not in caplog.text
    assert "the client's secret" not in caplog.text


def test_the_property_api_does_not_know_every_home(upstream: Upstream, property_api: PropertyApi) -> None:
    assert property_api.read("W99999999") is None


def test_a_property_id_cannot_leave_its_place_in_the_address(
    upstream: Upstream, property_api: PropertyApi
) -> None:
    upstream.insert_property("../rest/v1?a=b#c", street="1 Odd St")
    assert property_api.read("../rest/v1?a=b#c")["address"].startswith("1 Odd St")


@pytest.mark.parametrize("step", ["", ".", ".."])
def test_a_property_id_that_is_a_step_in_the_address_is_not_taken(
    upstream: Upstream, property_api: PropertyApi, step: str
) -> None:
    assert property_api.read(step) is None
    assert upstream.seen() == []


def test_a_property_that_is_no_json_is_unreadable(upstream: Upstream, property_api: PropertyApi) -> None:
    upstream.break_it("properties", "garbled", times=1)
    with pytest.raises(SourceUnreadable):
        property_api.read("W1")


def test_the_property_api_may_refuse_us(upstream: Upstream, property_api: PropertyApi) -> None:
    upstream.break_it("properties", "status", status=401)
    with pytest.raises(SourceRefused, match="PROPERTY_API_URL"):
        property_api.read("W1")
