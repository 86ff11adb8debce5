"""What is wrong in a wish is told in one sentence wherever a run can be asked for, and nothing is stored."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingRun, Client, ShowingRequest, UnreadableRow
from bookings.services import runs, showings
from bookings.services.runs import AttemptEnd
from bookings.services.runs.figures import MAX_ATTEMPTS
from bookings.vocabulary import RequestState, RunState, reason_next_step
from ingest.taking import take_in
from tests.bookings.api.callers import browser, program_of, send
from tests.bookings.cast import (
    Cast,
    in_days,
    make_booking,
    make_request,
    make_run,
)

TORONTO = ZoneInfo("America/Toronto")


def spring_night() -> date:
    """The next day in Toronto on which 2:30 does not exist."""
    for days in range(2, 400):
        day, half_past_two = in_days(days), time(2, 30, tzinfo=TORONTO)
        there = datetime.combine(day, half_past_two).astimezone(UTC).astimezone(TORONTO)
        if there.time() != time(2, 30):
            return day
    raise AssertionError("Toronto's clocks change no more.")


GOOD = {"property": "N7654321", "day": in_days(5).isoformat(), "time": "10:00", "minutes": "30"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`status`: of HTTP, or the exit code; "kept" where ingest keeps the row and its reason."""

    status: int | str
    sentence: str


Ask = Callable[[Cast, Mapping[str, str]], Told]


# ---- the surfaces ----------------------------------------------------------------------------------


def on_the_page(cast: Cast, said: Mapping[str, str]) -> Told:
    form = {
        "property": said["property"],
        "date": said["day"],
        "time": said["time"],
        "duration": said["minutes"],
    }
    answer = browser(cast.owner).post("/auto-book", form)
    return Told(status=answer.status_code, sentence=form_errors(answer))


def by_api(cast: Cast, said: Mapping[str, str]) -> Told:
    return _api(cast, "/api/auto-book", {"property": said["property"], **_when(said)})


def move_by_api(cast: Cast, said: Mapping[str, str]) -> Told:
    return _api(cast, f"/api/bookings/{make_booking(cast.account).pk}/reschedule", _when(said))


def check_by_api(cast: Cast, said: Mapping[str, str]) -> Told:
    return _api(cast, "/api/check", {"property": said["property"], "preferredDate": said["day"]})


def by_command(cast: Cast, said: Mapping[str, str]) -> Told:
    words = (said["property"], said["day"], said["time"], f"--minutes={said['minutes']}")
    return _command(cast, "book_showing", *words)


def move_by_command(cast: Cast, said: Mapping[str, str]) -> Told:
    booking = str(make_booking(cast.account).pk)
    return _command(
        cast, "reschedule_showing", booking, said["day"], said["time"], f"--minutes={said['minutes']}"
    )


def check_by_command(cast: Cast, said: Mapping[str, str]) -> Told:
    return _command(cast, "check_property", said["property"], f"--day={said['day']}")


def move_in_the_admin(cast: Cast, said: Mapping[str, str]) -> Told:
    form = {"date": said["day"], "time": said["time"], "duration": said["minutes"]}
    return _admin(cast, "booking_reschedule", make_booking(cast.account), form)


def check_in_the_admin(cast: Cast, said: Mapping[str, str]) -> Told:
    home = make_request(cast.partner).property
    return _admin(
        cast, "property_check_on_brokerbay", home, {"partner": cast.partner.pk, "date": said["day"]}
    )


def request_in_the_admin(cast: Cast, said: Mapping[str, str]) -> Told:
    """A client's request as it was stored, booked by a person."""
    row = make_request(
        cast.partner,
        scheduled_date=date.fromisoformat(said["day"]),
        scheduled_time=time.fromisoformat(said["time"]),
    )
    return _admin(cast, "showingrequest_book", row, {})


def by_ingest(cast: Cast, said: Mapping[str, str]) -> Told:
    """A row from upstream is kept, with what it lacks or why it cannot be read."""
    Client.objects.create(external_id="u1", partner=cast.partner)
    row = {
        "id": "r1",
        "user_id": "u1",
        "status": "scheduled",
        "property_id": said["property"],
        "scheduled_date": said["day"],
        "scheduled_time": said["time"],
    }
    take_in([row])
    showings.queue_ready()
    unreadable = UnreadableRow.objects.first()
    if unreadable is not None:
        assert not ShowingRequest.objects.exists()
        return Told(status="kept", sentence=unreadable.reason)
    kept = ShowingRequest.objects.get()
    assert kept.booking_status in (RequestState.NEEDS_INFO, RequestState.CLOSED)
    return Told(status="kept", sentence=f"{kept.needs_in_words()}.")


