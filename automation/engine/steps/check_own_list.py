"""Reads the account's own showings: before a booking, and to settle an unclear one."""

from __future__ import annotations

from dataclasses import replace

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Candidate, Level, Listing, OrderKind, SeenShowing, ShowingStatus
from automation.engine.errors import AmbiguousListing
from automation.engine.listings import mls_number, parse_address
from automation.engine.showings import Wanted, doubtful_showings, find_showing, is_live
from automation.engine.slots import say_day, say_time
from automation.engine.steps.own_list import read_all, read_all_twice

_SAID = {
    ShowingStatus.CONFIRMED: "confirmed",
    ShowingStatus.REQUESTED: "requested, awaiting approval",
    ShowingStatus.TIME_SUGGESTED: "answered with another time",
    ShowingStatus.DECLINED: "declined",
    ShowingStatus.CANCELLED: "cancelled",
}
_LISTING_TELLS = "BrokerBay's list has a showing at this time; its listing will tell of which home."
_WHOSE = (
    "BrokerBay's list has a showing at this time, but it does not say for sure whether it is of this home: "
    "a person must say whether it is the one."
)


async def check_own_list(attempt: Attempt) -> Done:
    """Reads all of the account's showings and adopts a live one that is just what the order asks for."""
    attempt.own_showings = await read_all(attempt)
    wanted = wanted_showing(attempt)
    if (found := adopt(attempt)) is not None:
        return Done(message=f"This showing is booked already: {describe(found)}.", level=Level.SUCCESS)
    if is_in_doubt(attempt):
        return Done(message=_LISTING_TELLS, same_view=True)
    return Done(
        message=f"Read the account's own list ({len(attempt.own_showings)}): "
        f"no showing of this home on {say_day(wanted.date)} at {say_time(wanted.time)} yet.",
        same_view=True,
    )


async def read_own_list(attempt: Attempt) -> Done:
    """Reads the whole list, for whoever compares it with what is known here."""
    attempt.own_showings = await read_all_twice(attempt)
    live = sum(is_live(seen) for seen in attempt.own_showings)
    return Done(
        message=f"Read the account's own list to its end: {len(attempt.own_showings)} showings, {live} live.",
        level=Level.SUCCESS,
        same_view=True,
    )


async def settle_by_own_list(attempt: Attempt) -> Done:
    """Says surely whether the order's showing is in the list, or raises: in doubt a person must look.

    A showing that was to be moved is looked for at both times: where it is live counts.
    """
    attempt.own_showings = await read_all(attempt)
    places = wanted_places(attempt)
    found = [seen for wanted in places if (seen := _find(attempt, wanted))]
    if found:
        showing = next((seen for seen in found if is_live(seen)), found[0])
        _ask_if_in_other_town(attempt, showing)
        attempt.showing = showing
        return Done(message=f"BrokerBay's list has it: {describe(attempt.showing)}.", level=Level.SUCCESS)
    if is_in_doubt(attempt):
        if _may_ask_listing(attempt):
            return Done(message=_LISTING_TELLS, same_view=True)
        raise AmbiguousListing(_WHOSE)
    return Done(
        message=f"Read all {len(attempt.own_showings)} showings of the account: this one is not among them.",
        level=Level.WARNING,
    )


def is_in_doubt(attempt: Attempt) -> bool:
    """Whether the list that was read has a showing that may be the order's, and may be another home's.

    Until its listing is known, that is any at this moment: BrokerBay may spell the home otherwise, or its
    town.
    """
    if attempt.showing is not None or not attempt.own_showings:
        return False
    places = wanted_places(attempt)
    if _may_ask_listing(attempt):
        moments = {(wanted.date, wanted.time) for wanted in places}
        return any((seen.date, seen.time) in moments for seen in attempt.own_showings)
    return any(doubtful_showings(attempt.own_showings, wanted) for wanted in places)


def _may_ask_listing(attempt: Attempt) -> bool:
    """A showing that is known is spelt as BrokerBay spells it; so is a listing once it is found."""
    return attempt.listing is None and attempt.order.showing is None


