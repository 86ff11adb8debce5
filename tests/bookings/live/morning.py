"""What a night left an operator, written by its own process: `morning`, or `decline PK`. Prints JSON."""

from __future__ import annotations

import itertools
import json
import os
import sys
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from bookings.models import Booking, BookingRun  # noqa: E402
from bookings.services import bookings as booking_service  # noqa: E402
from bookings.vocabulary import BookingStatus, RunState, StaffRole  # noqa: E402
from tests.bookings import cast as casting  # noqa: E402

# The other processes of the tests count from one: names must differ.
casting._numbers = itertools.count(1_000 * os.getpid())


def morning() -> dict[str, Any]:
    """Failed runs and pending bookings of a partner with two accounts; an operator with an open session."""
    call_command("createcachetable", verbosity=0)  # as every start of the portal does, for pinned counts
    made = casting.make_cast()
    other = casting.make_account(made.partner)
    failed = [casting.make_run(made.partner) for _ in range(3)]
    BookingRun.objects.filter(pk__in=[run.pk for run in failed]).update(
        state=RunState.FAILED, reason_code="site_down", reason="It did not answer."
    )
    pending = [
        casting.make_booking(made.account, status=BookingStatus.PENDING, property_address=f"{number} Quay")
        for number in range(1, 4)
    ]
    browser = Client()
    browser.force_login(casting.staff(StaffRole.OPERATOR))
    return {
        "session": browser.cookies["sessionid"].value,
        "partner": made.partner.pk,
        "other_account": other.email,
        "bookings": [booking.pk for booking in pending],
    }


def decline(pk: str) -> bool:
    """Somebody else changes a booking's status."""
    booking = Booking.objects.get(pk=int(pk))
    booking_service.change_status(booking, BookingStatus.DECLINED, by=casting.staff(StaffRole.OPERATOR))
    return True


if __name__ == "__main__":
    deed, *words = sys.argv[1:]
    sys.stdout.write(json.dumps({"morning": morning, "decline": decline}[deed](*words)))
