"""The commands that queue a run: the same services, rights and words as everywhere else."""

from __future__ import annotations

import io
import json
import threading
from datetime import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from bookings.management import run_command
from bookings.models import BookingRun
from bookings.services import runs
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd
from bookings.told import tell
from bookings.vocabulary import RunKind, Source
from tests.bookings.cast import Cast, in_days, make_booking, make_partner, make_run

DAY = in_days(5).isoformat()


def run(*words: Any, by: Any) -> str:
    out = io.StringIO()
    call_command(*map(str, words), "--by", by.username, stdout=out, stderr=io.StringIO(), no_color=True)
    return out.getvalue()


def refused(*words: Any, by: Any) -> str:
    """The sentence that a command ends with for bad input."""
    with pytest.raises(CommandError) as no:
        run(*words, by=by)
    assert no.value.returncode == 2, no.value
    assert not BookingRun.objects.exists()
    return str(no.value)


def test_a_showing_is_booked_as_said(cast: Cast) -> None:
    told = run("book_showing", "n7654321", DAY, "10:00 AM", "--minutes", 45, "--dry-run", by=cast.owner)
    made = BookingRun.objects.get()
    assert (made.mls_number, made.wanted_date, made.wanted_time) == ("N7654321", in_days(5), time(10))
    assert (made.duration_minutes, made.dry_run) == (45, True)
    assert (made.partner, made.created_by, made.source) == (cast.partner, cast.owner, Source.PERSON)
    assert f"/runs/{made.uuid}" in told


def test_without_a_length_the_partners_own_is_taken(cast: Cast) -> None:
    run("book_showing", "12 Example Street", DAY, "10:00", by=cast.owner)
    made = BookingRun.objects.get()
    assert (made.duration_minutes, made.address) == (cast.partner.showing_minutes, "12 Example Street")


def test_a_showing_is_cancelled_and_another_is_moved(cast: Cast) -> None:
    first, second = make_booking(cast.account), make_booking(cast.account)
    run("cancel_showing", first.pk, "--reason", "Sold", by=cast.owner)
    run("reschedule_showing", second.pk, DAY, "14:30", by=cast.owner)
    cancel, move = BookingRun.objects.order_by("pk")
    assert (cancel.kind, cancel.booking, cancel.cancel_reason) == (RunKind.CANCEL, first, "Sold")
    assert (move.kind, move.booking, move.wanted_time) == (RunKind.RESCHEDULE, second, time(14, 30))


def test_a_property_is_checked_and_an_account_compared(cast: Cast) -> None:
    run("check_property", "N7654321", "--day", DAY, by=cast.owner)
    run("reconcile_account", cast.account.email.upper(), by=cast.owner)
    check, compare = BookingRun.objects.order_by("pk")
    assert (check.kind, check.wanted_date) == (RunKind.CHECK, in_days(5))
    assert (compare.kind, compare.account) == (RunKind.RECONCILE, cast.account)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("book_showing", "N7654321", "2026-02-30", "10:00"), "There is no 2026-02-30 in the calendar."),
        (("book_showing", "N7654321", DAY, "25:00"), "Write the time as 10:00 AM or 10:00."),
        (("book_showing", "N7654321", DAY, "10:00", "--minutes", 40), "Choose 15, 30, 45 or 60 minutes."),
        (("book_showing", "N7654321", "2020-01-01", "10:00"), "already passed"),
        (("book_showing", "N7654321", DAY, "10:07"), "every quarter of an hour"),
        (("book_showing", "N7654321", DAY, "10:00", "--partner", "Nobody"), "You have no partner “Nobody”."),
        (("cancel_showing", 10**30), "has no booking"),
        (("reschedule_showing", 7, DAY, "10:00"), "has no booking 7."),
        (("reconcile_account", "nobody@example.com"), "has no BrokerBay account"),
    ],
)
def test_bad_input_is_told_in_one_sentence(cast: Cast, words: tuple[Any, ...], sentence: str) -> None:
    told = refused(*words, by=cast.owner)
    assert sentence in told
    assert "\n" not in told


def test_who_has_several_partners_is_told_which(cast: Cast) -> None:
    named = f"“{cast.other.name}”, “{cast.partner.name}”"
    told = refused("check_property", "N7654321", by=cast.admin)
    assert told == f"You work for several partners; name one in “partner”: {named}."
    for _ in range(4):
        make_partner("Yew Team")
    told = refused("check_property", "N7654321", by=cast.admin)
    assert told.startswith(f"You work for several partners; name one in “partner”: {named}, “Yew Team")
    assert told.endswith("” and others.")


def test_what_is_booked_already_is_named(cast: Cast) -> None:
    booking = make_booking(cast.account, booking_date=in_days(5), booking_time=time(10))
    said = refused("book_showing", booking.property_address, DAY, "10:00", by=cast.owner)
    assert said.endswith(f"holds a live booking for this showing: booking {booking.pk}.")
    with translation.override("fr"):
        assert tell(said).endswith(f": réservation {booking.pk}.")


