from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import Source


class AuditEntry(models.Model):
    """Who changed what, when and why. Written with the change, in its transaction; never edited."""

    PARTNER_PATH = "partner"

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60, help_text=_("Dotted, like booking.status_changed."))
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=16, choices=Source)
    partner = models.ForeignKey(Partner, models.SET_NULL, null=True, related_name="+")
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    subject = models.CharField(max_length=300)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("audit entries")
        ordering = ("-at", "-id")
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_subject"),
            models.Index(fields=["partner", "-at"], name="audit_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @property
    def differences(self) -> list[dict[str, Any]]:
        """What was written down, name by name; `before` is None where only the new value is known."""
        names = sorted({*self.before, *self.after})
        return [
            {"name": name, "before": self.before.get(name), "after": self.after.get(name)} for name in names
        ]
