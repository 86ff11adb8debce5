"""Partners' people, their roles, their clients and their programs' keys."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from bookings.models import ApiKey, Client, Membership, Partner, ShowingRequest
from bookings.roles import ROLE_PERMISSIONS
from bookings.services import audit
from bookings.services.errors import Forbidden
from bookings.vocabulary import Role, Source

KEY_PREFIX = "bk_"


def group_name(role: Role) -> str:
    return f"Partner {role.value}"


def ensure_groups() -> None:
    """One group a role, holding just that role's permissions. Run after every migrate."""
    for role, codenames in ROLE_PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=group_name(role))
        wanted = Permission.objects.filter(content_type__app_label="bookings", codename__in=codenames)
        group.permissions.set(wanted)


def require(user: User, codename: str, partner: Partner) -> None:
    """Raises Forbidden unless the person's role at this very partner allows it (operators: anywhere)."""
    if not Partner.objects.visible_to(user, may=codename).filter(pk=partner.pk).exists():
        raise Forbidden(f"Your role at {partner} does not allow this. An administrator can change it.")


def join(user: User, partner: Partner, role: Role, *, by: User | None = None) -> Membership:
    """Give a person a role at a partner: staff, in the role's group, seeing that partner's rows only."""
    with transaction.atomic():
        membership, _ = Membership.objects.update_or_create(
            user=user, partner=partner, defaults={"role": role}
        )
        follow_roles(user)
        audit.note(
            "people.joined",
            membership,
            source=Source.PERSON,
            by=by,
            partner=partner,
            after={"role": role.value},
        )
    return membership


def leave(membership: Membership, *, by: User | None = None) -> None:
    """Take a person's role at a partner away; without any other, they can no longer sign in to the admin."""
    with transaction.atomic():
        audit.note("people.left", membership, source=Source.PERSON, by=by, partner=membership.partner)
        user = membership.user
        membership.delete()
        follow_roles(user)


def follow_roles(user: User) -> None:
    """Put a person into the groups of their roles, and out of those of no role."""
    roles = {Role(role) for role in Membership.objects.filter(user=user).values_list("role", flat=True)}
    role_groups = Group.objects.filter(name__in=[group_name(role) for role in Role])
    user.groups.remove(*role_groups)
    user.groups.add(*role_groups.filter(name__in=[group_name(role) for role in roles]))
    is_staff = bool(roles) or user.is_superuser or user.groups.exists()
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


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
    return moved


def create_key(user: User, name: str, *, by: User | None = None) -> str:
    """A new key for a person's programs, to be shown this once: only its hash is kept.

    `by` is who made it, if not the person.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiKey.objects.create(user=user, name=name, prefix=key[:9], key_hash=_hash(key))
        audit.note("api_key.created", row, source=Source.PERSON, by=by or user)
    return key


def owner_of_key(key: str) -> User | None:
    """Whose key this is; None for an unknown, revoked or sleeping person's key."""
    row = (
        ApiKey.objects.filter(key_hash=_hash(key), revoked_at=None, user__is_active=True)
        .select_related("user")
        .first()
    )
    if row is None:
        return None
    now = timezone.now()
    if row.last_used_at is None or (now - row.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.user


def revoke_key(key: ApiKey, *, by: User) -> None:
    with transaction.atomic():
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
        audit.note("api_key.revoked", key, source=Source.PERSON, by=by)


def _hash(key: str) -> str:
    # The key itself has 256 bits of chance: a plain digest is enough, and it is looked up by equality.
    return hashlib.sha256(key.encode()).hexdigest()
