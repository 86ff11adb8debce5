from __future__ import annotations

from ingest.management.pass_command import PassCommand
from ingest.passes import Part


class Command(PassCommand):
    help = "Make a whole sync pass now: requests, addresses, bookings."
    parts = Part.EVERYTHING
    trigger = "command: sync_now"
