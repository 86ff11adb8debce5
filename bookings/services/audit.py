"""The audit line of a change, written in the change's own transaction."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import models, transaction

from bookings.models import AuditEntry, Membership, Partner
from bookings.vocabulary import Source


def note(
    action: str,
    subject: models.Model,
    *,
    source: Source,
    by: User | None = None,
    partner: Partner | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Keep who did what. Must be called inside the transaction of the change itself."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit line belongs in the transaction of its change.")
    return AuditEntry.objects.create(
        action=action,
        actor=by,
        source=source,
        partner=partner,
        subject_type=subject._meta.model_name or "",
        subject_id=str(subject.pk),
        subject=str(subject)[:300],
        before=before or {},
        after=after or {},
        reason=reason[:500],
    )


def note_export(
    noun: str,
    *,
    by: User,
    count: int,
    filters: dict[str, Any],
    form: str,
    source: Source = Source.PERSON,
) -> AuditEntry:
    """Keep who took how many rows out, by which filters, in which form (csv, …).

    The line belongs to the person's partner, if they have just one.
    """
    partners = Membership.objects.filter(user=by).select_related("partner")[:2]
    return AuditEntry.objects.create(
        action=f"{noun}.exported",
        actor=by,
        source=source,
        partner=partners[0].partner if len(partners) == 1 else None,
        subject_type=noun,
        subject_id="",
        subject=f"{count} rows",
        after={"count": count, "filters": filters, "format": form},
    )
