"""What the queue rings for. Nothing is decided here; ringing twice is harmless."""

from __future__ import annotations

import logging

from ingest import outcomes
from ingest.passes import Part, in_words, run_pass

logger = logging.getLogger(__name__)


def sync(trigger: str = "schedule") -> str:
    """Make a sync pass, unless one is running."""
    return _told(trigger, Part.EVERYTHING)


def fetch_addresses() -> str:
    """Ask the property API for the addresses that are still wanted."""
    return _told("addresses", Part.ADDRESSES)


def write_back() -> str:
    """Write to Supabase what became of its requests."""
    return f"{outcomes.write_all()} rows written"


def _told(trigger: str, parts: Part) -> str:
    sync_pass = run_pass(trigger, parts=parts)
    told = in_words(sync_pass) if sync_pass else "Another pass is running."
    logger.info("%s", told)  # a command tells its person itself
    return told
