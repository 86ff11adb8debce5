"""Everything the local site can do wrong, late or differently; `registry` tells how one is added."""

from automation.simulator.scenarios import (
    listings,
    pages,
    requests,
    searches,
    showings,
    sign_ins,
    submits,
    wizard,
)
from automation.simulator.scenarios.options import require_playable
from automation.simulator.scenarios.registry import (
    SCENARIOS,
    Place,
    Scenario,
    answer_instead,
    bent,
    met,
    page_scenarios,
)

__all__ = [
    "SCENARIOS",
    "Place",
    "Scenario",
    "answer_instead",
    "bent",
    "listings",
    "met",
    "page_scenarios",
    "pages",
    "requests",
    "require_playable",
    "searches",
    "showings",
    "sign_ins",
    "submits",
    "wizard",
]
