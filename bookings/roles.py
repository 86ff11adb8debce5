"""What each role may do, in Django's permission names: at one's partner, or as staff at every partner."""

from __future__ import annotations

from bookings.vocabulary import Role, StaffRole

_LOOK = (
    "view_booking",
    "view_bookingrun",
    "view_attempt",
    "view_evidence",
    "view_runevent",
    "view_showingrequest",
    "view_property",
    "view_account",
    "view_client",
    "view_partner",
    "view_auditentry",
    "view_notice",
)
_BOOK = (*_LOOK, "book_run", "change_status_booking", "export_booking")
_MANAGE = (
    *_BOOK,
    "change_partner",
    "manage_people",
    "view_membership",
    "change_account",
    "sign_in_account",
    "manage_connection",
)

ROLE_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.VIEWER: _LOOK,
    Role.BOOKER: _BOOK,
    Role.MANAGER: _MANAGE,
}

# Sees all, changes nothing; taking rows out is looking, and is written down.
_AUDIT = (
    *_LOOK,
    "see_all_partners",
    "export_booking",
    "view_membership",
    "view_apikey",
    "view_syncpass",
    "view_unreadablerow",
    "view_upstream",
    "view_upstreamgroup",
    "auth.view_user",
    "auth.view_group",
    "django_q.view_schedule",
    "django_q.view_success",
    "django_q.view_failure",
    "django_q.view_ormq",
)
_OPERATE = (
    *_AUDIT,
    *_MANAGE,
    "add_partner",
    "add_account",
    "change_client",
    "change_syncpass",
    "send_notice",
    "add_membership",
    "change_membership",
    "delete_membership",
    "add_upstreamgroup",
    "change_upstreamgroup",
    "delete_upstreamgroup",
)

# Administrators are Django's superusers: they may do everything, and alone hand out staff roles.
STAFF_PERMISSIONS: dict[StaffRole, tuple[str, ...]] = {
    StaffRole.AUDITOR: _AUDIT,
    StaffRole.OPERATOR: tuple(dict.fromkeys(_OPERATE)),
}


def roles_that_may(codename: str) -> list[Role]:
    """
    >>> roles_that_may("sign_in_account")
    [Role.MANAGER]
    """
    return [role for role, allowed in ROLE_PERMISSIONS.items() if codename in allowed]


def group_name(role: Role | StaffRole) -> str:
    """The Django group that holds a role's permissions.

    >>> group_name(Role.VIEWER), group_name(StaffRole.AUDITOR)
    ('Partner viewer', 'Staff auditor')
    """
    kind = "Staff" if isinstance(role, StaffRole) else "Partner"
    return f"{kind} {role.value}"


PARTNER_GROUPS = tuple(group_name(role) for role in Role)
