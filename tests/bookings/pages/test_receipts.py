from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import AuditEntry, Booking, BookingRun, Evidence, Receipt
from bookings.services import receipts
from bookings.services.errors import Forbidden, NotAllowed
from bookings.vocabulary import BookingStatus
from tests.bookings.cast import Cast, make_booking, make_request, make_run


def shared(cast: Cast, **fields: Any) -> tuple[Booking, str]:
    """A confirmed booking and the path of its link."""
    booking = make_booking(cast.account, **fields)
    return booking, path_of(receipts.share(booking, by=cast.owner))


def path_of(receipt: Receipt) -> str:
    return reverse("receipt", args=[receipts.token_of(receipt)])


def test_whoever_has_the_link_sees_what_was_booked_when_for_whom_and_how_it_is_known(
    cast: Cast, client: Client
) -> None:
    wish = make_request(cast.partner)
    booking, path = shared(
        cast, request=wish, property=wish.property, user_name="Robin Agent", badge="CONFIRMED"
    )
    answer = client.get(path)
    text = answer.content.decode()
    assert answer.status_code == 200
    for said in (
        booking.property_address,
        f"{booking.booking_date:%B %Y}",
        "10:00 AM",
        "10:30 AM",
        "Toronto time",
        wish.client.name,
        "Robin Agent",
        booking.showing_id,
        wish.property.mls_number,
        "own list of showings was read on",
        "“CONFIRMED”",
    ):
        assert said in text


def test_nothing_else_is_on_it(cast: Cast, client: Client) -> None:
    wish = make_request(cast.partner)
    booking, path = shared(cast, request=wish, booking_url="https://brokerbay.example.com/showing/1")
    client.force_login(cast.admin)
    text = client.get(path).content.decode()
    for secret in (
        booking.user_email,
        wish.pk,
        wish.user_id,
        booking.booking_url,
        "<nav",
        "<form",
        "<script",
    ):
        assert secret not in text
    links = set(re.findall(r'(?:href|src)="([^"]+)"', text))
    assert {link for link in links if not link.startswith("/static/")} == {f"{path}/showing.ics"}


def test_no_search_engine_no_cache_no_script_and_no_address_passed_on(cast: Cast, client: Client) -> None:
    for path in (shared(cast)[1], reverse("receipt", args=["1~junk"])):
        answer = client.get(path)
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert '<meta name="robots" content="noindex' in answer.content.decode()
        assert not answer.cookies


@pytest.mark.parametrize("token", ["1", "1~", "1~abc", "~", "x~y~z", "9" * 40, "1~" + "A" * 43])
def test_a_link_that_is_none_of_ours_shows_nothing(cast: Cast, client: Client, token: str) -> None:
    booking, _ = shared(cast)
    answer = client.get(reverse("receipt", args=[token]))
    assert answer.status_code == 404
    assert booking.property_address not in answer.content.decode()


def test_a_link_is_over_when_it_expires_is_taken_back_or_its_booking_is_hidden(
    cast: Cast, client: Client
) -> None:
    past = timezone.now() - timedelta(seconds=1)
    for ending in ("expire", "take back", "hide"):
        booking, path = shared(cast)
        assert client.get(path).status_code == 200
        if ending == "expire":
            Receipt.objects.update(expires_at=past)
        elif ending == "take back":
            assert receipts.take_back(booking, by=cast.colleague)
            assert not receipts.take_back(booking, by=cast.colleague)
        else:
            Booking.objects.update(hidden_at=past)
        answer = client.get(path)
        assert answer.status_code == 410
        assert booking.property_address not in answer.content.decode()


def test_a_link_that_is_over_never_opens_again_though_the_booking_is_shared_anew(
    cast: Cast, client: Client
) -> None:
    booking, first = shared(cast)
    receipts.take_back(booking, by=cast.owner)
    second = receipts.share(booking, by=cast.owner)
    Receipt.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    third = path_of(receipts.share(booking, by=cast.owner))
    found = {path: client.get(path).status_code for path in (first, path_of(second), third)}
    assert found == {first: 410, path_of(second): 410, third: 200}


