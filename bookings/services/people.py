"""Partners' people, their roles, their clients and their programs' keys."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import ApiKey, CalendarFeed, Client, Membership, Partner, ShowingRequest
from bookings.models.scope import acts_everywhere, bind
from bookings.roles import PARTNER_GROUPS, ROLE_PERMISSIONS, STAFF_PERMISSIONS, group_name
from bookings.services import audit, dispatch, sessions
from bookings.services.errors import Forbidden, NotAllowed, Rejected
from bookings.vocabulary import KeyScope, Role, Source, StaffRole

KEY_PREFIX = "bk_"
MANAGE = "manage_people"


def ensure_groups() -> None:
    """One group a role, holding just that role's permissions. Run after every migrate."""
    bundles: list[tuple[Role | StaffRole, tuple[str, ...]]] = [
        *ROLE_PERMISSIONS.items(),
        *STAFF_PERMISSIONS.items(),
    ]
    for role, codenames in bundles:
        group, _created = Group.objects.get_or_create(name=group_name(role))
        wanted = Q()
        for codename in codenames:
            app, _, name = codename.rpartition(".")
            wanted |= Q(content_type__app_label=app or "bookings", codename=name)
        group.permissions.set(Permission.objects.filter(wanted))


def require(user: User, codename: str, partner: Partner) -> None:
    """Raises Forbidden unless the person's role at this very partner allows it (operators: anywhere)."""
    if not Partner.objects.visible_to(user, may=codename).filter(pk=partner.pk).exists():
        raise Forbidden(f"Your role at {partner} does not allow this. An administrator can change it.")


def join(user: User, partner: Partner, role: Role, *, by: User | None = None) -> Membership:
    """Give a person a role at a partner: staff, in the role's group, seeing that partner's rows only.

    Raises NotAllowed where a partner would lose its last manager.
    """
    with transaction.atomic():
        held = _held(partner).filter(user=user).first()
        if held is not None and role != Role.MANAGER:
            _keep_a_manager(held, by)
        membership, _ = Membership.objects.update_or_create(
            user=user, partner=partner, defaults={"role": role}
        )
        follow_roles(user)
        audit.note(
            "people.joined" if held is None else "people.role_changed",
            membership,
            source=Source.PERSON,
            by=by,
            partner=partner,
            before={"role": held.role} if held is not None else None,
            after={"role": role.value},
        )
    return membership


def change_role(membership: Membership, role: Role, *, by: User) -> None:
    """Give one of a partner's people another role there. Raises Forbidden, NotAllowed."""
    require(by, MANAGE, membership.partner)
    join(membership.user, membership.partner, role, by=by)


def remove(membership: Membership, *, by: User) -> None:
    """Take one of a partner's people away. Raises Forbidden, NotAllowed."""
    require(by, MANAGE, membership.partner)
    leave(membership, by=by)


def leave(membership: Membership, *, by: User | None = None) -> None:
    """Take a person's role at a partner away, and the calendar that they made there. Without any other role,
    their sessions, keys and own calendar end with it.

    Raises NotAllowed where a partner would lose its last manager.
    """
    with transaction.atomic():
        held = _held(membership.partner).filter(pk=membership.pk).first()
        if held is None:
            return  # somebody was quicker
        _keep_a_manager(held, by)
        audit.note(
            "people.left",
            membership,
            source=Source.PERSON,
            by=by,
            partner=membership.partner,
            before={"role": held.role},
        )
        user = membership.user
        membership.delete()
        follow_roles(user)
        over = Q(partner=held.partner) if user.is_staff else Q()
        CalendarFeed.objects.filter(over, owner=user).delete()
        if not user.is_staff:
            sessions.end_all(user)
            ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def _held(partner: Partner) -> Any:
    """A partner's people, while nobody else changes who they are."""
    Partner.objects.select_for_update().get(pk=partner.pk)
    return Membership.objects.filter(partner=partner)


def _keep_a_manager(held: Membership, by: User | None) -> None:
    """Somebody must be able to invite others. Staff may leave a partner without: they can name a new one."""
    if held.role != Role.MANAGER or by is None or acts_everywhere(by, MANAGE):
        return
    others = Membership.objects.filter(partner=held.partner, role=Role.MANAGER, user__is_active=True)
    if not others.exclude(pk=held.pk).exists():
        raise NotAllowed("A partner keeps one manager at least. Make somebody else a manager first.")


