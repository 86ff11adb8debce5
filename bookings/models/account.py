from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import Health


class Account(models.Model):
    """One BrokerBay login, with its encrypted session and its health; one browser at a time uses it."""

    PARTNER_PATH = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="accounts")
    email = models.EmailField(_("BrokerBay e-mail"), unique=True)
    holder_name = models.CharField(_("name on BrokerBay"), max_length=120, blank=True)
    organization = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    health = models.CharField(max_length=16, choices=Health, default=Health.UNKNOWN, editable=False)
    # Playwright's storage state, encrypted with SESSION_KEYS; never shown, logged or exported.
    session = models.TextField(blank=True, editable=False)
    session_saved_at = models.DateTimeField(null=True, blank=True, editable=False)
    signed_in_at = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_submit_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("BrokerBay account")
        ordering = ("partner", "email")
        permissions = [("sign_in_account", "Can sign BrokerBay accounts in")]

    def __str__(self) -> str:
        return self.email
