"""Playwright's trace of an attempt, without the session that the attempt ran in."""

from __future__ import annotations

import io
import json
import logging
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Error

logger = logging.getLogger(__name__)

_SECRET_HEADERS = re.compile(
    r"^(?:cookie|set-cookie|.*authorization|.*(?:token|secret|csrf|xsrf|api-?key).*)$", re.I
)
_SHORTEST = 8  # a shorter value is no key, and would be found in ordinary words


async def start(context: BrowserContext) -> bool:
    """Whether the context records from now on; an attempt goes on without, too."""
    try:
        await context.tracing.start(screenshots=True, snapshots=True)
    except Error as error:
        logger.info("No trace: %s", error.message)
        return False
    return True


async def stop(context: BrowserContext, *, keep: bool, secrets: Iterable[str]) -> bytes | None:
    """Ends the recording; its zip, with none of the `secrets` in it, where it is to be kept."""
    try:
        if not keep:
            await context.tracing.stop()
            return None
        with tempfile.TemporaryDirectory(prefix="trace-") as folder:
            path = Path(folder) / "trace.zip"
            await context.tracing.stop(path=path)
            return cleaned(path.read_bytes(), secrets=secrets)
    except (Error, OSError) as error:
        logger.info("No trace: %s", error)
        return None


def secrets_of(session_state: Mapping[str, Any] | None) -> set[str]:
    """Every value that a storage state holds: cookies and what pages keep in the browser."""
    state = session_state or {}
    found = {str(cookie.get("value", "")) for cookie in state.get("cookies", ())}
    for origin in state.get("origins", ()):
        found |= {str(item.get("value", "")) for item in origin.get("localStorage", ())}
    return {value for value in found if len(value) >= _SHORTEST}


def cleaned(trace: bytes, *, secrets: Iterable[str]) -> bytes:
    """The same zip; secret headers, cookies and bodies of requests are emptied, secrets struck out."""
    spellings = {spelling for secret in secrets for spelling in (secret, json.dumps(secret)[1:-1])}
    striking = sorted((one.encode() for one in spellings), key=len, reverse=True)
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(trace)) as old,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name.endswith((".network", ".trace")):
                content = b"\n".join(_line(line) for line in content.splitlines())
            for secret in striking:
                content = content.replace(secret, b"...")
            new.writestr(name, content)
    return result.getvalue()


def _line(line: bytes) -> bytes:
    try:
        return json.dumps(_emptied(json.loads(line))).encode()
    except ValueError:
        return b""  # what cannot be read cannot be cleaned


def _emptied(value: Any) -> Any:
    if isinstance(value, list):
        return [_emptied(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _SECRET_HEADERS.match(str(value.get("name", ""))) and "value" in value:
        return {**value, "value": ""}
    return {
        name: [] if name == "cookies" else None if name == "postData" else _emptied(one)
        for name, one in value.items()
    }
