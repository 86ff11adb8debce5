from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ExportForm(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("Excel workbook")
    JSON = "json", _("JSON")


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    WRITING = "writing", _("Being written")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


def export_path(export: Export, filename: str) -> str:
    return f"{export.uuid}.{export.form}"


def export_storage():  # type: ignore[no-untyped-def]
    from django.core.files.storage import storages

    return storages["exports"]


class Export(models.Model):
    """A file that is written in the background for one person, who alone may fetch it.

    `query` is the address of the list as they had it: filters, search and order.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports")
    table = models.CharField(max_length=40)
    form = models.CharField(max_length=8, choices=ExportForm)
    query = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=16, choices=ExportState, default=ExportState.WAITING)
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(null=True, blank=True)
    # Whose rows may be in the file: who may not take all of them out any more does not get it.
    partners = models.JSONField(default=list, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Somebody is writing it, and tells of it before then.")
    )
    file = models.FileField(upload_to=export_path, storage=export_storage, max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text=_("Bytes."))
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["person", "-created_at"], name="export_of_person"),
            models.Index(fields=["expires_at"], name="export_expires"),
            models.Index(
                fields=["held_until"],
                condition=Q(state__in=(ExportState.WAITING, ExportState.WRITING)),
                name="export_unfinished",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "table", "form", "query"],
                condition=Q(state__in=(ExportState.WAITING, ExportState.WRITING)),
                name="one_such_export_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table}.{self.form}"

    @property
    def is_open(self) -> bool:
        return self.state in (ExportState.WAITING, ExportState.WRITING)

    @property
    def percent(self) -> int:
        return min(100, self.rows_done * 100 // self.rows_total) if self.rows_total else 0