def follow_roles(user: User) -> None:
    """Put a person into the groups of their roles, and out of those of no role."""
    roles = {Role(role) for role in Membership.objects.filter(user=user).values_list("role", flat=True)}
    user.groups.remove(*Group.objects.filter(name__in=PARTNER_GROUPS))
    user.groups.add(*Group.objects.filter(name__in=[group_name(role) for role in roles]))
    _follow_groups(user)


def _follow_groups(user: User) -> None:
    """Whoever has a role, and nobody else, may sign in to the admin."""
    is_staff = user.is_superuser or user.groups.exists()
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


def user_name_of(typed: str) -> str:
    """The user name that somebody means who typed it, or the address that they alone read mail at."""
    if "@" not in typed or User.objects.filter(username=typed).exists():
        return typed
    names = list(
        User.objects.filter(email__iexact=typed, is_active=True).values_list("username", flat=True)[:2]
    )
    return names[0] if len(names) == 1 else typed


def staff_role_of(user: User) -> StaffRole | None:
    """What a person may do for the portal as a whole; None for partners' people."""
    if user.is_superuser:
        return StaffRole.ADMINISTRATOR
    names = set(user.groups.values_list("name", flat=True))
    return next((role for role in STAFF_PERMISSIONS if group_name(role) in names), None)


def appoint(user: User, role: StaffRole | None, *, by: User | None = None) -> None:
    """Give a person a staff role, or take it away with None; their other sessions end.

    Raises Forbidden unless an administrator does it, and NotAllowed for one's own role.
    """
    if by is not None and not by.is_superuser:
        raise Forbidden("Only an administrator gives staff roles.")
    if by is not None and by.pk == user.pk:
        raise NotAllowed("Somebody else must change your own role, so that one administrator stays.")
    with transaction.atomic():
        before = staff_role_of(user)
        user.is_superuser = role == StaffRole.ADMINISTRATOR
        user.save(update_fields=["is_superuser"])
        user.groups.remove(*Group.objects.filter(name__in=[group_name(each) for each in StaffRole]))
        if role in STAFF_PERMISSIONS:
            user.groups.add(Group.objects.get(name=group_name(role)))
        _follow_groups(user)
        sessions.end_all(user)
        audit.note(
            "people.appointed",
            user,
            source=Source.PERSON,
            by=by,
            before={"role": before.value if before else ""},
            after={"role": role.value if role else ""},
        )


def assign_client(client: Client, partner: Partner | None, *, by: User | None, source: Source) -> int:
    """Say whose client somebody is; their requests follow. Returns how many requests moved."""
    with transaction.atomic():
        before = client.partner
        client.partner = partner
        client.save(update_fields=["partner"])
        moved = ShowingRequest.objects.filter(client=client).update(
            partner=partner, changed_at=timezone.now()
        )
        audit.note(
            "client.assigned",
            client,
            source=source,
            by=by,
            partner=partner,
            before={"partner": str(before or "")},
            after={"partner": str(partner or "")},
        )
        if moved:
            dispatch.ring_ready()
    return moved


def create_key(
    user: User,
    name: str,
    *,
    by: User | None = None,
    scope: KeyScope = KeyScope.BOOK,
    partner: Partner | None = None,
) -> str:
    """A new key for a person's programs, to be shown this once: only its hash is kept.

    `by` is who made it, if not the person; with `partner` it opens that partner's rows alone.
    Raises Rejected when that is no partner of the person.
    """
    if partner is not None and not Partner.objects.visible_to(user).filter(pk=partner.pk).exists():
        raise Rejected(_("%(user)s does not work for that partner.") % {"user": user}, field="partner")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiKey.objects.create(
            user=user, name=name, prefix=key[:9], key_hash=_hash(key), scope=scope, partner=partner
        )
        after = {"scope": scope.value, "partner": str(partner or "")}
        audit.note("api_key.created", row, source=Source.PERSON, by=by or user, partner=partner, after=after)
    return key


def live_key(key: str) -> ApiKey | None:
    """The key of these words, its `user` bound to its partner; None for one that opens nothing (any more)."""
    row = (
        ApiKey.objects.filter(key_hash=_hash(key), revoked_at=None, user__is_active=True)
        .select_related("user")
        .first()
    )
    if row is None:
        return None
    bind(row.user, row.partner_id)
    now = timezone.now()
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def revoke_key(key: ApiKey, *, by: User) -> None:
    with transaction.atomic():
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
        audit.note("api_key.revoked", key, source=Source.PERSON, by=by)


def _hash(key: str) -> str:
    # The key itself has 256 bits of chance: a plain digest is enough, and it is looked up by equality.
    return hashlib.sha256(key.encode()).hexdigest()
