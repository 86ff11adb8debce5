"""Row scope, in one place: which rows a person may see, and where a role lets them act.

Every list, detail, search, autocomplete, export, API path, stream and picture goes through `visible_to`.
Django's permissions say what a person may do at all; their role at the row's own partner, what they may do
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from bookings.roles import PARTNER_GROUPS, roles_that_may

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SEE_ALL = "bookings.see_all_partners"
BOUND = "_bound_to_partner"
ONLY = "_only_partner"


def bind(user: User, partner_id: int | None) -> None:
    """From now on this person, as this very object, sees and acts at that one partner alone."""
    vars(user)[BOUND] = partner_id
    vars(user).pop(ONLY, None)


def _bound_to(user: User | AnonymousUser) -> int | None:
    partner_id: int | None = getattr(user, BOUND, None)
    return partner_id


def sees_all(user: User | AnonymousUser) -> bool:
    """Staff see every partner's rows: administrators, operators, auditors."""
    return _is_staff_of_all(user) and _bound_to(user) is None


def _is_staff_of_all(user: User | AnonymousUser) -> bool:
    return bool(user.is_active and user.is_authenticated and user.has_perm(SEE_ALL))


def acts_everywhere(user: User | AnonymousUser, codename: str) -> bool:
    """Whether staff may do that at every partner: what a role at one of them allows is not meant for all."""
    return _bound_to(user) is None and _staff_may(user, codename)


def _staff_may(user: User | AnonymousUser, codename: str) -> bool:
    if not _is_staff_of_all(user):
        return False
    if user.is_superuser or not codename:
        return True
    from django.contrib.auth.models import Permission  # scope lies below every model

    as_staff = user.groups.exclude(name__in=PARTNER_GROUPS)
    given = Permission.objects.filter(content_type__app_label="bookings", codename=codename)
    return given.filter(Q(user=user) | Q(group__in=as_staff)).exists()


def partners_of(user: User, *, may: str = "") -> models.QuerySet[Any, Any]:
    """The ids of the partners that a person works for; with `may`, only where their role allows that."""
    from bookings.models.partner import Membership, Partner  # scope lies below every model

    bound = _bound_to(user)
    if bound is not None and _staff_may(user, may):
        return Partner.objects.filter(pk=bound).values("pk")
    mine = Membership.objects.filter(user=user)
    if bound is not None:
        mine = mine.filter(partner=bound)
    if may:
        mine = mine.filter(role__in=roles_that_may(may))
    return mine.values("partner")


def _only_partner(user: User) -> int | None:
    """The partner of a person who works for just one; looked up once for this very object, which must not
    outlive a request or a task: who then joins or leaves a partner would miss rows."""
    if ONLY not in vars(user):
        found = [pk for row in partners_of(user)[:2] for pk in row.values()]
        vars(user)[ONLY] = found[0] if len(found) == 1 else None
    only: int | None = vars(user)[ONLY]
    return only


M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """`PARTNER_PATH` on the model names the way to its partner; empty means: for operators only."""

    def visible_to(self, user: User | AnonymousUser, *, may: str = "") -> Self:
        """The rows that a person sees; with `may`, a permission's codename, those where they may do that."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if may and not user.has_perm(f"bookings.{may}"):
            return self.none()
        if acts_everywhere(user, may) if may else sees_all(user):
            return self.all()
        path: str = getattr(self.model, "PARTNER_PATH", "")
        if not path:
            return self.none()
        return self.filter(self._belongs_to(partners_of(user, may=may), path))

    def by_the_only_partner(self, user: User | AnonymousUser) -> Self:
        """Of rows that `visible_to` has let through: the same, with the one partner of most people named.

        A database takes the index of a partner that is named, and seldom that of those that a subquery finds.
        """
        if (
            not user.is_authenticated
            or sees_all(user)
            or getattr(self.model, "PARTNER_PATH", "") != "partner"
        ):
            return self
        only = _only_partner(user)
        return self if only is None else self.filter(partner=only)

    def _belongs_to(self, partners: models.QuerySet[Any, Any], path: str) -> Q:
        return Q(**{f"{path}__in": partners})
