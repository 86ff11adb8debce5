from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import PassState


class SyncPass(models.Model):
    """One ingest cycle with its counts."""

    trigger = models.CharField(max_length=40)
    state = models.CharField(max_length=16, choices=PassState, default=PassState.RUNNING)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    # A pass whose process died is taken over once this has passed.
    lease_until = models.DateTimeField()
    rows_seen = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_unreadable = models.PositiveIntegerField(default=0)
    addresses_found = models.PositiveIntegerField(default=0)
    addresses_missing = models.PositiveIntegerField(default=0)
    runs_queued = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("sync pass")
        verbose_name_plural = _("sync passes")
        ordering = ("-started_at",)
        indexes = [models.Index(fields=["-started_at"], name="pass_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=PassState.RUNNING), name="one_running_pass"
            )
        ]

    def __str__(self) -> str:
        return f"Sync pass {self.pk}"


class UnreadableRow(models.Model):
    """Something that came from outside and could not be understood: kept with its reason."""

    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    reason = models.CharField(max_length=300)
    raw = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    times_seen = models.PositiveIntegerField(default=1)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("unreadable row")
        ordering = ("-last_seen_at",)
        indexes = [models.Index(fields=["-last_seen_at"], name="unreadable_newest")]
        constraints = [models.UniqueConstraint(fields=["source", "fingerprint"], name="unreadable_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id or self.pk}"
