"""The property API: facts of a home by its MLS number. On free hosting it sleeps and wakes slowly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from tenacity.nap import sleep as tenacity_sleep

from ingest.sources.http import HttpSource, Patience, SourceRefused, SourceUnreadable

NAME = "The property API"
LARGEST_BODY = 4 * 1024 * 1024
# A sleeping server needs tens of seconds for its first answer: one long look, and one more.
PATIENCE = Patience(connect=10, read=50, attempts=3, total=55, longest_wait=10, first_wait=1)

# No home is called so, and as a part of an address they mean another one, however they are written.
_STEPS = ("", ".", "..")
_UNKNOWN_THERE = frozenset({400, 404, 410, 422})


class PropertyApi:
    """Asks for one home at a time. Not shared between threads."""

    def __init__(
        self,
        *,
        url: str,
        key: str = "",
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = tenacity_sleep,
    ) -> None:
        self._make = partial(PropertyApi, url=url, key=key, patience=patience, sleep=sleep)
        self._http = HttpSource(
            name=NAME,
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            patience=patience,
            largest_body=LARGEST_BODY,
            sleep=sleep,
        )

    def another(self) -> PropertyApi:
        """The same API over a connection of its own, for another thread."""
        return self._make()

    def close(self) -> None:
        self._http.close()

    def read(self, property_id: str) -> Any | None:
        """The JSON about a home as it came; None when the API does not know it.

        Raises SourceUnreadable for an answer that is no JSON, SourceDown, SourceRefused.
        """
        if property_id in _STEPS:
            return None
        answer = self._http.get(f"/api/properties/{quote(property_id, safe='')}")
        if answer.status in _UNKNOWN_THERE:
            return None
        if answer.status >= 400:
            raise SourceRefused(
                NAME,
                f"{NAME} said no ({answer.status}).",
                status=answer.status,
                what_to_do="Check PROPERTY_API_URL and PROPERTY_API_KEY.",
            )
        if not answer.is_json or answer.body is None:
            raise SourceUnreadable(
                NAME, f"{NAME} sent an answer that is no JSON.", what_to_do="It is asked again."
            )
        return answer.body
