"""The API's check of a property over a real ASGI server, where middleware waits in the request's thread."""

from __future__ import annotations

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bookings.live.portal import PATIENCE, Portal

SOON = 10.0  # seconds; far below the check's own deadline of 25


def test_a_check_is_answered_as_soon_as_the_robot_knows(portal: Portal, people: dict[str, Any]) -> None:
    key = portal.worker("book_key", partner=people["partner"])
    request = urllib.request.Request(
        f"{portal.address}/api/property-exists",
        data=b'{"property": "N7654399"}',
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )

    def ask() -> Any:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        asking = pool.submit(ask)
        portal.worker("answer_check", text="N7654399")
        body = asking.result()
        took = time.monotonic() - began
    assert (body["success"], body["exists"]) == (True, True)
    assert [entry["id"] for entry in body["logs"]] == [1, 2, 3]
    assert took < SOON
