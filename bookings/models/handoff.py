from __future__ import annotations

from django.db import models
from django.utils import timezone

from bookings.models.run import BookingRun
from bookings.models.scope import ScopedQuerySet


class Screen(models.Model):
    """What the robot's browser shows at this moment to the person who signs an account in. Only the newest
    picture is kept, and none once the sign-in has ended: it may show a code."""

    PARTNER_PATH = "run__partner"

    run = models.OneToOneField(BookingRun, models.CASCADE, related_name="screen")
    seq = models.PositiveIntegerField(default=0)
    jpeg = models.BinaryField(default=bytes)
    width = models.PositiveSmallIntegerField(default=0)
    height = models.PositiveSmallIntegerField(default=0)
    host = models.CharField(max_length=200, blank=True)
    # What the page says and offers, for people who cannot see the picture; never what was typed into it.
    page = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Screen {self.seq} of run {self.run_id}"


class Stroke(models.Model):
    """A click or keys on their way to the robot's browser: encrypted, and deleted as the worker takes it."""

    PARTNER_PATH = "run__partner"

    run = models.ForeignKey(BookingRun, models.CASCADE, related_name="strokes")
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("run", "id")

    def __str__(self) -> str:
        return f"Stroke {self.pk} for run {self.run_id}"
