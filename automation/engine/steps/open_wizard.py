"""Opens the booking wizard of the found listing, and makes sure that it is that listing's."""

from __future__ import annotations

from dataclasses import replace

from automation.engine.attempt import Attempt, Done
from automation.engine.errors import AmbiguousListing, ContactDetailsWanted, NeedsApproval, NotBookable
from automation.engine.listings import Likeness, address_in, likeness, parse_address
from automation.engine.pages.listing import ListingPage
from automation.engine.pages.search import Search
from automation.engine.steps.find_listing import read_listing


async def open_wizard(attempt: Attempt) -> Done:
    """Raises `NotBookable` where no showing is offered, `NeedsApproval` where auto-confirm was wanted,
    `ContactDetailsWanted` where the account must introduce itself first."""
    listing = attempt.listing
    if listing is None:
        raise ValueError("The wizard belongs to a listing; find it first.")
    await attempt.exposed()
    if attempt.row is not None:
        search, address = Search(attempt.page), address_in(attempt.row.texts)
        opens = search.open_wizard if attempt.row.button else search.open_listing
        await opens(attempt.row, address=address, mls_number=listing.mls_number)
    if attempt.row is None or not attempt.row.button:
        await _by_listing_page(attempt)
    attempt.frame = await attempt.wizard.frame()
    wizard = attempt.wizard
    seen = await wizard.read()
    if seen is not None and attempt.order.auto_confirm_only and not seen.auto_confirm:
        await attempt.rest()
        seen = await wizard.read()
    if seen is None:
        # Where a person will find the form again.
        attempt.listing = replace(listing, listing_id=wizard.listing_id or listing.listing_id)
        raise ContactDetailsWanted(
            f"BrokerBay wants contact details from this account before it books {listing.address}. Nothing "
            "was sent: a person must fill them in on BrokerBay once, by Book Showing and Save Profile."
        )
    if likeness(parse_address(listing.address), parse_address(seen.address)) is Likeness.OTHER:
        raise AmbiguousListing(
            f"BrokerBay opened the booking of {seen.address} instead of {listing.address}. Nothing was sent: "
            "a person must look at it."
        )
    attempt.listing = replace(
        listing,
        listing_id=seen.listing_id or listing.listing_id,
        auto_confirm=seen.auto_confirm,
    )
    if attempt.order.auto_confirm_only and not seen.auto_confirm:
        raise NeedsApproval(
            f"{listing.address} wants every showing approved, and this request is for auto-confirm only. "
            "Nothing was sent: allow listings that need approval, or call the listing's office."
        )
    mode = "it confirms at once" if seen.auto_confirm else "the listing's side must approve"
    return Done(message=f"Opened the booking page of {seen.address}: {mode}.", touched=wizard.SUBMIT_BUTTON)


async def _by_listing_page(attempt: Attempt) -> None:
    seen = await read_listing(attempt)
    if seen is None or not seen.is_bookable:
        reason = f" It says “{seen.reason}”." if seen and seen.reason else ""
        raise NotBookable(
            f"BrokerBay offers no online showing for {attempt.listing.address if attempt.listing else 'it'}."
            f"{reason} Call the listing's office."
        )
    await ListingPage(attempt.page).open_wizard()
