"""Whatever goes wrong on the way, the next good pass leaves the portal with exactly what Supabase holds."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bookings.models import Property, ShowingRequest, SyncPass
from bookings.models import Upstream as Service
from bookings.services import sync
from bookings.vocabulary import PassState
from ingest.passes import OPEN_UPSTREAM
from ingest.simulator.control import Upstream
from tests.ingest.test_passes import a_request, make_pass

pytestmark = pytest.mark.django_db

STATUSES = (*OPEN_UPSTREAM, "cancelled")
COLUMNS = ("status", "scheduled_date", "scheduled_time")


def break_something(upstream: Upstream, dice: random.Random) -> None:
    kind = dice.choice(("status", "cut", "garbled", "slow"))
    fault: dict[str, Any] = {"times": dice.randint(1, 6)}
    if kind == "status":
        fault["status"] = dice.choice((429, 500, 503, 401, 404))
    upstream.break_it(dice.choice(("rest", "properties")), kind, **fault)


def change_something(upstream: Upstream, dice: random.Random) -> None:
    known = [row["id"] for row in upstream.state()["requests"]]
    day = (timezone.now() + timedelta(days=dice.randint(3, 90))).date().isoformat()
    if known and dice.random() < 0.6:
        chosen = dice.choice(known)
        upstream.change_request(chosen, status=dice.choice(STATUSES), scheduled_date=day)
        return
    mls = f"W{dice.randint(1, 20):08}"
    upstream.insert_property(mls, street=f"{dice.randint(1, 99)} King St", city="Toronto")
    a_request(upstream, mls, status=dice.choice(STATUSES), scheduled_date=day)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_trouble_the_portal_holds_what_supabase_holds(upstream: Upstream, seed: int) -> None:
    dice = random.Random(seed)
    ever_open: set[str] = set()
    for _ in range(8):
        for _ in range(dice.randint(0, 6)):
            change_something(upstream, dice)
        for _ in range(dice.randint(0, 3)):
            break_something(upstream, dice)
        make_pass(upstream)
        ever_open |= set(ShowingRequest.objects.values_list("pk", flat=True))
    upstream.mend()
    Property.objects.update(fetch_after=None)
    Service.objects.update(retry_at=timezone.now())
    assert make_pass(upstream).state == PassState.DONE
    held = {row["id"]: tuple(str(row[name]) for name in COLUMNS) for row in ShowingRequest.objects.values()}
    there = {row["id"]: tuple(str(row[name]) for name in COLUMNS) for row in upstream.state()["requests"]}
    still_open = {row_id for row_id, row in there.items() if row[0] in OPEN_UPSTREAM}
    assert held.keys() >= still_open
    assert held.keys() <= still_open | ever_open
    assert {row_id: there[row_id] for row_id in held} == held
    assert not Property.objects.filter(requests__status__in=OPEN_UPSTREAM, address="").exists()


def test_a_pass_whose_process_died_is_taken_over_once_its_lease_is_out(upstream: Upstream) -> None:
    a_request(upstream)
    died = sync.begin("a machine that lost power")
    assert died is not None
    SyncPass.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert make_pass(upstream).rows_new == 1
    died.refresh_from_db()
    assert died.state == PassState.FAILED
    assert died.error
