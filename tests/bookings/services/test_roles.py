"""Two roles at two partners: what a person may do at one of them gives nothing at the other."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from bookings.models import Account, Booking, BookingRun
from bookings.roles import ROLE_PERMISSIONS
from bookings.services import accounts, bookings, edits, people, runs
from bookings.services.errors import Forbidden
from bookings.vocabulary import BookingStatus, Role, Source
from tests.bookings.cast import Cast, make_booking, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_hats(cast: Cast) -> User:
    """A manager of the other partner who only looks on at the first."""
    people.join(cast.stranger, cast.partner, Role.VIEWER, by=cast.admin)
    return User.objects.get(pk=cast.stranger.pk)


def test_looking_reaches_both(cast: Cast, two_hats: User) -> None:
    make_booking(cast.account)
    make_booking(cast.other_account)
    assert Booking.objects.visible_to(two_hats).count() == 2


def test_taking_out_reaches_only_where_the_role_says_so(cast: Cast, two_hats: User) -> None:
    make_booking(cast.account)
    theirs = make_booking(cast.other_account)
    assert list(Booking.objects.visible_to(two_hats, may="export_booking")) == [theirs]


def test_acting_reaches_only_where_the_role_says_so(cast: Cast, two_hats: User) -> None:
    assert make_run(cast.other, by=two_hats).partner == cast.other
    run = make_run(cast.partner, by=cast.owner)
    booking = make_booking(cast.account)
    for act in (
        lambda: make_run(cast.partner, by=two_hats),
        lambda: runs.stop(run, by=two_hats),
        lambda: runs.try_again(run, by=two_hats),
        lambda: bookings.change_status(booking, BookingStatus.PENDING, by=two_hats),
        lambda: bookings.hide(booking, by=two_hats),
        lambda: accounts.sign_in(cast.account, "sealed", by=two_hats, source=Source.PERSON),
        lambda: edits.save(cast.partner, ["showing_minutes"], by=two_hats),
    ):
        with pytest.raises(Forbidden):
            act()
    assert BookingRun.objects.filter(partner=cast.partner).count() == 1
    assert Account.objects.get(pk=cast.account.pk).session == ""


def test_an_operator_acts_everywhere(cast: Cast) -> None:
    assert make_run(cast.partner, by=cast.admin).created_by == cast.admin


def test_nobody_is_sent_to_a_manager_for_what_only_an_administrator_may_do() -> None:
    """Sign-in page, refusals and the form name who can help; keep them to what the roles really allow."""
    managers = set(ROLE_PERMISSIONS[Role.MANAGER])
    assert not managers & {"add_membership", "change_membership"}
    told = [
        *(settings.BASE_DIR / "templates").rglob("*.html"),
        *(settings.BASE_DIR / "bookings").rglob("*.py"),
    ]
    assert not [file for file in told if "manager of your" in file.read_text(encoding="utf-8")]
