"""Django's sessions in the database, each with its person: SESSION_ENGINE."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from bookings.models import PersonSession
from bookings.services import languages

BEGAN_AT, BROWSER, LANGUAGE = "began_at", "browser", "language"


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[PersonSession]:
        return PersonSession

    def create_model_instance(self, data: dict[str, Any]) -> PersonSession:
        row = super().create_model_instance(data)
        assert isinstance(row, PersonSession)
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.browser = data.get(BROWSER, "")
        row.began_at = datetime.fromtimestamp(data[BEGAN_AT], UTC) if BEGAN_AT in data else timezone.now()
        return row


def describe(request: HttpRequest, user: User) -> None:
    """Keep with the session that has just begun when and in which browser it did, and the language."""
    request.session[BEGAN_AT] = timezone.now().timestamp()
    request.session[BROWSER] = request.headers.get("User-Agent", "")[:120]
    speak(request, languages.of(user))


def speak(request: HttpRequest, language: str) -> None:
    """Keep the language that the person chose; nothing when they never did."""
    if language:
        request.session[LANGUAGE] = language
