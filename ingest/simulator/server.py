"""The simulated upstream as a web application: Supabase's REST interface and Realtime, the property API, the
control."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from ingest.simulator import homes
from ingest.simulator.postgrest import COLUMNS, BadQuery, Query, range_of, read_query
from ingest.simulator.realtime import Realtime
from ingest.simulator.world import Fault, World

# Keys that mean nothing anywhere else.
SECRET_KEY = "sb_secret_local_demo"
VISITOR_KEY = "sb_publishable_local_demo"
TABLE = "showing_requests"
MAX_ROWS = 1000

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the simulated project is set up. `max_rows` is PostgREST's silent cap (db-max-rows)."""

    table: str = TABLE
    max_rows: int = MAX_ROWS
    control_token: str = ""


class CutResponse(Response):
    """Promises more than it sends, then the line is dead."""

    def __init__(self) -> None:
        super().__init__(b'[{"id": "', headers={"Content-Length": "1000"}, media_type="application/json")


def build(world: World, settings: Settings) -> Starlette:
    """The application over a world."""
    upstream = _Upstream(world, settings)
    realtime = Realtime(world, table=settings.table, keys={SECRET_KEY: True, VISITOR_KEY: False})
    control = _Control(world, settings, realtime)
    return Starlette(
        routes=[
            Route("/rest/v1/{table}", upstream.rest, methods=["GET", "HEAD", "POST", "PATCH"]),
            WebSocketRoute("/realtime/v1/websocket", realtime.socket),
            Route("/api/properties/{property_id:path}", upstream.property, methods=["GET"]),
            Route("/control/state", control.guarded(control.state), methods=["GET"]),
            Route("/control/reset", control.guarded(control.reset), methods=["POST"]),
            Route("/control/requests", control.guarded(control.insert), methods=["POST"]),
            Route("/control/requests/{id}", control.guarded(control.change), methods=["PATCH", "DELETE"]),
            Route("/control/properties", control.guarded(control.insert_homes), methods=["POST"]),
            Route("/control/faults", control.guarded(control.faults), methods=["POST", "DELETE"]),
            Route("/control/realtime", control.guarded(control.realtime), methods=["GET", "POST"]),
            Route("/control/seen", control.guarded(control.seen), methods=["GET"]),
            Route("/health", _healthy, methods=["GET"]),
        ]
    )


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


