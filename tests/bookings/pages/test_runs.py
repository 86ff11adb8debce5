from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import time
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone

from bookings.models import Account, Booking, BookingRun, Evidence
from bookings.queries.runs import steps_ahead, steps_of, told, upcoming_steps
from bookings.services import bookings as booking_service
from bookings.services import people, runs
from bookings.services.runs import AttemptEnd, LogLine
from bookings.vocabulary import BookingStatus, Health, Level, Role, RunKind, RunState, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_run

JPEG = b"\xff\xd8\xff\xe0" + b"0" * 64
QUERY_BUDGET = 14


def play(
    run: BookingRun, steps: Sequence[str] = ("open_site", "find_listing"), picture: bytes = b""
) -> BookingRun:
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    lines = [
        LogLine(
            at=timezone.now(),
            message=f"Did {step}",
            step=step,
            duration_ms=1200,
            picture=kept(claimed, step, picture) if picture else "",
        )
        for step in steps
    ]
    runs.tell(run.pk, lines, fence=claimed.attempt_number)
    return claimed


def kept(run: BookingRun, step: str, picture: bytes) -> str:
    return storages["evidence"].save(f"{run.uuid}/{step}.jpg", ContentFile(picture))


def end(run: BookingRun, **ended: object) -> BookingRun:
    return runs.settle(run.pk, AttemptEnd(**ended), fence=run.attempt_number)  # type: ignore[arg-type]


def booked(run: BookingRun) -> BookingRun:
    seen = booking_service.Seen(
        showing_id="1",
        listing_id="a" * 24,
        address="12 Example Lane",
        date=run.wanted_date,
        time=run.wanted_time,
        duration_minutes=30,
        status="requested",
        badge="Awaiting Approval",
        url="",
    )
    return end(run, result="booked", showing=seen)


def test_the_page_tells_the_wish_the_steps_and_the_log(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner, by=cast.owner))
    client.force_login(cast.colleague)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "10:00 AM Toronto time" in text
    assert "Open site" in text
    assert "Did find_listing" in text
    assert "1.2 s" in text
    assert 'data-last="4"' in text


@pytest.mark.parametrize("address", ["", "?part=run", "/events"])
def test_a_stranger_gets_nothing(cast: Cast, client: Client, address: str) -> None:
    run = make_run(cast.partner)
    client.force_login(cast.stranger)
    assert client.get(f"/runs/{run.uuid}{address}").status_code == 404


@pytest.mark.parametrize("deed", ["stop", "answer"])
def test_a_stranger_moves_nothing_and_a_viewer_may_not(cast: Cast, client: Client, deed: str) -> None:
    run = make_run(cast.partner)
    for person, status in ((cast.stranger, 404), (cast.viewer, 403)):
        client.force_login(person)
        assert client.post(f"/runs/{run.uuid}/{deed}").status_code == status
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_a_booker_elsewhere_who_only_looks_here_moves_nothing_here(cast: Cast, client: Client) -> None:
    people.join(cast.owner, cast.other, Role.VIEWER)
    run = make_run(cast.other)
    client.force_login(cast.owner)
    assert 'id="stop"' not in client.get(f"/runs/{run.uuid}").content.decode()
    assert client.post(f"/runs/{run.uuid}/stop").status_code == 403


def test_a_visitor_is_asked_to_sign_in_first(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner)
    assert client.get(f"/runs/{run.uuid}")["Location"].startswith("/sign-in?next=")
    assert client.get(f"/runs/{run.uuid}/events").status_code == 404


def test_no_such_run_is_a_page_in_plain_words(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    answer = client.get(f"/runs/{uuid.uuid4()}")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_stop_and_try_again_are_offered_where_they_can_be_done(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner, by=cast.owner)
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert 'id="stop"' in text
    assert 'id="answer-' not in text

    client.post(f"/runs/{run.uuid}/stop")
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert 'id="stop"' not in client.get(f"/runs/{run.uuid}").content.decode()


def test_a_refused_run_shows_its_open_slots_as_new_bookings(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner, by=cast.owner))
    end(
        run,
        result="refused",
        code="slot_unavailable",
        message="10:00 AM is not offered.",
        open_slots=[{"date": in_days(3).isoformat(), "time": "13:15"}],
    )
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "That time is not offered." in text
    assert "Pick one of the open times." in text
    assert "1:15 PM" in text
    assert f'value="{in_days(3).isoformat()}T13:15"' in text
    assert 'id="answer-try_again"' in text
    assert 'id="answer-give_up"' in text

    client.force_login(cast.viewer)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "1:15 PM" in text
    assert "/answer" not in text
    assert "/auto-book?" not in text


