"""The MLS's own listing sheet, and the way from its "Online Appt" link into a frame with the wizard."""

from __future__ import annotations

import base64
from html import escape

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from automation.simulator.site import STATIC, shell
from automation.simulator.world import World

_VERSION = "v3--"


def token_of(listing_id: str) -> str:
    """What the MLS hands over in place of BrokerBay's own id.

    >>> token_of("0" * 24), listing_of(token_of("0" * 24))
    ('v3--AAAAAAAAAAAAAAAA', '000000000000000000000000')
    """
    return _VERSION + base64.urlsafe_b64encode(bytes.fromhex(listing_id)).decode()


def listing_of(token: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(token.removeprefix(_VERSION)).hex()
    except ValueError:
        return None


async def sheet(request: Request) -> Response:
    number = request.path_params["mls_number"].upper()
    found = [one for one in World.of(request).store.listings() if one.mls_number == number]
    if not found:
        return HTMLResponse("Not found", status_code=404)
    one = found[0]
    page = (
        (STATIC / "mls.html")
        .read_text(encoding="utf-8")
        .format(
            mls=escape(one.mls_number),
            id=one.id,
            address=escape(one.address),
            place=escape(one.place),
            price=one.price,
            token=token_of(one.id),
        )
    )
    return HTMLResponse(page)


async def outside(request: Request) -> Response:
    """The new tab; the booking view is in its frame."""
    if World.of(request).account(request) is None:
        return RedirectResponse("/auth/login", status_code=302)
    return FileResponse(STATIC / "handoff.html", headers={"Cache-Control": "no-store"})


async def rets(request: Request) -> Response:
    listing = World.of(request).store.listing(listing_of(request.path_params["token"]) or "")
    if listing is None:
        return JSONResponse({"error": "Not found"}, status_code=404)
    return JSONResponse({"_id": listing.id})


ROUTES: list[BaseRoute] = [
    Route("/mls/{mls_number}", sheet),
    Route("/dashboard/", outside),
    Route("/dashboard/view", shell),
    Route("/dashboard/rets/{token}", rets),
]
