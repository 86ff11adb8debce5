"""Which showing of the account's own list is the order's: adopted, asked about, or another home's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from unittest import mock

import pytest

from automation.engine.contract import (
    OrderKind,
    Outcome,
    Result,
    SeenShowing,
    ShowingStatus,
    Step,
)
from automation.engine.flow import play
from automation.engine.listings import same_home
from automation.engine.showings import ShowingRow
from automation.engine.steps import own_list
from tests.automation.engine.conftest import ACCOUNT, ADDRESS, MLS, STREET, UNIT, Bay, Remembering


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


@pytest.mark.parametrize("unit", ["", UNIT])
@pytest.mark.parametrize("picked", [0, 1])
def test_an_order_without_a_town_is_of_its_listings(bay: Bay, unit: str, picked: int) -> None:
    for number, city in (("N20000001", "Toronto"), ("N20000002", "Markham")):
        home = bay.control.add_listing(
            mls_number=number, street="5 Main Street", unit=unit, city=city, max_minutes=60
        )
    bay.control.add_showing(listing_id=home, account=ACCOUNT, date=bay.day, time=time(14))
    named = {"mls_number": "N20000001", "address": f"5 Main Street{unit and f' #{unit}'}"}
    for kind in (OrderKind.LOOK_UP, OrderKind.BOOK):
        parked = bay.play(bay.order(kind=kind, **named))
        assert (parked.result, parked.code) == (Result.PARKED, "ambiguous_listing")
        assert f"at this time of {parked.candidates[1].address}," in parked.message
    pick = parked.candidates[picked]
    again = bay.play(bay.order(mls_number=pick.mls_number, address=pick.address))
    assert (again.result, len(bay.control.showings())) == (Result.BOOKED, 2 - picked)


@pytest.mark.parametrize("address", ["", f"{UNIT}-{STREET}"])
def test_a_list_that_spells_the_town_otherwise_than_the_search_does_not_hide_what_was_sent(
    bay: Bay, address: str
) -> None:
    read = own_list.read_showing

    def spelt(row: ShowingRow, *, near: date) -> SeenShowing | None:
        seen = read(row, near=near)
        return replace(seen, address=f"{STREET}, #{UNIT}, North York, ON") if seen else None

    with mock.patch.object(own_list, "read_showing", spelt):
        first = bay.play(bay.order(address=address), list_timeout=1)
        assert (first.result, first.submitted) == (Result.UNCONFIRMED, True)
        assert first.listing is not None
        again = bay.play(bay.order(address=address, listing_id=first.listing.listing_id))
    assert (again.result, again.submitted) == (Result.BOOKED, False)
    assert len(bay.control.posts()) == 1