def test_open_times_stand_only_where_the_showing_is_surely_not_booked(cast: Cast, client: Client) -> None:
    slots = [{"date": in_days(3).isoformat(), "time": "13:15"}]
    client.force_login(cast.owner)
    doubtful = play(make_run(cast.partner))
    runs.pass_gate(doubtful.pk, fence=doubtful.attempt_number)
    end(doubtful, result="unconfirmed", code="no_answer", message="No answer came.", open_slots=slots)
    parked = play(make_run(cast.partner))
    end(parked, result="parked", code="needs_sign_in", message="Signed out.", open_slots=slots)
    for run in (doubtful, parked):
        assert "1:15 PM" not in client.get(f"/runs/{run.uuid}").content.decode(), run.state
    refused = play(make_run(cast.partner))
    end(refused, result="refused", code="not_bookable", message="No.", open_slots=slots)
    assert "1:15 PM" in client.get(f"/runs/{refused.uuid}").content.decode()


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"health": Health.NEEDS_SIGN_IN}, "must be signed in on BrokerBay first"),
        ({"health": Health.CHALLENGED}, "Sign the account in first"),
        ({"is_active": False}, "is switched off"),
    ],
)
def test_a_run_behind_an_account_that_is_held_up_says_so(
    cast: Cast, client: Client, account: dict[str, Any], words: str
) -> None:
    run = make_run(cast.partner)
    client.force_login(cast.owner)
    assert "Waiting for a free worker." in client.get(f"/runs/{run.uuid}").content.decode()
    Account.objects.filter(pk=cast.account.pk).update(**account)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert words in text
    assert "Waiting for a free worker." not in text


def test_after_a_rehearsal_the_same_is_booked_for_real_by_one_button(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(dry_run=True, rehearses=True)
    run = end(play(run), result="rehearsed", message="All is filled.")
    assert run.state == RunState.DONE
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    way = re.search(r'class="button" id="book-for-real" href="([^"]+)"', text)
    assert way is not None
    assert 'id="book-anew"' not in text
    form = client.get(way[1].replace("&amp;", "&")).context["form"]
    assert (form["property"].value(), form["time"].value()) == (
        run.property_text,
        f"{run.wanted_time:%H:%M}",
    )
    assert not form["dry_run"].value()


def test_an_ambiguous_address_shows_its_candidates(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner, by=cast.owner))
    end(
        run,
        result="parked",
        code="ambiguous_listing",
        message="Two listings fit.",
        candidates=[
            {"address": "12 Example Lane, Unit 2", "mls_number": "N11112222", "listing_id": "b" * 24}
        ],
    )
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "12 Example Lane, Unit 2" in text
    assert 'value="pick_listing"' in text
    client.post(f"/runs/{run.uuid}/answer", {"answer": "pick_listing", "value": "0"})
    run.refresh_from_db()
    assert (run.state, run.listing_id, run.mls_number) == (RunState.QUEUED, "b" * 24, "N11112222")


def test_a_booked_run_says_what_brokerbay_calls_it_and_links_the_booking(cast: Cast, client: Client) -> None:
    run = booked(play(make_run(cast.partner, by=cast.owner)))
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "the listing side must approve" in text
    assert "“Awaiting Approval”" in text


def test_a_deed_that_came_too_late_is_told_in_a_sentence(cast: Cast, client: Client) -> None:
    run = booked(play(make_run(cast.partner, by=cast.owner)))
    client.force_login(cast.owner)
    text = client.post(f"/runs/{run.uuid}/answer", {"answer": "try_again"}, follow=True).content.decode()
    assert "does not ask that any more" in text


def answered(client: Client, run: BookingRun, answer: str, value: str = "") -> BookingRun:
    client.post(f"/runs/{run.uuid}/answer", {"answer": answer, "value": value})
    run.refresh_from_db()
    return run


def test_a_rehearsed_run_shows_the_filled_form_and_is_sent_by_one_click(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner, by=cast.owner)
    BookingRun.objects.filter(pk=run.pk).update(rehearses=True)
    run = end(
        play(run, ["open_site", "rehearse"], picture=JPEG), result="rehearsed", message="All is filled."
    )
    assert (run.state, run.reason_code) == (RunState.PARKED, "rehearsed")
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    picture = Evidence.objects.get(run=run, step="rehearse")
    assert f'id="rehearsal" href="/evidence/{picture.uuid}"' in text
    assert 'id="answer-release"' in text
    assert answered(client, run, "release").state == RunState.QUEUED
    assert run.released_by == cast.owner


def test_what_cannot_be_taken_back_is_asked_once_more(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner, by=cast.owner))
    runs.pass_gate(run.pk, fence=run.attempt_number)
    run = end(run, result="unconfirmed", code="no_answer", message="No answer came.")
    BookingRun.objects.filter(pk=run.pk).update(reason_code="in_doubt")
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "#/my_business/showings/buyer" in text
    asked = f"/runs/{run.uuid}/answer?answer=it_is_not_there&amp;value="
    assert asked in text
    question = client.get(asked.replace("&amp;", "&")).content.decode()
    assert "it would be there twice" in question
    run.refresh_from_db()
    assert run.state == RunState.UNCONFIRMED
    assert answered(client, run, "it_is_not_there").state == RunState.QUEUED


