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
    CHECK = "check"  # does the listing exist, is it bookable
    RECONCILE = "reconcile"  # is this showing in the account's own list


class Step(StrEnum):
    """The named parts of an attempt, in the order in which they happen."""

    OPEN_SITE = "open_site"
    CHECK_OWN_LIST = "check_own_list"
    FIND_LISTING = "find_listing"
    OPEN_WIZARD = "open_wizard"
    CHOOSE_DATE = "choose_date"
    CHOOSE_SLOT = "choose_slot"
    CHOOSE_DURATION = "choose_duration"
    SUBMIT = "submit"
    VERIFY = "verify"


class Level(StrEnum):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class Result(StrEnum):
    """How an attempt ended, told without Playwright's words."""

    BOOKED = "booked"  # seen in the account's own list
    FOUND = "found"  # check: the listing is there and bookable; reconcile: the showing is in the list
    ABSENT = "absent"  # reconcile: one complete read of the list does not hold it
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
class Order:
    """One thing to do on BrokerBay.

    `mls_number` (a letter and 8 digits) or `address` must be given; a booking needs `date`, `time`
    and `duration_minutes` too: the engine uses them exactly and never another.
    `listing_id` (24 hex digits), known from an earlier attempt or picked by a person, goes straight there.
    """

    kind: OrderKind
    mls_number: str = ""
    address: str = ""
    listing_id: str = ""
    date: date | None = None
    time: time | None = None
    duration_minutes: int | None = None
    auto_confirm_only: bool = False


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
    `session_state` is Playwright's storage state after the attempt, to be kept (secret).
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
    session_state: Mapping[str, Any] | None = field(default=None, repr=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where BrokerBay is and how patient to be, in seconds."""

    base_url: str  # e.g. https://edge.brokerbay.com/
    step_timeout: float = 15.0
    send_timeout: float = 5.0  # after a click on submit, until the page sends its request
    answer_timeout: float = 30.0  # after the click, until the submit's answer
    list_timeout: float = 15.0  # until a new showing must be visible in the own list
