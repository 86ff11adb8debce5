"""Why a step on BrokerBay did not end as wished, as data.

Each error says whether trying again by machine is safe (nothing can have been sent) and keeps what
it saw, so that a person can settle it with one click. `code` is what the rows store.
"""

from __future__ import annotations

from typing import ClassVar

from automation.engine.contract import Candidate, OpenSlot


class StepError(Exception):
    """A step ended in a way that the flow knows by name.

    `message` is one plain sentence for a partner: what happened and why.
    """

    code: ClassVar[str] = "step_error"
    retry_is_safe: ClassVar[bool] = False
    is_refusal: ClassVar[bool] = False  # BrokerBay's own no, as opposed to something that broke

    def __init__(
        self,
        message: str,
        *,
        open_slots: tuple[OpenSlot, ...] = (),
        candidates: tuple[Candidate, ...] = (),
        step: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.open_slots = open_slots
        self.candidates = candidates
        self.step = step


class NeedsSignIn(StepError):
    """BrokerBay shows its sign-in page or the visible "logged out" banner: a person must sign in."""

    code = "needs_sign_in"


class ChallengeShown(StepError):
    """BrokerBay asks whether we are human. Only a person may answer; nothing was booked."""

    code = "challenge_shown"


class ContactDetailsWanted(StepError):
    """BrokerBay wants contact details before its booking page opens; a person saves them once."""

    code = "contact_details_wanted"


class ListingNotFound(StepError):
    """The search, complete, has no row that equals the order's listing."""

    code = "listing_not_found"
    is_refusal = True


class AmbiguousListing(StepError):
    """Several listings fit the order; `candidates` holds them for a person to pick from."""

    code = "ambiguous_listing"


class NotBookable(StepError):
    """The listing is there, but BrokerBay offers no online showing for it."""

    code = "not_bookable"
    is_refusal = True


class NeedsApproval(StepError):
    """The order is for auto-confirm only and this listing wants approval."""

    code = "needs_approval"
    is_refusal = True


class SlotUnavailable(StepError):
    """The wanted time is not offered; `open_slots` holds what is, that day."""

    code = "slot_unavailable"
    is_refusal = True


class SlotLost(StepError):
    """The slot was taken between choosing it and BrokerBay's answer; nothing was booked."""

    code = "slot_lost"
    is_refusal = True


class DurationTooLong(StepError):
    """The listing allows shorter showings only than the order asks for."""

    code = "duration_too_long"
    is_refusal = True


class ShowingNotFound(StepError):
    """The account's list, read completely, has no live showing that equals the order's."""

    code = "showing_not_found"
    is_refusal = True


class NotCancellable(StepError):
    """The showing is there, but BrokerBay offers no way to cancel it (past, or ended by the listing side)."""

    code = "not_cancellable"
    is_refusal = True


class NotReschedulable(StepError):
    """The showing is there, but BrokerBay offers no way to move it (not confirmed yet, past, or ended)."""

    code = "not_reschedulable"
    is_refusal = True


class SameTime(StepError):
    """The showing stands at the wanted time already: there is nothing to move."""

    code = "same_time"
    is_refusal = True


class ShowingGone(StepError):
    """The listing side ended the showing while the form was open; nothing was changed."""

    code = "showing_gone"
    is_refusal = True


class PageChanged(StepError):
    """An element that must be there is not: BrokerBay changed, or shows something unknown.

    Raised before the gate only, so nothing was sent; a page that was merely slow deserves another try.
    """

    code = "page_changed"
    retry_is_safe = True


class SiteDown(StepError):
    """BrokerBay cannot be reached, or answers with an error page."""

    code = "site_down"
    retry_is_safe = True


class RateLimited(StepError):
    """BrokerBay asks us to slow down (429)."""

    code = "rate_limited"
    retry_is_safe = True


class NoAnswer(StepError):
    """The request went out and BrokerBay never said yes or no: only its own list can tell."""

    code = "no_answer"


class BrowserGone(StepError):
    """The browser or its page died before anything was sent."""

    code = "browser_gone"
    retry_is_safe = True


class EngineBroke(StepError):
    """A fault in the engine itself, before anything was sent; the log has its trace."""

    code = "engine_broke"
    retry_is_safe = True


class Stopped(StepError):
    """The order was withdrawn (a person cancelled, the lease was lost) before anything was sent."""

    code = "stopped"
