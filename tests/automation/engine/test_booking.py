"""Orders played by a real browser on a local BrokerBay."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from unittest import mock

import pytest

from automation.engine.contract import (
    Level,
    OrderKind,
    Outcome,
    Result,
    SeenShowing,
    ShowingStatus,
    Site,
    Step,
)
from automation.engine.errors import Stopped
from automation.engine.flow import play
from automation.engine.listings import same_home
from automation.engine.showings import ShowingRow
from automation.engine.steps import own_list
from tests.automation.engine.conftest import ACCOUNT, ADDRESS, MLS, STREET, UNIT, Bay, Remembering

QUARTER = timedelta(minutes=15)
EVERY_STEP = [
    "open_site",
    "check_own_list",
    "find_listing",
    "open_wizard",
    "choose_date",
    "choose_slot",
    "choose_duration",
    "submit",
    "verify",
]


def test_a_listing_that_confirms_at_once_is_booked_and_seen_in_the_list(bay: Bay) -> None:
    listener = Remembering()
    outcome = bay.play(bay.order(), listener=listener)
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.submitted
    assert outcome.listing is not None
    assert (outcome.listing.listing_id, outcome.listing.mls_number) == (bay.listing_id, MLS)
    assert outcome.listing.auto_confirm
    assert outcome.listing.max_minutes == 60
    assert outcome.listing.time_zone in {"EST", "EDT"}
    seen = outcome.showing
    assert seen is not None
    assert (seen.date, seen.time, seen.duration_minutes) == (bay.day, time(14), 30)
    assert (seen.status, seen.badge) == (ShowingStatus.CONFIRMED, "Confirmed")
    [kept] = bay.control.showings(account=ACCOUNT)
    assert (kept.listing_id, kept.date, kept.time, kept.minutes) == (bay.listing_id, bay.day, time(14), 30)
    assert (seen.showing_id, seen.url.split("#")[1][:20]) == (kept.id, "/my_business/showing")
    assert len(bay.control.posts()) == 1


def test_every_step_is_told_in_order_with_a_picture_and_its_time(bay: Bay) -> None:
    listener = Remembering()
    bay.play(bay.order(), listener=listener)
    assert listener.steps == EVERY_STEP
    assert all(line.picture and line.picture[:2] == b"\xff\xd8" for line in listener.lines)
    assert all(line.duration_ms and line.duration_ms > 0 for line in listener.lines)
    assert [line.at for line in listener.lines] == sorted(line.at for line in listener.lines)
    found = listener.lines[2].message
    assert found == f"Found {STREET}, #{UNIT}, Toronto, ON ({MLS}), auto-confirm."
    assert listener.gates == 1


def test_a_listing_that_wants_approval_is_booked_as_requested(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, auto_confirm=False)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.REQUESTED
    assert outcome.listing is not None
    assert outcome.listing.auto_confirm is False


def test_an_order_for_auto_confirm_only_refuses_a_listing_that_wants_approval(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, auto_confirm=False)
    outcome = bay.play(bay.order(auto_confirm_only=True))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "needs_approval")
    assert not bay.control.posts()


@pytest.mark.parametrize("months", [1, 2])
def test_a_day_in_another_month_is_booked_on_that_day(bay: Bay, months: int) -> None:
    first = bay.day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=32)).replace(day=1)
    outcome = bay.play(bay.order(date=first))
    assert outcome.result is Result.BOOKED, outcome
    assert bay.control.showings()[0].date == first


def test_the_day_of_a_neighbour_month_in_the_same_sheet_is_not_taken_for_it(bay: Bay) -> None:
    # The last days of a month stand before the next one's on its sheet, and the other way round.
    last = (bay.day.replace(day=1) + timedelta(days=63)).replace(day=1) - timedelta(days=1)
    outcome = bay.play(bay.order(date=last))
    assert outcome.result is Result.BOOKED, outcome
    assert bay.control.showings()[0].date == last


@pytest.mark.parametrize("minutes", [15, 30, 45, 60])
def test_the_duration_is_the_one_asked_for(bay: Bay, minutes: int) -> None:
    outcome = bay.play(bay.order(duration_minutes=minutes))
    assert outcome.result is Result.BOOKED
    assert bay.control.showings()[0].minutes == minutes


def test_a_duration_above_the_listings_limit_is_refused_with_the_limit(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, max_minutes=30)
    outcome = bay.play(bay.order(duration_minutes=45))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "duration_too_long")
    assert "30 minutes" in outcome.message
    assert not bay.control.posts()


def test_a_time_that_is_not_free_is_refused_with_the_open_times_of_that_day(bay: Bay) -> None:
    bay.control.block_slot(bay.listing_id, on=bay.day, at=time(14), minutes=15)
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_unavailable")
    assert [slot.time for slot in outcome.open_slots] == bay.control.open_slots(bay.listing_id, bay.day)
    assert {slot.date for slot in outcome.open_slots} == {bay.day}
    assert "1:45 PM, 2:15 PM" in outcome.message
    assert not bay.control.posts()


def test_a_day_gone_by_is_refused(bay: Bay) -> None:
    outcome = bay.play(bay.order(date=date(2024, 2, 29)))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_unavailable")


def test_today_needs_no_other_day_to_be_clicked(bay: Bay) -> None:
    today = bay.day - timedelta(days=2)
    bay.control.change_listing(bay.listing_id, opens=time(0), closes=time(0))
    open_today = bay.control.open_slots(bay.listing_id, today)
    if len(open_today) < 3:
        pytest.skip("It is nearly midnight in Toronto.")
    outcome = bay.play(bay.order(date=today, time=open_today[1], duration_minutes=15))
    assert outcome.result is Result.BOOKED, outcome


def test_an_address_finds_the_right_unit_among_its_neighbours(bay: Bay) -> None:
    for number, street in enumerate(["5 Main Street S", "51 Main Street S", "54 Main Street S"]):
        bay.control.add_listing(mls_number=f"W1000000{number}", street=street, unit="4", city="Milton")
    bay.control.add_listing(mls_number="W20000000", street="5 Main Street S", unit="45", city="Milton")
    outcome = bay.play(bay.order(mls_number="", address="Unit 4, 5 Main St S, Milton, ON"))
    assert outcome.result is Result.BOOKED, outcome
    assert outcome.listing is not None
    assert outcome.listing.mls_number == "W10000000"


def test_twins_at_one_address_are_shown_to_a_person(bay: Bay) -> None:
    bay.control.add_listing(mls_number="N99999999", street=STREET, unit=UNIT, deal="lease", price=3200)
    outcome = bay.play(bay.order(mls_number=""))
    assert (outcome.result, outcome.code) == (Result.PARKED, "ambiguous_listing")
    assert {one.mls_number for one in outcome.candidates} == {MLS, "N99999999"}
    assert {one.city for one in outcome.candidates} == {"Toronto, ON"}
    assert all(one.price.startswith("$") for one in outcome.candidates)


def test_the_mls_number_tells_twins_apart(bay: Bay) -> None:
    bay.control.add_listing(mls_number="N99999999", street=STREET, unit=UNIT, deal="lease")
    outcome = bay.play(bay.order(mls_number="N99999999"))
    assert outcome.result is Result.BOOKED
    assert outcome.listing is not None
    assert outcome.listing.mls_number == "N99999999"


def test_an_mls_number_of_another_home_is_shown_to_a_person(bay: Bay) -> None:
    outcome = bay.play(bay.order(address="7 Other Road, Toronto"))
    assert (outcome.result, outcome.code) == (Result.PARKED, "ambiguous_listing")
    assert not bay.control.posts()


def test_an_address_without_its_unit_is_never_guessed(bay: Bay) -> None:
    outcome = bay.play(bay.order(mls_number="", address="100 Example Blvd, Toronto"))
    assert (outcome.result, outcome.code) == (Result.PARKED, "ambiguous_listing")
    assert [one.mls_number for one in outcome.candidates] == [MLS]


def test_a_listing_that_is_not_there_is_not_found(bay: Bay) -> None:
    outcome = bay.play(bay.order(mls_number="C00000000", address="1 Nowhere Lane, Toronto"))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "listing_not_found")


def test_a_listing_without_booking_button_is_not_bookable(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, showings_on=False)
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.REFUSED, "not_bookable")


def test_a_known_listing_is_opened_by_its_id(bay: Bay) -> None:
    bay.control.add_listing(mls_number="N99999999", street=STREET, unit=UNIT, deal="lease")
    outcome = bay.play(bay.order(mls_number="", listing_id=bay.listing_id))
    assert outcome.result is Result.BOOKED, outcome
    assert bay.control.showings()[0].listing_id == bay.listing_id


def test_an_id_that_leads_nowhere_is_not_found(bay: Bay) -> None:
    outcome = bay.play(bay.order(listing_id="0" * 24))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "listing_not_found")


def test_a_signed_out_session_needs_a_person(bay: Bay) -> None:
    bay.control.sign_out(ACCOUNT)
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.PARKED, "needs_sign_in")
    assert not outcome.submitted


@pytest.mark.parametrize("path", ["/search", "/listing"])
def test_a_session_that_dies_on_the_way_needs_a_person(bay: Bay, path: str) -> None:
    bay.control.set_fault("session_dies", path=path)
    outcome = bay.play(bay.order(), step_timeout=2.0)
    assert (outcome.result, outcome.code) == (Result.PARKED, "needs_sign_in")
    assert not bay.control.showings()


def test_slow_pages_are_waited_for(bay: Bay) -> None:
    bay.control.set_fault("slow", seconds=0.7)
    assert bay.play(bay.order()).result is Result.BOOKED


def test_late_search_results_are_waited_for(bay: Bay) -> None:
    bay.control.set_fault("late_results", seconds=2)
    assert bay.play(bay.order()).result is Result.BOOKED


def test_an_error_page_is_a_site_that_is_down(bay: Bay) -> None:
    bay.control.set_fault("white_page")
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code, outcome.retry_is_safe) == (Result.BROKE, "site_down", True)


def test_a_list_that_cannot_be_read_whole_is_no_site_that_is_down(bay: Bay) -> None:
    """An outage is waited out for hours; this, a person is to hear of soon."""
    assert bay.play(bay.order()).result is Result.BOOKED
    bay.control.set_fault("list_total", more=1)
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code, outcome.retry_is_safe) == (Result.BROKE, "page_changed", True)
    assert not outcome.submitted


def test_a_way_to_brokerbay_that_is_cut_is_told_in_plain_words(
    bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bay, "site", lambda **_: Site(base_url="http://127.0.0.1:9"))
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.BROKE, "site_down")
    assert outcome.message == "BrokerBay cannot be reached: the connection broke. Nothing was sent."


@pytest.mark.parametrize(
    "noise",
    [
        "popover_eats_click",
        "rerender_drops_selection",
        "terms_dialog",
        "no_toast",
        "overlay_closes",
        "product_tour",
        "chat_bubble",
    ],
)
def test_a_page_that_makes_it_hard_is_booked_on_all_the_same(bay: Bay, noise: str) -> None:
    bay.control.set_fault(noise)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED, outcome
    assert len(bay.control.posts()) == 1


@pytest.mark.parametrize("stuck", ["submit_stays_disabled", "recaptcha_blocked", "live_blocked"])
def test_a_page_that_is_stuck_sends_nothing(bay: Bay, stuck: str) -> None:
    bay.control.set_fault(stuck)
    outcome = bay.play(bay.order(), step_timeout=2.0, send_timeout=1.0)
    assert (outcome.result, outcome.code, outcome.retry_is_safe) == (Result.BROKE, "page_changed", True)
    assert not outcome.submitted
    assert not bay.control.posts()


def test_a_showing_that_the_account_has_already_is_adopted(bay: Bay) -> None:
    kept = bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED
    assert not outcome.submitted
    assert "already" in outcome.message
    assert outcome.showing is not None
    assert outcome.showing.showing_id == kept
    assert not bay.control.posts()


def test_a_showing_is_adopted_also_when_the_order_names_its_mls_number_only(bay: Bay) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order(address=""))
    assert (outcome.result, outcome.submitted) == (Result.BOOKED, False)


@pytest.mark.parametrize("status", ["Cancelled", "Declined"])
def test_a_showing_that_came_to_nothing_does_not_stand_in_the_way(bay: Bay, status: str) -> None:
    bay.control.add_showing(
        listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14), status=status
    )
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED
    assert outcome.submitted


def test_a_home_that_is_there_already_is_not_said_to_be_missing_before_its_listing_is_known(bay: Bay) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    listener = Remembering()
    assert bay.play(bay.order(address=""), listener=listener).result is Result.BOOKED
    assert not bay.control.posts()
    assert not [line.message for line in listener.lines if "no showing of this home" in line.message]


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
def test_hours_on_the_page_are_not_the_list_that_is_still_loading(bay: Bay, kind: OrderKind) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    bay.control.set_fault("slow", path="/my/showings", seconds=1)
    hours = "document.body.insertAdjacentHTML('beforeend', '<ul><li>Open 9:00 AM - 5:00 PM</li></ul>')"

    async def played() -> Outcome:
        async with bay.browser.context_for("with hours", bay.state) as context:
            await context.add_init_script(f"addEventListener('DOMContentLoaded', () => {hours})")
            return await play(context, bay.order(kind=kind), site=bay.site(), listener=Remembering())

    outcome = bay.loop.run(played())
    assert (outcome.result, outcome.code) == (Result.BROKE, "page_changed")
    assert not bay.control.posts()


@pytest.mark.parametrize(
    ("kind", "mls_number", "ended"),
    [
        (OrderKind.LOOK_UP, MLS, (Result.ABSENT, "")),
        (OrderKind.BOOK, MLS, (Result.PARKED, "ambiguous_listing")),
        (OrderKind.BOOK, "", (Result.PARKED, "ambiguous_listing")),
        (OrderKind.LOOK_UP, "", (Result.PARKED, "ambiguous_listing")),
    ],
)
def test_the_same_street_and_unit_in_another_town_is_another_home(
    bay: Bay, kind: OrderKind, mls_number: str, ended: tuple[Result, str]
) -> None:
    other = bay.control.add_listing(mls_number="N87654321", street=STREET, unit=UNIT, city="Markham")
    bay.control.add_showing(listing_id=other, account=ACCOUNT, date=bay.day, time=time(14))
    order = bay.order(kind=kind, mls_number=mls_number, listing_id=bay.listing_id)
    outcome = bay.play(order)
    assert (outcome.result, outcome.code, outcome.showing) == (*ended, None)
    assert not bay.control.posts()


def test_a_showing_on_a_later_page_of_the_list_is_found(bay: Bay) -> None:
    other = bay.control.add_listing(mls_number="C11111111", street="9 Elsewhere Road")
    for number in range(18):
        bay.control.add_showing(
            listing_id=other, account=ACCOUNT, date=bay.day + timedelta(days=number), time=time(9)
        )
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(8))
    outcome = bay.play(bay.order(kind=OrderKind.LOOK_UP, time=time(8)))
    assert outcome.result is Result.FOUND, outcome
    outcome = bay.play(bay.order())
    assert outcome.result is Result.BOOKED, outcome


def test_a_new_showing_that_appears_late_in_the_list_is_waited_for(bay: Bay) -> None:
    bay.control.set_fault("late_in_list", seconds=2)
    assert bay.play(bay.order()).result is Result.BOOKED


def test_a_showing_that_never_appears_in_the_list_is_unconfirmed(bay: Bay) -> None:
    bay.control.set_fault("late_in_list", seconds=600)
    outcome = bay.play(bay.order(), list_timeout=1.0)
    assert (outcome.result, outcome.code) == (Result.UNCONFIRMED, "no_answer")
    assert outcome.submitted
    assert not outcome.retry_is_safe


def test_a_challenge_is_handed_to_a_person(bay: Bay) -> None:
    bay.control.set_fault("challenge")
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.PARKED, "challenge_shown")
    assert len(bay.control.posts()) == 1


def test_a_slot_taken_at_the_last_moment_is_lost(bay: Bay) -> None:
    bay.control.set_fault("slot_taken_at_submit")
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.REFUSED, "slot_lost")
    assert len(bay.control.posts()) == 1


def test_being_told_to_slow_down_waits(bay: Bay) -> None:
    bay.control.set_fault("rate_limit")
    outcome = bay.play(bay.order())
    assert (outcome.result, outcome.code) == (Result.PARKED, "rate_limited")


@pytest.mark.parametrize(
    ("fault", "then"),
    [
        ("submit_500", Result.ABSENT),
        ("dropped_before_commit", Result.ABSENT),
        ("dropped_after_commit", Result.FOUND),
        ("error_after_commit", Result.FOUND),
        ("answer_late", Result.FOUND),
    ],
)
def test_no_clear_answer_is_unconfirmed_and_the_list_settles_it(bay: Bay, fault: str, then: Result) -> None:
    bay.control.set_fault(fault)
    outcome = bay.play(bay.order(), answer_timeout=2.0)
    assert (outcome.result, outcome.code) == (Result.UNCONFIRMED, "no_answer")
    assert outcome.submitted
    assert len(bay.control.posts()) == 1
    settled = bay.play(bay.order(kind=OrderKind.LOOK_UP))
    assert settled.result is then
    assert (settled.showing is not None) is (then is Result.FOUND)
    assert len(bay.control.posts()) == 1


def test_a_reused_connection_that_dies_does_not_book_twice(bay: Bay) -> None:
    # Chromium by itself sends such a request again. The listing allows overlaps, so both would be booked.
    bay.control.change_listing(bay.listing_id, overlaps_allowed=True)
    bay.control.set_fault("dropped_after_commit", times=1)
    outcome = bay.play(bay.order())
    assert outcome.result is Result.UNCONFIRMED
    assert len(bay.control.posts()) == 1
    assert len(bay.control.showings()) == 1


def test_a_run_stopped_at_the_gate_sends_nothing(bay: Bay) -> None:
    listener = Remembering(forbid=Stopped("Stopped by a person."))
    outcome = bay.play(bay.order(), listener=listener)
    assert (outcome.result, outcome.code) == (Result.BROKE, "stopped")
    assert not outcome.submitted
    assert listener.gates == 1
    assert not bay.control.posts()


def test_an_intent_that_cannot_be_committed_sends_nothing(bay: Bay) -> None:
    outcome = bay.play(bay.order(), listener=Remembering(forbid=OSError("disk full")))
    assert (outcome.result, outcome.code) == (Result.BROKE, "engine_broke")
    assert not outcome.submitted
    assert not bay.control.posts()


def test_a_listing_is_checked_without_booking(bay: Bay) -> None:
    outcome = bay.play(bay.order(kind=OrderKind.CHECK, date=None, time=None, duration_minutes=None))
    assert outcome.result is Result.FOUND
    assert outcome.listing is not None
    assert (outcome.listing.listing_id, outcome.listing.auto_confirm) == (bay.listing_id, True)
    assert not bay.control.posts()


@pytest.mark.parametrize("is_kept", [False, True], ids=["by-mls-number", "by-id"])
def test_a_showing_that_is_wanted_without_its_address_is_found(bay: Bay, is_kept: bool) -> None:
    bay.control.add_showing(listing_id=bay.listing_id, account=ACCOUNT, date=bay.day, time=time(14))
    listener = Remembering()
    order = bay.order(kind=OrderKind.LOOK_UP, address="", listing_id=bay.listing_id if is_kept else "")
    outcome = bay.play(order, listener=listener)
    assert outcome.result is Result.FOUND
    # The site is opened a second time, which must not take the picture of what was found there before.
    assert [line.step.value for line in listener.lines if line.picture is None] == []


@pytest.mark.parametrize(
    ("mls_number", "address", "unit", "ended"),
    [
        (MLS, "100 Example Boulevard, Toronto", UNIT, (Result.FOUND, "")),
        (MLS, "100 Example Boulevard, Toronto", "412", (Result.ABSENT, "")),
        (MLS, "100 Example Boulevard, Toronto", "", (Result.PARKED, "ambiguous_listing")),
        ("", "100 Example Boulevard, Toronto", "", (Result.FOUND, "")),
        ("", "100 Example Boulevard, Toronto", UNIT, (Result.PARKED, "ambiguous_listing")),
        (MLS, "3008-100 Example Blvd, North York, ON", UNIT, (Result.FOUND, "")),
        (MLS, "3008-100 Example Blvd, North York, ON", "412", (Result.ABSENT, "")),
    ],
)
def test_a_home_that_is_named_otherwise_is_told_by_its_mls_number_or_by_a_person(
    bay: Bay, mls_number: str, address: str, unit: str, ended: tuple[Result, str]
) -> None:
    shown = bay.listing_id
    if unit != UNIT:
        shown = bay.control.add_listing(mls_number="N87654321", street=STREET, unit=unit, max_minutes=60)
    bay.control.add_showing(listing_id=shown, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order(kind=OrderKind.LOOK_UP, mls_number=mls_number, address=address))
    assert (outcome.result, outcome.code) == ended


@pytest.mark.parametrize("picked", [0, 1])
def test_a_showing_at_the_same_door_is_a_persons_to_tell_where_the_listing_has_a_unit(
    bay: Bay, picked: int
) -> None:
    door = bay.control.add_listing(mls_number="N87654321", street=STREET, max_minutes=60)
    bay.control.add_showing(listing_id=door, account=ACCOUNT, date=bay.day, time=time(14))
    parked = bay.play(bay.order(address="100 Example Boulevard, Toronto"))
    assert (parked.result, parked.code) == (Result.PARKED, "ambiguous_listing")
    assert not bay.control.posts()
    assert [one.mls_number for one in parked.candidates] == [MLS, ""]
    assert same_home(parked.candidates[0].address, ADDRESS)
    pick = parked.candidates[picked]
    again = bay.play(bay.order(mls_number=pick.mls_number, address=pick.address))
    assert (again.result, again.code) == (Result.BOOKED, "")
    assert len(bay.control.showings()) == 2 - picked


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
def test_a_live_showing_in_the_orders_words_counts_before_a_dead_one_in_the_listings(
    bay: Bay, kind: OrderKind
) -> None:
    for number, street, status in (
        ("N20000001", "5 Main Street E", "Cancelled"),
        ("N20000002", "5 Main Street", "Confirmed"),
    ):
        house = bay.control.add_listing(mls_number=number, street=street, max_minutes=60)
        bay.control.add_showing(listing_id=house, account=ACCOUNT, date=bay.day, time=time(14), status=status)
    order = bay.order(kind=kind, mls_number="N20000001", address="5 Main Street, Toronto, ON")
    outcome = bay.play(order)
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.CONFIRMED
    assert not bay.control.posts()


def test_a_look_up_tells_what_was_declined_in_the_orders_own_words(bay: Bay) -> None:
    """Read as absent, it would be asked for once more."""
    bay.control.add_listing(mls_number="N20000001", street="5 Main Street E", max_minutes=60)
    shown = bay.control.add_listing(mls_number="N20000002", street="5 Main Street", max_minutes=60)
    bay.control.add_showing(listing_id=shown, account=ACCOUNT, date=bay.day, time=time(14), status="Declined")
    order = bay.order(kind=OrderKind.LOOK_UP, mls_number="N20000001", address="5 Main Street, Toronto, ON")
    outcome = bay.play(order)
    assert outcome.result is Result.FOUND
    assert outcome.showing is not None
    assert outcome.showing.status is ShowingStatus.DECLINED


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
@pytest.mark.parametrize("order_says", ["5 Main Street E, Toronto, ON", "5 Main Street, Toronto, ON"])
def test_a_number_that_leads_elsewhere_does_not_hide_what_the_list_has(
    bay: Bay, kind: OrderKind, order_says: str
) -> None:
    house = bay.control.add_listing(
        mls_number="N20000001", street=order_says.partition(",")[0], max_minutes=60
    )
    bay.control.add_listing(mls_number="N20000009", street="77 Elm Street", max_minutes=60)
    bay.control.add_showing(listing_id=house, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order(kind=kind, mls_number="N20000009", address=order_says))
    assert outcome.result is (Result.BOOKED if kind is OrderKind.BOOK else Result.FOUND), outcome
    assert not bay.control.posts()


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
@pytest.mark.parametrize(("is_kept", "is_relisted"), [(False, False), (True, False), (False, True)])
def test_a_house_is_known_by_the_orders_words_where_its_listing_is_gone(
    bay: Bay, kind: OrderKind, is_kept: bool, is_relisted: bool
) -> None:
    house = bay.control.add_listing(mls_number="N20000001", street="5 Main Street", max_minutes=60)
    bay.control.add_showing(listing_id=house, account=ACCOUNT, date=bay.day, time=time(14))
    bay.control.change_listing(house, appears_at=datetime(2099, 1, 1, tzinfo=UTC))
    if is_relisted:
        bay.control.add_listing(mls_number="N20000002", street="5 Main Street", max_minutes=60)
    order = bay.order(
        kind=kind,
        mls_number="N20000001",
        address="5 Main Street, Toronto, ON",
        listing_id=house if is_kept else "",
    )
    outcome = bay.play(order)
    assert outcome.result is (Result.BOOKED if kind is OrderKind.BOOK else Result.FOUND), outcome
    assert outcome.showing is not None
    assert not bay.control.posts()


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
@pytest.mark.parametrize(
    ("street", "listed"),
    [("5 Main Street E", "5 Main Street, Toronto, ON"), ("5 Main Street", "5 Main Street, North York, ON")],
)
def test_a_house_that_the_list_spells_as_the_order_does_is_known(
    bay: Bay, kind: OrderKind, street: str, listed: str
) -> None:
    """BrokerBay's search may spell it otherwise than its list."""
    house = bay.control.add_listing(mls_number="N20000001", street=street, max_minutes=60)
    bay.control.add_showing(listing_id=house, account=ACCOUNT, date=bay.day, time=time(14))
    read = own_list.read_showing

    def spelt(row: ShowingRow, *, near: date) -> SeenShowing | None:
        seen = read(row, near=near)
        return replace(seen, address=listed) if seen else None

    with mock.patch.object(own_list, "read_showing", spelt):
        outcome = bay.play(bay.order(kind=kind, mls_number="N20000001", address=listed))
    assert outcome.result is (Result.BOOKED if kind is OrderKind.BOOK else Result.FOUND), outcome
    assert not bay.control.posts()


