"""Everything the local site can do wrong, late or differently; `registry` tells how one is added."""

from automation.simulator.scenarios import listings, pages, requests, searches, submits
from automation.simulator.scenarios.registry import (
    SCENARIOS,
    Place,
    Scenario,
    answer_instead,
    bent,
    page_scenarios,
)

__all__ = [
    "SCENARIOS",
    "Place",
    "Scenario",
    "answer_instead",
    "bent",
    "listings",
    "page_scenarios",
    "pages",
    "requests",
    "searches",
    "submits",
]
