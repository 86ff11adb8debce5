"""A person's saved views, all in one query: they are shown beside every list and in the side bar."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from bookings.models import ListColumns, SavedView

MOST = 200


def views_of(user: User) -> list[Any]:
    """Own and shared views of every list; each with its `is_pinned`, `is_default` and `is_own`."""
    pinned = SavedView.pinned_by.through.objects.filter(savedview=OuterRef("pk"), user=user.pk)
    default = SavedView.default_of.through.objects.filter(savedview=OuterRef("pk"), user=user.pk)
    rows = SavedView.objects.visible_to(user).annotate(is_pinned=Exists(pinned), is_default=Exists(default))
    found: list[Any] = list(rows[:MOST])
    for view in found:
        view.is_own = view.owner_id == user.pk
    return found


def columns_of(user: User, table: str) -> list[str] | None:
    """The columns that a person chose, if they did."""
    return ListColumns.objects.filter(person=user.pk, table=table).values_list("columns", flat=True).first()
