from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.services import crowd
from bookings.services.errors import Rejected


class Command(BaseCommand):
    help = "Fill an empty database with plainly invented rows, to see the portal grown large."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bookings", type=_count, default=1_000_000)
        parser.add_argument("--requests", type=_count, default=300_000)
        parser.add_argument("--runs", type=_count, default=300_000)
        parser.add_argument("--partners", type=_count, default=200)
        parser.add_argument("--force", action="store_true", help="Also into a database that has rows.")

    def handle(self, *args: Any, **options: Any) -> None:
        size = crowd.Size(**{name: options[name] for name in ("bookings", "requests", "runs", "partners")})
        try:
            crowd.gather(size, beside_others=options["force"], tell=self.stdout.write)
        except Rejected as no:
            raise CommandError(f"{no.message} --force does it all the same.") from no
        self.stdout.write(f"{size.bookings} bookings, {size.requests} requests, {size.runs} runs.\n")


def _count(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 20_000_000:
        raise ArgumentTypeError("a whole number from 1 to 20,000,000")
    return int(word)
