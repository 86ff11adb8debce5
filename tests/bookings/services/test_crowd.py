from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.models import Booking, BookingRun, Partner, ShowingRequest
from bookings.queries import invariants
from bookings.services import crowd
from tests.bookings.cast import make_booking, make_cast

# Gathering ends with VACUUM, which PostgreSQL refuses within a test's transaction.
pytestmark = pytest.mark.django_db(transaction=True)
SMALL = crowd.Size(bookings=900, requests=300, runs=300, partners=3)


def test_as_many_rows_are_made_as_were_wanted_and_they_agree() -> None:
    crowd.gather(SMALL)
    made = [model.objects.count() for model in (Booking, ShowingRequest, BookingRun, Partner)]
    assert made == [900, 300, 300, 3]
    # Nobody works for samples, so that runs which could go on do wait (I11).
    assert {breach.invariant for breach in invariants.broken()} <= {"I11"}


def test_everything_says_that_it_is_invented() -> None:
    crowd.gather(SMALL)
    assert not Partner.objects.exclude(name__startswith="Sample").exists()
    assert not Booking.objects.exclude(user_email__endswith="@example.com").exists()
    assert not BookingRun.objects.filter(account__is_active=True).exists()


def test_a_database_with_rows_is_left_alone_until_it_is_forced() -> None:
    mine = make_booking(make_cast().account)
    few = {"bookings": 50, "requests": 20, "runs": 20, "partners": 2}
    with pytest.raises(CommandError, match="rows already"):
        call_command("seed_scale", **few)
    call_command("seed_scale", force=True, **few)
    call_command("seed_scale", force=True, **few)
    assert Booking.objects.count() == 101
    assert Booking.objects.get(pk=mine.pk).property_address == mine.property_address


def test_new_rows_can_be_written_afterwards() -> None:
    crowd.gather(SMALL)
    last = Booking.objects.order_by("-pk").first()
    assert last is not None
    fresh = make_booking(last.account)
    assert fresh.pk > last.pk


def test_it_is_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "_forward_numbers", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        crowd.gather(SMALL)
    assert not Partner.objects.exists()
    assert connection.in_atomic_block is False
