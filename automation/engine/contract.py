"""What goes into the engine and what comes out: the only words it shares with the portal.

Pure data: no Django, no Playwright. Dates and times are wall-clock in the listing's own zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Protocol


class OrderKind(StrEnum):
    BOOK = "book"
    CANCEL = "cancel"
    RESCHEDULE = "reschedule"
    CHECK = "check"  # does the listing exist, is it bookable, which slots are open
    LOOK_UP = "look_up"  # what does the account's own list say of one showing
    RECONCILE = "reconcile"  # read the account's own list whole


class Step(StrEnum):
    """The named parts of an attempt, in the order in which they happen."""

    OPEN_SITE = "open_site"
    CHECK_OWN_LIST = "check_own_list"
    FIND_LISTING = "find_listing"
    OPEN_SHOWING = "open_showing"
    OPEN_WIZARD = "open_wizard"
    CHOOSE_DATE = "choose_date"
    CHOOSE_SLOT = "choose_slot"
    CHOOSE_DURATION = "choose_duration"
    CHOOSE_REASON = "choose_reason"
    REHEARSE = "rehearse"
    SUBMIT = "submit"
    VERIFY = "verify"


class Level(StrEnum):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class Result(StrEnum):
    """How an attempt ended, told without Playwright's words."""

    BOOKED = "booked"  # seen in the account's own list; for a reschedule: seen there at its new time
    CANCELLED = "cancelled"  # that very showing was seen with the badge of a cancelled one
    FOUND = "found"  # check: the listing is bookable; look_up: the showing is there; reconcile: all was read
    ABSENT = "absent"  # look_up: one complete read of the list does not hold it
    REHEARSED = "rehearsed"  # everything but the last click was done; nothing was sent
    REFUSED = "refused"  # BrokerBay said no; nothing was booked
    PARKED = "parked"  # a person or a clock must act first; nothing was booked
    BROKE = "broke"  # broke before the point of no return; nothing was sent
    UNCONFIRMED = "unconfirmed"  # the request left and no clear answer came


class ShowingStatus(StrEnum):
    """What BrokerBay's own list says of a showing."""

    CONFIRMED = "confirmed"
    REQUESTED = "requested"  # New, Pending, Awaiting Approval
    DECLINED = "declined"
    CANCELLED = "cancelled"
    TIME_SUGGESTED = "time_suggested"
    UNKNOWN = "unknown"  # a badge we do not know; kept verbatim beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShowing:
    """A showing that the account has, as it was last seen. `showing_id` is empty where it was never learned:
    the one live showing of exactly this address, date and time is meant then."""

    address: str
    date: date
    time: time
    showing_id: str = ""
    listing_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing to do on BrokerBay.

    `mls_number` (a letter and 8 digits) or `address` must be given; a booking needs `date`, `time`
    and `duration_minutes` too: the engine uses them exactly and never another.
    `listing_id` (24 hex digits), known from an earlier attempt or picked by a person, goes straight there.
    A cancel and a reschedule are about `showing`; a reschedule's `date`, `time` and `duration_minutes` are
    the new ones. A check with a `date` also tells which slots are open that day. A look-up is about
    `showing` where that is set (has it been cancelled, when is it now?), else about the home at `date` and
    `time`. With `rehearse`, everything is done but the last click.
    """

    kind: OrderKind
    mls_number: str = ""
    address: str = ""
    listing_id: str = ""
    date: date | None = None
    time: time | None = None
    duration_minutes: int | None = None
    auto_confirm_only: bool = False
    showing: KnownShowing | None = None
    reason: str = ""  # for a cancel: what the listing side is told, one of BrokerBay's own reasons if it fits
    rehearse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSlot:
    """A start time that BrokerBay offers, wall-clock in the listing's zone."""

    date: date
    time: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A listing that fits an ambiguous order, as its row shows it."""

    address: str
    mls_number: str = ""
    city: str = ""
    price: str = ""
    listing_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing as BrokerBay shows it. `auto_confirm` is None while unknown."""

    listing_id: str
    address: str
    mls_number: str = ""
    auto_confirm: bool | None = None
    time_zone: str = ""
    max_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenShowing:
    """A showing as the account's own list shows it: the proof of a booking."""

    showing_id: str
    listing_id: str
    address: str
    date: date
    time: time
    duration_minutes: int | None
    status: ShowingStatus
    badge: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended. `code` and `message` are set when it did not end as wished (see errors.py).

    `submitted` is True once the gate opened, i.e. something may have reached BrokerBay.
    `session_state` is Playwright's storage state after the attempt, to be kept (secret). `trace` may show
    personal data and is for staff only.
    """

    result: Result
    code: str = ""
    message: str = ""
    retry_is_safe: bool = False
    step: str = ""
    submitted: bool = False
    listing: Listing | None = None
    showing: SeenShowing | None = None
    open_slots: tuple[OpenSlot, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    own_showings: tuple[SeenShowing, ...] = ()  # reconcile: the whole list, read completely
    session_state: Mapping[str, Any] | None = field(default=None, repr=False)
    snapshot: str = field(
        default="", repr=False
    )  # the page's markup, without typed values, when it had changed
    trace: bytes | None = field(default=None, repr=False)  # Playwright's, zipped, of a failed traced attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that the engine tells: a line of the live log, maybe with a picture (JPEG bytes)."""

    at: datetime
    step: Step
    level: Level
    message: str
    picture: bytes | None = field(default=None, repr=False)
    duration_ms: int | None = None  # set on the line that ends a step


class Listener(Protocol):
    """Whom the engine tells what it does. Called in the engine's loop."""

    async def told(self, line: Line) -> None:
        """A line of the log. Must not block; must not raise."""

    async def before_submit(self) -> None:
        """The gate: called once, before the changing request's first byte leaves.

        Returns when the intent is committed; raises `Stopped` to forbid the request.
        """


# Where BrokerBay shows how to reach a person: the account's own e-mail stands in the wizard.
PERSONAL = (
    "[name*='nstruction'], [id*='nstruction'] .ant-select-selection-item",
    "input[type='email'], input[type='tel'], input[type='password']",
    "a[href^='mailto:'], a[href^='tel:']",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where BrokerBay is and how patient to be, in seconds."""

    base_url: str  # e.g. https://edge.brokerbay.com/
    step_timeout: float = 15.0
    send_timeout: float = 5.0  # after a click on submit, until the page sends its request
    answer_timeout: float = 30.0  # after the click, until the submit's answer
    list_timeout: float = 15.0  # until a new showing must be visible in the own list
    masks: tuple[str, ...] = PERSONAL  # CSS selectors of what pictures and markup do not show
