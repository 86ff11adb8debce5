from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import UpstreamState


class Upstream(models.Model):
    """A service that rows come from or go to, and whether it is asked at the moment: its circuit breaker.

    Only bookings.services.upstreams writes it, once per change and not per question.
    """

    key = models.CharField(_("service"), max_length=40, primary_key=True)
    state = models.CharField(max_length=16, choices=UpstreamState, default=UpstreamState.OK)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    opened_at = models.DateTimeField(_("resting since"), null=True, blank=True)
    # When one question is let through again; while one is under way, until when it is waited for.
    retry_at = models.DateTimeField(_("asked again at"), null=True, blank=True)
    last_ok_at = models.DateTimeField(_("last answer"), null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(_("what is known"), default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("outside service")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key
