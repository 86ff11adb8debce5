"""The demo's invented town: listings, one robot account, and what stands in its list already.

Pure data and `catalogue()`, a JSON-able view of it, so that other rooms name the same homes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from automation.simulator.records import Account, Listing, Showing
from automation.simulator.store import Store, new_id

ACCOUNT = Account(
    email="robot@lakeside.example",
    name="Robin Sample",
    brokerage="Lakeside Sample Realty, Brokerage",
    office="12 Invented Square, Suite 200, Toronto, ON M5V 0A1",
)
SECOND_ACCOUNT = Account(
    email="robot@hillcrest.example",
    name="Harper Sample",
    brokerage="Hillcrest Sample Team, Brokerage",
    office="7 Imaginary Hill Road, Markham, ON L3P 0A1",
)
ACCOUNTS = (ACCOUNT, SECOND_ACCOUNT)


class Sow(Protocol):
    """Fills a state with what a seed is about; `now` is the aware present."""

    def __call__(self, store: Store, *, now: datetime) -> None: ...


def listing_id(mls_number: str) -> str:
    """The id that the demo's listing with this MLS number has on every machine."""
    return hashlib.sha256(f"demo {mls_number}".encode()).hexdigest()[:24]


def _listing(mls_number: str, street: str, **fields: Any) -> Listing:
    return Listing(id=listing_id(mls_number), mls_number=mls_number, street=street, **fields)


LISTINGS: tuple[Listing, ...] = (
    _listing(
        "C10000101", "100 Marigold Boulevard", unit="3008", city="Toronto", postal_code="M5V 0A1",
        price=899_000, kind="Condo Apartment", beds=2, badge="New", days_on_market=2, max_minutes=60,
        brokerage="Northern Birch Realty Inc.", agents=("Ada Sample", "Ben Sample"),
    ),
    _listing(
        "W10000102", "27 Larkspur Crescent", city="Mississauga", postal_code="L5B 0A2", price=1_249_000,
        beds=4, baths=4, badge="Price Change", days_on_market=19, auto_confirm=False, max_minutes=30,
        brokerage="Quarry & Pine Brokerage", agents=("Cleo Sample",),
    ),
    _listing(
        "N10000103", "5 Weaver Street S", unit="4", city="Markham", postal_code="L3P 0A3", price=2_650,
        deal="lease", kind="Condo Townhouse", beds=2, max_minutes=30,
        brokerage="Harbourline Homes Ltd.", agents=("Dov Sample",),
    ),
    _listing(
        "N10000104", "51 Weaver Street S", city="Markham", postal_code="L3P 0A4", price=1_399_000,
        max_minutes=45, brokerage="Harbourline Homes Ltd.", agents=("Dov Sample",), days_on_market=8,
        badge="",
    ),
    _listing(
        "X10000105", "54 Weaver Street N", city="Guelph", postal_code="N1H 0A5", price=729_000,
        auto_confirm=False, kind="Semi-Detached", brokerage="Speed River Estates",
        agents=("Eli Sample",), days_on_market=33, badge="",
    ),
    _listing(
        "C10000106", "9 Foundry Lane", city="Toronto", postal_code="M4M 0A6", price=1_675_000,
        max_minutes=60, notice_hours=1, brokerage="Northern Birch Realty Inc.", agents=("Ada Sample",),
        days_on_market=5,
    ),
    _listing(
        "C10000107", "9 Foundry Lane", city="Toronto", postal_code="M4M 0A6", price=5_200, deal="lease",
        auto_confirm=False, notice_hours=3, brokerage="Northern Birch Realty Inc.",
        agents=("Ada Sample",),
    ),
    _listing(
        "E10000108", "418 Kestrel Road", unit="BSMT", city="Toronto", postal_code="M1H 0A8",
        price=1_850, deal="lease", kind="Lower Level", beds=1, baths=1, max_minutes=15,
        brokerage="Bluffside Realty Group", agents=("Fay Sample",), days_on_market=11,
    ),
    _listing(
        "W10000109", "73 Old Mill Pond Drive", city="Oakville", postal_code="L6J 0A9", price=2_295_000,
        beds=5, baths=5, max_minutes=60, overlaps_allowed=False, brokerage="Quarry & Pine Brokerage",
        agents=("Cleo Sample", "Gil Sample"), days_on_market=1,
    ),
    _listing(
        "X10000110", "1260 Thistledown Avenue", city="Hamilton", postal_code="L8K 0B1", price=684_900,
        auto_confirm=False, brokerage="Escarpment View Realty", agents=("Hana Sample",),
        days_on_market=14,
    ),
    _listing(
        "N10000111", "8 Copperleaf Court", city="Vaughan", postal_code="L4J 0B2", price=1_520_000,
        showings_on=False, brokerage="Harbourline Homes Ltd.", agents=("Dov Sample",),
        days_on_market=41, badge="",
    ),
    _listing(
        "E10000112", "2200 Ravine Terrace", unit="Unit 5", city="Pickering", postal_code="L1V 0B3",
        price=815_000, kind="Condo Townhouse", max_minutes=45, notice_hours=1,
        brokerage="Bluffside Realty Group", agents=("Fay Sample",), days_on_market=6,
    ),
)  # fmt: skip


