"""Doorbells that booking workers answer: an id in, a service out, safe to ring twice."""

from __future__ import annotations

from automation import holders, relay
from bookings.services import runs


def perform_run(run_id: int) -> str:
    """Claim the run that goes first now, whichever was rung for, and play it to its end."""
    if holders.is_stopping():
        return "stopping; the sweep rings for another worker"
    run = runs.claim_next(holder=holders.this_process(), rung=run_id)
    if run is None:
        return "nothing to do"
    return str(relay.play(run).state)