def test_who_may_not_sign_the_account_in_is_told_who_can(cast: Cast, client: Client) -> None:
    run = end(play(make_run(cast.partner)), result="parked", code="needs_sign_in", message="Signed out.")
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert 'id="sign-in"' not in text
    assert "A manager of" in text
    assert client.post(f"/runs/{run.uuid}/answer", {"answer": "sign_in"}).status_code == 403

    client.force_login(cast.manager)
    assert 'id="sign-in"' in client.get(f"/runs/{run.uuid}").content.decode()
    client.post(f"/runs/{run.uuid}/answer", {"answer": "sign_in"})
    assert BookingRun.objects.get(kind="sign_in").account == cast.account


def test_of_two_answers_the_first_counts_and_the_second_is_told(cast: Cast, client: Client) -> None:
    run = end(play(make_run(cast.partner)), result="refused", code="not_bookable", message="No button.")
    client.force_login(cast.owner)
    assert answered(client, run, "give_up").state == RunState.CANCELLED
    late = client.post(f"/runs/{run.uuid}/answer", {"answer": "try_again"}, follow=True)
    assert "somebody may have answered" in late.content.decode()
    junk = client.post(f"/runs/{run.uuid}/answer", {"answer": "\x00", "value": "x" * 5000}, follow=True)
    assert junk.status_code == 200


def test_each_kind_of_run_is_told_in_its_own_words(cast: Cast, client: Client) -> None:
    booking = make_booking(cast.account)
    cancel = runs.queue_cancel(booking, source=Source.PERSON, by=cast.owner, reason="Sold")
    other = make_booking(cast.account)
    move = runs.queue_reschedule(other, date=in_days(9), time=time(14), source=Source.PERSON, by=cast.owner)
    compare = runs.queue_reconcile(cast.account, source=Source.PERSON, by=cast.owner)
    check = make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None, duration_minutes=None)
    client.force_login(cast.viewer)
    for run, words in (
        (cancel, ("Cancel a showing", "Sold")),
        (move, ("Move a showing", "2:00 PM", "instead of", "10:00 AM")),
        (compare, ("Compare with BrokerBay", cast.account.email)),
        (check, ("Check a property",)),
    ):
        text = client.get(f"/runs/{run.uuid}").content.decode()
        assert [word for word in words if word not in text] == [], run


def test_a_check_looks_at_slots_only_where_it_asks_for_a_day() -> None:
    of_a_day = BookingRun(kind=RunKind.CHECK, wanted_date=in_days(2))
    at_all = BookingRun(kind=RunKind.CHECK)
    assert steps_ahead(of_a_day)[-2:] == ("choose_date", "choose_slot")
    assert steps_ahead(at_all) == ("open_site", "find_listing", "open_wizard")


def test_a_check_that_is_done_offers_its_open_times_as_bookings(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None, duration_minutes=None))
    slots = [{"date": in_days(3).isoformat(), "time": "13:15"}]
    listing = {"listing_id": "a" * 24, "auto_confirm": True, "max_minutes": 30}
    end(run, result="found", open_slots=slots, listing=listing)
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "It confirms at once. At most 30 minutes." in text
    assert f"date={in_days(3).isoformat()}&amp;time=13%3A15" in text


def test_attempts_are_told_apart_newest_first(cast: Cast) -> None:
    run = play(make_run(cast.partner))
    end(run, result="broke", code="site_down", message="No answer.", retry_is_safe=True)
    BookingRun.objects.filter(pk=run.pk).update(state=RunState.QUEUED, not_before=None)
    play(run, ["open_site"])
    story = told(BookingRun.objects.get(pk=run.pk))
    assert [(each.attempt.number, [step.name for step in each.steps]) for each in story.attempts] == [
        (2, ["open_site"]),
        (1, ["open_site", "find_listing"]),
    ]
    assert upcoming_steps(story)[:2] == ["check_own_list", "find_listing"]


def test_a_step_is_as_grave_as_its_gravest_line(cast: Cast) -> None:
    run = make_run(cast.partner)
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    levels = (Level.INFO, Level.ERROR, Level.INFO)
    lines = [LogLine(at=timezone.now(), message=level, level=level, step="submit") for level in levels]
    runs.tell(run.pk, lines, fence=1)
    steps = steps_of(run.events.filter(step="submit"))
    assert [(step.name, step.level) for step in steps] == [("submit", Level.ERROR)]


