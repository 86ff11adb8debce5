"""Finds the one listing that the order means, or says why there is none or more than one."""

from __future__ import annotations

from collections.abc import Sequence

from automation.engine.attempt import Attempt, Done
from automation.engine.contract import Candidate, Listing, OrderKind
from automation.engine.errors import AmbiguousListing, ListingNotFound, NeedsSignIn, RateLimited, SiteDown
from automation.engine.listings import Likeness, address_in, likeness, mls_number, parse_address, search_text
from automation.engine.pages.listing import ListingPage, ListingSeen
from automation.engine.pages.search import ResultRow, Search
from automation.engine.showings import place_in
from automation.engine.steps.check_own_list import adopt_as_named, describe


async def find_listing(attempt: Attempt) -> Done:
    """By its id, else by MLS number, else by address; every part of the row is compared. A look-up begins
    with the MLS number: unlike a listing's page, its row names the town too, as the own list does.

    Leaves `attempt.listing`, and `attempt.row` where a search row leads on to the wizard; where no listing is
    found, or not surely, and the own list has the showing in the order's own words, `attempt.showing`.
    """
    try:
        return await _find(attempt)
    except (AmbiguousListing, ListingNotFound):
        if (showing := adopt_as_named(attempt)) is None:
            raise
        said = describe(showing)
        return Done(message=f"No listing says otherwise, and BrokerBay's list has the showing: {said}.")


async def _find(attempt: Attempt) -> Done:
    wanted_number = mls_number(attempt.order.mls_number)
    looks_up = attempt.order.kind is OrderKind.LOOK_UP and wanted_number
    if attempt.order.listing_id and not looks_up:
        return await _by_id(attempt)
    await attempt.exposed()
    await Search(attempt.page).open(rest=attempt.rest)
    if wanted_number:
        rows = await _look_up(attempt, wanted_number)
        if fits := [row for row in rows if _number(row) == wanted_number]:
            return _take(attempt, _only(fits, attempt))
    if attempt.order.listing_id:
        return await _by_id(attempt)
    if not parse_address(attempt.order.address).is_complete:
        raise ListingNotFound(_not_found(attempt) if wanted_number else _not_named(attempt))
    rows = await _look_up(attempt, search_text(attempt.order.address))
    if fits := [row for row in rows if wanted_number and _number(row) == wanted_number]:
        return _take(attempt, _only(fits, attempt))  # the MLS's feed has brought it between both searches
    return _take(attempt, _by_address(rows, attempt, wanted_number))


async def _look_up(attempt: Attempt, text: str) -> Sequence[ResultRow]:
    """All rows for a text; once more where the overlay closed by itself, for nothing was read then."""
    search = Search(attempt.page)
    results = await search.look_up(text, rest=attempt.rest)
    if not results.is_open:
        await search.open(rest=attempt.rest)
        results = await search.look_up(text, rest=attempt.rest)
    if results.status == 401:
        raise NeedsSignIn(
            "BrokerBay signed us out during the search. Nothing was sent: a person must sign in again."
        )
    if results.status == 429:
        raise RateLimited("BrokerBay asks us to slow down (429). Nothing was sent.")
    if results.status >= 400 or not results.is_open:
        raise SiteDown(f"BrokerBay's search does not work ({results.status}). Nothing was sent.")
    return results.rows


async def _by_id(attempt: Attempt) -> Done:
    await attempt.pictured()
    await attempt.shell.open(ListingPage.route(attempt.order.listing_id))
    seen = await read_listing(attempt)
    if seen is None:
        raise ListingNotFound(
            "BrokerBay has no listing under the address that was kept for it. Look for it by MLS number."
        )
    wanted = parse_address(attempt.order.address)
    if wanted.is_complete and likeness(wanted, parse_address(seen.address)) is Likeness.OTHER:
        raise AmbiguousListing(
            f"The listing that was picked is {seen.address}, but the order says {attempt.order.address}: "
            "a person must say which one is meant.",
            candidates=(
                Candidate(
                    address=seen.address, mls_number=seen.mls_number, listing_id=attempt.order.listing_id
                ),
            ),
        )
    attempt.listing = Listing(
        listing_id=attempt.order.listing_id, address=seen.address, mls_number=seen.mls_number
    )
    return Done(message=f"Found {_named(attempt.listing)}.", touched=ListingPage.HEADING)


