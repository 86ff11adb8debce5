"""The last two of the 83: what Supabase and the property API do, met by whole ingest passes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Lock
from typing import Any

from django.utils import timezone

from bookings.models import BookingRun, Client, Property, ShowingRequest
from bookings.vocabulary import RunState
from ingest.passes import Sources, run_pass
from ingest.simulator.control import SECRET_KEY, TABLE, Upstream, running
from ingest.sources.http import Patience
from ingest.sources.property_api import PropertyApi
from ingest.sources.supabase import Supabase
from tests.scenarios.stage import Stage
from tests.scenarios.table import row

# A pass is of the whole portal: these two rows must not disturb each other.
_alone = Lock()
QUICK = Patience(connect=2, read=5, attempts=3, total=10, longest_wait=0.2, first_wait=0.01)
BURST = 100


@row(
    82,
    "Supabase: insert, move, cancel, burst, repeats, outage",
    "queued; moved; cancelled; 100 of 100 after an outage; nothing twice",
)
def supabase(stage: Stage) -> str:
    with _alone, running() as site:
        client = Client.objects.create(external_id=f"client of {stage.account.email}", partner=stage.partner)
        wish = _wish(client)
        request_id = site.insert_request(**wish)
        site.insert_property(wish["property_id"], street="1 Upstream Street")
        said = [_state_after_pass(site, request_id)]
        later = (timezone.now() + timedelta(days=9)).date()
        site.change_request(request_id, scheduled_date=later.isoformat(), status="rescheduled")
        _pass(site)
        followed = ShowingRequest.objects.get(pk=request_id).scheduled_date == later
        said.append("moved" if followed else "not moved")
        site.change_request(request_id, status="cancelled")
        _pass(site)
        closed = not BookingRun.objects.filter(request_id=request_id, state=RunState.QUEUED).exists()
        said.append("cancelled" if closed else "still wanted")
        site.break_it("rest", "status", status=503)
        burst = [_wish(client, number) for number in range(BURST)]
        site.insert_requests(burst)
        _pass(site)
        site.mend()
        for _ in range(2):  # the same rows come again
            _pass(site)
        runs = Counter(BookingRun.objects.filter(partner=stage.partner).values_list("request_id", flat=True))
        arrived = ShowingRequest.objects.filter(client=client).count() - 1
        said.append(f"{arrived} of {BURST} after an outage")
        twice = [each for each, count in runs.items() if each != request_id and count > 1]
        said.append("nothing twice" if not twice else f"{len(twice)} twice")
    return "; ".join(said)


@row(
    83,
    "Property API: cold start, 404, 500, shapes, no street",
    "known after a cold start; not_found; failed; known when mended; known as array; known as data; "
    "known as property; no_street",
)
def property_api(stage: Stage) -> str:
    with _alone, running() as site:
        client = Client.objects.create(external_id=f"client of {stage.account.email}", partner=stage.partner)
        # What other rows left is not asked for here.
        Property.objects.update(fetch_after=timezone.now() + timedelta(days=1))

        def fetched(number: int, **home: Any) -> str:
            wish = _wish(client, number)
            site.insert_request(**wish)
            if home:
                site.insert_property(wish["property_id"], **home)
            _pass(site)
            return str(Property.objects.get(property_id=wish["property_id"]).fetch_state)

        site.break_it("properties", "slow", seconds=1, times=1)
        said = [f"{fetched(1, street='2 Upstream Street')} after a cold start", fetched(2)]
        site.break_it("properties", "status", status=500)
        said.append(fetched(3, street="3 Upstream Street"))
        site.mend()
        failed = Property.objects.filter(property_id=_wish(client, 3)["property_id"])
        failed.update(fetch_after=None)  # its turn has come
        _pass(site)
        said.append(f"{failed.get().fetch_state} when mended")
        for number, shape in enumerate(("array", "data", "property"), 4):
            said.append(f"{fetched(number, street=f'{number} Upstream Street', shape=shape)} as {shape}")
        said.append(fetched(7, address_as="no_street"))
    return "; ".join(said)


def _wish(client: Client, number: int = 0) -> dict[str, Any]:
    day = timezone.now() + timedelta(days=6)
    return {
        "user_id": client.external_id,
        "property_id": f"X{client.pk % 1000:03d}{number:05d}",
        "status": "scheduled",
        "scheduled_date": day.date().isoformat(),
        "scheduled_time": f"{9 + number % 10:02d}:{15 * (number // 10 % 4):02d}:00",
    }


def _state_after_pass(site: Upstream, request_id: str) -> str:
    _pass(site)
    return str(BookingRun.objects.filter(request_id=request_id).values_list("state", flat=True).first())


def _pass(site: Upstream) -> None:
    sources = Sources(
        supabase=Supabase(url=site.url, key=SECRET_KEY, table=TABLE, patience=QUICK),
        property_api=PropertyApi(url=site.url, patience=QUICK),
    )
    try:
        assert run_pass("scenarios", sources=sources) is not None
    finally:
        sources.supabase.close()
        sources.property_api.close()