class _Upstream:
    """What the portal sees."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings

    async def rest(self, request: Request) -> Response:
        self._remember(request)
        broken = await self._broken("rest")
        refused = broken or _gateway_refusal(request)
        if refused:
            return refused
        if request.path_params["table"] != self._settings.table:
            name = request.path_params["table"]
            return _refusal(404, "PGRST205", f"Could not find the table 'public.{name}' in the schema cache")
        try:
            if request.method == "POST":
                return await self._insert(request)
            query = read_query(request.query_params.multi_items())
            if request.method == "PATCH":
                return await self._patch(request, query)
            return self._read(request, query)
        except BadQuery as bad:
            return _refusal(bad.status, bad.code, bad.message)

    def _read(self, request: Request, query: Query) -> Response:
        rows = query.matching(self._world.rows.values()) if _sees_rows(request) else []
        wanted = range_of(request.headers)
        offset = query.offset + (wanted[0] if wanted else 0)
        limits = [query.limit, wanted[1] - wanted[0] + 1 if wanted else None, self._settings.max_rows]
        limit = min(limit for limit in limits if limit is not None)
        counted = "count=exact" in request.headers.get("prefer", "")
        if counted and offset and offset >= len(rows):
            body = {
                "code": "PGRST103",
                "details": f"An offset of {offset} was requested, but there are only {len(rows)} rows.",
                "hint": None,
                "message": "Requested range not satisfiable",
            }
            return JSONResponse(body, status_code=416, headers={"Content-Range": f"*/{len(rows)}"})
        page = [query.shown(row) for row in rows[offset : offset + limit]]
        total = str(len(rows)) if counted else "*"
        span = f"{offset}-{offset + len(page) - 1}" if page else "*"
        partial = counted and len(page) < len(rows)
        return JSONResponse(
            page, status_code=206 if partial else 200, headers={"Content-Range": f"{span}/{total}"}
        )

    async def _insert(self, request: Request) -> Response:
        body = await _json(request)
        rows = body if isinstance(body, list) else [body]
        _check_columns(rows)
        taken = [str(row["id"]) for row in rows if str(row.get("id")) in self._world.rows]
        if taken and "resolution=merge-duplicates" not in request.headers.get("prefer", ""):
            return _refusal(
                409, "23505", 'duplicate key value violates unique constraint "showing_requests_pkey"'
            )
        return _written(request, self._world.insert(rows), status=201)

    async def _patch(self, request: Request, query: Query) -> Response:
        changes = await _json(request)
        _check_columns([changes])
        return _written(request, self._world.update(query, changes), status=200)

    async def property(self, request: Request) -> Response:
        self._remember(request)
        property_id = request.path_params["property_id"]
        broken = await self._broken("properties", property_id)
        if broken:
            return broken
        home = self._world.homes.get(property_id)
        if home is None:
            return JSONResponse({"error": "Property not found"}, status_code=404)
        return JSONResponse(homes.payload(home))

    async def _broken(self, surface: str, about: str = "") -> Response | None:
        fault = self._world.fault_for(surface, about)
        if fault is None:
            return None
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return None
        if fault.kind == "garbled":
            return HTMLResponse("<!doctype html><title>Welcome</title><p>This is a page for people.")
        if fault.kind == "cut":
            return CutResponse()
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
        return JSONResponse({"message": "played by the simulator"}, status_code=fault.status, headers=headers)

    def _remember(self, request: Request) -> None:
        agent = request.headers.get("user-agent", "")
        self._world.seen.append(
            {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "user_agent": agent,
            }
        )


class _Control:
    """What tests and the demo do to the world."""

    def __init__(self, world: World, settings: Settings, realtime: Realtime) -> None:
        self._world = world
        self._realtime = realtime
        self._token = settings.control_token

    def guarded(self, handler: Handler) -> Handler:
        async def guard(request: Request) -> Response:
            if not secrets.compare_digest(
                request.headers.get("x-control-token", "").encode(), self._token.encode()
            ):
                return JSONResponse({"error": "The control token is missing or wrong."}, status_code=401)
            try:
                return await handler(request)
            except (BadQuery, KeyError, TypeError, ValueError) as bad:
                return JSONResponse({"error": str(bad)}, status_code=400)

        return guard

    async def state(self, _: Request) -> Response:
        return JSONResponse(
            {"requests": list(self._world.rows.values()), "properties": list(self._world.homes.values())}
        )

    async def reset(self, _: Request) -> Response:
        self._world.reset()
        self._realtime.heard.clear()
        return JSONResponse({})

    async def insert(self, request: Request) -> Response:
        return JSONResponse({"requests": self._world.insert((await _json(request))["requests"])})

    async def change(self, request: Request) -> Response:
        row_id = request.path_params["id"]
        if request.method == "DELETE":
            return JSONResponse({"found": self._world.delete(row_id)})
        row = self._world.change(row_id, await _json(request))
        return JSONResponse(row) if row else JSONResponse({"error": "No such request."}, status_code=404)

    async def insert_homes(self, request: Request) -> Response:
        self._world.insert_homes((await _json(request))["properties"])
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._world.faults.clear()
        else:
            self._world.faults.append(Fault(**await _json(request)))
        return JSONResponse({"faults": [asdict(fault) for fault in self._world.faults]})

    async def realtime(self, request: Request) -> Response:
        if request.method == "POST":
            self._realtime.do(**await _json(request))
        return JSONResponse(self._realtime.standing())

    async def seen(self, _: Request) -> Response:
        return JSONResponse({"seen": list(self._world.seen)})


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        raise BadQuery(400, "PGRST102", "Empty or invalid json") from None


def _gateway_refusal(request: Request) -> Response | None:
    """Supabase's gateway, before PostgREST: its errors have no `code`."""
    key = request.headers.get("apikey", "")
    if not key:
        hint = "No `apikey` request header or url param was found."
        return JSONResponse({"message": "No API key found in request", "hint": hint}, status_code=401)
    if key not in (SECRET_KEY, VISITOR_KEY):
        hint = "Double check your Supabase `anon` or `service_role` API key."
        return JSONResponse({"message": "Invalid API key", "hint": hint}, status_code=401)
    if key == SECRET_KEY and request.headers.get("user-agent", "").startswith("Mozilla/"):
        hint = "Secret API keys can only be used in a protected environment."
        return JSONResponse(
            {"message": "Forbidden use of secret API key in browser", "hint": hint}, status_code=401
        )
    return None


def _sees_rows(request: Request) -> bool:
    """Row level security without a policy: a visitor's key gets no error and no rows."""
    return request.headers.get("apikey") == SECRET_KEY


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "details": None, "hint": None, "message": message}, status_code=status)


def _check_columns(rows: list[Any]) -> None:
    for row in rows:
        if not isinstance(row, dict):
            raise BadQuery(400, "PGRST102", "All object keys must match")
        unknown = sorted(set(row) - set(COLUMNS))
        if unknown:
            raise BadQuery(400, "PGRST204", f"Could not find the '{unknown[0]}' column of 'showing_requests'")


def _written(request: Request, rows: list[dict[str, Any]], *, status: int) -> Response:
    span = f"0-{len(rows) - 1}" if rows else "*"
    headers = {"Content-Range": f"{span}/*"}
    if "return=representation" in request.headers.get("prefer", ""):
        return JSONResponse(rows, status_code=status, headers=headers)
    return Response(status_code=201 if status == 201 else 204, headers=headers)
