"""How the tests ask: as a person with a session, or as a program with a key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.http.response import HttpResponseBase
from django.test import Client

from bookings.services import people
from tests.bookings.cast import in_days


def browser(user: User | None = None, **options: Any) -> Client:
    client = Client(**options)
    if user is not None:
        client.force_login(user)
    return client


def program(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def program_of(user: User) -> Client:
    return program(people.create_key(user, "test"))


def send(client: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    """A request with a JSON body, or with the bytes as they are."""
    if body is None:
        return client.generic(method, path, headers=headers)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic(method, path, data, "application/json", headers=headers)


def text_of(answer: HttpResponseBase) -> str:
    parts: Iterable[bytes] = answer.streaming_content if answer.streaming else [answer.content]  # type: ignore[attr-defined]
    return b"".join(parts).decode()


def wish(**fields: Any) -> dict[str, Any]:
    """A body that books."""
    day: date = in_days(5)
    asked = {
        "property": "N7654321",
        "preferredDate": day.isoformat(),
        "preferredTime": "10:00 AM",
        "preferredDuration": 30,
    }
    return {**asked, **fields}
