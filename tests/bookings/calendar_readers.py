"""Two programs that read calendar files and share no code with ours, nor with each other."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import icalendar
import pytest
from django.conf import settings

TOOLS = Path(settings.BASE_DIR) / "var/tools"
# A calendar's method, name and events, these with uid, sequence, status, starts, ends (UTC), summary, …
Read: TypeAlias = dict[str, Any]


def by_icalendar(content: bytes) -> Read:
    calendar = icalendar.Calendar.from_ical(content)
    assert all(component.errors == [] for component in calendar.walk())
    return {
        "method": _word(calendar, "METHOD"),
        "name": _word(calendar, "NAME"),
        "events": [
            {
                "uid": str(event["UID"]),
                "sequence": event["SEQUENCE"],
                "status": str(event["STATUS"]),
                "starts": _utc(event.start),
                "ends": _utc(event.end),
                "summary": str(event["SUMMARY"]),
                "location": str(event["LOCATION"]),
                "description": str(event["DESCRIPTION"]),
                "url": _word(event, "URL"),
            }
            for event in calendar.events
        ],
    }


def by_ical_js(content: bytes) -> Read:
    node, package = shutil.which("node"), TOOLS / "node_modules/ical.js"
    if node is None or not package.exists():
        pytest.skip("no ical.js: npm install --ignore-scripts --prefix var/tools ical.js")
    script = Path(__file__).with_name("ical_js.mjs")
    told = subprocess.run([node, script, TOOLS], input=content, capture_output=True, check=True)
    read: Read = json.loads(told.stdout)
    for event in read["events"]:
        event["starts"], event["ends"] = (
            _utc(datetime.fromisoformat(event[it])) for it in ("starts", "ends")
        )
    return read


READERS: list[Callable[[bytes], Read]] = [by_icalendar, by_ical_js]


def _word(component: Any, name: str) -> str | None:
    return str(component[name]) if name in component else None


def _utc(moment: Any) -> str:
    assert moment.utcoffset().total_seconds() == 0, "moments are written in UTC"
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
