"""A second stand-in for the real site: the same behaviour, other markup, other requests for what is unknown.

Written from what is known of the site alone, so that the robot is not fitted to one: cards instead of
tables, links and spans with roles instead of buttons, and requests of other shapes for a cancel and a move.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent
PAGE_SIZE = 5
COOKIE = "supra_one"


@dataclass(kw_only=True)
class Home:
    """A listing; `taken` are starts that cannot be booked."""

    id: str = field(default_factory=lambda: secrets.token_hex(12))
    mls: str
    street: str
    unit: str = ""
    city: str = "Toronto"
    price: str = "$799,000"
    automatic: bool = True
    longest: int = 60
    open_to_showings: bool = True
    taken: set[datetime] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"{self.street} #{self.unit}" if self.unit else self.street


@dataclass(kw_only=True)
class Visit:
    """A showing that the account holds."""

    id: str = field(default_factory=lambda: secrets.token_hex(12))
    home: Home
    start: datetime
    minutes: int = 30
    badge: str = "Confirmed"


class Foreign:
    """The site's state, which a test reads and changes directly, and the address it is served at."""

    def __init__(self) -> None:
        self.homes: list[Home] = []
        self.visits: list[Visit] = []
        self.changes: list[tuple[str, str, dict[str, Any]]] = []  # method, path, body of each unsafe request
        self.session = secrets.token_hex(16)
        self.search_delay = 0.0  # seconds
        self.script_delay = 0.0  # until then the page stands there and hears no click
        self.today_delay = 0.0  # of today's times, asked for first; those of other days come later still
        self._told_today = False
        self.draws_over_the_list = False  # the page that a booking leads to comes after the list is shown
        self._booked, self._listed = False, asyncio.Event()
        self.base_url = ""

    def add_home(self, **fields: Any) -> Home:
        self.homes.append(Home(**fields))
        return self.homes[-1]

    def add_visit(self, home: Home, start: datetime, **fields: Any) -> Visit:
        self.visits.append(Visit(home=home, start=start, **fields))
        return self.visits[-1]

    def home(self, home_id: str) -> Home | None:
        return next((one for one in self.homes if one.id == home_id), None)

    def visit(self, visit_id: str) -> Visit | None:
        return next((one for one in self.visits if one.id == visit_id), None)

    def signed_in(self) -> dict[str, Any]:
        """Playwright's storage state of a browser that is signed in."""
        cookie = {"name": COOKIE, "value": self.session, "domain": "127.0.0.1", "path": "/", "expires": -1}
        more = {"httpOnly": True, "secure": False, "sameSite": "Lax"}
        return {"cookies": [{**cookie, **more}], "origins": []}

    # The routes

    async def page(self, request: Request) -> Response:
        if request.cookies.get(COOKIE) != self.session:
            return RedirectResponse("/auth/login?response_type=code&client_id=brokerbay:auth:app")
        return FileResponse(HERE / "page.html")

    async def login(self, _: Request) -> Response:
        return FileResponse(HERE / "login.html")

    async def script(self, _: Request) -> Response:
        await asyncio.sleep(self.script_delay)
        return FileResponse(HERE / "page.js")

    async def search(self, request: Request) -> Response:
        if request.cookies.get(COOKIE) != self.session:
            return JSONResponse({}, 401)
        await asyncio.sleep(self.search_delay)
        words = request.query_params.get("input", "").lower().replace("#", "").replace(",", "").split()

        def fits(home: Home) -> bool:
            known = f"{home.mls} {home.street} {home.unit} {home.city}".lower().split()
            return all(any(one.startswith(word) for one in known) for word in words)

        return JSONResponse([_row(home) for home in self.homes if words and fits(home)])

    async def listing(self, request: Request) -> Response:
        home = self.home(request.path_params["home"])
        if self.draws_over_the_list and self._booked:
            await self._listed.wait()
        return JSONResponse(_row(home)) if home else JSONResponse({}, 404)

    async def times(self, request: Request) -> Response:
        home = self.home(request.path_params["home"])
        day = date.fromisoformat(request.query_params["day"])
        if day == date.today():  # noqa: DTZ011 - the page's own clock
            await asyncio.sleep(self.today_delay)
            self._told_today = True
        elif not self._told_today:
            await asyncio.sleep(2 * self.today_delay)
        starts = [datetime.combine(day, time(9)) + timedelta(minutes=15 * step) for step in range(44)]
        now = datetime.now() + timedelta(hours=1)  # noqa: DTZ005 - the page's own clock
        return JSONResponse(
            [
                {"at": f"{start:%H:%M}", "gone": start < now, "taken": home is None or start in home.taken}
                for start in starts
            ]
        )

    async def mine(self, request: Request) -> Response:
        if request.cookies.get(COOKIE) != self.session:
            return JSONResponse({}, 401)
        page = int(request.query_params.get("page", "1"))
        newest = sorted(self.visits, key=lambda one: one.start, reverse=True)
        rows = newest[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        pages = -(-len(newest) // PAGE_SIZE)
        if self._booked:
            self._listed.set()
        return JSONResponse({"rows": [_visit(one) for one in rows], "pages": pages})

    async def visit_page(self, request: Request) -> Response:
        visit = self.visit(request.path_params["visit"])
        return JSONResponse(_visit(visit)) if visit else JSONResponse({}, 404)

    async def book(self, request: Request) -> Response:
        body = await self._changed(request)
        home = self.home(request.path_params["home"])
        start = datetime.combine(date.fromisoformat(body["day"]), time.fromisoformat(body["at"]))
        if home is None or start in home.taken:
            return JSONResponse({"message": "That time is no longer available"}, 409)
        badge = "Confirmed" if home.automatic else "Awaiting Approval"
        visit = self.add_visit(home, start, minutes=body["minutes"], badge=badge)
        self._booked = True
        return JSONResponse({"appointment": {"_id": visit.id}})

    async def change(self, request: Request) -> Response:
        body = await self._changed(request)
        visit = self.visit(request.path_params["visit"])
        if visit is None:
            return JSONResponse({"message": "Not found"}, 404)
        if request.method == "DELETE":
            visit.badge = "Cancelled"
        else:
            visit.start = datetime.combine(date.fromisoformat(body["day"]), time.fromisoformat(body["at"]))
            visit.minutes = body["minutes"]
        return JSONResponse({"ok": True})

    async def collect(self, _: Request) -> Response:
        return Response(status_code=204)

    async def _changed(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json() if await request.body() else {}
        self.changes.append((request.method, request.url.path, body))
        return body

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/auth/login", self.login),
                Route("/page.js", self.script),
                Route("/search/listings", self.search),
                Route("/api/home/{home}", self.listing),
                Route("/api/home/{home}/times", self.times),
                Route("/api/mine", self.mine),
                Route("/api/visit/{visit}", self.visit_page),
                Route("/api/home/{home}/appointment", self.book, methods=["POST"]),
                Route("/api/visit/{visit}", self.change, methods=["DELETE", "PATCH"]),
                Route("/telemetry/collect", self.collect, methods=["POST"]),
            ]
        )


def _row(home: Home) -> dict[str, Any]:
    return {
        "id": home.id,
        "mls": f"PropTx: {home.mls}",
        "rowAddress": f"{home.street}, #{home.unit}" if home.unit else home.street,
        "address": home.address,
        "place": f"{home.city}, ON",
        "price": home.price,
        "automatic": home.automatic,
        "open": home.open_to_showings,
        "longest": home.longest,
    }


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "home": _row(visit.home),
        "day": visit.start.date().isoformat(),
        "at": f"{visit.start:%H:%M}",
        "minutes": visit.minutes,
        "badge": visit.badge,
    }


@contextmanager
def served() -> Iterator[Foreign]:
    """The site on a free port of this machine, in a thread of this process."""
    foreign = Foreign()
    listening = socket.create_server(("127.0.0.1", 0))
    foreign.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server = uvicorn.Server(uvicorn.Config(foreign.app(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield foreign
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
