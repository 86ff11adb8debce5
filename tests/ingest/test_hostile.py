"""Ten thousand rows and payloads that harm nothing: the bad are kept with a reason, the good ones land."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client as Browser
from django.urls import reverse

from bookings.models import Property, ShowingRequest, UnreadableRow
from bookings.services import showings
from bookings.vocabulary import FetchState, RequestState
from ingest.homes import learn
from ingest.parse import read_request
from ingest.shapes import Malformed
from ingest.sources.http import SourceUnreadable, read_json
from ingest.taking import take_in
from tests.bookings.cast import make_cast
from tests.ingest import hostile

pytestmark = pytest.mark.django_db

ROWS, HOMES, PAGE = 8_000, 2_000, 500
SEED = 20261121


def over_the_wire(value: Any) -> Any:
    """As it comes out of an answer's body."""
    return read_json(json.dumps(value).encode()).value


def test_thousands_of_hostile_rows_harm_nothing_and_the_good_ones_among_them_land() -> None:
    bad = [over_the_wire(row) for row in hostile.rows(ROWS, seed=SEED)]
    good = [hostile.good_row(number) for number in range(ROWS // 20)]
    mixed = [*bad]
    for number, row in enumerate(good):
        mixed.insert(number * 21, row)
    told = [take_in(mixed[start : start + PAGE]) for start in range(0, len(mixed), PAGE)]

    landed = ShowingRequest.objects.filter(pk__in=[row["id"] for row in good])
    assert landed.count() == len(good)
    unreadable = sum(page.unreadable for page in told)
    assert unreadable > ROWS / 4
    assert UnreadableRow.objects.aggregate(times=Sum("times_seen"))["times"] == unreadable
    assert not UnreadableRow.objects.filter(reason="").exists()
    # Whatever was taken is fit to be looked at, judged and stored again.
    assert showings.queue_ready() == 0
    assert not ShowingRequest.objects.filter(booking_status=RequestState.QUEUED).exists()
    for page in told:
        assert page.new + page.changed + page.unchanged + page.unreadable <= PAGE


def test_the_same_hostile_rows_again_change_nothing_and_are_counted() -> None:
    page = [over_the_wire(row) for row in hostile.rows(PAGE, seed=SEED + 1)]
    first = take_in(page)
    held = list(ShowingRequest.objects.order_by("pk").values())
    kept = UnreadableRow.objects.count()
    again = take_in(page)
    assert (again.new, again.unreadable) == (0, first.unreadable)
    assert UnreadableRow.objects.count() == kept
    assert UnreadableRow.objects.aggregate(times=Sum("times_seen"))["times"] == 2 * first.unreadable
    if again.changed == 0:
        assert list(ShowingRequest.objects.order_by("pk").values()) == held


@pytest.mark.parametrize("body", hostile.BODIES, ids=range(len(hostile.BODIES)))
def test_no_body_of_an_answer_breaks_the_taking_in(body: bytes) -> None:
    parsed = read_json(body)
    page = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    taken = take_in([*page, hostile.good_row(1)])
    assert taken.new >= 1
    assert ShowingRequest.objects.filter(pk="good-1").exists()


class Api:
    """Plays a property API whose answers are given; each line of it is this one."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def another(self) -> Api:
        return self

    def close(self) -> None:
        """Nothing is open."""

    def read(self, property_id: str) -> Any:
        answer = self.answers[property_id]
        if answer is None:
            raise SourceUnreadable("The property API", "It is no JSON.", what_to_do="")
        return answer


def test_thousands_of_hostile_payloads_harm_no_home() -> None:
    answers = {
        f"W{number:08}": over_the_wire(home) for number, home in enumerate(hostile.homes(HOMES, seed=SEED))
    }
    answers["W99999999"] = {"address": "12 King St W, Toronto, ON", "price": "$799,000"}
    Property.objects.bulk_create([Property(property_id=mls) for mls in answers])
    learned = learn(Api(answers), until=float("inf"), tell=lambda *_: None, count=lambda **_: None)
    assert learned.trouble is None
    good = Property.objects.get(property_id="W99999999")
    assert (good.address, good.fetch_state) == ("12 King St W, Toronto, ON", FetchState.KNOWN)
    assert not Property.objects.filter(fetch_state=FetchState.WANTED).exists()
    for home in Property.objects.exclude(address="").iterator():
        home.full_clean(exclude=["property_id"])
        assert home.address.isprintable()


def test_what_is_kept_is_shown_as_text_whatever_it_holds() -> None:
    take_in([over_the_wire(row) for row in hostile.rows(PAGE, seed=SEED + 2)])
    browser = Browser()
    browser.force_login(make_cast().admin)
    listed = browser.get(reverse("admin:bookings_unreadablerow_changelist"))
    assert listed.status_code == 200
    assert b"<script>alert(1)" not in listed.content
    for row in UnreadableRow.objects.order_by("pk")[:60]:
        page = browser.get(reverse("admin:bookings_unreadablerow_change", args=[row.pk]))
        assert page.status_code == 200
        assert b"<script>alert(1)" not in page.content
        assert b"<img src=x" not in page.content
    for request in ShowingRequest.objects.order_by("pk")[:20]:
        page = browser.get(reverse("admin:bookings_showingrequest_change", args=[request.pk]))
        assert page.status_code == 200
        assert b"<script>alert(1)" not in page.content
    assert browser.get(reverse("admin:bookings_showingrequest_changelist")).status_code == 200


def test_every_reason_is_a_sentence() -> None:
    read = [read_request(over_the_wire(row)) for row in hostile.rows(2_000, seed=SEED + 3)]
    reasons = {row.reason for row in read if isinstance(row, Malformed)}
    assert len(reasons) > 20
    assert all(reason.endswith(".") and reason.isprintable() and len(reason) < 200 for reason in reasons)
