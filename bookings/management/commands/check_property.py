from __future__ import annotations

from argparse import ArgumentParser
from collections import defaultdict
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
from bookings.vocabulary import RunKind, Source


class Command(RunCommand):
    help = "Look a property up on BrokerBay: is it there, can it be booked, which times are open on a day."

    def add_wish(self, parser: ArgumentParser) -> None:
        parser.add_argument("property", help="An MLS number or an address.")
        parser.add_argument("--day", help="Whose open times are wanted too, like 2027-01-31.")
        parser.add_argument("--partner", help="For whom, by id or name, where the person has several.")

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        day = read(wanted.day_said, options["day"]) if options["day"] else None
        partner = partner_of(by, options["partner"])
        place = place_named(by, options["property"])
        date = day_meant(day, place.time_zone or partner.time_zone) if day else None
        wish = replace(place, kind=RunKind.CHECK, date=date)
        return runs.queue(wish, partner=partner, source=Source.PERSON, by=by)

    def found(self, run: BookingRun) -> tuple[str, ...]:
        """The open times of each day."""
        by_day: dict[str, list[str]] = defaultdict(list)
        for slot in run.open_slots:
            by_day[slot["date"]].append(slot["time"])
        return tuple(f"Open on {day}: {', '.join(sorted(times))}" for day, times in sorted(by_day.items()))