def _when(said: Mapping[str, str]) -> dict[str, str]:
    return {"preferredDate": said["day"], "preferredTime": said["time"], "preferredDuration": said["minutes"]}


def _api(cast: Cast, path: str, body: dict[str, Any]) -> Told:
    answer = send(program_of(cast.owner), "POST", path, body)
    told = answer.json()
    assert told.get("success") is not False or told["fields"], "each refusal names its field"
    return Told(status=answer.status_code, sentence=told.get("error", ""))


def _command(cast: Cast, *words: str) -> Told:
    # As a terminal's words come: those that begin with a dash are values here.
    try:
        call_command(*words, "--by", cast.owner.username, stdout=io.StringIO(), stderr=io.StringIO())
    except CommandError as no:
        return Told(status=no.returncode, sentence=str(no))
    return Told(status=0, sentence="")


def _admin(cast: Cast, name: str, row: Any, form: dict[str, Any]) -> Told:
    answer = browser(cast.manager).post(reverse(f"admin:bookings_{name}", args=(row.pk,)), form)
    return Told(status=answer.status_code, sentence=form_errors(answer) if answer.status_code == 200 else "")


def form_errors(answer: Any) -> str:
    if answer.context is None:
        return ""
    return " ".join(sentence for errors in answer.context["form"].errors.values() for sentence in errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """`reads`: what of the wish can be said there; `refuses_with`: the status of a refusal."""

    name: str
    ask: Ask
    reads: frozenset[str]
    refuses_with: int | str

    @property
    def is_typed(self) -> bool:
        """Whether a person or program may write what they like there, not only pick what is stored."""
        return self.ask is not request_in_the_admin


WHEN = frozenset({"day", "time", "minutes"})
SURFACES = [
    Surface(name="auto-book page", ask=on_the_page, reads=WHEN | {"property"}, refuses_with=400),
    Surface(name="API", ask=by_api, reads=WHEN | {"property"}, refuses_with=422),
    Surface(name="API, move", ask=move_by_api, reads=WHEN, refuses_with=422),
    Surface(name="API, check", ask=check_by_api, reads=frozenset({"property", "day"}), refuses_with=422),
    Surface(name="command", ask=by_command, reads=WHEN | {"property"}, refuses_with=2),
    Surface(name="command, move", ask=move_by_command, reads=WHEN, refuses_with=2),
    Surface(
        name="command, check", ask=check_by_command, reads=frozenset({"property", "day"}), refuses_with=2
    ),
    Surface(name="admin, move", ask=move_in_the_admin, reads=WHEN, refuses_with=200),
    Surface(name="admin, check", ask=check_in_the_admin, reads=frozenset({"day"}), refuses_with=200),
    Surface(
        name="admin, request", ask=request_in_the_admin, reads=frozenset({"day", "time"}), refuses_with=200
    ),
    Surface(name="ingest", ask=by_ingest, reads=frozenset({"property", "day", "time"}), refuses_with="kept"),
]

# ---- what is wrong ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A wish with one thing wrong; each refusal says one of these words."""

    name: str
    says: str
    said: Mapping[str, str]
    is_typed: bool = False  # it cannot stand in a date's or a time's column


def wrong(name: str, says: str, *, is_typed: bool = False, **said: str) -> Wrong:
    return Wrong(name=name, says=says, said=said, is_typed=is_typed)


NO_DAY = r"no such day|calendar|Write the day|no date|no day|year"
NO_TIME = r"no time|Write the time"
NO_LENGTH = r"15, 30, 45 or 60"
TOO_LONG = r"too long|at most 300 characters|longer than"
NO_TEXT = r"cannot be used|control characters|no text|Null characters"
WRONGS = [
    wrong("a day gone by", "passed", day="2020-01-01"),
    wrong("yesterday", "passed", day=in_days(-2).isoformat()),
    wrong("a day years away", "18 months", day=in_days(900).isoformat()),
    wrong("the calendar's last day", f"18 months|{NO_DAY}", day="9999-12-31"),
    wrong("30 February", NO_DAY, day="2027-02-30", is_typed=True),
    wrong("no day", NO_DAY, day="tomorrow", is_typed=True),
    wrong("a day of six digits", NO_DAY, day="202711-01-01", is_typed=True),
    wrong("another order", NO_DAY, day="31/01/2027", is_typed=True),
    wrong("day 0", NO_DAY, day="0", is_typed=True),
    wrong("day 32", NO_DAY, day="32", is_typed=True),
    wrong("digits of another script", NO_DAY, day="٢٠٢٧-٠١-٣١", is_typed=True),
    wrong("a time that the clocks skip", "exist", day=spring_night().isoformat(), time="02:30"),
    wrong("an odd time", "quarter of an hour", time="03:07"),
    wrong("25 o'clock", NO_TIME, time="25:00", is_typed=True),
    wrong("13 in the afternoon", NO_TIME, time="13:00 PM", is_typed=True),
    wrong("no time", NO_TIME, time="noonish", is_typed=True),
    wrong("an hour alone", NO_TIME, time="10", is_typed=True),
    wrong("longer than is offered", NO_LENGTH, minutes="90"),
    wrong("no quarter of an hour long", NO_LENGTH, minutes="20"),
    wrong("less than nothing long", NO_LENGTH, minutes="-30"),
    wrong("half minutes", NO_LENGTH, minutes="30.5"),
    wrong("no length", NO_LENGTH, minutes="an hour"),
    wrong("10,000 letters", TOO_LONG, property="12 King Street " * 667),
    wrong("a control character", NO_TEXT, property="12 King\x07Street"),
    wrong("a null character", NO_TEXT, property="12 King\x00Street"),
    wrong("two lines", NO_TEXT, property="12 King Street\r\nBcc: all@example.com"),
]


@pytest.fixture(autouse=True)
def _nothing_broke(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    broken = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert not broken, "bad input is no fault of ours: no error and no traceback is logged"


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_bad_input_is_told_in_a_sentence_and_leaves_nothing(
    cast: Cast, subtests: pytest.Subtests, surface: Surface
) -> None:
    tried = [one for one in WRONGS if one.said.keys() <= surface.reads]
    assert len(tried) > 3
    for one in tried:
        if one.is_typed and not surface.is_typed:
            continue
        before = transaction.savepoint()
        with subtests.test(one.name):
            told = surface.ask(cast, {**GOOD, **one.said})
            assert told.status == surface.refuses_with, told
            assert re.search(one.says, told.sentence), told
            assert told.sentence.endswith(".")
            assert "\n" not in told.sentence
            assert len(told.sentence) < 250, "what was said is not thrown back whole"
            assert not BookingRun.objects.exists()
            assert not Booking.objects.exclude(booking_date=in_days(3), booking_time=time(10, 0)).exists()
        transaction.savepoint_rollback(before)


# ---- what only looks wrong -------------------------------------------------------------------------

STRANGE = {
    "right to left": "12 شارع الملك, Toronto",
    "both ways": "12 King (מלך) Street",
    "emoji": "12 Maple Street \N{HOUSE WITH GARDEN}\N{VARIATION SELECTOR-16}",
    "a family of joined emoji": "9 \U0001f468\u200d\U0001f469\u200d\U0001f467 Lane",
    "accents": "3 Côte-des-Neiges, Montréal",
    "markup": "<script>alert(1)</script>",
    "quotes and percents": '12 O\'Brien "Court" %s %(x)s {0}',
    "a formula": "=HYPERLINK(1)",
    "300 letters": "x" * 300,
}


@pytest.mark.parametrize("ask", [on_the_page, by_api, by_command], ids=["page", "API", "command"])
@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_any_script_is_taken_and_kept_to_the_letter(cast: Cast, ask: Ask, text: str) -> None:
    told = ask(cast, {**GOOD, "property": text})
    assert told.sentence == ""
    run = BookingRun.objects.get()
    assert (run.property_text, run.address, run.mls_number) == (text, text, "")
    page = browser(cast.owner).get(f"/runs/{run.uuid}")
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("ask", [by_api, by_command], ids=["API", "command"])
def test_a_bare_day_means_the_next_such_day_at_the_property(cast: Cast, ask: Ask) -> None:
    ask(cast, {**GOOD, "day": "31", "time": "23:45", "minutes": "15"})
    day = BookingRun.objects.get().wanted_date
    today = datetime.now(TORONTO).date()
    assert day is not None
    assert day.day == 31
    assert timedelta(0) <= day - today <= timedelta(days=61)


@pytest.mark.parametrize("ask", [on_the_page, by_ingest, move_in_the_admin])
def test_where_days_are_written_in_full_a_bare_one_is_refused(cast: Cast, ask: Ask) -> None:
    assert re.search(NO_DAY, ask(cast, {**GOOD, "day": "31"}).sentence)
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"preferredDuration": True},
        {"preferredDuration": None},
        {"preferredDuration": 1e400},
        {"preferredDuration": 10**30},
        {"preferredDate": 31.5},
        {"preferredDate": -1},
        {"preferredDate": None},
        {"preferredDate": ["2027-01-31"]},
        {"preferredTime": 10},
        {"preferredTime": None},
        {"preferredTime": {"hour": 10}},
        {"property": None},
        {"property": 12345678},
        {"property": "   "},
        {"property": "\ud83d half an emoji"},
    ],
    ids=str,
)
def test_the_wrong_kind_of_value_names_its_field(cast: Cast, said: dict[str, Any]) -> None:
    body = {"property": GOOD["property"], **_when(GOOD), **said}
    answer = send(program_of(cast.owner), "POST", "/api/auto-book", body)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == said.keys()
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("book_showing", "12 King \udcff Street", GOOD["day"], "10:00"),
        ("book_showing", "N7654321", GOOD["day"], "10:00", "--partner=\udcff"),
        ("book_showing", "N7654321", GOOD["day"], "10:00", "--partner=\x00"),
        ("book_showing", "N7654321", "\udcff", "10:00"),
        ("check_property", "\x00"),
        ("check_property", ""),
        ("reconcile_account", "\udcff@example.com"),
        ("reconcile_account", "\x00"),
        ("cancel_showing", "1", "--reason=\udcff"),
    ],
    ids=ascii,
)
def test_bytes_that_are_no_text_end_a_command_with_a_sentence(cast: Cast, words: tuple[str, ...]) -> None:
    if words[0] == "cancel_showing":
        words = (words[0], str(make_booking(cast.account).pk), *words[2:])
    told = _command(cast, *words)
    assert told.status == 2
    assert told.sentence.endswith(".")
    assert not BookingRun.objects.exists()


