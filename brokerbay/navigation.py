"""The face of the admin: its name and its side bar."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Showings",
    "SITE_HEADER": "Showings",
    "SITE_SUBHEADER": "Booked on BrokerBay by themselves",
    "SITE_URL": "/",
    "SITE_SYMBOL": "real_estate_agent",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COMMAND": {"search_models": False, "show_history": True},
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
