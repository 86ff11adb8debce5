"""One django-q2 cluster whose processes all die together.

Left alone, django-q2 leaves workers and browsers behind when its main or sentinel process is killed, and
freezes for good when a waiting worker dies with the queue's lock in hand. So here every process dies with
its parent, and the sentinel ends the whole cluster when one of its processes dies; the supervisor
(brokerbay/ops/supervisor.py) starts a new one. A frozen cluster has no pulse (brokerbay/ops/pulse.py).
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Any

from brokerbay.ops import pulse
from brokerbay.ops.processes import leash_forks

logger = logging.getLogger(__name__)

EXIT_PROCESS_DIED = 70
RECYCLED, TIMED_OUT = -2, 0


def run(queue: str) -> None:
    """Run the cluster of a queue until it is told to stop. Does not return while it runs."""
    os.environ["Q_CLUSTER_NAME"] = queue
    if queue == "booking":
        # Read before the fork: a worker that cannot be loaded is told at once, and loads once for all.
        import_module("automation.tasks")
    leash_forks()
    from django_q import cluster as clusters

    pulse.watch(clusters)
    clusters.Sentinel.reincarnate = _end_unless_recycled(clusters.Sentinel.reincarnate)
    cluster = clusters.Cluster()
    cluster.start()
    if cluster.sentinel is not None:
        cluster.sentinel.join()


def _end_unless_recycled(reincarnate: Any) -> Any:
    def ended(sentinel: Any, process: Any) -> None:
        timer = getattr(process, "timer", None)
        if timer is not None and int(timer.value) == RECYCLED:
            reincarnate(sentinel, process)
            return
        logger.critical("A process of the cluster died; the cluster starts anew.")
        os._exit(EXIT_PROCESS_DIED)

    return ended