# ---- whom nobody knows -----------------------------------------------------------------------------


def test_an_account_that_nobody_knows_is_told_everywhere(cast: Cast) -> None:
    api = send(program_of(cast.owner), "POST", "/api/accounts/99999999/reconcile")
    assert (api.status_code, api.json()["error"]) == (404, "There is no such account.")
    huge = send(program_of(cast.owner), "POST", f"/api/accounts/{10**30}/reconcile")
    assert huge.status_code == 404
    command = _command(cast, "reconcile_account", "nobody@example.com")
    assert command.status == 2
    assert "has no BrokerBay account “nobody@example.com”." in command.sentence
    page = reverse("admin:bookings_account_compare", args=(99_999_999,))
    assert browser(cast.manager).post(page).status_code == 404
    assert not BookingRun.objects.exists()


@pytest.mark.parametrize("partner", ["Nobody & Sons", "99999999", "0", "\N{HOUSE WITH GARDEN}"])
def test_a_partner_that_is_not_ones_own_is_told(cast: Cast, partner: str) -> None:
    told = _command(cast, "book_showing", "N7654321", GOOD["day"], "10:00", f"--partner={partner}")
    assert (told.status, told.sentence) == (2, f"You have no partner “{partner}”.")
    api = _api(cast, "/api/auto-book", {"property": "N7654321", **_when(GOOD), "partner": partner})
    assert (api.status, api.sentence) == (422, f"You have no partner “{partner}”.")