def test_a_long_log_is_cut_at_its_beginning_and_says_so(cast: Cast, client: Client, monkeypatch) -> None:
    monkeypatch.setattr("bookings.queries.runs.LINES_SHOWN", 2)
    run = play(make_run(cast.partner))
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert "The first 2 lines are left out." in text
    assert 'data-last="4"' in text


def test_the_page_keeps_to_its_query_budget_however_long_the_log(
    cast: Cast, client: Client, django_assert_max_num_queries
) -> None:
    run = play(make_run(cast.partner, by=cast.owner), ["open_site"] * 30, picture=JPEG)
    client.force_login(cast.owner)
    with django_assert_max_num_queries(QUERY_BUDGET):
        client.get(f"/runs/{run.uuid}")


def test_a_picture_goes_to_those_who_may_see_its_run_and_stays_in_no_cache(
    cast: Cast, client: Client
) -> None:
    run = play(make_run(cast.partner), ["open_site"], picture=JPEG)
    picture = Evidence.objects.get(run=run)
    address = f"/evidence/{picture.uuid}"
    client.force_login(cast.colleague)
    assert address in client.get(f"/runs/{run.uuid}").content.decode()
    answer = client.get(address)
    assert answer.content == JPEG
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"

    client.force_login(cast.stranger)
    assert client.get(address).status_code == 404


def test_a_lost_picture_and_what_is_no_picture_are_not_found(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner), ["open_site"], picture=b"<svg onload='alert(1)'>")
    picture = Evidence.objects.get(run=run)
    client.force_login(cast.owner)
    assert client.get(f"/evidence/{picture.uuid}").status_code == 404
    storages["evidence"].delete(picture.file.name)
    assert client.get(f"/evidence/{picture.uuid}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "content", "sent_as"),
    [("trace", b"PK\x03\x04", "application/zip"), ("markup", b"<script>", "text/plain; charset=utf-8")],
)
def test_a_trace_and_a_pages_markup_are_files_for_operators_alone(
    cast: Cast, client: Client, kind: str, content: bytes, sent_as: str
) -> None:
    run = play(make_run(cast.partner))
    kept = Evidence.objects.create(run=run, attempt_number=1, step="verify", kind=kind)
    kept.file.save("kept", ContentFile(content))
    run.events.filter(seq=4).update(evidence=kept)
    address = f"/evidence/{kept.uuid}"
    in_admin = f"/admin/bookings/bookingrun/{run.pk}/change/"
    for person in (cast.viewer, cast.owner, cast.manager, cast.stranger, cast.bare_staff):
        client.force_login(person)
        assert client.get(address).status_code == 404
        for page in (f"/runs/{run.uuid}", f"/api/auto-book/{run.uuid}", in_admin):
            assert str(kept.uuid) not in client.get(page).content.decode()
    client.force_login(cast.admin)
    assert f'id="file-{kept.pk}"' in client.get(f"/runs/{run.uuid}").content.decode()
    assert address in client.get(in_admin).content.decode()
    answer = client.get(address)
    assert (answer.content, answer["Content-Type"]) == (content, sent_as)
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]


def test_the_stream_says_plainly_that_it_needs_an_asgi_server(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner)
    client.force_login(cast.owner)
    assert client.get(f"/runs/{run.uuid}/events").status_code == 501
    assert client.get(f"/runs/{run.uuid}/events", {"lastEventId": "junk"}).status_code == 400


def test_a_step_keeps_its_own_words_though_the_run_moves_after_it(cast: Cast) -> None:
    run = booked(play(make_run(cast.partner), ["open_site", "verify"]))
    steps = told(run).attempts[0].steps
    assert (steps[-1].name, steps[-1].message) == ("verify", "Did verify")


def test_each_step_is_told_with_how_long_it_took(cast: Cast, client: Client) -> None:
    run = play(make_run(cast.partner), ["open_site", "find_listing"])
    attempt = told(run).attempts[0]
    assert (attempt.took_ms, attempt.longest_ms) == (2400, 1200)
    client.force_login(cast.owner)
    assert "2 steps in 2.4 s" in client.get(f"/runs/{run.uuid}").content.decode()


def test_a_booked_run_is_called_by_its_homes_address_and_shares_its_receipt_once_confirmed(
    cast: Cast, client: Client
) -> None:
    run = booked(play(make_run(cast.partner, by=cast.owner, address="")))
    client.force_login(cast.owner)
    text = client.get(f"/runs/{run.uuid}").content.decode()
    assert '<h1 id="run-title">12 Example Lane</h1>' in text
    assert 'id="share-receipt"' not in text  # the listing side must approve first
    Booking.objects.filter(runs=run).update(status=BookingStatus.CONFIRMED)
    for person, offered in ((cast.owner, True), (cast.viewer, False)):
        client.force_login(person)
        assert ('id="share-receipt"' in client.get(f"/runs/{run.uuid}").content.decode()) is offered
