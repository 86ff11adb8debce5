"""What a person edits in a form: the row and its audit line, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction

from bookings.models import Partner
from bookings.services import audit, people
from bookings.vocabulary import Source


def save(
    row: models.Model,
    fields: Iterable[str],
    *,
    by: User,
    partner: Partner | None = None,
    source: Source = Source.PERSON,
) -> bool:
    """Save a new row, or just the named fields of an existing one, and note before and after.

    The audit action is the model's name with `.created` or `.changed`. False when nothing differs.
    Raises Forbidden when the person's role at the row's own partner does not allow it.
    """
    noun = row._meta.model_name
    with transaction.atomic():
        if row._state.adding:
            row.save()
            after = {name: _plain(getattr(row, name)) for name in fields}
            audit.note(
                f"{noun}.created", row, source=source, by=by, partner=partner or _own(row), after=after
            )
            return True
        owner = _own(row)
        if owner is not None:
            people.require(by, f"change_{noun}", owner)
        stored = type(row)._base_manager.select_for_update().get(pk=row.pk)
        changed = [name for name in fields if getattr(stored, name) != getattr(row, name)]
        if not changed:
            return False
        row.save(update_fields=changed)
        audit.note(
            f"{noun}.changed",
            row,
            source=source,
            by=by,
            partner=partner or _own(row),
            before={name: _plain(getattr(stored, name)) for name in changed},
            after={name: _plain(getattr(row, name)) for name in changed},
        )
    return True


def _own(row: models.Model) -> Partner | None:
    """Whose row it is, so that the partner finds its audit line."""
    return row if isinstance(row, Partner) else getattr(row, "partner", None)


def _plain(value: Any) -> str | int | bool | None:
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
