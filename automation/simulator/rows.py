"""Listings and showings as the pages get them: JSON."""

from __future__ import annotations

from typing import Any

from automation.simulator.records import Listing, Showing
from automation.simulator.store import Store


def of_listing(listing: Listing) -> dict[str, Any]:
    return {
        "_id": listing.id,
        "mls": f"{listing.board}: {listing.mls_number}",
        "badge": listing.badge,
        "rowAddress": listing.row_address,
        "address": listing.address,
        "cityLine": f"{listing.city}, {listing.province}",
        "place": listing.place,
        "price": f"${listing.price:,}" + ("/mo" if listing.deal == "lease" else ""),
        "deal": "For Lease" if listing.deal == "lease" else "For Sale",
        "days": listing.days_on_market,
        "brokerage": listing.brokerage,
        "agents": listing.agents,
        "bookable": listing.is_bookable,
        "status": "Sold" if listing.is_sold else "Active" if listing.is_active else "Inactive",
        "autoConfirm": listing.auto_confirm,
        "photo": f"/photo/{listing.id}.svg",
    }


def details(listing: Listing) -> dict[str, Any]:
    """What a listing's own page tells beyond its row."""
    return {"kind": listing.kind, "beds": listing.beds, "baths": listing.baths, "number": listing.mls_number}


def of_showing(store: Store, showing: Showing) -> dict[str, Any]:
    listing = store.listing(showing.listing_id)
    return {
        "_id": showing.id,
        "listing": of_listing(listing) if listing else None,
        "date": showing.date.isoformat(),
        "time": f"{showing.time:%H:%M}",
        "minutes": showing.minutes,
        "status": showing.status,
        "showingType": showing.showing_type,
        "instructionBy": showing.instruction_by,
        "note": showing.note,
        "reason": showing.reason,
        "suggested": showing.suggested.isoformat(timespec="minutes") if showing.suggested else None,
    }
