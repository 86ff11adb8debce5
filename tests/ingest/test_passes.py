"""Whole passes: the local upstream on one side, the portal's tables on the other."""

from __future__ import annotations

import tracemalloc
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import BookingRun, Client, Property, ShowingRequest, SyncPass, UnreadableRow
from bookings.services import properties, showings, sync
from bookings.vocabulary import FetchState, Need, PassState, RequestState, RunState
from ingest.passes import Part, Progress, SeenIds, Sources, run_pass
from ingest.simulator.control import SECRET_KEY, TABLE, VISITOR_KEY, Upstream
from ingest.sources.property_api import PropertyApi
from ingest.sources.supabase import PAGE, Supabase
from tests.bookings.cast import make_account, make_partner
from tests.ingest.conftest import QUICK

pytestmark = pytest.mark.django_db

CLIENT = "client-1"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def partner_with_a_client() -> Any:
    partner = make_partner("Maple Team")
    make_account(partner)
    Client.objects.create(external_id=CLIENT, partner=partner)
    return partner


def a_request(upstream: Upstream, mls: str = "W12345678", **columns: Any) -> str:
    soon = (timezone.now() + timedelta(days=5)).date().isoformat()
    wish = {
        "user_id": CLIENT,
        "property_id": mls,
        "status": "scheduled",
        "scheduled_date": soon,
        "scheduled_time": "14:30:00",
    }
    return upstream.insert_request(**{**wish, **columns})


def make_pass(
    upstream: Upstream,
    *,
    parts: Part = Part.EVERYTHING,
    supabase_url: str = "",
    property_url: str = "",
    key: str = SECRET_KEY,
    **more: Any,
) -> SyncPass:
    sources = Sources(
        supabase=Supabase(url=supabase_url or upstream.url, key=key, table=TABLE, patience=QUICK),
        property_api=PropertyApi(url=property_url or upstream.url, patience=QUICK),
    )
    made = run_pass("test", parts=parts, sources=sources, **more)
    assert made is not None
    return made


def test_a_request_becomes_a_run_with_its_address_in_one_pass(
    upstream: Upstream, partner_with_a_client: Any
) -> None:
    request_id = a_request(upstream)
    upstream.insert_property("W12345678", street="12 King St W", city="Toronto", address_as="parts")
    made = make_pass(upstream)
    assert (made.state, made.error) == (PassState.DONE, "")
    assert (made.rows_seen, made.rows_new, made.addresses_found, made.runs_queued) == (1, 1, 1, 1)
    run = BookingRun.objects.get(request_id=request_id)
    assert run.address == "12 King St W, Toronto, ON"
    assert run.wanted_time == time(14, 30)
    assert run.partner == partner_with_a_client


def test_a_second_pass_changes_nothing(upstream: Upstream, partner_with_a_client: Any) -> None:
    a_request(upstream)
    a_request(upstream, "X87654321", status="pending")
    upstream.insert_property("W12345678", street="12 King St W", city="Toronto")
    make_pass(upstream)
    before = list(ShowingRequest.objects.order_by("pk").values())
    again = make_pass(upstream)
    assert (again.rows_seen, again.rows_new, again.rows_changed, again.runs_queued) == (2, 0, 0, 0)
    assert list(ShowingRequest.objects.order_by("pk").values()) == before
    assert BookingRun.objects.count() == 1


