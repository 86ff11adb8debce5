"""Orders played by a real browser on a local BrokerBay."""

from __future__ import annotations

import asyncio
from datetime import date, time, timedelta

import pytest

from automation.engine.contract import (
    Level,
    OrderKind,
    Result,
    ShowingStatus,
    Site,
)
from automation.engine.errors import Stopped
from automation.engine.flow import play
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
