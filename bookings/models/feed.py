from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet


class CalendarFeed(models.Model):
    """A private address at which a calendar program reads showings: what `owner` may see, or a partner's.

    The address holds a secret that was shown once; here is only its hash. One for each person, and one for
    each partner, which its `owner` made as somebody who manages there.
    """

    PARTNER_PATH = "partner"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feeds")
    partner = models.ForeignKey(
        Partner,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="calendar_feeds",
        help_text=_("Whose showings; empty: all that its person may see."),
    )
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_read_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar link")
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(partner=None), name="one_calendar_per_person"
            ),
            models.UniqueConstraint(
                fields=["partner"], condition=~Q(partner=None), name="one_calendar_per_partner"
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.partner or self.owner}"
