"""Where a scenario is played: an account and homes of its own on the local BrokerBay, and real workers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from automation import vault
from automation.simulator.control import Control
from automation.simulator.server import running
from bookings import wallclock
from bookings.models import Account, Booking, BookingRun, Partner
from bookings.services import accounts, handoffs, runs
from bookings.services.errors import Rejected
from bookings.vocabulary import Answer, BookingStatus, RunState, Source
from tests.automation.plant import until
from tests.automation.test_handoff import MEMBER, PIN, AtTheBrowser
from tests.bookings.cast import make_account, make_partner
from tests.chaos.ground import Machine

TORONTO = "America/Toronto"
AT = time(10, 0)
BUSY = (RunState.QUEUED, RunState.RUNNING, RunState.UNCONFIRMED)
LONGEST = 150.0  # seconds
_numbers = itertools.count(10_000_001)


def in_days(days: int, zone: str = TORONTO) -> date:
    return datetime.now(ZoneInfo(zone)).date() + timedelta(days=days)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A listing of the local BrokerBay that nobody but this scenario knows."""

    mls: str
    listing_id: str
    address: str  # as a search row has it


@dataclass(kw_only=True)
class Stage:
    """One account with its partner. What is switched on here is met by this account alone."""

    control: Control
    person: User
    partner: Partner
    account: Account
    homes: list[Home] = field(default_factory=list)

    def another(self) -> Stage:
        """A second account, of a partner of its own."""
        return make_stage(self.control, self.person)

    # BrokerBay

    def home(self, street: str = "", **fields: Any) -> Home:
        number = next(_numbers)
        street, mls = street or f"{number} Stage Street", f"W{number}"
        fields = {"max_minutes": 60, **fields}
        listing_id = self.control.add_listing(mls_number=mls, street=street, **fields)
        address = f"{street}, #{fields['unit']}" if fields.get("unit") else street
        self.homes.append(Home(mls=mls, listing_id=listing_id, address=address))
        return self.homes[-1]

    def on(self, name: str, *, times: int | None = None, **options: Any) -> None:
        self.control.set_fault(name, account=self.account.email, times=times, **options)

    def off(self, name: str) -> None:
        self.control.clear_faults(name)

    def sign_out(self) -> None:
        self.control.sign_out(self.account.email)

    def showing(
        self, home: Home, *, day: date | None = None, at: time = AT, status: str = "Confirmed"
    ) -> Booking:
        """A showing that BrokerBay has and the portal knows."""
        day = day or in_days(3)
        showing_id = self.control.add_showing(
            listing_id=home.listing_id, account=self.account.email, date=day, time=at, status=status
        )
        return Booking.objects.create(
            listing_id=home.listing_id,
            property_address=f"{home.address}, Toronto, ON",
            booking_date=day,
            booking_time=at,
            duration=30,
            status=BookingStatus.CONFIRMED if status == "Confirmed" else BookingStatus.PENDING,
            partner=self.partner,
            account=self.account,
            showing_id=showing_id,
            time_zone=TORONTO,
            starts_at=wallclock.instant(day, at, TORONTO),
        )

    # Runs

    def book(self, home: Home | None = None, **wish: Any) -> BookingRun:
        """Queues a booking, in three days at ten for half an hour unless told otherwise."""
        home = home or self.home()
        asked: dict[str, Any] = {
            "property_text": home.mls,
            "mls_number": home.mls,
            "date": in_days(3),
            "time": AT,
            "duration_minutes": 30,
        }
        return self._queue(runs.Wish(**{**asked, **wish}))

    def book_by(self, address: str, **wish: Any) -> BookingRun:
        """Queues a booking of an address as a person typed it, without any number."""
        return self.book(
            Home(mls="", listing_id="", address=address), property_text=address, address=address, **wish
        )

    def _queue(self, wish: runs.Wish) -> BookingRun:
        return runs.queue(wish, partner=self.partner, source=Source.PERSON)

    def cancel(self, booking: Booking, reason: str = "") -> BookingRun:
        return runs.queue_cancel(booking, source=Source.PERSON, reason=reason)

    def move(self, booking: Booking, *, day: date | None = None, at: time = time(14, 0)) -> BookingRun:
        return runs.queue_reschedule(booking, date=day or in_days(3), time=at, source=Source.PERSON)

    def compare(self) -> BookingRun:
        return runs.queue_reconcile(self.account, source=Source.PERSON)

    def answer(self, run: BookingRun, what: Answer, *, last: bool = False) -> None:
        """A person presses the first button of that kind (or the last)."""
        fits = [offer for offer in runs.offers(run) if offer.answer == what]
        assert fits, f"{run} offers {[offer.answer.value for offer in runs.offers(run)]}, not {what}"
        runs.answer(run, what, by=self.person, value=fits[-1 if last else 0].value)

    def signing_in(self) -> AtTheBrowser:
        """A person opens the robot's browser to sign the account in."""
        return AtTheBrowser(
            handoffs.open_for(self.account, by=self.person), SimpleNamespace(manager=self.person)
        )  # type: ignore[arg-type]

    # What came of it

    def end(self, run: BookingRun, *, at: Home | None = None) -> str:
        """Waits until the run rests, and says in one line how; `at` is the home that must have been meant."""
        rest(run)
        if at is not None and run.listing_id != at.listing_id:
            return f"{run.state} at another home: {run.listing.get('address', run.reason)}"
        words = [f"{run.state} {run.reason_code}".strip()]
        if run.booking is not None:
            words.append(run.booking.status)
        posts = [one for one in self.control.posts() if one.listing_id in self._listings(run)]
        mine = [one for one in posts if one.account == self.account.email]
        if mine:
            words.append(f"{sum(one.committed for one in mine)} of {len(mine)} posts")
        return ", ".join(words)

    def _listings(self, run: BookingRun) -> set[str]:
        named = {home.listing_id for home in self.homes if home.mls == run.mls_number}
        return named | {run.listing_id} - {""} or {home.listing_id for home in self.homes}


