"""The environment of every test, set before settings load: `-p tests.environment` in pyproject.toml.

Nothing of the developer's own environment or .env gets in, and nothing but this machine is reachable.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

OUTSIDE = (
    "SUPABASE_URL SUPABASE_KEY SUPABASE_TABLE PROPERTY_API_URL PROPERTY_API_KEY BROKERBAY_URL EMAIL_URL"
    " REDIS_URL DATABASE_URL HTTPS BEHIND_PROXY ALLOWED_HOSTS CSRF_TRUSTED_ORIGINS SITE_URL PORT BIND_HOST"
    " LOG_FORMAT LOG_LEVEL FETCH_INTERVAL_MINUTES DEFAULT_TIME_ZONE BOOKING_WORKERS DEFAULT_WORKERS"
    " DEFAULT_FROM_EMAIL Q_CLUSTER_NAME EVIDENCE_DAYS"
).split()
FOLDER = Path(tempfile.mkdtemp(prefix="portal-tests-"))


class OutsideWorld(OSError):
    """A test tried to reach another machine."""


def _prepare() -> None:
    for name in OUTSIDE:
        os.environ.pop(name, None)
    os.environ.update(
        ENV_FILE="",
        DEBUG="false",
        SECRET_KEY="only-for-tests-" + "0123456789" * 5,
        SESSION_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        SIMULATOR_TOKEN="only-for-tests",
        DEMO_PASSWORD="only-for-tests",
        DATA_DIR=str(FOLDER),
        STATIC_ROOT=str(FOLDER / "static"),
        # Tests of these choose them; everybody else's workers neither pause nor compare by themselves.
        SUBMIT_GAP_SECONDS="0",
        COMPARE_EVERY_MINUTES="0",
        DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
    )
    (FOLDER / "static").mkdir()
    sys.addaudithook(_stay_home)


def _stay_home(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_loopback(str(address[0])):
        raise OutsideWorld(f"Tests talk to this machine only, and one tried {address[0]}:{address[1]}")


def _is_loopback(host: str) -> bool:
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


_prepare()
