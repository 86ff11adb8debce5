from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bookings.live.portal import Portal, running


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as served:
        yield served


@dataclass(frozen=True, slots=True)
class Watched:
    """A run that another process holds, and the people who may (or may not) watch it."""

    portal: Portal
    run: str
    pk: int
    sessions: dict[str, str]

    def tell(self, *messages: str, each: bool = False) -> None:
        self.portal.worker("tell", pk=self.pk, messages=messages, each=each)

    def finish(self) -> None:
        self.portal.worker("finish", pk=self.pk)

    def events(self, who: str = "owner", last_id: str = "") -> Any:
        return self.portal.events(self.run, session=self.sessions.get(who, ""), last_id=last_id)


@pytest.fixture(scope="session")
def people(portal: Portal) -> dict[str, Any]:
    cast: dict[str, Any] = portal.worker("cast")
    return cast


@pytest.fixture
def watched(portal: Portal, people: dict[str, Any]) -> Watched:
    run = portal.worker("start", partner=people["partner"])
    return Watched(portal, run["run"], run["pk"], people["sessions"])
