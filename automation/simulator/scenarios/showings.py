"""Scenarios of the account's own list, of a showing's page, and of the modal that cancels it."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from automation.simulator.scenarios.registry import Options, Place, page_rule, scenario
from automation.simulator.world import Moment


@scenario(Place.LIST)
async def list_500(_: Moment, __: Options) -> Response:
    """The own list cannot be read: it answers 500."""
    return JSONResponse({"error": "Something went wrong"}, status_code=500)


page_rule(
    "list_rows_missing",
    place=Place.LIST,
    about='A page of the own list lacks its first `rows` (all); `path` "page=2" says which page.',
)
page_rule(
    "list_total", place=Place.LIST, about="The own list says how many there are: `more` (0) than it shows."
)
page_rule(
    "rows_shift",
    66,
    place=Place.LIST,
    about="What was cancelled or declined moves to the end of the list; with `gone`, out of it.",
)
page_rule(
    "ant_reasons", 64, place=Place.SHOWING, about="The reasons are Ant's select, its list at the page's end."
)
page_rule(
    "reasons_need_keys",
    63,
    place=Place.SHOWING,
    about="The native select of reasons obeys trusted input alone, e.g. the keyboard.",
)
page_rule(
    "cancel_stays_disabled",
    65,
    place=Place.SHOWING,
    about="Cancel Showing stays disabled although a reason is chosen.",
)
page_rule("double_cancel", 55, place=Place.SHOWING, about="The page sends each cancel twice.")
page_rule("no_cancel_toast", 54, place=Place.SHOWING, about="No message after a cancel, only the badge.")