def catalogue() -> list[dict[str, Any]]:
    """The listings as plain JSON; `address` is spelt as a search row spells it, `price` is in dollars."""
    return [
        {
            "mls_number": one.mls_number,
            "listing_id": one.id,
            "address": one.row_address,
            "street": one.street,
            "unit": one.unit,
            "city": one.city,
            "province": one.province,
            "postal_code": one.postal_code,
            "price": one.price,
            "deal": one.deal,
            "kind": one.kind,
            "beds": one.beds,
            "baths": one.baths,
            "time_zone": one.time_zone,
            "auto_confirm": one.auto_confirm,
            "max_minutes": one.max_minutes,
            "bookable": one.showings_on,
        }
        for one in LISTINGS
    ]


def plant(store: Store, *, now: datetime) -> None:
    """The town: its homes and accounts, what is taken, and a few past showings of the robot's own account."""
    for account in ACCOUNTS:
        store.put_account(account)
    for home in LISTINGS:
        store.put_listing(home)
    for ahead in range(1, 15):
        listing = LISTINGS[ahead % len(LISTINGS)]
        day = (now + timedelta(days=ahead)).date()
        store.block(listing.id, on=day, at=time(12), minutes=60)
        store.block(listing.id, on=day, at=time(16 + ahead % 3, 30), minutes=30)
    past = (("Confirmed", 3, 18), ("Cancelled", 6, 11), ("Confirmed", 9, 14), ("Declined", 12, 10))
    for status, days, hour in past:
        listing = LISTINGS[days % len(LISTINGS)]
        before = now - timedelta(days=days)
        store.put_showing(_own_showing(listing, status, start=before, at=time(hour), now=before))


def crowd(store: Store, *, now: datetime) -> None:
    """Three pages of the robot's own showings: every badge, the past, one home twice on a day."""
    badges = ("Confirmed", "New", "Confirmed", "Cancelled", "Awaiting Approval", "Declined", "Confirmed")
    for number in range(18):
        listing = LISTINGS[number % 6]
        start = now + timedelta(days=number - 4)
        status = badges[number % len(badges)]
        store.put_showing(_own_showing(listing, status, start=start, at=time(10 + number % 8), now=now))
    for hour in (11, 15):
        start = now + timedelta(days=3)
        store.put_showing(_own_showing(LISTINGS[0], "Confirmed", start=start, at=time(hour), now=now))


def _own_showing(listing: Listing, status: str, *, start: datetime, at: time, now: datetime) -> Showing:
    return Showing(
        id=new_id(),
        listing_id=listing.id,
        account=ACCOUNT.email,
        date=start.date(),
        time=at,
        minutes=30 if listing.max_minutes >= 30 else 15,
        status=status,
        created_at=now,
        visible_at=now,
    )


SEEDS: dict[str, Sow] = {"demo": plant, "crowded": crowd}  # each is sown over those before it
