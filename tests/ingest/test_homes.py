"""Learning of homes: several at a time, one while the API sleeps, again when what is known has grown old."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import AuditEntry, Property
from bookings.services import needs, properties
from bookings.vocabulary import FetchState, Need
from ingest import homes
from ingest.simulator.control import Upstream
from ingest.sources.property_api import PropertyApi
from tests.bookings.cast import make_account, make_partner, make_property, make_request
from tests.ingest.conftest import QUICK
from tests.ingest.test_passes import NOWHERE

pytestmark = pytest.mark.django_db


class Counted:
    """What a pass would count."""

    def __init__(self) -> None:
        self.found = self.missing = 0

    def __call__(self, *, addresses_found: int = 0, addresses_missing: int = 0) -> None:
        self.found += addresses_found
        self.missing += addresses_missing


def learn(api: PropertyApi, *, seconds: float = 60.0) -> tuple[homes.Learned, Counted]:
    counted = Counted()
    until = time.monotonic() + seconds
    return homes.learn(api, until=until, tell=lambda done, total: None, count=counted), counted


def wanted(number: int) -> Property:
    mls = f"W{number:08}"
    return make_property(property_id=mls, address="", fetch_state=FetchState.WANTED)


def known(upstream: Upstream, **facts: Any) -> Property:
    """A home that was told of a week ago, and that somebody still wants to see."""
    home = make_property(property_id="W12345678", address="")
    make_request(make_partner(), property=home)
    Property.objects.filter(pk=home.pk).update(fetch_state=FetchState.WANTED)
    tell_of(upstream, **facts)
    home.refresh_from_db()
    return home


def tell_of(upstream: Upstream, **facts: Any) -> None:
    upstream.insert_property("W12345678", street="12 King St W", city="Toronto", facts=facts)
    with api_of(upstream.url) as api:
        learn(api)
    Property.objects.update(fetched_at=timezone.now() - timedelta(days=7))


@contextmanager
def api_of(url: str) -> Iterator[PropertyApi]:
    api = PropertyApi(url=url, patience=QUICK)
    try:
        yield api
    finally:
        api.close()


class Sleepy:
    """A property API on free hosting: the first answer takes long. It counts how many are asked at a time."""

    def __init__(self) -> None:
        self.most_at_once = self._at_once = self.asked = 0
        self.at_once_before_it_woke = 0
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._together = threading.Barrier(4, timeout=5)

    def answer(self) -> None:
        with self._lock:
            self.asked += 1
            self._at_once += 1
            first = self.asked == 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if first:
            self._awake.wait(0.3)
            self.at_once_before_it_woke = self.most_at_once
        elif self.asked <= 5:
            self._together.wait()  # four questions stand here at the same time, or the test fails
        with self._lock:
            self._at_once -= 1

    @contextmanager
    def served(self) -> Iterator[str]:
        sleepy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sleepy.answer()
                body = b'{"address": "12 King St W, Toronto, ON", "price": 1}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def test_a_sleeping_api_is_woken_by_one_question_then_asked_several_at_a_time(settings: Any) -> None:
    settings.PROPERTY_API_AT_ONCE = 4
    for number in range(13):
        wanted(number)
    sleepy = Sleepy()
    with sleepy.served() as url, api_of(url) as api:
        learned, counted = learn(api)
    assert learned.trouble is None
    assert (sleepy.asked, counted.found) == (13, 13)
    assert (sleepy.at_once_before_it_woke, sleepy.most_at_once) == (1, 4)


def test_a_home_that_comes_while_others_are_asked_for_waits_for_no_other_pass(
    upstream: Upstream, property_api: PropertyApi
) -> None:
    for number in (1, 2):
        upstream.insert_property(f"W{number:08}", street="1 King St", city="Toronto")
    wanted(1)
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))
        if done == 0:
            wanted(2)

    homes.learn(property_api, until=float("inf"), tell=tell, count=lambda **_: None)
    assert told == [(0, 1), (1, 2)]
    assert properties.wanting_address() == []
    assert len(upstream.seen()) == 2


def test_an_api_that_asks_for_time_is_asked_no_more(upstream: Upstream, property_api: PropertyApi) -> None:
    for number in range(20):
        wanted(number)
    upstream.break_it("properties", "status", status=429, retry_after="120")
    learned, counted = learn(property_api)
    assert learned.trouble is not None
    assert len(upstream.seen()) == 1
    assert counted.missing == 1


def test_an_api_that_breaks_in_the_middle_ends_the_asking_and_keeps_what_came(
    upstream: Upstream, property_api: PropertyApi, settings: Any
) -> None:
    settings.PROPERTY_API_AT_ONCE = 3
    for number in range(20):
        upstream.insert_property(wanted(number).property_id, street="1 King St", city="Toronto")
    upstream.break_it("properties", "slow", seconds=0, times=8)
    upstream.break_it("properties", "status", status=500)
    learned, counted = learn(property_api)
    assert learned.trouble is not None
    assert counted.found == Property.objects.exclude(address="").count() == 8
    # Three in a row are enough to know; two more may have been under way by then, each tried thrice.
    assert len(upstream.seen()) <= 8 + (3 + 2) * QUICK.attempts


def test_a_dead_api_is_asked_for_one_home_only(upstream: Upstream) -> None:
    for number in range(20):
        wanted(number)
    with api_of(NOWHERE) as api:
        learned, counted = learn(api)
    assert learned.trouble is not None
    assert (learned.answered, counted.missing) == (False, 1)


def test_what_is_left_when_time_is_up_waits_for_the_next_pass(
    upstream: Upstream, property_api: PropertyApi
) -> None:
    wanted(1)
    learned, _ = learn(property_api, seconds=-1)
    assert (learned.answered, learned.trouble) == (False, None)
    assert properties.wanting_address() == ["W00000001"]


@pytest.mark.parametrize("payload", [None, [], [1, 2], "text", {"data": []}, {"id": "X99999999"}, 7])
def test_wrong_shapes_are_kept_with_their_reason_and_asked_again_later(
    upstream: Upstream, property_api: PropertyApi, payload: Any
) -> None:
    home = wanted(1)
    upstream.insert_property(home.property_id, payload=payload)
    _, counted = learn(property_api)
    home.refresh_from_db()
    assert (counted.found, counted.missing) == (0, 1)
    assert home.fetch_state == FetchState.UNREADABLE
    assert home.fetch_reason
    assert home.fetch_after is not None


def test_an_unknown_home_is_remembered_and_asked_for_again_later(
    upstream: Upstream, property_api: PropertyApi
) -> None:
    home = wanted(1)
    learn(property_api)
    learn(property_api)
    assert len(upstream.seen()) == 1  # not twice at once
    home.refresh_from_db()
    assert home.fetch_state == FetchState.NOT_FOUND
    upstream.insert_property(home.property_id, street="1 King St", city="Toronto")
    Property.objects.update(fetch_after=timezone.now())
    learn(property_api)
    home.refresh_from_db()
    assert (home.fetch_state, home.fetch_attempts) == (FetchState.KNOWN, 0)


def test_a_change_of_price_and_status_is_kept_as_history(upstream: Upstream) -> None:
    home = known(upstream, price="$799,000", status="Active")
    tell_of(upstream, price="$749,000", status="Sold")
    home.refresh_from_db()
    assert (home.price, home.status) == ("$749,000", "Sold")
    assert home.price_change == "$799,000 → $749,000"
    change = AuditEntry.objects.filter(action="property.learned", subject_id=str(home.pk)).latest("pk")
    assert (change.before["price"], change.after["price"]) == ("$799,000", "$749,000")
    assert (change.before["status"], change.after["status"]) == ("Active", "Sold")
    assert home.details_json["price"] == "$749,000"


def test_a_home_told_of_today_is_not_asked_for_again(upstream: Upstream) -> None:
    known(upstream)
    assert properties.due() == ["W12345678"]
    Property.objects.update(fetched_at=timezone.now())
    assert properties.due() == []


def test_an_old_home_that_nobody_wants_to_see_is_left_alone(upstream: Upstream) -> None:
    home = known(upstream)
    home.requests.update(scheduled_date=timezone.now().date() - timedelta(days=10))
    assert properties.due() == []


@pytest.mark.parametrize("status", [404, 500])
def test_a_home_once_known_stays_known_when_the_api_forgets_it(
    upstream: Upstream, property_api: PropertyApi, status: int
) -> None:
    home = known(upstream, price="$1")
    upstream.break_it("properties", "status", status=status)
    learn(property_api)
    home.refresh_from_db()
    assert (home.fetch_state, home.address) == (FetchState.KNOWN, "12 King St W, Toronto, ON")
    assert home.fetch_reason.startswith("Asked again in vain: ")
    assert properties.due() == []  # not before a while


def test_an_answer_that_says_less_takes_nothing_away(upstream: Upstream) -> None:
    home = known(upstream, price="$799,000")
    tell_of(upstream, price=None, status=None)
    home.refresh_from_db()
    assert (home.price, home.price_change) == ("$799,000", "")


def test_a_home_without_a_street_is_still_searched_by_its_number(
    upstream: Upstream, property_api: PropertyApi
) -> None:
    partner = make_partner()
    make_account(partner)
    home = wanted(1)
    wish = make_request(partner, property=home)
    nameless = make_request(
        partner, property=make_property(property_id="a barn", address="", fetch_state=FetchState.NO_STREET)
    )
    upstream.insert_property(home.property_id, city="Town", address_as="no_street")
    learn(property_api)
    home.refresh_from_db()
    assert home.fetch_state == FetchState.NO_STREET
    wish.refresh_from_db()
    assert needs.needs_of(wish) == []
    assert needs.needs_of(nameless) == [Need.ADDRESS]


def test_the_propertys_page_tells_its_history(upstream: Upstream, admin_client: Client) -> None:
    home = known(upstream, price="$799,000", status="Active")
    tell_of(upstream, price="<b>$749,000</b>", status="Active")
    page = admin_client.get(reverse("admin:bookings_property_change", args=[home.pk])).content.decode()
    assert "price $799,000 → &lt;b&gt;$749,000&lt;/b&gt;" in page
    assert "status Active →" not in page
