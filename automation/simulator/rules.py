"""What the site grants and refuses to an account that wants to book, cancel or move a showing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from automation.simulator.records import GIVEN_UP, Account, Listing, Showing
from automation.simulator.slots import DURATIONS, durations_at, read_day, span
from automation.simulator.store import Store, new_id

REASONS = (
    "Client is no longer interested",
    "Client is not available",
    "Booked by mistake",
    "Other",
)


class Refused(Exception):
    """BrokerBay says no to a submit; `status` is the HTTP status and `message` what the page shows."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def can_cancel(showing: Showing, listing: Listing, *, now: datetime) -> bool:
    """Whether its page has a Cancel button: not once it is given up or has begun."""
    return showing.status not in GIVEN_UP and not _has_begun(showing, listing, now=now)


def can_reschedule(showing: Showing, listing: Listing, *, now: datetime) -> bool:
    """Whether its page has a Reschedule button: only what is confirmed can be moved."""
    return showing.status == "Confirmed" and not _has_begun(showing, listing, now=now)


def book(store: Store, listing: Listing, account: Account, body: dict[str, Any]) -> Showing:
    """Grants or takes note of a showing; raises Refused with the words that the page shows."""
    day, at, minutes = wish(body)
    with store.transaction():
        if not listing.is_bookable:
            raise Refused(409, "Showings are not available for this listing")
        if minutes > listing.max_minutes:
            raise Refused(422, f"The longest showing here is {listing.max_minutes} min")
        if minutes not in durations_at(store.slots(listing, day), at, most=listing.max_minutes):
            raise Refused(409, "That time is no longer available")
        now = store.now()
        showing = Showing(
            id=new_id(),
            listing_id=listing.id,
            account=account.email,
            date=day,
            time=at,
            minutes=minutes,
            status="Confirmed" if listing.auto_confirm else "New",
            created_at=now,
            visible_at=now,
            showing_type=str(body.get("showingType") or "Buyer/Broker"),
            instruction_by=str(body.get("sendInstructionBy") or "Email"),
            note=str(body.get("note") or ""),
        )
        store.put_showing(showing)
    return showing


def cancel(store: Store, listing: Listing, showing: Showing, body: dict[str, Any]) -> Showing:
    """The showing as given up; raises Refused with the words that the page shows."""
    reason = str(body.get("reason") or "")
    if reason not in REASONS:
        raise Refused(422, "Select a reason")
    if not can_cancel(showing, listing, now=store.now()):
        raise Refused(409, "This showing can no longer be cancelled")
    cancelled = replace(showing, status="Cancelled", reason=reason)
    store.put_showing(cancelled)
    return cancelled


def reschedule(store: Store, listing: Listing, showing: Showing, body: dict[str, Any]) -> Showing:
    """The showing at its new time, waiting again where the listing side must approve; raises Refused."""
    day, at, minutes = wish(body)
    with store.transaction():
        if not can_reschedule(showing, listing, now=store.now()):
            raise Refused(409, "This showing can no longer be rescheduled")
        if (day, at, minutes) == (showing.date, showing.time, showing.minutes):
            raise Refused(422, "The new time is the same as the original time")
        if not listing.is_bookable:
            raise Refused(409, "Showings are not available for this listing")
        if minutes > listing.max_minutes:
            raise Refused(422, f"The longest showing here is {listing.max_minutes} min")
        slots = store.slots(listing, day, moving=showing.id)
        if minutes not in durations_at(slots, at, most=listing.max_minutes):
            raise Refused(409, "That time is no longer available")
        status = "Confirmed" if listing.auto_confirm else "Awaiting Approval"
        moved = replace(showing, date=day, time=at, minutes=minutes, status=status)
        store.put_showing(moved)
    return moved


def as_listed(showing: Showing, *, now: datetime) -> Showing | None:
    """The showing as its account's list shows it: where the list lags, as it was before, or not at all."""
    if showing.visible_at <= now:
        return showing
    if showing.earlier is None:
        return None
    return Showing.read(showing.written() | showing.earlier)


def _has_begun(showing: Showing, listing: Listing, *, now: datetime) -> bool:
    return span(showing.date, showing.time, showing.minutes, zone=listing.time_zone).start <= now


def wish(body: dict[str, Any]) -> tuple[date, time, int]:
    """Day, start and minutes that a submit asks for; raises Refused when they are not there."""
    try:
        day, at = read_day(str(body["date"])), time.fromisoformat(str(body["time"]))
        minutes = int(body["duration"])
    except (KeyError, ValueError) as error:
        raise Refused(422, "Date, time and duration are needed") from error
    if minutes not in DURATIONS:
        raise Refused(422, "Durations are 15, 30, 45 or 60 min")
    return day, at, minutes
