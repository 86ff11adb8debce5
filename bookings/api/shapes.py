"""The bodies that go in and come out, with the very names that existing clients use on the wire."""

# ruff: noqa: N815 - the names are the wire's own

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, WithJsonSchema

from bookings.api import wanted
from bookings.vocabulary import Answer, Level, RunKind

# No control characters: they break logs, exports and PostgreSQL alike.
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
LARGEST_NUMBER = 2**31 - 1


class Asked(Schema):
    """A body of ours: a field that we do not know is a spelling mistake, and is told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


# ---- what is asked ---------------------------------------------------------------------------------

WantedDay = Annotated[
    Any,
    BeforeValidator(wanted.day_said),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^(0?[1-9]|[12][0-9]|3[01])$"},
                {"type": "integer", "minimum": 1, "maximum": 31},
            ],
            "description": "An ISO date; a bare day of the month means the next such day at the property.",
        }
    ),
]
WantedTime = Annotated[
    Any,
    BeforeValidator(wanted.time_said),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^(0?[1-9]|1[0-2]):[0-5][0-9] ?[AaPp][Mm]$",
            "description": "The wall clock at the property: “10:00 AM” or “10:00”.",
        }
    ),
]
WantedMinutes = Annotated[
    Any,
    BeforeValidator(wanted.minutes_said),
    WithJsonSchema({"type": "integer", "enum": list(wanted.MINUTES), "description": "Minutes."}),
]
PartnerNamed = Annotated[
    Annotated[StrictInt, Field(ge=1, le=LARGEST_NUMBER)]
    | Annotated[str, Field(min_length=1, max_length=120, pattern=PRINTABLE)]
    | None,
    Field(description="For whom, by id or name; needed only by people of several partners."),
]


DryRun = Annotated[
    StrictBool, Field(description="Fill everything in, send nothing: the job ends with the picture of it.")
]


def example(**body: Any) -> ConfigDict:
    """A body to start from, shown in the OpenAPI document and on its page."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class BookingAsked(Asked):
    model_config = example(
        property="N12345678",
        preferredDate="2027-01-31",
        preferredTime="10:00 AM",
        preferredDuration=30,
        dryRun=False,
    )
    property: str = Field(
        min_length=5, max_length=300, pattern=PRINTABLE, description="An address or an MLS number."
    )
    preferredDate: WantedDay
    preferredTime: WantedTime
    preferredDuration: WantedMinutes
    autoConfirmOnly: StrictBool = Field(False, description="Book only where it confirms at once.")
    headless: StrictBool = Field(True, description="Accepted and ignored: the robot needs no screen.")
    dryRun: DryRun = False
    partner: PartnerNamed = None


class CancelAsked(Asked):
    model_config = example(reason="Client is no longer interested", dryRun=False)

    reason: str = Field(
        "", max_length=200, pattern=PRINTABLE, description="What the listing side is told, if anything."
    )
    dryRun: DryRun = False


class RescheduleAsked(Asked):
    model_config = example(preferredDate="2027-02-01", preferredTime="14:30")

    preferredDate: WantedDay
    preferredTime: WantedTime
    preferredDuration: WantedMinutes | None = Field(
        None, description="Minutes; without it the showing stays as long as it is."
    )
    dryRun: DryRun = False


class AnswerAsked(Asked):
    model_config = example(answer="pick_time", value="2027-02-01T10:15")

    answer: Answer = Field(description="One of the job's “offers”.")
    value: str = Field("", max_length=100, pattern=PRINTABLE, description="The offer's “value”.")
    reason: str = Field("", max_length=300, pattern=PRINTABLE, description="Kept in the history.")


class CheckAsked(Asked):
    model_config = example(property="N12345678")

    property: str = Field(
        min_length=3, max_length=300, pattern=PRINTABLE, description="An address or an MLS number."
    )
    partner: PartnerNamed = None


class CheckJobAsked(CheckAsked):
    model_config = example(property="N12345678", preferredDate="2027-01-31")

    preferredDate: WantedDay | None = Field(None, description="A day whose open times are wanted too.")


class StatusAsked(Asked):
    model_config = example(status="Cancelled", reason="The client is ill")

    status: Literal["Confirmed", "Pending", "Cancelled"]
    reason: str = Field("", max_length=500, pattern=PRINTABLE, description="Kept in the history.")
    version: Annotated[StrictInt, Field(ge=1, le=LARGEST_NUMBER)] | None = Field(
        None, description="The version that was looked at; 409 when somebody changed the row since."
    )


class PartnerAsked(Schema):
    partner: str | None = Field(
        None, max_length=120, pattern=PRINTABLE, description="Whose account, by id or name."
    )


class BookingFilters(Schema):
    status: Literal["", "Confirmed", "Pending", "Time Suggested", "Declined", "Cancelled", "Unverified"] = ""
    search: str = Field(
        "", max_length=200, pattern=PRINTABLE, description="In address, listing, name, e-mail, organization."
    )
    sortBy: Literal["created_at", "booking_date", "booking_time", "status", "property_address"] = "created_at"
    sortOrder: Literal["asc", "desc", "ASC", "DESC"] = "desc"


class BookingPage(BookingFilters):
    limit: int = Field(1000, ge=1, le=5000)
    offset: int = Field(0, ge=0, le=10_000_000)


class PropertyPage(Schema):
    search: str = Field("", max_length=200, pattern=PRINTABLE, description="In address and MLS number.")
    limit: int = Field(1000, ge=1, le=5000)


class JobPage(Schema):
    limit: int = Field(100, ge=1, le=500)


# ---- what is answered ------------------------------------------------------------------------------


