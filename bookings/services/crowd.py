"""A crowd of plainly invented rows, to see how the portal behaves when it has grown.

The same figures give the same rows, but for the day they are made on: history ends, and plans begin, today.
Everything is called a sample and every address of a person ends in example.com.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max
from django.utils import timezone

from bookings import finding, wallclock
from bookings.models import (
    Account,
    Booking,
    BookingRun,
    Client,
    Membership,
    Partner,
    Property,
    ShowingRequest,
)
from bookings.services import masses, people
from bookings.services.errors import Rejected
from bookings.vocabulary import BookingStatus, FetchState, Rehearsal, RequestState, Role, RunState

ZONES = ("America/Toronto", "America/Toronto", "America/Toronto", "America/Vancouver", "America/Halifax")
STREETS = tuple(
    f"{name} {kind}"
    for name in "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Juniper Larch Maple Oak Pine Rowan".split()
    for kind in "Street Avenue Crescent Drive Lane Court Gate Trail".split()
)
TOWNS = "Sampleton Exampleville Testford Mockham".split()
GIVEN = "Ada Ben Cleo Dan Eve Finn Gia Hugo Ivy Jon Kim Leo Mia Ned Ola Pia".split()
FAMILY = "Sample Specimen Placeholder Example Testing Invented Mockup Trial".split()

DAYS_BACK, DAYS_AHEAD = 1080, 45
CLIENTS_EACH, PEOPLE_EACH = 20, (Role.MANAGER, Role.BOOKER, Role.VIEWER)
# The last digits of a row's number say how it ended, so that the shares are exact.
PAST = (BookingStatus.CONFIRMED,) * 14 + (BookingStatus.CANCELLED,) * 3 + (BookingStatus.DECLINED,) * 3
COMING = (BookingStatus.CONFIRMED,) * 15 + (BookingStatus.PENDING,) * 4 + (BookingStatus.TIME_SUGGESTED,)
ENDED = (RunState.BOOKED,) * 16 + (RunState.REFUSED, RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED)
UNDER_WAY = (RunState.BOOKED,) * 15 + (RunState.QUEUED, RunState.PARKED, RunState.REFUSED) + ("",) * 2
REASON = {RunState.REFUSED: "slot_unavailable", RunState.FAILED: "page_changed", RunState.PARKED: "rehearsed"}
REQUEST_STATE = {
    "": RequestState.NEEDS_INFO,
    RunState.BOOKED: RequestState.BOOKED,
    RunState.QUEUED: RequestState.QUEUED,
    RunState.PARKED: RequestState.NEEDS_PERSON,
    RunState.REFUSED: RequestState.NEEDS_PERSON,
}
TABLES: tuple[type[models.Model], ...] = (
    Partner,
    Account,
    Client,
    Property,
    ShowingRequest,
    Booking,
    BookingRun,
)


class NotEmpty(Rejected):
    """There are rows that invented ones must not be mixed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    bookings: int
    requests: int
    runs: int
    partners: int

    @property
    def homes(self) -> int:
        """Few enough that some are shown often; so many that none is shown twice on a day."""
        return max(100, self.bookings // 20, self.requests // 20)


def gather(size: Size, *, beside_others: bool = False, tell: Callable[[str], None] = lambda _: None) -> None:
    """Make that many rows, all or none. Raises NotEmpty where others are, unless `beside_others`.

    A run is about the request of its number, and made the booking of its number.
    """
    if not beside_others and any(model._default_manager.exists() for model in TABLES):
        raise NotEmpty("This database has rows already. Invented ones belong into a database of their own.")
    with transaction.atomic():
        finding.forget()
        made = _Crowd(size, now=timezone.now())
        for model, rows in made.tables():
            tell(f"{model._meta.verbose_name_plural} …")
            _store(model, rows)
        _forward_numbers()
        tell("what is searched …")
        finding.ensure()
    with connection.cursor() as cursor:  # what the planner knows of the tables, as it would know by night
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _store(model: type[models.Model], rows: Iterator[dict[str, Any]]) -> None:
    """Rows by field name; what a row does not name begins as the model says."""
    first = next(rows, None)
    if first is None:
        return
    others = [
        field
        for field in model._meta.concrete_fields
        if field.column not in first and not (field.primary_key and not field.has_default())
    ]
    rest = tuple(_prepared(field, field.get_default()) for field in others)
    as_stored = [model._meta.get_field(_name_of(model, column)) for column in first]

    def values(row: dict[str, Any]) -> tuple[Any, ...]:
        return (*map(_prepared, as_stored, row.values()), *rest)

    def all_values() -> Iterator[tuple[Any, ...]]:
        yield values(first)
        yield from map(values, rows)

    masses.insert(model, [*first, *(str(field.column) for field in others)], all_values())


def _name_of(model: type[models.Model], column: str) -> str:
    return next(field.name for field in model._meta.concrete_fields if field.column == column)


def _prepared(field: Any, value: Any) -> Any:
    """As the database takes it; PostgreSQL's COPY takes Python's own types, JSON as text."""
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    if isinstance(field, models.UUIDField):
        return value if connection.vendor == "postgresql" else value.hex
    if connection.vendor == "postgresql" or not isinstance(value, date | time):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return value.isoformat()


def _forward_numbers() -> None:
    """PostgreSQL counts keys apart from the rows: those that came with their key are not counted yet."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(TABLES)):
            cursor.execute(statement)


def _plain() -> Any:
    from django.core.management.color import no_style

    return no_style()


class _Crowd:
    """The rows of each table, in the order they are stored in. Numbers go on behind what is there."""

    def __init__(self, size: Size, *, now: datetime) -> None:
        self.size, self.now, self.today = size, now, now.date()
        self.first = {
            model: 1 + (model._default_manager.aggregate(most=Max("pk"))["most"] or 0)
            for model in (Partner, Account, Client, Property, Booking, BookingRun)
        }
        self.first_request = 1 + ShowingRequest.objects.count()

    def tables(self) -> Iterator[tuple[type[models.Model], Iterator[dict[str, Any]]]]:
        yield Partner, self.partners()
        self.join_people()
        yield Account, self.accounts()
        yield Client, self.clients()
        yield Property, self.properties()
        yield ShowingRequest, self.requests()
        yield Booking, self.bookings()
        yield BookingRun, self.runs()

    # ---- a few ---------------------------------------------------------------------------------------------

    def partners(self) -> Iterator[dict[str, Any]]:
        for number in self._numbers(Partner, self.size.partners):
            yield {
                "id": number,
                "name": f"Sample Partner {number:04d}",
                "time_zone": ZONES[number % len(ZONES)],
                "rehearsal": Rehearsal.NEVER,
                "created_at": self.now - timedelta(days=DAYS_BACK),
            }

    def join_people(self) -> None:
        """Somebody of each role for each partner, without a password: nobody signs in as a sample."""
        people.ensure_groups()
        for partner in Partner.objects.filter(pk__gte=self.first[Partner]):
            for role in PEOPLE_EACH:
                name = f"sample-{role.value}-{partner.pk:04d}"
                user = User.objects.create_user(name, f"{name}@example.com")
                Membership.objects.create(user=user, partner=partner, role=role)
                people.follow_roles(user)

    def accounts(self) -> Iterator[dict[str, Any]]:
        for number in self._numbers(Account, self.size.partners):
            yield {
                "id": number,
                "partner_id": self._partner(number - self.first[Account]),
                "email": f"sample-robot-{number:04d}@example.com",
                "holder_name": f"Sample Robot {number:04d}",
                "is_active": False,  # nothing is ever booked for a sample
            }

    def clients(self) -> Iterator[dict[str, Any]]:
        for number in self._numbers(Client, self.size.partners * CLIENTS_EACH):
            yield {
                "id": number,
                "external_id": f"sample-client-{number:06d}",
                "partner_id": self._partner(number - self.first[Client]),
                "name": _person(number),
                "email": f"sample-client-{number:06d}@example.com",
            }

    # ---- many ----------------------------------------------------------------------------------------------

    def properties(self) -> Iterator[dict[str, Any]]:
        for number in range(self.size.homes):
            yield {
                "id": self.first[Property] + number,
                "property_id": self._mls(number),
                "mls_number": self._mls(number),
                "address": self._address(number),
                "time_zone": ZONES[number % len(ZONES)],
                "fetch_state": FetchState.KNOWN,
                "fetched_at": self.now,
                "status": "Active",
            }

    def requests(self) -> Iterator[dict[str, Any]]:
        for number in range(self.size.requests):
            day, at = self._moment(number, self.size.requests)
            state = self._run_state(number, self.size.requests)
            client = number % (self.size.partners * CLIENTS_EACH)
            asked = self._asked(day, number)
            yield {
                "id": self._request(number),
                "user_id": f"sample-client-{self.first[Client] + client:06d}",
                "property_id": self._mls(number % self.size.homes),
                "status": "cancelled" if state == RunState.CANCELLED else "scheduled",
                "created_at": asked,
                "scheduled_date": day,
                "scheduled_time": at if state else None,
                "group_name": f"Sample Tour {number // 3 % 999:03d}" if number % 4 == 0 else "",
                "processed_at": asked,
                "booking_status": REQUEST_STATE.get(state, RequestState.CLOSED),
                "client_id": self.first[Client] + client,
                "partner_id": self._partner(client),
                "needs": [] if state else ["time"],
                "changed_at": asked,
            }

    def bookings(self) -> Iterator[dict[str, Any]]:
        for number in range(self.size.bookings):
            day, at = self._moment(number, self.size.bookings)
            home = number % self.size.homes
            zone = ZONES[home % len(ZONES)]
            endings = PAST if day < self.today else COMING
            agent = number % (self.size.partners * 7)
            asked = self._asked(day, number)
            yield {
                "id": self.first[Booking] + number,
                "listing_id": f"{home:024x}",
                "property_address": self._address(home),
                "booking_date": day,
                "booking_time": at,
                "duration": (15, 30, 30, 30, 45, 60)[number % 6],
                "user_name": _person(agent),
                "user_email": f"sample-agent-{agent:05d}@example.com",
                "organization": f"Sample Realty {agent % 90:02d}",
                "showing_type": "Buyer showing",
                "status": endings[number % len(endings)],
                "auto_confirmed": number % 3 == 0,
                "booking_url": f"https://showings.example.com/showing/{number:024x}",
                "created_at": asked,
                "partner_id": self._partner(agent),
                "account_id": self.first[Account] + agent % self.size.partners,
                "request_id": self._request(number) if number < self.size.requests else None,
                "property_id": self._mls(home),
                "showing_id": f"{self.first[Booking] + number:024x}",
                "badge": "CONFIRMED",
                "time_zone": zone,
                "starts_at": _instant(day, at, zone),
                "verified_at": asked,
                "hidden_at": asked if number % 97 == 0 else None,
                "updated_at": asked,
            }

    def runs(self) -> Iterator[dict[str, Any]]:
        for number in range(self.size.runs):
            of = self.size.runs
            day, at = self._moment(number, of)
            state = self._run_state(number, of) or RunState.CANCELLED
            home = number % self.size.homes
            zone = ZONES[home % len(ZONES)]
            asked = self._asked(day, number)
            finished = None if RunState(state).is_open else asked + timedelta(seconds=20 + number % 40)
            if state == RunState.BOOKED and number >= self.size.bookings:
                state = RunState.CANCELLED
            yield {
                "id": self.first[BookingRun] + number,
                "uuid": uuid.UUID(int=(0xA11CE << 96) + self.first[BookingRun] + number),
                "state": state,
                "partner_id": self._partner(number),
                "account_id": self.first[Account] + number % self.size.partners,
                "request_id": self._request(number) if number < self.size.requests else None,
                "booking_id": self.first[Booking] + number if state == RunState.BOOKED else None,
                "property_text": self._mls(home),
                "mls_number": self._mls(home),
                "address": self._address(home),
                "wanted_date": day,
                "wanted_time": at,
                "duration_minutes": 30,
                "time_zone": zone,
                "starts_at": _instant(day, at, zone),
                "reason_code": REASON.get(RunState(state), ""),
                "queued_at": asked,
                "started_at": finished and asked + timedelta(seconds=2),
                "finished_at": finished,
                "updated_at": finished or asked,
            }

    # ---- what a number means -------------------------------------------------------------------------------

    def _numbers(self, model: Any, count: int) -> range:
        return range(self.first[model], self.first[model] + count)

    def _partner(self, number: int) -> int:
        return self.first[Partner] + number % self.size.partners

    def _mls(self, home: int) -> str:
        return f"Z{self.first[Property] + home:08d}"

    def _request(self, number: int) -> str:
        return f"sample-{self.first_request + number:09d}"

    def _address(self, home: int) -> str:
        street, town = STREETS[home % len(STREETS)], TOWNS[home % len(TOWNS)]
        unit = f" #{home % 40 + 1:02d}{home % 9}" if home % 3 == 0 else ""
        return f"{10 + home // len(STREETS)} {street}{unit}, {town}"

    def _moment(self, number: int, of: int) -> tuple[date, time]:
        """Spread evenly from the oldest day to the newest; quarters between nine and nine."""
        day = self.today + timedelta(days=number * (DAYS_BACK + DAYS_AHEAD) // of - DAYS_BACK)
        return day, time(9 + number % 12, number // 12 % 4 * 15)

    def _asked(self, day: date, number: int) -> datetime:
        """Some days before, never after now, at a moment that hardly another row has."""
        asked = datetime.combine(day, time(12), UTC) - timedelta(
            days=1 + number % 9, seconds=number * 7 % 86400
        )
        return min(asked, self.now - timedelta(seconds=number % 864000))

    def _run_state(self, number: int, of: int) -> RunState | str:
        """How the run of a request stands; empty when it could not be queued."""
        states = ENDED if self._moment(number, of)[0] < self.today else UNDER_WAY
        return states[number % len(states)]


def _person(number: int) -> str:
    return f"{GIVEN[number % len(GIVEN)]} {FAMILY[number // len(GIVEN) % len(FAMILY)]} {number:05d}"


@lru_cache(maxsize=4096)
def _instant(day: date, at: time, zone: str) -> datetime:
    return wallclock.instant(day, at, zone)
