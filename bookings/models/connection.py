from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet


class ConnectionKind(models.TextChoices):
    """Named like the notices' channels that serve them."""

    SLACK = "slack", _("Slack")
    WEBHOOK = "webhook", _("Webhook")


class Connection(models.Model):
    """Where a partner's news go besides people's mail: a Slack channel, or a program of theirs (a webhook).

    Its address is a secret, and so is what its messages are signed with: both lie sealed with SESSION_KEYS.
    """

    PARTNER_PATH = "partner"

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=16, choices=ConnectionKind)
    name = models.CharField(max_length=80)
    host = models.CharField(max_length=255, help_text=_("All of its address that is shown."))
    sealed = models.TextField(editable=False)
    old_secret_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Until then messages are signed with the secret before, too.")
    )
    events = models.JSONField(default=list, help_text=_("Which NoticeEvents go there."))
    is_on = models.BooleanField(default=True)
    trouble = models.CharField(
        max_length=300, blank=True, help_text=_("Why it was turned off by itself, in words for people.")
    )
    failures = models.PositiveIntegerField(default=0, help_text=_("Tries that failed, one after the other."))
    failing_since = models.DateTimeField(null=True, blank=True)
    rests_until = models.DateTimeField(
        null=True, blank=True, help_text=_("It did not answer, and is left alone until then.")
    )
    worked_at = models.DateTimeField(null=True, blank=True, help_text=_("When it last took a message."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        permissions = [("manage_connection", "Can connect a partner's Slack and webhooks")]

    def __str__(self) -> str:
        return self.name