async def read_listing(attempt: Attempt) -> ListingSeen | None:
    """The listing's page that is open; that it is unknown or not bookable is believed of a page at rest."""
    page = ListingPage(attempt.page)
    seen = await page.read()
    if seen is None or not seen.is_bookable:
        await attempt.rest()
        seen = await page.read()
    return seen


def _only(rows: Sequence[ResultRow], attempt: Attempt) -> ResultRow:
    """The one row with the wanted MLS number, unless its address contradicts the order's."""
    if len(rows) > 1:
        raise _ambiguous(rows, f"{len(rows)} listings carry the MLS number {attempt.order.mls_number}")
    row, wanted = rows[0], parse_address(attempt.order.address)
    shown = parse_address(_address(row))
    fits_without_place = likeness(wanted.without_city(), shown.without_city()) is not Likeness.OTHER
    if wanted.is_complete and not fits_without_place:
        raise _ambiguous(
            rows,
            f"The MLS number {attempt.order.mls_number} belongs to {_address(row)}, "
            f"but the order says {attempt.order.address}",
        )
    return row


def _by_address(rows: Sequence[ResultRow], attempt: Attempt, wanted_number: str) -> ResultRow:
    wanted = parse_address(attempt.order.address)
    by_likeness = [(likeness(wanted, parse_address(_full_address(row))), row) for row in rows]
    same = [row for how, row in by_likeness if how is Likeness.SAME]
    loose = [row for how, row in by_likeness if how is Likeness.LOOSE]
    if not same and not loose:
        raise ListingNotFound(_not_found(attempt))
    if wanted_number:
        raise _ambiguous(
            same or loose,
            f"BrokerBay knows no MLS number {wanted_number}; "
            f"at {attempt.order.address} it has another listing",
        )
    if len(same) > 1:
        raise _ambiguous(same, f"BrokerBay has {len(same)} listings at {attempt.order.address}")
    if not same:
        raise _ambiguous(loose, f"“{attempt.order.address}” does not name one home in full")
    return same[0]


def _take(attempt: Attempt, row: ResultRow) -> Done:
    attempt.row = row
    attempt.listing = Listing(
        listing_id="",
        address=_full_address(row),
        mls_number=_number(row),
        auto_confirm=row.auto_confirm,
    )
    mode = {True: ", auto-confirm", False: ", needs approval", None: ""}[row.auto_confirm]
    return Done(message=f"Found {_named(attempt.listing)}{mode}.", touched=row.outline)


def _ambiguous(rows: Sequence[ResultRow], why: str) -> AmbiguousListing:
    return AmbiguousListing(
        f"{why}: a person must pick the listing.",
        candidates=tuple(
            Candidate(
                address=_address(row),
                mls_number=_number(row),
                city=place_in(row.texts),
                price=next((text for text in row.texts if text.startswith("$")), ""),
            )
            for row in rows
        ),
    )


def _not_found(attempt: Attempt) -> str:
    order = attempt.order
    named = " or ".join(
        text
        for text in (
            f"the MLS number {order.mls_number}" if order.mls_number else "",
            f"the address {order.address}" if order.address else "",
        )
        if text
    )
    return (
        f"BrokerBay has no listing with {named}. New listings appear there up to 30 minutes after the MLS; "
        "some never do. Check the spelling, or try again later."
    )


def _not_named(attempt: Attempt) -> str:
    named = attempt.order.address or attempt.order.mls_number
    return (
        f"“{named}” names no home that BrokerBay can be searched for: it takes an MLS number (like "
        "N12345678), or a house or lot number with its street. Correct the request and try again."
    )


def _named(listing: Listing) -> str:
    return f"{listing.address} ({listing.mls_number})" if listing.mls_number else listing.address


def _address(row: ResultRow) -> str:
    return address_in(row.texts)


def _full_address(row: ResultRow) -> str:
    place = place_in(row.texts)
    return f"{_address(row)}, {place}" if place else _address(row)


def _number(row: ResultRow) -> str:
    return next((number for text in row.texts if (number := mls_number(text))), "")