@pytest.mark.parametrize(
    "surface", [one for one in SURFACES if "move" not in one.name], ids=lambda one: one.name
)
def test_a_partner_without_an_account_is_told_so(cast: Cast, surface: Surface) -> None:
    cast.account.is_active = False
    cast.account.save()
    told = surface.ask(cast, GOOD)
    assert told.status == surface.refuses_with
    assert "no BrokerBay account" in told.sentence
    assert not BookingRun.objects.exists()


# ---- no storm --------------------------------------------------------------------------------------

DEAD_ENDS = {
    "an address that BrokerBay does not have": ("refused", "listing_not_found", False),
    "a listing without showings": ("refused", "not_bookable", False),
    "a time that is not offered": ("refused", "slot_unavailable", False),
    "a page that never is as it was": ("broke", "page_changed", True),
    "a browser that always dies": ("broke", "browser_gone", True),
}


@pytest.mark.parametrize(("result", "code", "retry_is_safe"), DEAD_ENDS.values(), ids=DEAD_ENDS)
def test_what_cannot_succeed_is_tried_a_small_number_of_times(
    cast: Cast, result: str, code: str, retry_is_safe: bool
) -> None:
    run = make_run(cast.partner)
    waits = []
    for _ in range(3 * MAX_ATTEMPTS):
        held = runs.claim(run.pk, holder="test")
        if held is None:
            break
        end = AttemptEnd(result=result, code=code, message="It did not work.", retry_is_safe=retry_is_safe)
        run = runs.settle(run.pk, end, fence=held.attempt_number)
        if run.not_before is not None:
            waits.append((run.not_before - timezone.now()).total_seconds())
            runs.sweep()
            assert runs.claim(run.pk, holder="test") is None, "not before its time"
            BookingRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
            runs.sweep()
    assert run.attempts.count() == (MAX_ATTEMPTS if retry_is_safe else 1)
    assert run.state == (RunState.FAILED if retry_is_safe else RunState.REFUSED)
    assert run.next_step == reason_next_step(code, run.state, has_time=False)
    assert "by itself" not in run.next_step
    assert waits == sorted(waits), "each pause is longer than the one before"
