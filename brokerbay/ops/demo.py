"""The demo's people and wishes: plainly invented, the same on every machine, made once.

Two partners share the portal and see nothing of each other. Their clients' requests are put into the local
Supabase, their homes into the local property API, and their robots are signed in at the local BrokerBay.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from automation import vault
from automation.simulator import demo as town
from automation.simulator.control import Control
from bookings.models import Account, Client, Partner
from bookings.services import accounts, dispatch, people
from bookings.vocabulary import Rehearsal, Role, Source
from ingest.simulator.control import Upstream

NAMESPACE = uuid.UUID("7d1f6e0e-54b2-4c7e-9f50-3f4f6c1a2b10")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPartner:
    name: str
    slug: str
    robot: str
    people: dict[str, Role]


PARTNERS = (
    DemoPartner(
        name="Lakeside Sample Realty",
        slug="lakeside",
        robot=town.ACCOUNT.email,
        people={
            "lakeside-manager": Role.MANAGER,
            "lakeside-agent": Role.BOOKER,
            "lakeside-assistant": Role.VIEWER,
        },
    ),
    DemoPartner(
        name="Hillcrest Sample Team",
        slug="hillcrest",
        robot="robot@hillcrest.example",
        people={"hillcrest-manager": Role.MANAGER, "hillcrest-agent": Role.BOOKER},
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    """A client's wish. `hour` picks the first open time from then on; `at` is asked for as it stands."""

    name: str
    partner: str
    mls_number: str
    days: int
    hour: int | None = None
    at: time | None = None
    status: str = "scheduled"
    group: str = ""


def _wish(name: str, partner: str, mls_number: str, **rest: Any) -> DemoRequest:
    return DemoRequest(name=name, partner=partner, mls_number=mls_number, **rest)


REQUESTS = (
    _wish("condo", "lakeside", "C10000101", days=2, hour=10, group="Saturday tour"),
    _wish("crescent", "lakeside", "W10000102", days=2, hour=13, group="Saturday tour"),
    _wish("pond", "lakeside", "W10000109", days=2, hour=15, group="Saturday tour"),
    _wish("twin", "lakeside", "C10000107", days=3, hour=11),
    _wish("night", "lakeside", "N10000104", days=3, at=time(3, 15)),
    _wish("closed", "lakeside", "N10000111", days=4, hour=14),
    _wish("no-time", "lakeside", "E10000112", days=4),
    _wish("pending", "lakeside", "E10000112", days=6, hour=10, status="pending"),
    _wish("weaver", "hillcrest", "N10000103", days=2, hour=11),
    _wish("thistle", "hillcrest", "X10000110", days=3, hour=17),
    _wish("lane", "hillcrest", "C10000106", days=5, hour=9),
    _wish("unknown", "", "X10000105", days=5, hour=12),
)


def make_people(password: str) -> list[str]:
    """The demo's admin, partners, people and robots, each made once. Answers the names that sign in."""
    names = ["admin"]
    with transaction.atomic():
        if not User.objects.filter(username="admin").exists():
            User.objects.create_superuser("admin", "admin@example.com", password)
        for demo in PARTNERS:
            partner, _ = Partner.objects.get_or_create(
                name=demo.name,
                # The local site is there to be booked on: nobody need look first.
                defaults={"rehearsal": Rehearsal.NEVER},
            )
            Account.objects.get_or_create(
                email=demo.robot,
                defaults={"partner": partner, "holder_name": "Robin Sample", "organization": demo.name},
            )
            Client.objects.get_or_create(
                external_id=_id(f"client of {demo.slug}"),
                defaults={
                    "partner": partner,
                    "name": f"Client of {demo.slug.title()}",
                    "email": f"client@{demo.slug}.example",
                },
            )
            for name, role in demo.people.items():
                names.append(name)
                if not User.objects.filter(username=name).exists():
                    user = User.objects.create_user(name, f"{name}@example.com", password)
                    people.join(user, partner, role)
    return names


def is_password(said: str) -> bool:
    """Whether the demo's admin signs in with it: people that were there already kept theirs.

    True while nobody is there yet: they will be made with it.
    """
    admin = User.objects.filter(username="admin").first()
    return admin is None or admin.check_password(said)


def sign_robots_in(control: Control) -> None:
    """Give each demo robot a fresh session at the local BrokerBay."""
    for account in Account.objects.filter(email__in=[demo.robot for demo in PARTNERS]):
        state = control.sign_in(account.email)
        accounts.sign_in(account, vault.seal(state), by=None, source=Source.ROBOT)


def fill_upstream(upstream: Upstream, control: Control, *, today: date | None = None) -> int:
    """Put the homes and the clients' requests in, once; answers how many requests are new."""
    known = {str(row["id"]) for row in upstream.state()["requests"]}
    if known & {_id(wish.name) for wish in REQUESTS}:
        return 0
    upstream.insert_properties([_home(home) for home in town.catalogue()])
    rows = list(_rows(control, today or datetime.now(UTC).date()))
    upstream.insert_requests(rows)
    return len(rows)


def _rows(control: Control, today: date) -> Iterator[dict[str, Any]]:
    for number, wish in enumerate(REQUESTS):
        day = today + timedelta(days=wish.days)
        at = wish.at or _first_open(control, wish, day)
        yield {
            "id": _id(wish.name),
            "user_id": _id(f"client of {wish.partner}" if wish.partner else "a client nobody knows"),
            "property_id": wish.mls_number,
            "status": wish.status,
            "created_at": (datetime.now(UTC) - timedelta(minutes=5 * (len(REQUESTS) - number))).isoformat(),
            "scheduled_date": day.isoformat(),
            "scheduled_time": f"{at:%H:%M:%S}" if at else None,
            "group_name": wish.group or None,
        }


def _first_open(control: Control, wish: DemoRequest, day: date) -> time | None:
    if wish.hour is None:
        return None
    open_slots = control.open_slots(town.listing_id(wish.mls_number), day)
    return next((slot for slot in open_slots if slot >= time(wish.hour)), time(wish.hour))


def _home(home: dict[str, Any]) -> dict[str, Any]:
    unit = f"{home['unit']}-" if home["unit"] else ""
    return {
        "id": home["mls_number"],
        "street": f"{unit}{home['street']}",
        "city": home["city"],
        "state": home["province"],
        "postal_code": home["postal_code"],
        "facts": {
            "price": home["price"],
            "beds": home["beds"],
            "baths": home["baths"],
            "propertyType": home["kind"],
        },
    }


def _id(name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, name))


def fill_local_worlds() -> int:
    """Seed the local BrokerBay and the local Supabase that the settings point to, then ask for a sync pass.

    Raises requests.RequestException when one of them does not answer.
    """
    control = Control(settings.BROKERBAY_URL, settings.SIMULATOR_TOKEN)
    upstream = Upstream(settings.SUPABASE_URL, token=settings.SIMULATOR_TOKEN)
    try:
        sign_robots_in(control)
        made = fill_upstream(upstream, control)
    finally:
        control.close()
        upstream.close()
    dispatch.ring_sync("demo")
    return made
