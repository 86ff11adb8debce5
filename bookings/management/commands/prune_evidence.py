from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from bookings.services import evidence


class Command(BaseCommand):
    help = "Delete pictures, traces and markup that are older than EVIDENCE_DAYS; done daily by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help=f"Keep so many days instead ({settings.EVIDENCE_DAYS}).")

    def handle(self, *args: Any, days: int | None, **options: Any) -> None:
        self.stdout.write(f"Deleted: {evidence.prune(days=days)}\n")
