"""Partners (brokerages and teams), their people, their clients, and the keys of their programs."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.scope import ScopedQuerySet
from bookings.vocabulary import ClientChanges, KeyScope, Rehearsal, Role


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is no time zone; write it like America/Toronto."), params={"name": name}
        )


class ShowingMinutes(models.IntegerChoices):
    QUARTER = 15, _("15 minutes")
    HALF = 30, _("30 minutes")
    THREE_QUARTERS = 45, _("45 minutes")
    HOUR = 60, _("1 hour")


class PartnerQuerySet(ScopedQuerySet["Partner"]):
    def _belongs_to(self, partners: models.QuerySet[Any, Any], path: str) -> Q:
        return Q(pk__in=partners)


class Partner(models.Model):
    """A brokerage or team that uses the portal; its people see only its rows."""

    PARTNER_PATH = "self"

    name = models.CharField(max_length=120, unique=True)
    time_zone = models.CharField(
        max_length=64,
        default=settings.DEFAULT_TIME_ZONE,
        validators=[check_time_zone],
        help_text=_("For properties whose own zone is not known, like America/Toronto."),
    )
    showing_minutes = models.PositiveSmallIntegerField(
        choices=ShowingMinutes,
        default=ShowingMinutes.HALF,
        help_text=_("Clients' requests name no length: this one is used for them."),
    )
    books_by_itself = models.BooleanField(
        default=True, help_text=_("Scheduled requests are booked as they arrive, without a click.")
    )
    client_changes = models.CharField(
        _("clients' changes"),
        max_length=16,
        choices=ClientChanges,
        default=ClientChanges.AFTER_APPROVAL,
        help_text=_(
            "When a client moves or cancels a request that is booked: the robot prepares it on BrokerBay and "
            "waits for a person's click, or carries it out."
        ),
    )
    rehearsal = models.CharField(
        max_length=16,
        choices=Rehearsal,
        default=Rehearsal.FIRST_RUNS,
        help_text=_("Which runs stop before the last click until a person has looked and released them."),
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        permissions = [("see_all_partners", "Can see the rows of every partner")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role at a partner."""

    PARTNER_PATH = "partner"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.BOOKER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("partner", "user")
        permissions = [("manage_people", "Can invite and remove a partner's people")]
        constraints = [models.UniqueConstraint(fields=["user", "partner"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} at {self.partner}"


class Client(models.Model):
    """A person who asks for showings, known by the `user_id` of their requests."""

    PARTNER_PATH = "partner"

    external_id = models.CharField(_("upstream user id"), max_length=100, unique=True)
    partner = models.ForeignKey(Partner, models.SET_NULL, null=True, blank=True, related_name="clients")
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("name", "external_id")
        indexes = [models.Index(fields=["partner", "name"], name="client_partner_name")]

    def __str__(self) -> str:
        return self.name or self.external_id


class UpstreamGroup(models.Model):
    """Whose requests those of a `group_name` are, as long as nobody has named their client's partner."""

    PARTNER_PATH = ""

    name = models.CharField(_("group name"), max_length=200, unique=True)
    partner = models.ForeignKey(Partner, models.CASCADE, related_name="upstream_groups")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("upstream group")

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A program's key: shown once, stored as a hash. It may do what its person may do, or less."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text=_("The first letters, to tell keys apart."))
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(
        max_length=8, choices=KeyScope, default=KeyScope.BOOK, help_text=_("Never more than its person may.")
    )
    partner = models.ForeignKey(
        Partner,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        help_text=_("Good for this partner alone; empty: for every partner of its person."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
