from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User

from bookings.api import wanted
from bookings.api.jobs import day_meant
from bookings.api.partners import partner_of
from bookings.management.run_command import RunCommand, read
from bookings.models import BookingRun
from bookings.queries.launch import place_named
from bookings.services import runs
from bookings.vocabulary import Source


class Command(RunCommand):
    help = "Book a showing on BrokerBay: a property, a day and a time, exactly so."
    can_rehearse = True

    def add_wish(self, parser: ArgumentParser) -> None:
        parser.add_argument("property", help="An MLS number or an address.")
        parser.add_argument("day", help="Like 2027-01-31, or a bare day of the month.")
        parser.add_argument("time", help="The wall clock at the property: 10:00 or “10:00 AM”.")
        parser.add_argument("--minutes", help="How long; else as the partner's showings are.")
        parser.add_argument(
            "--auto-confirm-only", action="store_true", help="Only where it confirms at once."
        )
        parser.add_argument("--partner", help="For whom, by id or name, where the person has several.")

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        day = read(wanted.day_said, options["day"])
        at = read(wanted.time_said, options["time"])
        minutes = read(wanted.minutes_said, options["minutes"]) if options["minutes"] else None
        partner = partner_of(by, options["partner"])
        place = place_named(by, options["property"])
        wish = replace(
            place,
            date=day_meant(day, place.time_zone or partner.time_zone),
            time=at,
            duration_minutes=minutes or partner.showing_minutes,
            auto_confirm_only=options["auto_confirm_only"],
        )
        return runs.queue(wish, partner=partner, source=Source.PERSON, by=by, dry_run=options["dry_run"])