@pytest.mark.parametrize("kind", [OrderKind.BOOK, OrderKind.LOOK_UP])
def test_what_is_no_mls_number_does_not_count_as_one(bay: Bay, kind: OrderKind) -> None:
    for number, deal in (("N20000002", "lease"), ("N20000001", "sale")):
        house = bay.control.add_listing(mls_number=number, street="5 Main Street", deal=deal)
    bay.control.add_showing(listing_id=house, account=ACCOUNT, date=bay.day, time=time(14))
    outcome = bay.play(bay.order(kind=kind, mls_number="N2000000", address="5 Main Street, Toronto, ON"))
    assert outcome.result is (Result.BOOKED if kind is OrderKind.BOOK else Result.FOUND), outcome
    assert not bay.control.posts()


@pytest.mark.parametrize("picked", ["the order's", "the list's"])
@pytest.mark.parametrize("town", ["Toronto", "North York"])
def test_a_showing_of_another_town_is_asked_about_with_both_to_pick_from(
    bay: Bay, picked: str, town: str
) -> None:
    there = bay.listing_id
    if town != "Toronto":
        there = bay.control.add_listing(mls_number="N87654321", street=STREET, unit=UNIT, city=town)
    bay.control.add_showing(listing_id=there, account=ACCOUNT, date=bay.day, time=time(14))
    # By id alone: the listing's page names no town.
    order = bay.order(mls_number="", listing_id=bay.listing_id, address=f"{UNIT}-{STREET}, Vaughan, ON")
    listener = Remembering()
    parked = bay.play(order, listener=listener)
    assert (parked.result, parked.code) == (Result.PARKED, "ambiguous_listing")
    assert [(line.step, line.message) for line in listener.errors] == [(Step.FIND_LISTING, parked.message)]
    ours, theirs = parked.candidates
    assert (ours.address, ours.mls_number) == (order.address, MLS)
    assert same_home(theirs.address, f"{UNIT}-{STREET}, {town}, ON")
    pick = ours if picked == "the order's" else theirs
    again = bay.play(bay.order(mls_number=pick.mls_number, address=pick.address))
    assert (again.result, again.code) == (Result.BOOKED, "")
    # BrokerBay's own row of the listing names its town: only if that is another one is there more to book.
    other = picked == "the order's" and town != "Toronto"
    assert len(bay.control.showings()) == (2 if other else 1)


