"""The cast of the tests: two partners and the people around them, all invented."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from bookings import wallclock
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
from bookings.services import people, runs
from bookings.vocabulary import BookingStatus, FetchState, Rehearsal, Role, Source, StaffRole

PASSWORD = "a long enough sentence"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """`owner` and `colleague` work for `partner`; `viewer` only looks; `stranger` works for `other`."""

    partner: Partner
    other: Partner
    account: Account
    other_account: Account
    owner: User
    colleague: User
    viewer: User
    manager: User
    stranger: User
    bare_staff: User
    admin: User


def make_cast() -> Cast:
    partner, other = make_partner("Maple Team"), make_partner("Birch Team")
    admin = User.objects.create_superuser(f"admin{next(_numbers)}", "admin@example.com", PASSWORD)
    bare = User.objects.create_user(f"bare{next(_numbers)}", "bare@example.com", PASSWORD, is_staff=True)
    return Cast(
        partner=partner,
        other=other,
        account=make_account(partner),
        other_account=make_account(other),
        owner=make_person(partner, Role.BOOKER),
        colleague=make_person(partner, Role.BOOKER),
        viewer=make_person(partner, Role.VIEWER),
        manager=make_person(partner, Role.MANAGER),
        stranger=make_person(other, Role.MANAGER),
        bare_staff=bare,
        admin=admin,
    )


def make_partner(name: str = "Partner") -> Partner:
    """A partner whose runs are sent without a rehearsal."""
    return Partner.objects.create(name=f"{name} {next(_numbers)}", rehearsal=Rehearsal.NEVER)


def make_person(partner: Partner, role: Role = Role.BOOKER) -> User:
    number = next(_numbers)
    user = User.objects.create_user(f"person{number}", f"person{number}@example.com", PASSWORD)
    membership: Membership = people.join(user, partner, role)
    return User.objects.get(pk=membership.user_id)


def staff(role: StaffRole) -> User:
    number = next(_numbers)
    user = User.objects.create_user(f"{role.value}{number}", f"{role.value}{number}@example.com", PASSWORD)
    people.appoint(user, role)
    return User.objects.get(pk=user.pk)


def make_account(partner: Partner) -> Account:
    return Account.objects.create(partner=partner, email=f"robot{next(_numbers)}@example.com")


def make_property(**fields: Any) -> Property:
    number = next(_numbers)
    mls = fields.get("property_id", f"N{number:08d}")
    values = {
        "property_id": mls,
        "mls_number": mls,
        "address": f"{number} Example Street",
        "fetch_state": FetchState.KNOWN,
    }
    return Property.objects.create(**{**values, **fields})


def make_request(partner: Partner | None, **fields: Any) -> ShowingRequest:
    number = next(_numbers)
    client = Client.objects.create(external_id=f"user-{number}", partner=partner, name=f"Client {number}")
    values = {
        "id": f"request-{number}",
        "user_id": client.external_id,
        "client": client,
        "partner": partner,
        "property": fields.pop("property", None) or make_property(),
        "status": "scheduled",
        "created_at": timezone.now(),
        "scheduled_date": in_days(3),
        "scheduled_time": time(10, 0),
    }
    return ShowingRequest.objects.create(**{**values, **fields})


def make_run(partner: Partner, *, by: User | None = None, **fields: Any) -> BookingRun:
    home = make_property()
    wish: dict[str, Any] = {
        "property_text": home.property_id,
        "mls_number": home.property_id,
        "address": home.address,
        "date": in_days(3),
        "time": time(10, 0),
        "duration_minutes": 30,
    }
    return runs.queue(runs.Wish(**{**wish, **fields}), partner=partner, source=Source.PERSON, by=by)


def make_booking(account: Account, **fields: Any) -> Booking:
    number = next(_numbers)
    day, at, zone = in_days(3), time(10, 0), "America/Toronto"
    values = {
        "listing_id": f"{number:024d}",
        "property_address": f"{number} Example Street",
        "booking_date": day,
        "booking_time": at,
        "duration": 30,
        "user_name": account.holder_name,
        "user_email": account.email,
        "organization": account.partner.name,
        "showing_type": "Buyer/Broker",
        "status": BookingStatus.CONFIRMED,
        "partner": account.partner,
        "account": account,
        "time_zone": zone,
        "starts_at": wallclock.instant(fields.get("booking_date", day), fields.get("booking_time", at), zone),
        "showing_id": f"{number:024d}",
        "verified_at": timezone.now(),
    }
    return Booking.objects.create(**{**values, **fields})


def in_days(days: int) -> Any:
    return (datetime.now(UTC) + timedelta(days=days)).date()
