"""Whose requests are whose: by their client's partner or, until somebody names that, by their group's."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from bookings.models import Partner, ShowingRequest, UpstreamGroup
from bookings.models.scope import acts_everywhere
from bookings.services import audit, dispatch
from bookings.services.errors import Forbidden
from bookings.vocabulary import Source


def give_groups_to_partners() -> int:
    """Give every request that is nobody's yet to its group's partner. Safe to repeat. How many were given."""
    groups = UpstreamGroup.objects.order_by()
    nobodys = ShowingRequest.objects.filter(partner=None, group_name__in=groups.values("name"))
    whose = groups.filter(name=OuterRef("group_name")).values("partner_id")[:1]
    return nobodys.update(partner_id=Subquery(whose), changed_at=timezone.now())


def map_group(name: str, partner: Partner, *, by: User) -> int:
    """From now on, a request of that group is the partner's, unless its client is somebody else's.

    What waits goes along: returns how many requests. Raises Forbidden.
    """
    _require(by)
    with transaction.atomic():
        group, is_new = UpstreamGroup.objects.get_or_create(name=name, defaults={"partner": partner})
        before = "" if is_new else str(group.partner)
        if group.partner_id != partner.pk:
            group.partner = partner
            group.save(update_fields=["partner"])
        moved = give_groups_to_partners()
        audit.note(
            "upstreamgroup.mapped",
            group,
            source=Source.PERSON,
            by=by,
            partner=partner,
            before={"partner": before},
            after={"partner": partner.name},
        )
        dispatch.ring_ready()
    return moved


def forget_group(group: UpstreamGroup, *, by: User) -> None:
    """New requests of the group are nobody's again; those that were given stay. Raises Forbidden."""
    _require(by)
    with transaction.atomic():
        audit.note("upstreamgroup.forgotten", group, source=Source.PERSON, by=by, partner=group.partner)
        group.delete()


def _require(by: User) -> None:
    if not acts_everywhere(by, "change_client"):
        raise Forbidden("Only operators say whose requests are whose.")
