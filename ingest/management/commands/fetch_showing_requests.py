from __future__ import annotations

from ingest.management.pass_command import PassCommand
from ingest.passes import Part


class Command(PassCommand):
    help = "Read the showing requests from Supabase now and queue what is ready."
    parts = Part.REQUESTS
    trigger = "command: fetch_showing_requests"
