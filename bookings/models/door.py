"""How people come in: invitations, their sessions, and what is counted against those who only knock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import Role


class Invitation(models.Model):
    """A role at a partner, offered to whoever reads mail at an address. It is taken once, in time, or never.

    Its link is made when the mail is sent, and is nowhere in the rows: whoever reads them cannot take it.
    """

    PARTNER_PATH = "partner"

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role, default=Role.BOOKER)
    turn = models.PositiveSmallIntegerField(
        default=1, editable=False, help_text=_("Grows when it is sent again; only the newest link opens.")
    )
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-sent_at", "-id")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.partner}"

    @property
    def is_late(self) -> bool:
        return self.expires_at <= timezone.now()


class PersonSession(AbstractBaseSession):
    """A browser that somebody is signed in with, so that all of a person's can be listed and ended."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="browser_sessions"
    )
    began_at = models.DateTimeField(default=timezone.now, editable=False)
    browser = models.CharField(max_length=120, blank=True, help_text=_("What the browser says it is."))

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from bookings.sessions import SessionStore  # it stores these rows

        return SessionStore


class Tally(models.Model):
    """How often something was tried within a span. `key` is a digest: what people mistype is kept nowhere."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=1)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.until:%H:%M}"
