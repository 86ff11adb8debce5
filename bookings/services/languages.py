"""Which language a person is spoken to in: their own choice, else what the browser asks for."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User

from bookings.models import SpokenLanguage
from bookings.services.errors import Rejected


def of(user: User) -> str:
    """The code that the person chose, one of LANGUAGES; empty when they never did. One query."""
    chosen = SpokenLanguage.objects.filter(person=user).values_list("code", flat=True).first()
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def check(code: str) -> None:
    """Raises Rejected for a language that the portal does not speak."""
    if code not in dict(settings.LANGUAGES):
        raise Rejected("The portal does not speak that language.")


def choose(user: User, code: str) -> None:
    check(code)
    SpokenLanguage.objects.update_or_create(person=user, defaults={"code": code})
