"""Booking runs: queued, claimed, told, settled. The only writer of runs, attempts and run events.

A held run has a lease and a fencing number (`attempt_number`); every write of an attempt carries that
number, and a write with an old one changes nothing. See bookings/README.md for the chart.
"""

from bookings.services.runs.answering import answer, try_again
from bookings.services.runs.assigning import assign
from bookings.services.runs.changes import queue_cancel, queue_reconcile, queue_reschedule
from bookings.services.runs.deciding import resume_signed_in, stop, withdraw
from bookings.services.runs.figures import LEASE, MAX_ATTEMPTS, MAX_SUBMITS, QUIET_TIME
from bookings.services.runs.holding import Beat, claim, claim_next, heartbeat, pass_gate, release
from bookings.services.runs.log import LogLine, tell
from bookings.services.runs.offering import Offer, offers
from bookings.services.runs.settling import settle
from bookings.services.runs.sweeping import sweep
from bookings.services.runs.verdicts import AttemptEnd, KeptFile, backoff
from bookings.services.runs.wishes import Wish, queue, queue_for

__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "MAX_SUBMITS",
    "QUIET_TIME",
    "AttemptEnd",
    "Beat",
    "KeptFile",
    "LogLine",
    "Offer",
    "Wish",
    "answer",
    "assign",
    "backoff",
    "claim",
    "claim_next",
    "heartbeat",
    "offers",
    "pass_gate",
    "queue",
    "queue_cancel",
    "queue_for",
    "queue_reconcile",
    "queue_reschedule",
    "release",
    "resume_signed_in",
    "settle",
    "stop",
    "sweep",
    "tell",
    "try_again",
    "withdraw",
]
