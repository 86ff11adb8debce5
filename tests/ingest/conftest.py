from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingest.simulator.control import SECRET_KEY, TABLE, Upstream, running
from ingest.sources.http import Patience
from ingest.sources.property_api import PropertyApi
from ingest.sources.supabase import Supabase
from tests.ingest.postgrest import postgrest_server, real_supabase

__all__ = ["postgrest_server", "real_supabase"]

# Tests that want a source to give up must not stand around for it.
QUICK = Patience(connect=2, read=5, attempts=3, total=10, longest_wait=0.2, first_wait=0.01)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Upstream]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def upstream(simulator: Upstream) -> Upstream:
    """The local Supabase and property API, empty and healthy, in a process of its own."""
    simulator.reset()
    return simulator


@pytest.fixture
def supabase(upstream: Upstream) -> Iterator[Supabase]:
    source = Supabase(url=upstream.url, key=SECRET_KEY, table=TABLE, patience=QUICK)
    yield source
    source.close()


@pytest.fixture
def property_api(upstream: Upstream) -> Iterator[PropertyApi]:
    source = PropertyApi(url=upstream.url, patience=QUICK)
    yield source
    source.close()
