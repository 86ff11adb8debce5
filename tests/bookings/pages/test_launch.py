from __future__ import annotations

import re
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import BookingRun
from bookings.queries import launch as launch_queries
from bookings.services import people, runs
from bookings.vocabulary import BookingStatus, Health, RequestState, Role, RunState, Source
from tests.bookings.cast import (
    Cast,
    in_days,
    make_account,
    make_booking,
    make_partner,
    make_property,
    make_request,
    make_run,
)

QUERY_BUDGET = 12


def said(**other: Any) -> dict[str, Any]:
    wish = {
        "property": "N12345678",
        "date": in_days(3).isoformat(),
        "time": "14:30",
        "duration": "45",
        "key": "0c2f3c61-6a4b-4b43-9a51-d4d3c1a5f6a7",
    }
    return {**wish, **other}


def test_a_booker_launches_exactly_what_they_said(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    answer = client.post("/auto-book", said(auto_confirm_only="on"))
    run = BookingRun.objects.get()
    assert answer["Location"] == f"/runs/{run.uuid}"
    assert (run.property_text, run.mls_number) == ("N12345678", "N12345678")
    assert (run.wanted_date, run.wanted_time, run.duration_minutes) == (in_days(3), time(14, 30), 45)
    assert run.auto_confirm_only
    assert (run.partner, run.created_by, run.source) == (cast.partner, cast.owner, Source.PERSON)


def test_a_double_click_starts_one_run(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    first, second = client.post("/auto-book", said()), client.post("/auto-book", said())
    assert first["Location"] == second["Location"]
    assert BookingRun.objects.count() == 1


def test_a_booked_wish_is_told_as_it_was_booked(cast: Cast, client: Client) -> None:
    wish = make_request(cast.partner, booking_status=RequestState.BOOKED)
    make_booking(cast.account, request=wish, booking_time=time(16, 45), status=BookingStatus.PENDING)
    client.force_login(cast.owner)
    text = client.get("/auto-book").content.decode()
    row = text.partition(f'data-request="{wish.pk}"')[2].partition("</a>")[0]
    assert "4:45 PM" in row
    assert "10:00 AM" not in row
    assert '<span class="badge calm">Pending</span>' in row


def test_going_back_and_changing_the_time_starts_another_run(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    client.post("/auto-book", said())
    client.post("/auto-book", said(time="15:00"))
    assert BookingRun.objects.count() == 2


def test_a_known_address_is_booked_by_its_mls_number_on_its_own_clock(cast: Cast, client: Client) -> None:
    home = make_property(address="77 Example Quay", time_zone="America/Vancouver")
    make_request(cast.partner, property=home)
    client.force_login(cast.owner)
    client.post("/auto-book", said(property="77 example quay"))
    run = BookingRun.objects.get()
    assert (run.property_text, run.address, run.time_zone) == (
        home.property_id,
        home.address,
        "America/Vancouver",
    )


def test_an_unknown_address_is_taken_as_typed(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    client.post("/auto-book", said(property=" 5 Nowhere Street "))
    run = BookingRun.objects.get()
    assert (run.property_text, run.address, run.mls_number) == ("5 Nowhere Street", "5 Nowhere Street", "")


@pytest.mark.parametrize(
    ("field", "wrong", "sentence"),
    [
        ("property", "", "Say which property"),
        ("property", "abc", "Write at least five letters"),
        ("property", "x" * 301, "too long for an address"),
        ("property", "12 King\x00Street", "Null characters are not allowed"),
        ("property", "12 King\x07Street", "characters that cannot be used"),
        ("date", "", "Name the day of the showing."),
        ("date", "2026-02-30", "There is no such day."),
        ("date", "2020-01-01", "That time has already passed at the property."),
        ("time", "25:00", "That is no time of day."),
        ("time", "", "Name the time of the showing."),
        ("duration", "20", "Choose 15, 30, 45 or 60 minutes."),
        ("duration", "", "Say how long the showing is to last."),
    ],
)
def test_a_mistake_gets_a_sentence_at_its_field_and_the_form_is_kept(
    cast: Cast, client: Client, field: str, wrong: str, sentence: str
) -> None:
    client.force_login(cast.owner)
    answer = client.post("/auto-book", said(**{field: wrong}))
    text = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in text
    assert "Nothing was started." in text
    if field != "property":
        assert 'value="N12345678"' in text
    assert not BookingRun.objects.exists()


def test_a_showing_already_under_way_is_named_with_a_link_to_its_run(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner, property_text="N12345678", time=time(14, 30))
    client.force_login(cast.owner)
    answer = client.post("/auto-book", said())
    assert answer.status_code == 400
    assert f"/runs/{run.uuid}" in answer.content.decode()


def test_a_viewer_sees_why_they_cannot_launch_and_cannot(cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    page = client.get("/auto-book").content.decode()
    assert "Your role lets you look, not book." in page
    assert "<fieldset disabled>" in page
    assert client.post("/auto-book", said()).status_code == 403
    assert not BookingRun.objects.exists()


def test_a_visitor_is_asked_to_sign_in_first(db: None, client: Client) -> None:
    assert client.post("/auto-book", said())["Location"] == "/sign-in?next=/auto-book"


def test_somebody_of_two_partners_says_for_which(cast: Cast, client: Client) -> None:
    people.join(cast.owner, cast.other, Role.BOOKER)
    client.force_login(cast.owner)
    assert "Choose the partner to book for." in client.post("/auto-book", said()).content.decode()
    client.post("/auto-book", said(partner=cast.other.pk))
    assert BookingRun.objects.get().partner == cast.other


def test_somebody_books_only_where_their_role_lets_them(cast: Cast, client: Client) -> None:
    people.join(cast.owner, cast.other, Role.VIEWER)
    client.force_login(cast.owner)
    refused_for_its_partner(client.post("/auto-book", said(partner=cast.other.pk)))
    client.post("/auto-book", said(partner=cast.partner.pk))
    assert BookingRun.objects.get().partner == cast.partner


def refused_for_its_partner(answer: Any) -> None:
    """Not booked for another one either, which nobody asked for."""
    assert answer.status_code == 400
    assert "Your role does not allow this." in answer.content.decode()
    assert not BookingRun.objects.exists()


def test_nobody_books_for_a_partner_of_others(cast: Cast, client: Client) -> None:
    client.force_login(cast.stranger)
    for named in (cast.partner.pk, 999_999, "no number", "\x00"):
        refused_for_its_partner(client.post("/auto-book", said(partner=named)))

    client.force_login(cast.admin)
    answer = client.post("/auto-book", said(partner="no number"))
    assert "You do not work for that partner." in answer.content.decode()


def test_the_list_offers_clients_wishes_of_ones_own_only(cast: Cast, client: Client) -> None:
    mine, theirs = make_request(cast.partner), make_request(cast.other)
    gone = make_request(cast.partner, scheduled_date=in_days(-3))
    cancelled = make_request(cast.partner, status="cancelled")
    nowhere = make_request(cast.partner, property=make_property(address=""))
    client.force_login(cast.colleague)
    text = client.get("/auto-book").content.decode()
    assert f'data-request="{mine.pk}"' in text
    for other in (theirs, gone, cancelled, nowhere):
        assert f'data-request="{other.pk}"' not in text


def test_picking_a_request_fills_the_form_without_scripts_too(cast: Cast, client: Client) -> None:
    request = make_request(cast.partner, scheduled_time=time(16, 15))
    client.force_login(cast.owner)
    text = client.get(f"/auto-book?request={request.pk}").content.decode()
    assert f'value="{request.property_id}"' in text
    assert 'value="16:15"' in text
    assert f'value="{request.scheduled_date.isoformat()}"' in text


def test_the_run_belongs_to_the_picked_request_while_the_property_is_the_same(
    cast: Cast, client: Client
) -> None:
    request = make_request(cast.partner)
    client.force_login(cast.owner)
    client.post("/auto-book", said(property=request.property_id, request=request.pk))
    assert BookingRun.objects.get().request == request
    request.refresh_from_db()
    assert request.booking_status == RequestState.QUEUED

    client.post("/auto-book", said(property="W87654321", request=request.pk))
    assert BookingRun.objects.get(property_text="W87654321").request is None


def parked(cast: Cast) -> BookingRun:
    """A client's request whose run waits for a person to pick the listing."""
    run = runs.queue_for(make_request(cast.partner), source=Source.SYNC)
    claimed = runs.claim(run.pk, holder="test")
    assert claimed is not None
    several = runs.AttemptEnd(result="parked", code="ambiguous_listing", message="Two listings fit.")
    return runs.settle(run.pk, several, fence=claimed.attempt_number)


def test_a_picked_listing_takes_the_place_of_the_run_that_waited_for_it(cast: Cast, client: Client) -> None:
    waiting = parked(cast)
    client.force_login(cast.owner)
    client.post("/auto-book", said(property="N87654321", instead=waiting.uuid, listing_id="b" * 24))
    waiting.refresh_from_db()
    run = BookingRun.objects.get(property_text="N87654321")
    assert waiting.state == RunState.CANCELLED
    assert (run.request, run.listing_id, run.state) == (waiting.request, "b" * 24, RunState.QUEUED)


def test_a_replacement_that_cannot_be_queued_leaves_the_waiting_run(cast: Cast, client: Client) -> None:
    waiting = parked(cast)
    client.force_login(cast.owner)
    client.post("/auto-book", said(property="N87654321", instead=waiting.uuid, date="2020-01-01"))
    waiting.refresh_from_db()
    assert waiting.state == RunState.PARKED


def test_a_rehearsal_sends_nothing_and_takes_nothings_place(cast: Cast, client: Client) -> None:
    waiting = parked(cast)
    client.force_login(cast.owner)
    client.post("/auto-book", said(dry_run="on", instead=waiting.uuid))
    waiting.refresh_from_db()
    run = BookingRun.objects.get(property_text="N12345678")
    assert waiting.state == RunState.PARKED
    assert (run.dry_run, run.rehearses, run.request) == (True, True, None)


def test_a_strangers_run_is_never_replaced(cast: Cast, client: Client) -> None:
    waiting = parked(cast)
    client.force_login(cast.stranger)
    client.post("/auto-book", said(instead=waiting.uuid))
    waiting.refresh_from_db()
    assert waiting.state == RunState.PARKED
    assert BookingRun.objects.get(partner=cast.other).request is None


def test_a_strangers_request_fills_and_binds_nothing(cast: Cast, client: Client) -> None:
    request = make_request(cast.other)
    client.force_login(cast.owner)
    assert request.property_id not in client.get(f"/auto-book?request={request.pk}").content.decode()
    client.post("/auto-book", said(property=request.property_id, request=request.pk))
    assert BookingRun.objects.get().request is None


def test_an_open_slot_of_another_run_prefills_the_form(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    text = client.get("/auto-book?property=N12345678&date=2027-01-05&time=09:15&duration=60").content.decode()
    assert 'value="N12345678"' in text
    assert 'value="2027-01-05"' in text
    assert 'value="09:15"' in text
    assert re.search(r'value="60"[^>]*checked', text)


def test_junk_in_the_address_breaks_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    answer = client.get(
        "/auto-book?request=%00&date=junk&time=junk&duration=x&partner=-1&listing_id=<script>"
    )
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode().replace('<script src="', "")


def test_an_account_that_must_sign_in_is_named_before_the_launch(cast: Cast, client: Client) -> None:
    type(cast.account).objects.filter(pk=cast.account.pk).update(health=Health.CHALLENGED)
    client.force_login(cast.owner)
    assert "must be signed in to BrokerBay by a person" in client.get("/auto-book").content.decode()


def test_who_books_for_very_many_partners_may_choose_each_and_is_told_of_few_accounts(
    cast: Cast, client: Client
) -> None:
    accounts = [make_account(make_partner()) for _ in range(60)]
    type(cast.account).objects.filter(pk__in=[one.pk for one in accounts]).update(health=Health.NEEDS_SIGN_IN)
    client.force_login(cast.admin)
    text = client.get("/auto-book").content.decode()
    assert "60 accounts must be signed in to BrokerBay by a person" in text
    assert not any(one.email in text for one in accounts)
    assert all(f'<option value="{one.partner_id}"' in text for one in accounts)


def test_the_page_keeps_to_its_query_budget(
    cast: Cast, client: Client, django_assert_max_num_queries
) -> None:
    for _ in range(5):
        make_request(cast.partner)
    client.force_login(cast.owner)
    with django_assert_max_num_queries(QUERY_BUDGET):
        client.get("/auto-book")


def test_requests_without_a_booking_are_offered_first(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked, later = make_request(cast.partner), make_request(cast.partner, scheduled_date=in_days(9))
    make_booking(cast.account, request=booked)
    client.force_login(cast.owner)
    monkeypatch.setattr(launch_queries, "LISTED", 2)
    page = client.get("/auto-book")
    assert [wish.pk for wish in page.context["wanted"]] == [later.pk, booked.pk]
    assert "The first 2 are listed, those without a booking before the others." in page.content.decode()
    assert reverse("admin:bookings_showingrequest_changelist") in page.content.decode()
