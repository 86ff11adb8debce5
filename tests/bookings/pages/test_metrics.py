"""/metrics: the portal in figures, read as Prometheus reads them, by who may."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from bookings.models import BookingRun, Notice, ShowingRequest
from bookings.services import leases, runs, showings, sync, upstreams
from bookings.vocabulary import NoticeChannel, NoticeState, RequestState, RunState, Source, StaffRole
from tests.bookings.cast import Cast, make_cast, make_request, make_run, staff

pytestmark = pytest.mark.django_db
TOKEN = "the-watching-program-knows-this"
QUERIES = 11


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def token(settings: Any) -> str:
    settings.METRICS_TOKEN = TOKEN
    return TOKEN


def ask(token: str) -> Any:
    return Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})


def figures(token: str) -> dict[str, float]:
    """What the page tells, by name and label values: `runs_open booked`."""
    answer = ask(token)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    read: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        assert (family.type, bool(family.documentation)) == ("gauge", True), family.name
        for sample in family.samples:
            name = " ".join([sample.name.removeprefix("showings_"), *sample.labels.values()])
            assert name not in read, "told twice"
            read[name] = sample.value
    return read


# ---- the door ----------------------------------------------------------------------------------------------


def test_it_is_closed_until_a_token_is_set(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert [ask(word).status_code for word in ("", "x", "None")] == [404] * 3
    assert Client().get("/metrics").status_code == 404


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"]
)
def test_only_the_very_token_opens_it(token: str, sent: str) -> None:
    assert Client().get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_a_wrong_token_is_refused_even_with_a_session_that_may(token: str, cast: Cast) -> None:
    browser = Client()
    browser.force_login(staff(StaffRole.AUDITOR))
    assert browser.get("/metrics").status_code == 200
    assert browser.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 404


def test_nothing_is_posted_there_and_nothing_is_kept(token: str) -> None:
    assert Client().post("/metrics").status_code == 405
    assert "no-store" in ask(token)["Cache-Control"]


# ---- what it tells -----------------------------------------------------------------------------------------


def test_an_empty_portal_has_its_zeros(token: str) -> None:
    told = figures(token)
    assert told["bridge_listening"] == told["runs_due"] == told["runs_open queued"] == 0
    assert told["notices_owed webhook"] == told["requests_waiting needs_person"] == 0
    assert "last_pass_timestamp_seconds" not in told, "there was none"


def test_the_bridge_and_the_outside_services(token: str) -> None:
    now = timezone.now()
    since, last = now - timedelta(hours=2), now - timedelta(seconds=90)
    upstreams.note(
        upstreams.REALTIME,
        state="listening",
        seen_at=now.isoformat(),
        connected_since=since.isoformat(),
        last_event_at=last.isoformat(),
        lag_ms=80,
    )
    upstreams.succeeded(upstreams.PROPERTY_API)
    upstreams.failed(upstreams.SUPABASE, "It is away.", retry_after=600)
    assert leases.hold("bridge", "here", seconds=20)
    told = figures(token)
    assert told["bridge_listening"] == told["lease_held bridge"] == 1
    assert told["bridge_connected_since_timestamp_seconds"] == pytest.approx(since.timestamp())
    assert told["bridge_last_event_timestamp_seconds"] == pytest.approx(last.timestamp())
    assert told["bridge_lag_seconds"] == 0.08
    assert [told[f"service_left_alone {key}"] for key in ("supabase", "property_api")] == [1, 0]
    assert told["service_failures_in_a_row supabase"] == 1
    assert told["service_last_answer_timestamp_seconds property_api"] == pytest.approx(now.timestamp(), abs=5)
    assert "service_last_answer_timestamp_seconds supabase" not in told


def test_a_bridge_that_fell_silent_does_not_listen(token: str) -> None:
    heard = timezone.now() - timedelta(minutes=3)
    upstreams.note(upstreams.REALTIME, state="listening", seen_at=heard.isoformat())
    assert figures(token)["bridge_listening"] == 0


def test_the_last_pass(token: str) -> None:
    for error in ("", "Supabase cannot be reached.", "Supabase cannot be reached."):
        ended = sync.begin("schedule")
        assert ended is not None
        sync.count(ended, rows_seen=7, rows_unreadable=2)
        sync.finish(ended, error=error)
    assert sync.begin("schedule") is not None, "one that runs is none that ended"
    told = figures(token)
    assert told["passes_failed_in_a_row"] == sync.failures_in_a_row() == 2
    assert (told["last_pass_rows seen"], told["last_pass_rows unreadable"]) == (7, 2)
    assert told["last_pass_timestamp_seconds"] == pytest.approx(timezone.now().timestamp(), abs=5)
    assert told["last_pass_duration_seconds"] < 5


def test_the_queue_and_who_works_on_it(token: str, cast: Cast) -> None:
    now = timezone.now()
    states = (RunState.QUEUED, RunState.QUEUED, RunState.RUNNING, RunState.RUNNING, RunState.PARKED)
    made = [make_run(cast.partner) for _ in states]
    for run, state in zip(made, states, strict=True):
        BookingRun.objects.filter(pk=run.pk).update(state=state, queued_at=now - timedelta(minutes=5))
    later = now + timedelta(hours=1)
    BookingRun.objects.filter(pk=made[1].pk).update(not_before=later)
    BookingRun.objects.filter(pk=made[2].pk).update(holder="worker 1", lease_until=later)
    other = make_run(cast.other)
    BookingRun.objects.filter(pk=other.pk).update(
        state=RunState.RUNNING, holder="worker 2", lease_until=now - timedelta(seconds=1)
    )
    told = figures(token)
    assert [told[f"runs_open {state}"] for state in ("queued", "running", "parked", "unconfirmed")] == [
        *(2, 3, 1, 0)
    ]
    assert (told["runs_due"], told["runs_waiting_for_person"]) == (1, 1)
    assert told["runs_due_oldest_seconds"] == pytest.approx(300, abs=5)
    assert (told["workers_busy"], told["runs_lost"]) == (1, 1)


def test_how_the_runs_of_a_day_ended(token: str, cast: Cast) -> None:
    now = timezone.now()
    for state, ago in (
        (RunState.BOOKED, 1),
        (RunState.BOOKED, 23),
        (RunState.FAILED, 2),
        (RunState.BOOKED, 25),
    ):
        run = make_run(cast.partner)
        BookingRun.objects.filter(pk=run.pk).update(state=state, finished_at=now - timedelta(hours=ago))
    told = figures(token)
    assert (told["runs_ended_last_day book booked"], told["runs_ended_last_day book failed"]) == (2, 1)


def test_how_soon_requests_were_queued(token: str, cast: Cast) -> None:
    requests = [make_request(cast.partner) for _ in range(4)]
    assert showings.queue_ready() == 4
    now = timezone.now()
    BookingRun.objects.update(queued_at=now)
    for request, seconds in zip(requests, (1.5, 8, 100_000), strict=False):
        born = now - timedelta(seconds=seconds)
        ShowingRequest.objects.filter(pk=request.pk).update(created_at=born)
    ShowingRequest.objects.filter(pk=requests[3].pk).update(created_at=None)
    told = figures(token)
    within = [told[f"requests_queued_last_day {each}"] for each in ("1", "2", "5", "10", "3600", "+Inf")]
    assert within == [0, 1, 1, 2, 2, 3]


def test_a_later_run_of_a_request_says_nothing_of_how_soon_it_was_queued(token: str, cast: Cast) -> None:
    request = make_request(cast.partner)
    showings.queue_ready()
    first = BookingRun.objects.get(request=request)
    runs.stop(first, by=cast.owner)
    BookingRun.objects.filter(pk=first.pk).update(queued_at=timezone.now() - timedelta(days=2))
    again = make_run(cast.partner)
    BookingRun.objects.filter(pk=again.pk).update(request=request, source=Source.SYNC)
    assert figures(token)["requests_queued_last_day +Inf"] == 0


def test_requests_that_wait_and_what_is_owed(token: str, cast: Cast) -> None:
    waiting = make_request(cast.partner, booking_status=RequestState.NEEDS_PERSON)
    make_request(cast.partner, booking_status=RequestState.NEEDS_INFO, scheduled_date=None)
    long_ago = (timezone.now() - timedelta(days=9)).date()
    make_request(cast.partner, booking_status=RequestState.NEEDS_PERSON, scheduled_date=long_ago)
    now = timezone.now()
    for number, (state, minutes) in enumerate(
        [(NoticeState.OWED, -2), (NoticeState.OWED, 5), (NoticeState.GIVEN_UP, -60), (NoticeState.SENT, -60)]
    ):
        Notice.objects.create(
            key=f"supabase:{number}",
            channel=NoticeChannel.SUPABASE,
            to=waiting.pk,
            state=state,
            not_before=now + timedelta(minutes=minutes),
        )
    told = figures(token)
    assert (told["requests_waiting needs_person"], told["requests_waiting needs_info"]) == (1, 1)
    assert (told["notices_owed supabase"], told["notices_due supabase"]) == (2, 1)
    assert told["notices_due_oldest_seconds supabase"] == pytest.approx(120, abs=5)
    assert (told["notices_given_up supabase"], told["notices_given_up email"]) == (1, 0)
    assert told["accounts unknown"] == 2


# ---- what it costs and does not tell -----------------------------------------------------------------------


def test_a_scrape_costs_the_same_however_much_there_is(token: str, cast: Cast) -> None:
    cache.clear()
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert ask(token).status_code == 200
        assert len(asked) == QUERIES, [query["sql"] for query in asked]
        for _more in range(5):
            make_request(cast.partner)
            make_run(cast.partner)
        showings.queue_ready()
        upstreams.succeeded(upstreams.SUPABASE)


def test_no_name_no_address_and_no_id_is_told(token: str, cast: Cast) -> None:
    request = make_request(cast.partner, group_name="Secret tour")
    showings.queue_ready()
    upstreams.failed(upstreams.SUPABASE, "Key hunter2 is refused.", retry_after=60)
    ended = sync.begin(f"person {cast.owner.username}")
    assert ended is not None
    sync.finish(ended, error="hunter2")
    text = ask(token).content.decode()
    run = BookingRun.objects.get(request=request)
    secrets = [
        *(cast.partner.name, cast.account.email, cast.owner.username, request.pk, request.client.name),
        *(request.property.address, "Secret tour", "hunter2", str(run.uuid), run.property_text),
    ]
    assert [word for word in secrets if word in text] == []
    labels = set(re.findall(r'(\w+)="', text))
    assert labels <= {"service", "what", "state", "kind", "channel", "health", "lease", "within_seconds"}