def test_land_without_a_house_number_is_booked_by_its_lot(bay: Bay) -> None:
    bay.control.add_listing(
        mls_number="X87654321", street="Lot 12 Concession Road 5", city="Milton", max_minutes=60
    )
    order = bay.order(mls_number="", address="Lot 12, Con 5, Milton, ON")
    for _ in range(2):
        outcome = bay.play(order)
        assert (outcome.result, outcome.code) == (Result.BOOKED, "")
        assert len(bay.control.posts()) == 1
    # In the account's list it is a showing like any other.
    assert bay.play(bay.order()).result is Result.BOOKED


@pytest.mark.parametrize(
    "named", [{"address": "Concession Road 5, Milton, ON"}, {"address": "", "mls_number": "X7654321"}]
)
def test_a_home_that_cannot_be_searched_for_says_so(bay: Bay, named: dict[str, str]) -> None:
    outcome = bay.play(bay.order(**{"mls_number": "", **named}))
    assert (outcome.result, outcome.code) == (Result.REFUSED, "listing_not_found")
    assert "names no home that BrokerBay can be searched for" in outcome.message


def test_a_site_that_is_down_proves_no_absence(bay: Bay) -> None:
    bay.control.set_fault("white_page", path="/my")
    outcome = bay.play(bay.order(kind=OrderKind.LOOK_UP), step_timeout=1.5)
    assert outcome.result is Result.BROKE
    assert outcome.retry_is_safe