class Problem(BaseModel):
    """A refusal: `error` is a plain sentence, `fields` says what to mend where."""

    success: Literal[False] = False
    error: str
    fields: dict[str, str] = Field(default_factory=dict)


class LogEntry(BaseModel):
    id: int = Field(description="Counts within the job, from 1, without gaps.")
    timestamp: dt.datetime
    level: Level
    message: str
    step: str = ""
    durationMs: int | None = None
    picture: str | None = Field(None, description="Where the picture of this moment can be fetched.")


class JobOptions(BaseModel):
    preferredTime: str | None
    preferredDate: dt.date | None
    preferredDuration: int | None
    autoConfirmOnly: bool
    headless: Literal[True] = True


class Offer(BaseModel):
    """What a person may answer to a job that waits for one."""

    answer: Answer
    value: str = Field(description="Send it back as it is; empty where the answer needs none.")
    label: str
    detail: str
    isMain: bool = Field(description="The answer that most would choose.")


class Job(BaseModel):
    """A booking run."""

    id: UUID
    kind: RunKind
    property: str
    status: Literal["pending", "running", "completed", "failed"]
    state: str = Field(description="Our precise state, e.g. queued, parked, unconfirmed, refused.")
    options: JobOptions
    createdAt: dt.datetime
    updatedAt: dt.datetime
    startedAt: dt.datetime | None
    completedAt: dt.datetime | None
    step: str = Field(description="The step it is at, or was at last.")
    result: str = Field(description="How it stands, in plain words.")
    reasonCode: str
    reason: str
    nextStep: str = Field(description="What a person can do next; empty when there is nothing to do.")
    openSlots: list[dict[str, Any]] = Field(description="The times that BrokerBay offered instead.")
    candidates: list[dict[str, Any]] = Field(description="The listings that fit, when several do.")
    offers: list[Offer] = Field(description="The answers that it takes now; empty when it needs none.")
    dryRun: bool
    bookingId: int | None
    url: str = Field(description="Where a person watches it.")


class JobWithLogs(Job):
    logs: list[LogEntry]


class JobStarted(BaseModel):
    success: Literal[True] = True
    jobId: UUID
    job: JobWithLogs


class OneJob(BaseModel):
    success: Literal[True] = True
    job: JobWithLogs


class Jobs(BaseModel):
    success: Literal[True] = True
    jobs: list[Job]


class Checked(BaseModel):
    success: Literal[True] = True
    exists: bool
    logs: list[LogEntry]
    jobId: UUID


class BookingRow(BaseModel):
    id: int
    listing_id: str
    property_address: str
    booking_date: dt.date
    booking_time: str = Field(description="HH:MM, the wall clock at the property.")
    duration: int | None
    user_name: str
    user_email: str
    organization: str
    showing_type: str
    status: str
    auto_confirmed: Literal[0, 1]
    booking_url: str
    screenshot_path: str
    confirmation_message: str
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    time_zone: str
    badge: str = Field(description="BrokerBay's own word for its status.")
    property_id: str | None


class OneBooking(BaseModel):
    success: Literal[True] = True
    data: BookingRow


class BookingMoved(Problem):
    """A change that comes too late: `data` is the row as somebody else left it."""

    data: BookingRow | None = None


class Bookings(BaseModel):
    success: Literal[True] = True
    data: list[BookingRow]
    total: int
    limit: int
    offset: int


class BookingsFile(BaseModel):
    success: Literal[True] = True
    exportedAt: dt.datetime
    count: int
    data: list[BookingRow]


class TopProperty(BaseModel):
    property_address: str
    count: int


class Figures(BaseModel):
    total: int
    autoConfirmed: int
    thisWeek: int = Field(description="Made in the last seven days.")
    pending: int
    confirmed: int
    statusCounts: dict[str, int]
    recentBookings: list[BookingRow]
    topProperties: list[TopProperty]


class Stats(BaseModel):
    success: Literal[True] = True
    data: Figures


class PropertyRow(BaseModel):
    id: int
    property_id: str
    address: str
    price: str
    price_change: str
    status: str
    bedrooms: str
    bathrooms: str
    sqft: str
    listing_date: str
    last_updated: dt.datetime | None
    mls_number: str
    agent: str
    agent_phone: str
    description: str
    features: str
    details_json: Any = Field(description="What the property API told beside, as it told it.")
    rooms_json: Any
    url: str
    property_type: str
    year_built: str
    lot_size: str
    parking_spaces: str
    organization: str
    organization_address: str


class Properties(BaseModel):
    success: Literal[True] = True
    data: list[PropertyRow]


class ScheduledProperty(BaseModel):
    property_id: str
    address: str


class ScheduledProperties(BaseModel):
    success: Literal[True] = True
    data: list[ScheduledProperty]


class QueueLists(BaseModel):
    pending: list[Job]
    processing: list[Job]
    completed: list[Job]
    failed: list[Job]


class QueueCounts(BaseModel):
    pendingCount: int
    processingCount: int
    completedCount: int
    failedCount: int
    totalCount: int


class Queue(BaseModel):
    success: Literal[True] = True
    data: QueueLists
    stats: QueueCounts


class Health(BaseModel):
    success: bool
    status: Literal["ok", "down"]
    timestamp: dt.datetime
    database: Literal["up", "down"]
    error: str | None = None


class SessionSeen(BaseModel):
    isValid: bool
    lastLogin: dt.datetime | None
    userEmail: str | None
    createdAt: dt.datetime | None
    health: str | None = Field(description="unknown, signed_in, needs_sign_in or challenged.")


class SessionStatus(BaseModel):
    success: Literal[True] = True
    session: SessionSeen


class SignInStarted(BaseModel):
    success: Literal[True] = True
    message: str
    url: str