def test_rights_are_those_of_the_person_who_asks(cast: Cast) -> None:
    booking = make_booking(cast.account)
    assert "has no booking" in refused("cancel_showing", booking.pk, by=cast.stranger)
    assert "no BrokerBay account" in refused("reconcile_account", cast.account.email, by=cast.stranger)
    for words in (
        ("cancel_showing", booking.pk),
        ("reschedule_showing", booking.pk, DAY, "10:00"),
        ("book_showing", "N7654321", DAY, "10:00"),
        ("check_property", "N7654321"),
        ("reconcile_account", cast.account.email),
    ):
        assert "does not allow this" in refused(*words, by=cast.viewer), words
    cast.owner.is_active = False
    cast.owner.save()
    assert "There is nobody" in refused("cancel_showing", booking.pk, by=cast.owner)


def test_json_is_the_job_as_the_api_has_it(cast: Cast) -> None:
    job = json.loads(run("check_property", "N7654321", "--json", by=cast.owner))
    assert (job["kind"], job["property"], job["state"]) == ("check", "N7654321", "queued")
    assert job["logs"][0]["message"].startswith("Queued")


# ---- to the end ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (AttemptEnd(result="found", message="All was read."), 0),
        (AttemptEnd(result="refused", code="not_bookable", message="No button."), 1),
        (AttemptEnd(result="parked", code="ambiguous_listing", message="Two fit."), 3),
    ],
    ids=["done", "refused", "waits"],
)
def test_waiting_follows_the_log_to_its_end_and_the_exit_code_tells(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch, end: AttemptEnd, code: int
) -> None:
    checked = make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None)
    claimed = runs.claim(checked.pk, holder="test")
    assert claimed is not None
    runs.settle(checked.pk, end, fence=claimed.attempt_number)
    monkeypatch.setattr("bookings.services.runs.queue", lambda *_, **__: checked)
    out = io.StringIO()
    words = ["check_property", "N7654321", "--wait", "--by", cast.owner.username]
    if code:
        with pytest.raises(CommandError) as ended:
            call_command(*words, stdout=out)
        assert ended.value.returncode == code
    else:
        call_command(*words, stdout=out)
    assert "Queued: Check" in out.getvalue()
    assert f"/runs/{checked.uuid}" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_waiting_says_that_no_worker_has_taken_it(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Settling(io.StringIO):
        """A terminal whose reader starts a worker as soon as they are told that there is none."""

        def write(self, said: str) -> int:
            if run_command.NOT_TAKEN in said:
                settling.start()
            return super().write(said)

    def settle() -> None:
        claimed = runs.claim(asked.pk, holder="test")
        assert claimed is not None
        runs.settle(asked.pk, AttemptEnd(result="found"), fence=claimed.attempt_number)
        connection.close()

    asked, out = make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None), Settling()
    settling = threading.Thread(target=settle)
    monkeypatch.setattr("bookings.services.runs.queue", lambda *_, **__: asked)
    monkeypatch.setattr(run_command, "UNTAKEN", 0.1)
    call_command("check_property", "N7654321", "--wait", "--by", cast.owner.username, stdout=out)
    settling.join()
    assert out.getvalue().count(run_command.NOT_TAKEN) == 1


@pytest.mark.django_db(transaction=True)
def test_a_check_prints_the_open_times_and_a_comparison_what_became_of_each(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = [{"date": "2031-01-31", "time": at} for at in ("14:15", "09:00")]
    gone = Seen(
        showing_id="5" * 24,
        listing_id="",
        address="9 Elsewhere Road",
        date=in_days(-3),
        time=time(10),
        duration_minutes=30,
        status="cancelled",
        badge="Cancelled",
        url="",
    )
    check = make_run(cast.partner, kind=RunKind.CHECK, date=None, time=None)
    compare = runs.queue_reconcile(cast.account, source=Source.PERSON, by=cast.owner)
    for run_, end in (
        (check, AttemptEnd(result="found", open_slots=slots)),
        (compare, AttemptEnd(result="found", own_showings=[gone])),
    ):
        claimed = runs.claim(run_.pk, holder="test")
        assert claimed is not None
        runs.settle(run_.pk, end, fence=claimed.attempt_number)
    monkeypatch.setattr("bookings.services.runs.queue", lambda *_, **__: check)
    monkeypatch.setattr("bookings.services.runs.queue_reconcile", lambda *_, **__: compare)
    told = run("check_property", "N7654321", "--wait", by=cast.owner)
    assert "Open on 2031-01-31: 09:00, 14:15" in told
    told = run("reconcile_account", cast.account.email, "--wait", by=cast.owner)
    assert "Read 1 showings: 0 as known; 1 past or ended, left alone." in told.splitlines()
