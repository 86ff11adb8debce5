from __future__ import annotations

from ingest.management.pass_command import PassCommand
from ingest.passes import Part


class Command(PassCommand):
    help = "Ask the property API now for the addresses that are still missing."
    parts = Part.ADDRESSES
    trigger = "command: fetch_property_addresses"
