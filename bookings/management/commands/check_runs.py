from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.queries import invariants


class Command(BaseCommand):
    help = "Check in the rows that nothing is booked twice, lost or stuck; done nightly by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        breaches = invariants.broken()
        for breach in breaches:
            self.stdout.write(f"{breach}\n")
        if breaches:
            raise CommandError(f"{len(breaches)} breaches")
        self.stdout.write(f"All {len(invariants.CHECKS)} promises hold.\n")