@pytest.mark.parametrize("has_moments", [False, True])
def test_a_page_with_nothing_new_costs_one_question_and_one_query(
    upstream: Upstream, has_moments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What waits is judged in lots of its own, after the pages.
    monkeypatch.setattr(showings, "JUDGED_AT_ONCE", 3 * PAGE)

    def rows(start: int, end: int) -> list[dict[str, Any]]:
        moment = {"updated_at": "2026-11-21T05:46:54+00:00"} if has_moments else {}
        return [
            {"id": f"r{n:05}", "status": "pending", "user_id": CLIENT, **moment} for n in range(start, end)
        ]

    def cost() -> tuple[int, int]:
        make_pass(upstream, parts=Part.REQUESTS)
        before = len(upstream.seen())
        with CaptureQueriesContext(connection) as queries:
            again = make_pass(upstream, parts=Part.REQUESTS)
        assert (again.rows_new, again.rows_changed) == (0, 0)
        return len(upstream.seen()) - before, len(queries)

    upstream.insert_requests(rows(0, 2 * PAGE - 100))
    questions, queries = cost()
    assert questions == 2
    upstream.insert_requests(rows(2 * PAGE - 100, 3 * PAGE - 100))
    assert cost() == (3, queries + 1)


def test_one_bad_row_stops_nothing_and_is_kept_with_its_reason(
    upstream: Upstream, partner_with_a_client: Any
) -> None:
    a_request(upstream, id="bad-date", scheduled_date="soon")
    a_request(upstream, id="bad-id\x00")
    a_request(upstream, id="good")
    made = make_pass(upstream)
    assert made.state == PassState.DONE
    assert (made.rows_seen, made.rows_unreadable, made.rows_new) == (3, 2, 1)
    kept = UnreadableRow.objects.get(external_id="bad-date")
    assert (kept.source, kept.reason) == ("supabase", "scheduled_date is no date like 2026-11-21.")
    assert kept.raw["scheduled_date"] == "soon"


def test_a_bad_row_is_kept_once_and_counted(upstream: Upstream) -> None:
    a_request(upstream, id="bad", scheduled_time="afternoon")
    make_pass(upstream)
    make_pass(upstream)
    assert UnreadableRow.objects.get().times_seen == 2


def test_what_the_database_refuses_is_kept_too(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    a_request(upstream, id="one")
    a_request(upstream, id="two")
    take_in = showings.take_in

    def refuses_two(rows: Any, **more: Any) -> Any:
        if any(row.id == "two" for row in rows):
            raise ValueError("the database does not like it")
        return take_in(rows, **more)

    monkeypatch.setattr(showings, "take_in", refuses_two)
    made = make_pass(upstream)
    assert (made.rows_new, made.rows_unreadable) == (1, 1)
    assert UnreadableRow.objects.get().external_id == "two"


def test_a_later_edit_is_followed(upstream: Upstream) -> None:
    request_id = a_request(upstream)
    make_pass(upstream)
    upstream.change_request(request_id, status="rescheduled", scheduled_date="2027-01-15")
    assert make_pass(upstream).rows_changed == 1
    request = ShowingRequest.objects.get(pk=request_id)
    assert (request.status, request.scheduled_date) == ("rescheduled", date(2027, 1, 15))


def test_a_cancellation_is_followed_and_its_run_stopped(
    upstream: Upstream, partner_with_a_client: Any
) -> None:
    request_id = a_request(upstream)
    make_pass(upstream)
    upstream.change_request(request_id, status="cancelled")
    assert make_pass(upstream).rows_changed == 1
    request = ShowingRequest.objects.get(pk=request_id)
    assert (request.status, request.booking_status) == ("cancelled", RequestState.CLOSED)
    assert BookingRun.objects.get().state == RunState.CANCELLED
    assert make_pass(upstream).rows_seen == 0


def test_a_request_that_vanished_is_kept_as_it_was(upstream: Upstream) -> None:
    request_id = a_request(upstream)
    make_pass(upstream)
    upstream.delete_request(request_id)
    assert make_pass(upstream).state == PassState.DONE
    assert ShowingRequest.objects.get(pk=request_id).status == "scheduled"


def test_a_request_that_lacks_something_says_what(upstream: Upstream) -> None:
    request_id = a_request(upstream, property_id=None, scheduled_time=None, user_id=None)
    made = make_pass(upstream)
    assert made.runs_queued == 0
    request = ShowingRequest.objects.get(pk=request_id)
    assert request.booking_status == RequestState.NEEDS_INFO
    assert set(request.needs) == {Need.CLIENT, Need.PROPERTY, Need.TIME}


def test_supabase_down_is_said_and_nothing_is_lost(upstream: Upstream, partner_with_a_client: Any) -> None:
    request_id = a_request(upstream)
    made = make_pass(upstream, supabase_url=NOWHERE)
    assert made.state == PassState.FAILED
    assert made.error == "Supabase at 127.0.0.1 cannot be reached. It is asked again by itself."
    assert make_pass(upstream).runs_queued == 1
    assert ShowingRequest.objects.filter(pk=request_id).exists()


def test_supabase_failing_in_the_middle_keeps_what_came(upstream: Upstream) -> None:
    upstream.insert_requests([{"id": f"r{n:04}", "status": "scheduled"} for n in range(2 * PAGE + 100)])
    upstream.break_it("rest", "slow", seconds=0, times=2)  # two pages pass
    upstream.break_it("rest", "status", status=503)
    made = make_pass(upstream)
    assert made.state == PassState.PARTIAL
    assert made.rows_new == ShowingRequest.objects.count() == 2 * PAGE
    upstream.mend()
    assert make_pass(upstream).rows_new == 100


def test_a_wrong_key_is_said_with_the_cure(upstream: Upstream) -> None:
    made = make_pass(upstream, key="sb_secret_wrong")
    assert made.state == PassState.FAILED
    assert "Check SUPABASE_KEY" in made.error
    assert "sb_secret_wrong" not in made.error


def test_a_key_that_sees_nothing_is_said_with_the_cure(upstream: Upstream) -> None:
    a_request(upstream)
    made = make_pass(upstream, key=VISITOR_KEY)
    assert made.state == PassState.PARTIAL
    assert "row level security" in made.error


def test_the_property_api_down_stops_no_booking(upstream: Upstream, partner_with_a_client: Any) -> None:
    a_request(upstream)
    made = make_pass(upstream, property_url=NOWHERE)
    assert made.state == PassState.PARTIAL
    assert "The property API at 127.0.0.1 cannot be reached." in made.error
    assert (made.runs_queued, made.addresses_missing) == (1, 1)
    home = Property.objects.get()
    assert home.fetch_state == FetchState.FAILED
    assert home.fetch_after is not None
    assert home.fetch_after > timezone.now()


def test_an_address_that_failed_is_found_later(upstream: Upstream) -> None:
    a_request(upstream)
    make_pass(upstream, property_url=NOWHERE)
    upstream.insert_property("W12345678", street="12 King St W", city="Toronto", shape="data")
    Property.objects.update(fetch_after=timezone.now())
    made = make_pass(upstream, parts=Part.ADDRESSES)
    assert (made.state, made.addresses_found) == (PassState.DONE, 1)
    assert Property.objects.get().address == "12 King St W, Toronto, ON"


def test_one_home_that_breaks_the_property_api_does_not_hide_the_others(upstream: Upstream) -> None:
    for mls in ("W11111111", "W22222222", "W33333333"):
        a_request(upstream, mls)
        upstream.insert_property(mls, street="12 King St W", city="Toronto")
    upstream.break_it("properties", "status", status=500, only="W11111111")
    made = make_pass(upstream)
    assert (made.state, made.addresses_found, made.addresses_missing) == (PassState.DONE, 2, 1)
    assert Property.objects.get(property_id="W11111111").fetch_state == FetchState.FAILED


@pytest.mark.parametrize(
    ("home", "state", "reason"),
    [
        ({"city": "Town", "address_as": "no_street"}, FetchState.NO_STREET, "no street"),
        ({"payload": {"error": "what?"}}, FetchState.UNREADABLE, "holds no property"),
        (
            {"payload": {"id": "X87654321", "address": "1 Other St"}},
            FetchState.UNREADABLE,
            "another property",
        ),
        (None, FetchState.NOT_FOUND, "does not know it"),
    ],
)
def test_a_home_without_an_address_says_why(
    upstream: Upstream, home: dict[str, Any] | None, state: FetchState, reason: str
) -> None:
    a_request(upstream)
    if home:
        upstream.insert_property("W12345678", **home)
    made = make_pass(upstream)
    assert (made.state, made.addresses_missing) == (PassState.DONE, 1)
    stored = Property.objects.get()
    assert (stored.fetch_state, stored.address) == (state, "")
    assert reason in stored.fetch_reason


def test_huge_facts_of_a_home_are_cut_to_their_columns(upstream: Upstream) -> None:
    a_request(upstream)
    facts = dict.fromkeys(("price", "beds", "baths", "parking", "sqft", "propertyType", "added"), "x" * 9000)
    upstream.insert_property("W12345678", street="12 King St", city="T" * 9000, facts=facts)
    assert make_pass(upstream).addresses_found == 1
    home = Property.objects.get()
    home.full_clean()
    assert len(home.bedrooms) == 20


def test_two_passes_never_run_at_once(upstream: Upstream) -> None:
    running = sync.begin("elsewhere")
    assert running is not None
    assert run_pass("test", sources=Sources(supabase=None, property_api=None)) is None
    sync.finish(running)
    assert make_pass(upstream).state == PassState.DONE


def test_a_pass_that_was_taken_over_stops(upstream: Upstream) -> None:
    a_request(upstream)

    def take_over(progress: Progress) -> None:
        SyncPass.objects.update(state=PassState.FAILED, error="taken over")

    made = make_pass(upstream, tell=take_over)
    assert (made.state, made.error) == (PassState.FAILED, "taken over")
    assert BookingRun.objects.count() == 0


def test_a_pass_that_breaks_is_closed_with_a_reason(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(properties, "wanting_address", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_pass(upstream)
    broke = SyncPass.objects.get()
    assert (broke.state, broke.error) == (
        PassState.FAILED,
        "It broke (ZeroDivisionError); the log has the details.",
    )


def test_without_supabase_configured_the_pass_says_what_to_set(settings: Any) -> None:
    settings.SUPABASE_URL = settings.PROPERTY_API_URL = ""
    made = run_pass("test")
    assert made is not None
    assert made.error == "Supabase is not configured. Set SUPABASE_URL and SUPABASE_KEY."


def test_progress_is_told_on_the_way(upstream: Upstream) -> None:
    a_request(upstream)
    told: list[str] = []
    make_pass(upstream, tell=lambda progress: told.append(progress.stage))
    assert list(dict.fromkeys(told)) == [
        "Reading requests",
        "Asking for addresses",
        "Queueing what is ready",
    ]


def test_more_waiting_requests_than_are_judged_at_once_or_held_in_memory_are_all_queued(
    upstream: Upstream, partner_with_a_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showings, "JUDGED_AT_ONCE", 2)
    monkeypatch.setattr(showings, "IDS_IN_MEMORY", 50)
    odd = ["with a space", "two  spaces", "é", '"quoted"', "plain"]
    for number, request_id in enumerate(odd):
        a_request(upstream, id=request_id, scheduled_time=f"{10 + number}:00:00")
    upstream.insert_property("W12345678")
    made = make_pass(upstream)
    assert (made.rows_unreadable, made.runs_queued) == (0, len(odd)), made
    assert set(BookingRun.objects.values_list("request_id", flat=True)) == set(odd)


def test_the_ids_a_pass_has_seen_are_told_from_others_and_weigh_little() -> None:
    ids = [f"request-{number}" for number in range(50_000)]
    tracemalloc.start()
    seen = SeenIds()
    seen.add(ids)
    assert list(seen.lacking(["stranger", *ids, "another"])) == ["stranger", "another"]
    weight, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000 * 20
    assert weight < 50_000 * 12
    seen.add(["another"])
    assert list(seen.lacking(["another", "stranger"])) == ["stranger"]
