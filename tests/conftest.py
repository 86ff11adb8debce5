"""What holds for every test of every room; a room's own fixtures stand in its own conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache

# The files that take longest come first: who took one last would keep all others waiting.
LONGEST = (
    "tests/brokerbay/test_supervision.py",
    "tests/bookings/live/everyone/test_axe.py",
    "tests/automation/test_handoff.py",
    "tests/automation/engine/test_booking.py",
    "tests/bookings/live/everyone/test_french.py",
    "tests/automation/test_kills.py",
    "tests/bookings/live/test_handoff.py",
    "tests/bookings/tenancy/test_matrix.py",
    "tests/bookings/admin/test_lists.py",
    "tests/scenarios/test_table.py",
    "tests/brokerbay/test_running.py",
    "tests/test_spine.py",
    "tests/chaos/test_chaos.py",
    "tests/ingest/test_bridge_processes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.split("::")[0], len(places)))


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Hashed names would need collectstatic before every run.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    yield
    cache.clear()
