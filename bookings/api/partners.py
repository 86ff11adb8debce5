"""For whom something is asked: the caller's one partner, or the one that they name."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q

from bookings.models import Account, Partner
from bookings.services.errors import Rejected

FIELD = "partner"
MOST_NAMED = 5


def partner_of(user: User, named: int | str | None) -> Partner:
    """The caller's only partner, or the one they name by id or name. Rejected when that is not one."""
    mine = Partner.objects.visible_to(user).filter(is_active=True)
    if named is None:
        some = list(mine.order_by("name")[: MOST_NAMED + 1])
        if not some:
            raise Rejected("You belong to no partner, so there is nobody to do this for.", field=FIELD)
        if len(some) > 1:
            names = ", ".join(f"“{partner.name}”" for partner in some[:MOST_NAMED])
            more = " and others" if len(some) > MOST_NAMED else ""
            raise Rejected(
                f"You work for several partners; name one in “partner”: {names}{more}.", field=FIELD
            )
        return some[0]
    partner = mine.filter(_is_called(named)).first()
    if partner is None:
        raise Rejected(f"You have no partner “{named}”.", field=FIELD)
    return partner


def account_of(user: User, named: str | None) -> Account | None:
    """The BrokerBay account that the caller's partner books with; None while it has none."""
    partner = partner_of(user, named)
    return Account.objects.visible_to(user).filter(partner=partner, is_active=True).order_by("pk").first()


def _is_called(named: int | str) -> Q:
    if isinstance(named, int):
        return Q(pk=named)
    by_id = Q(pk=int(named)) if named.isascii() and named.isdecimal() and len(named) < 10 else Q(pk=None)
    return by_id | Q(name__iexact=named)
