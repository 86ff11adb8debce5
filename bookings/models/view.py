"""Lists as people want them: views saved under a name, and the columns that each person chose."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.partner import Partner
from bookings.models.scope import ScopedQuerySet, partners_of, sees_all


class SavedViewQuerySet(ScopedQuerySet["SavedView"]):
    def visible_to(self, user: User | AnonymousUser, *, may: str = "") -> Self:
        """One's own, and what colleagues share: a partner's with its people, staff's with staff."""
        if not isinstance(user, User) or not user.is_active:
            return self.none()
        shared = Q() if sees_all(user) else Q(partner__in=partners_of(user))
        return self.filter(Q(owner=user) | Q(shared, is_shared=True))


class SavedView(models.Model):
    """A list's filters, search and order under a name. It holds no rows: everybody sees their own."""

    PARTNER_PATH = "partner"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    partner = models.ForeignKey(
        Partner,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("With whose people it is shared; empty: with staff."),
    )
    is_shared = models.BooleanField(default=False)
    table = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, help_text=_("Its name in the list's address: ?view=…"))
    query = models.CharField(max_length=2000, blank=True)
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    default_of = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        ordering = ("name", "pk")
        constraints = [models.UniqueConstraint(fields=["table", "slug"], name="one_view_per_slug")]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Behind the list's own address."""
        return f"?view={self.slug}&{self.query}" if self.query else f"?view={self.slug}"


class ListColumns(models.Model):
    """The columns that a person wants to see of a list."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    table = models.CharField(max_length=40)
    columns = models.JSONField(default=list)

    objects = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "table"], name="columns_once")]

    def __str__(self) -> str:
        return f"{self.table} of {self.person}"
