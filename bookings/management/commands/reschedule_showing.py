from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User

from bookings.api import wanted
from bookings.api.jobs import day_meant
from bookings.management.run_command import RunCommand, booking_of, read
from bookings.models import BookingRun
from bookings.services import runs
from bookings.vocabulary import Source


class Command(RunCommand):
    help = "Move one booking's showing on BrokerBay to another day and time."
    can_rehearse = True

    def add_wish(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "booking", type=int, help="The booking's number, as the admin and the API have it."
        )
        parser.add_argument("day", help="Like 2027-01-31, or a bare day of the month.")
        parser.add_argument("time", help="The wall clock at the property: 10:00 or “10:00 AM”.")
        parser.add_argument("--minutes", help="How long; else as long as it is.")

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        booking = booking_of(by, options["booking"])
        day = read(wanted.day_said, options["day"])
        return runs.queue_reschedule(
            booking,
            date=day_meant(day, booking.time_zone),
            time=read(wanted.time_said, options["time"]),
            duration_minutes=read(wanted.minutes_said, options["minutes"]) if options["minutes"] else None,
            source=Source.PERSON,
            by=by,
            dry_run=options["dry_run"],
        )
