"""What the local BrokerBay keeps: listings, accounts, showings, faults, and every submit that it received.

Dates and times of showings are wall-clock in the listing's own zone; what ends in `_at` is aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, time
from typing import Any, Self

GIVEN_UP = frozenset({"Cancelled", "Declined"})  # the badges of showings that will not take place


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row that travels as JSON between the store, the control API and its client."""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From JSON; raises ValueError that names an unknown or missing field."""
        known = {spec.name: str(spec.type) for spec in fields(cls)}
        if unknown := sorted(set(raw) - set(known)):
            raise ValueError(f"{cls.__name__} has no field {', '.join(unknown)}; it has {', '.join(known)}.")
        try:
            return cls(**{name: _value(known[name], value) for name, value in raw.items()})
        except TypeError as error:
            raise ValueError(f"{cls.__name__}: {error}") from error

    def written(self) -> dict[str, Any]:
        """To JSON."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Record):
    """A home for sale or lease, and the listing side's rules for showings."""

    id: str  # 24 hex digits
    mls_number: str  # a letter and 8 digits
    street: str  # "100 Example Boulevard"
    unit: str = ""  # "3008", "BSMT", "Unit 5"
    city: str = "Toronto"
    province: str = "ON"
    postal_code: str = "M5V 0A1"
    board: str = "PropTx"
    price: int = 750_000  # dollars; per month when for lease
    deal: str = "sale"  # or "lease"
    badge: str = "New"
    days_on_market: int = 3
    kind: str = "Detached"
    beds: int = 3
    baths: int = 2
    brokerage: str = "Northern Birch Realty"
    agents: tuple[str, ...] = ("Ada Sample",)
    time_zone: str = "America/Toronto"
    auto_confirm: bool = True
    max_minutes: int = 30
    notice_hours: int = 0
    overlaps_allowed: bool = True
    showings_on: bool = True
    is_active: bool = True  # an inactive one is still shown, but every showing needs approval
    is_sold: bool = False  # or leased: "No More Showings"
    appears_at: datetime | None = None  # the site does not know it before; None: it always did
    opens: time = time(9)
    closes: time = time(20)  # 00:00 means the end of the day
    closed_weekdays: tuple[int, ...] = ()  # Monday is 0
    taken_from: time = time(0)  # somebody else's standing appointment, every day
    taken_minutes: int = 0  # 0: there is none
    days_ahead: int = 30

    @property
    def row_address(self) -> str:
        """As a search row spells it, with a comma before the unit."""
        return f"{self.street}, #{self.unit}" if self.unit else self.street

    @property
    def address(self) -> str:
        """As the listing page and the wizard spell it, without that comma."""
        return f"{self.street} #{self.unit}" if self.unit else self.street

    @property
    def is_bookable(self) -> bool:
        return self.showings_on and not self.is_sold

    @property
    def place(self) -> str:
        return f"{self.city}, {self.province} {self.postal_code}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Record):
    """A buyer agent's login. Everything in it is as invented as the person."""

    email: str
    name: str = "Robin Sample"
    brokerage: str = "Lakeside Sample Realty"
    office: str = "1 Invented Square, Toronto, ON"
    phone: str = "(416) 555-0142"
    member_id: str = "5550142"  # what the MLS's single sign-on asks for, with the PIN
    pin: str = field(default="2468", repr=False)
    password: str = field(default="showing-demo", repr=False)  # of the old sign-in page alone
    asks_code: bool = True  # a device that is not remembered must enter a 6-digit code


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Record):
    """A sign-in on its way; the browser keeps its ticket in a cookie."""

    ticket: str
    email: str
    stage: str = "identified"  # then proven (by PIN or password), then done
    puzzle: str = ""  # the seed of the puzzle that must be solved with the PIN; "": none is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Record):
    """A 6-digit code on its way to an account's phone or mailbox."""

    email: str
    code: str
    channel: str  # sms or email
    arrives_at: datetime
    expires_at: datetime
    wrong: int = 0  # how often something else was entered


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Record):
    """A stretch of a day that the listing side, or somebody else's showing, keeps from being booked."""

    id: int
    listing_id: str
    date: date
    time: time
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing(Record):
    """A showing that an account was granted or asked for."""

    id: str  # 24 hex digits
    listing_id: str
    account: str  # its e-mail
    date: date
    time: time
    minutes: int
    status: str  # the badge: Confirmed, New, Pending, Awaiting Approval, Declined, Cancelled, …
    created_at: datetime
    visible_at: datetime  # when the account's own list begins to show it
    showing_type: str = "Buyer/Broker"
    instruction_by: str = "Email"
    note: str = ""
    reason: str = ""  # why it was cancelled, as the account said
    suggested: datetime | None = None  # wall-clock: the other time that the listing side would rather have
    earlier: dict[str, Any] | None = None  # what the account's list goes on to show until `visible_at`


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Record):
    """A scenario that is switched on; see scenarios/. None means any listing, any account, every time."""

    id: int
    name: str
    listing_id: str | None = None
    account: str | None = None
    times: int | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Record):
    """One request that was to change something, as it arrived, whatever became of it."""

    number: int
    received_at: datetime
    kind: str  # book, cancel or reschedule
    listing_id: str
    account: str | None  # None: nobody was signed in
    body: dict[str, Any]
    state: str  # received, held, done
    committed: bool
    showing_id: str | None = None  # the showing that it made, or the one that it is about
    answer: int | None = None  # the HTTP status sent; None while open, or when the connection was dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """Something that happened, in order: post_received, post_held, post_committed, post_done, signed_in, …"""

    number: int
    at: datetime
    kind: str
    details: dict[str, Any]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return list(value) if isinstance(value, tuple) else value


def _value(kind: str, value: Any) -> Any:
    if value is None or not isinstance(value, str | list):
        return value
    if isinstance(value, list):
        return tuple(value) if kind.startswith("tuple") else value
    if kind.startswith("datetime"):
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    return time.fromisoformat(value) if kind == "time" else value