def test_a_cancelled_run_closes_its_page_and_sends_nothing(bay: Bay) -> None:
    bay.control.set_fault("late_results", seconds=20)

    async def cancelled() -> int:
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            listener = Remembering()
            playing = asyncio.ensure_future(play(context, bay.order(), site=bay.site(), listener=listener))
            while "check_own_list" not in listener.steps:
                await asyncio.wait([playing], timeout=0.05)
            playing.cancel()
            await asyncio.wait([playing])
            assert playing.cancelled()
            return len(context.pages)

    assert bay.loop.run(cancelled()) == 0
    assert not bay.control.posts()


def test_a_page_that_crashes_before_the_gate_may_be_tried_again(bay: Bay) -> None:
    class Crashing(Remembering):
        async def told(self, line):  # type: ignore[no-untyped-def]
            await super().told(line)
            if line.step.value == "find_listing":
                [page] = context_box[0].pages
                await page.close()

    context_box = []

    async def crashed():  # type: ignore[no-untyped-def]
        async with bay.browser.context_for(ACCOUNT, bay.state) as context:
            context_box.append(context)
            return await play(context, bay.order(), site=bay.site(), listener=Crashing())

    outcome = bay.loop.run(crashed())
    assert (outcome.result, outcome.code, outcome.retry_is_safe) == (Result.BROKE, "browser_gone", True)
    assert not outcome.submitted


def test_an_order_without_a_time_is_refused_at_the_door(bay: Bay) -> None:
    with pytest.raises(ValueError, match="time"):
        bay.play(bay.order(time=None))


def test_a_failed_step_keeps_its_picture(bay: Bay) -> None:
    bay.control.change_listing(bay.listing_id, showings_on=False)
    listener = Remembering()
    bay.play(bay.order(), listener=listener)
    [failed] = listener.errors
    assert failed.picture
    assert failed.level is Level.ERROR
    assert ADDRESS not in failed.message