def test_sharing_twice_prolongs_one_link(cast: Cast) -> None:
    booking, path = shared(cast)
    Receipt.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    again = receipts.share(booking, by=cast.colleague)
    assert path_of(again) == path
    assert again.expires_at > timezone.now() + timedelta(days=settings.RECEIPT_DAYS - 1)
    assert again.shared_by == cast.owner
    actions = AuditEntry.objects.filter(action__startswith="receipt.").values_list("action", "actor")
    assert set(actions) == {
        ("receipt.shared", cast.owner.pk),
        ("receipt.prolonged", cast.colleague.pk),
    }


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": BookingStatus.UNVERIFIED, "verified_at": None}, "Nobody has seen this showing"),
        ({"verified_at": None}, "Nobody has seen this showing"),
        ({"status": BookingStatus.PENDING}, "has not confirmed it yet"),
        ({"status": BookingStatus.TIME_SUGGESTED}, "has not confirmed it yet"),
        ({"status": BookingStatus.CANCELLED}, "does not take place"),
        ({"status": BookingStatus.DECLINED}, "does not take place"),
        ({"missing_since": timezone.now()}, "does not show it any more"),
        ({"verified_at": timezone.now() - timedelta(hours=1)}, "changed by hand"),
        ({"hidden_at": timezone.now()}, "hidden"),
    ],
)
def test_what_brokerbay_does_not_prove_has_no_receipt(
    cast: Cast, client: Client, fields: dict[str, Any], why: str
) -> None:
    booking = make_booking(cast.account, **fields)
    assert why in receipts.why_none(booking)
    with pytest.raises(NotAllowed):
        receipts.share(booking, by=cast.owner)
    client.force_login(cast.owner)
    text = client.get(reverse("share_receipt", args=[booking.pk])).content.decode()
    assert 'id="share"' not in text
    assert client.post(reverse("share_receipt", args=[booking.pk])).status_code == 302
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"status": BookingStatus.CANCELLED}, "does not take place"),
        ({"status": BookingStatus.PENDING}, "approve it anew"),
        ({"missing_since": timezone.now()}, "before you go"),
    ],
)
def test_an_open_link_tells_what_became_of_it_since(
    cast: Cast, client: Client, fields: dict[str, Any], says: str
) -> None:
    booking, path = shared(cast)
    Booking.objects.filter(pk=booking.pk).update(**fields)
    text = client.get(path).content.decode()
    assert says in text
    assert "booked and confirmed" not in text
    assert "own list of showings was read" not in text


def test_who_may_share_look_and_take_back(cast: Cast, client: Client) -> None:
    booking = make_booking(cast.account)
    share, back = (reverse(name, args=[booking.pk]) for name in ("share_receipt", "take_back_receipt"))
    for person, seen, done in (
        (cast.owner, 200, 302),
        (cast.manager, 200, 302),
        (cast.viewer, 200, 403),
        (cast.stranger, 404, 404),
        (cast.bare_staff, 404, 404),
    ):
        client.force_login(person)
        assert client.get(share).status_code == seen
        assert (client.post(share).status_code, client.post(back).status_code) == (done, done)
        assert ('id="share"' in client.get(share).content.decode()) is (done == 302)
    with pytest.raises(Forbidden):
        receipts.share(booking, by=cast.viewer)
    client.logout()
    assert client.get(share)["Location"].startswith("/sign-in")


def test_the_page_that_shares_gives_the_whole_link(cast: Cast, client: Client) -> None:
    booking, path = shared(cast)
    client.force_login(cast.colleague)
    text = client.get(reverse("share_receipt", args=[booking.pk])).content.decode()
    assert f'value="{settings.SITE_URL}{path}"' in text
    assert 'id="take-back"' in text


def test_a_link_costs_two_queries_at_most(cast: Cast, client: Client, django_assert_max_num_queries) -> None:
    _, path = shared(cast, request=make_request(cast.partner))
    with django_assert_max_num_queries(2):
        client.get(path)


def test_the_picture_of_the_whole_list_is_for_the_team_alone(cast: Cast, client: Client) -> None:
    run = make_run(cast.partner)
    kept = Evidence.objects.create(run=run, attempt_number=1, step="verify", file="run/verify.jpg")
    booking, path = shared(cast, screenshot_path="run/verify.jpg")
    BookingRun.objects.filter(pk=run.pk).update(booking=booking)
    client.force_login(cast.viewer)
    address = f"/evidence/{kept.uuid}"
    assert address in client.get(reverse("share_receipt", args=[booking.pk])).content.decode()
    assert address not in client.get(path).content.decode()
