from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Lead(models.IntegerChoices):
    """How long before a showing its reminder comes, in minutes."""

    HALF_HOUR = 30, _("30 minutes before")
    HOUR = 60, _("1 hour before")
    TWO_HOURS = 120, _("2 hours before")
    FOUR_HOURS = 240, _("4 hours before")
    DAY = 1440, _("1 day before")


class NoticeChoice(models.Model):
    """What a person wants mail of. Without a row, and for an event not named in it, their role tells."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choice")
    events = models.JSONField(default=dict, blank=True, help_text=_("A NoticeEvent to a Telling."))
    lead_minutes = models.PositiveSmallIntegerField(choices=Lead, default=Lead.TWO_HOURS)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Notices of {self.user}"
