"""How long, how often: the figures of the run's protocol."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(seconds=30)
# The gate refuses when less than this is left of the lease: the answer must still be ours.
SEND_MARGIN = timedelta(seconds=5)
# After the submit: answer limit 30 s, list visibility 15 s, slack 5 s. Only then may "absent" be believed.
QUIET_TIME = timedelta(seconds=50)
BETWEEN_READS = timedelta(seconds=10)
READS_TO_BELIEVE_ABSENT = 2
MAX_SUBMITS = 2
MAX_ATTEMPTS = 5
DOUBT_AFTER = timedelta(minutes=15)
BACKOFF_BASE = timedelta(seconds=5)
BACKOFF_CAP = timedelta(minutes=5)
# While BrokerBay, or the way to it, is down: so long a run keeps trying by itself, its budget spared ...
OUTAGE_PATIENCE = timedelta(hours=2)
# ... but not into the time that a person needs to do something else about the showing.
TOO_NEAR = timedelta(minutes=15)
# After a try that found BrokerBay down: so long its account sends no other, and it is not brought forward.
BETWEEN_PROBES = timedelta(seconds=30)
# About 18 months. The site's calendar is turned month by month: a farther day is a slip of the finger.
FARTHEST_START = timedelta(days=548)
# A doorbell that nobody answered is rung again after this.
RING_AGAIN = timedelta(seconds=10)
