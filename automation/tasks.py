"""Doorbells that booking workers answer: an id in, a service out, safe to ring twice."""

from __future__ import annotations

from automation import holders, relay
from bookings.services import runs


def perform_run(run_id: int) -> str:
    """Claim the run if it is due and free, and play it to its end."""
    run = runs.claim(run_id, holder=holders.this_process())
    if run is None:
        return "nothing to do"
    return str(relay.play(run).state)
