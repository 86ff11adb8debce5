"""Named reads of what is kept for people: pictures for all who see the run, the rest for operators alone."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from bookings.models import BookingRun, Evidence
from bookings.models.scope import sees_all
from bookings.vocabulary import EvidenceKind


def evidence_for(user: User | AnonymousUser) -> QuerySet[Evidence]:
    """What a person may open. A trace or a page's markup may hold more than any picture shows."""
    kept = Evidence.objects.visible_to(user)
    return kept if sees_all(user) else kept.filter(kind=EvidenceKind.PICTURE)


def files_of(run: BookingRun, user: User) -> list[Evidence]:
    """The run's traces and page markups, newest first; none for those who may not open them."""
    if not sees_all(user):
        return []
    return list(run.evidence.exclude(kind=EvidenceKind.PICTURE).order_by("-taken_at", "-pk"))
