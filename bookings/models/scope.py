"""Row scope, in one place: which rows a person may see.

Every list, detail, search, autocomplete, export, API path, stream and picture goes through `visible_to`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SEE_ALL = "bookings.see_all_partners"


def sees_all(user: User | AnonymousUser) -> bool:
    """Administrators and operators see every partner's rows."""
    return bool(user.is_active and user.is_authenticated and user.has_perm(SEE_ALL))


M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """`PARTNER_PATH` on the model names the way to its partner; empty means: for operators only."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if sees_all(user):
            return self.all()
        path: str = getattr(self.model, "PARTNER_PATH", "")
        if not path:
            return self.none()
        return self.filter(self._belongs_to_partner_of(user, path))

    def _belongs_to_partner_of(self, user: User, path: str) -> Q:
        from bookings.models.partner import Membership

        return Q(**{f"{path}__in": Membership.objects.filter(user=user).values("partner")})
