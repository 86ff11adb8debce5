"""The browsers that somebody is signed in with, and their end."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from bookings.models import PersonSession


def of(user: User) -> QuerySet[PersonSession]:
    """A person's open sessions, newest first."""
    return PersonSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-began_at")


def end_all(user: User, *, but: str | None = None) -> int:
    """Sign a person out everywhere, at once; `but` is the key of a session to keep. How many ended."""
    ending = PersonSession.objects.filter(user=user)
    if but is not None:
        ending = ending.exclude(session_key=but)
    return ending.delete()[0]


def prune() -> int:
    """Delete the sessions that are over. How many were."""
    return PersonSession.objects.filter(expire_date__lte=timezone.now()).delete()[0]
