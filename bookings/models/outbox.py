from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.connection import Connection
from bookings.models.partner import Partner
from bookings.models.run import BookingRun
from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import NoticeChannel, NoticeEvent, NoticeState


class Notice(models.Model):
    """Something owed to the outside, sent at least once. `key` makes a repeat recognisable.

    A mail is one notice for each piece of news. What a Supabase row is to say is one notice for each row: a
    newer state takes the older one's place (`version` grows), so that nothing old overtakes it.
    """

    PARTNER_PATH = "partner"

    key = models.CharField(max_length=120, unique=True)
    channel = models.CharField(max_length=20, choices=NoticeChannel, default=NoticeChannel.EMAIL)
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    link = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        help_text=_(
            "Which private link is put into the body as it is sent; the link itself is stored nowhere."
        ),
    )
    partner = models.ForeignKey(Partner, models.CASCADE, null=True, blank=True, related_name="notices")
    run = models.ForeignKey(BookingRun, models.CASCADE, null=True, blank=True, related_name="notices")
    booking = models.ForeignKey(Booking, models.CASCADE, null=True, blank=True, related_name="notices")
    event = models.CharField(
        max_length=16,
        choices=NoticeEvent,
        blank=True,
        help_text=_("Which news it is; empty for a letter that somebody always gets."),
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="notices"
    )
    connection = models.ForeignKey(
        Connection,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="notices",
        db_index=False,  # the two below begin with it
    )
    thread = models.CharField(
        max_length=60,
        blank=True,
        editable=False,
        help_text=_("What a connection is told one after the other: of these, an older one goes first."),
    )
    answer = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("The status that the receiver answered last, like 200.")
    )
    state = models.CharField(max_length=16, choices=NoticeState, default=NoticeState.OWED)
    version = models.PositiveIntegerField(default=1, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    held_until = models.DateTimeField(
        null=True, blank=True, help_text=_("Somebody is sending it, and has time until then.")
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        permissions = [("send_notice", "Can send again what was given up")]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state=NoticeState.OWED), name="notice_owed"),
            models.Index(fields=["-created_at"], name="notice_newest"),
            models.Index(
                fields=["connection", "-created_at"],
                condition=Q(connection__isnull=False),
                name="notice_connection_newest",
            ),
            models.Index(
                fields=["connection", "thread"],
                condition=Q(state=NoticeState.OWED, connection__isnull=False),
                name="notice_thread",
            ),
        ]

    def __str__(self) -> str:
        return self.subject