def adopt(attempt: Attempt) -> SeenShowing | None:
    """The live showing, among those read, that the order asks for; kept as the attempt's own."""
    found = _find(attempt, wanted_showing(attempt))
    if found is None or not is_live(found):
        return None
    _ask_if_in_other_town(attempt, found)
    attempt.showing = found
    return found


def adopt_as_named(attempt: Attempt) -> SeenShowing | None:
    """Where no listing of BrokerBay's says otherwise, the order's own words are all there is."""
    found = find_showing(attempt.own_showings, wanted_showing(attempt)) if attempt.own_showings else None
    if found is not None and (is_live(found) or attempt.order.kind is OrderKind.LOOK_UP):
        attempt.showing = found
    return attempt.showing


def _find(attempt: Attempt, wanted: Wanted) -> SeenShowing | None:
    """What the list has at that moment in its listing's words or in the order's own, a live one first.

    People leave out unit and town beside a number that names the listing: then their words count only once
    it is known. Where it has a unit that they leave out, it may be another door of that house, and
    `AmbiguousListing` lets a person say. So what fits is adopted or asked about, and never sent past.
    """
    order, listing, own = attempt.order, attempt.listing, attempt.own_showings
    found = find_showing(own, wanted)
    said = parse_address(order.address)
    if listing is None:
        has_number = bool(mls_number(order.mls_number) or order.listing_id)
        is_whole = bool(said.unit and said.city) or not has_number
        return found if order.showing is not None or is_whole else None
    named = find_showing(own, replace(wanted, address=order.address))
    if named is None or (found is not None and is_live(found) >= is_live(named)):
        return found
    if said.unit or not parse_address(listing.address).unit:
        return named
    if is_live(named) or order.kind is OrderKind.LOOK_UP:  # which also tells what was declined
        raise _which(listing, listing.address, named)
    return found


def _ask_if_in_other_town(attempt: Attempt, found: SeenShowing) -> None:
    """Raises `AmbiguousListing` where the showing's town is neither the listing's nor the order's."""
    order, listing = attempt.order, attempt.listing
    if listing is None:
        return
    town, ours, theirs = (parse_address(each.address).city for each in (listing, order, found))
    if theirs and (town or ours) and theirs not in (town, ours):
        raise _which(listing, listing.address if town else order.address, found)


def _which(listing: Listing, address: str, seen: SeenShowing) -> AmbiguousListing:
    """For a person to pick from: the listing, where its number can find it, and the home of the showing."""
    homes = [Candidate(address=address, mls_number=listing.mls_number)] if listing.mls_number else []
    return AmbiguousListing(
        f"BrokerBay's list has a showing at this time of {seen.address}, which may be this very home: "
        "a person must say whether it is the one, for otherwise one more is asked for.",
        candidates=(*homes, Candidate(address=seen.address)),
    )


def wanted_places(attempt: Attempt) -> list[Wanted]:
    """Where a look-up may find its showing: as it was last seen, then as the order wants it."""
    order, known = attempt.order, attempt.order.showing
    if known is None:
        return [wanted_showing(attempt)]
    seen_last = Wanted(address=known.address, listing_id=known.listing_id, date=known.date, time=known.time)
    if order.date is None or order.time is None:
        return [seen_last]
    return [seen_last, replace(seen_last, date=order.date, time=order.time)]


def wanted_showing(attempt: Attempt) -> Wanted:
    """What to look for; once BrokerBay's listing is known, its id and spelling count, not the order's."""
    order, listing = attempt.order, attempt.listing
    if order.date is None or order.time is None:
        raise ValueError("An order for a showing needs its date and time.")
    return Wanted(
        address=listing.address if listing else order.address,
        listing_id=listing.listing_id if listing else order.listing_id,
        date=order.date,
        time=order.time,
    )


def describe(seen: SeenShowing) -> str:
    said = _SAID.get(seen.status, f"“{seen.badge}”")
    return f"{seen.address}, {say_day(seen.date)} at {say_time(seen.time)}, {said}"
