from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User

from bookings.management.run_command import RunCommand, booking_of
from bookings.models import BookingRun
from bookings.services import runs
from bookings.vocabulary import Source


class Command(RunCommand):
    help = "Cancel one booking's showing on BrokerBay."
    can_rehearse = True

    def add_wish(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "booking", type=int, help="The booking's number, as the admin and the API have it."
        )
        parser.add_argument("--reason", default="", help="What the listing side is told.")

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        booking = booking_of(by, options["booking"])
        return runs.queue_cancel(
            booking, source=Source.PERSON, by=by, reason=options["reason"], dry_run=options["dry_run"]
        )