def rest(run: BookingRun, timeout: float = LONGEST) -> BookingRun:
    """Waits until nothing moves the run but a person."""

    def rests() -> bool:
        run.refresh_from_db()
        waits_for_clock = run.state == RunState.PARKED and run.not_before is not None
        return run.state not in BUSY and not waits_for_clock

    until(rests, what=f"{run} to rest ({run.state} {run.reason_code})", timeout=timeout)
    return run


def refused(act: Any) -> str:
    """What the portal says at once to a wish that cannot be."""
    try:
        act()
    except Rejected as no:
        return f"rejected: {no.field or 'whole'}"
    return "taken"


def make_stage(control: Control, person: User) -> Stage:
    partner = make_partner("Stage")
    account = make_account(partner)
    control.add_account(account.email, member_id=MEMBER, pin=PIN)
    accounts.sign_in(account, vault.seal(control.sign_in(account.email)), by=None, source=Source.ROBOT)
    account.refresh_from_db()
    return Stage(control=control, person=person, partner=partner, account=account)


@contextmanager
def house(folder: Path, *, pace: float, workers: int) -> Iterator[tuple[Control, User]]:
    """The local BrokerBay and booking workers over the tables of the present settings."""
    import os

    person = User.objects.create_superuser("person", "person@example.com", "a long enough sentence")
    (folder / "points").mkdir()
    with running(folder / "brokerbay.sqlite3") as control:
        environment = {
            **os.environ,
            "BROKERBAY_URL": control.base_url,
            "BOOKING_WORKERS": str(workers),
            "SUBMIT_GAP_SECONDS": "0",
            "COMPARE_EVERY_MINUTES": "0",
            "CHAOS_PACE": str(pace),
            "CHAOS_PATIENCE": "5",
            "CHAOS_POINTS": str(folder / "points"),
        }
        machine = Machine(0, folder, environment)
        try:
            yield control, person
        finally:
            machine.end()
