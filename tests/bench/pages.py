"""A server with many showing requests, its answers written beforehand, so that only the reader is measured.

`python -m tests.bench.pages ROWS` prints its address. It answers what PostgREST would to the portal's keyset
questions: pages of 500 in the order (created_at, id), `Content-Range` with the total where it is asked for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]
PAGE = 1000
CLIENTS, HOMES = 400, 2000
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
LAST_SEEN = re.compile(r'id\.gt\."([^"]+)"')


def row(number: int) -> dict[str, Any]:
    """The n-th showing request: an open one, of one of 400 clients, for one of 2,000 homes."""
    return {
        "id": str(UUID(int=number + 1)),
        "user_id": str(UUID(int=number % CLIENTS + 10**12)),
        "property_id": f"W{number % HOMES:08}",
        "status": ("scheduled", "pending", "rescheduled")[number % 3],
        "created_at": (FIRST + timedelta(seconds=number)).isoformat(),
        "scheduled_date": (datetime.now(UTC).date() + timedelta(days=30 + number % 90)).isoformat(),
        "scheduled_time": f"{9 + number % 10:02}:{number % 4 * 15:02}:00",
        "group_name": "Saturday" if number % 5 == 0 else None,
    }


def clients() -> list[str]:
    return [str(UUID(int=number + 10**12)) for number in range(CLIENTS)]


def homes() -> list[str]:
    return [f"W{number:08}" for number in range(HOMES)]


def answers(rows: int) -> dict[str, bytes]:
    """The page after each page's last id; the first one after ""."""
    pages, last = {}, ""
    for start in range(0, rows, PAGE):
        page = [row(number) for number in range(start, min(start + PAGE, rows))]
        pages[last] = json.dumps(page).encode()
        last = page[-1]["id"]
    return pages


def serve(rows: int) -> None:
    written = answers(rows)

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            after = LAST_SEEN.search(unquote_plus(self.path))
            body = written.get(after[1] if after else "", b"[]")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if "count=exact" in self.headers.get("Prefer", ""):
                self.send_header("Content-Range", f"0-{PAGE - 1}/{rows}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


@contextmanager
def serving(rows: int) -> Iterator[str]:
    """The server in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.pages", str(rows)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
