"""A faster clock for the run's protocol: every figure of it, in this process, times one factor.

The product knows no such switch. Only the harness's own entry (tests/chaos/entry.py) turns it, before
anything has started, so the proportions between lease, quiet time and patience stay those of production.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any

from automation import relay, translate
from automation.engine.contract import Site
from bookings.services.runs import figures
from brokerbay.ops import pulse, supervisor

# The engine waits for a page as long as the machine needs, which no factor makes faster.
STEP_TIMEOUT = float(os.environ.get("CHAOS_PATIENCE", "15"))


def scale(factor: float) -> None:
    """Let everything wait `factor` times as long."""
    for name, value in list(vars(figures).items()):
        if isinstance(value, timedelta) and value < timedelta(days=1):
            replace(name, value, value * factor)
    relay.HEARTBEAT *= factor
    relay.DEADLINE = max(relay.DEADLINE * factor, 40.0)
    supervisor.SWEEP_EVERY *= factor
    supervisor.LOOK_EVERY = 0.05
    supervisor.RESTART_PAUSES = tuple(pause * factor for pause in supervisor.RESTART_PAUSES)
    pulse.CANARY_EVERY *= factor
    # A cluster starts no faster for it.
    pulse.SILENT_AFTER = max(pulse.SILENT_AFTER * factor, 10.0)
    production = translate.site

    def site() -> Site:
        real = production()
        return Site(
            base_url=real.base_url,
            step_timeout=STEP_TIMEOUT,
            send_timeout=real.send_timeout,
            answer_timeout=real.answer_timeout * factor,
            list_timeout=real.list_timeout * factor,
        )

    translate.site = site


def replace(name: str, old: Any, new: Any) -> None:
    """Everywhere: who imported a figure by name has it by now."""
    for module in list(sys.modules.values()):
        ours = getattr(module, "__name__", "").startswith(("bookings.", "automation."))
        if ours and vars(module).get(name) is old:
            setattr(module, name, new)
