"""What each role may do at its partner, in Django's permission names."""

from __future__ import annotations

from bookings.vocabulary import Role

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
_MANAGE = (*_BOOK, "change_partner", "view_membership", "change_account", "sign_in_account")

ROLE_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.VIEWER: _LOOK,
    Role.BOOKER: _BOOK,
    Role.MANAGER: _MANAGE,
}


def roles_that_may(codename: str) -> list[Role]:
    """
    >>> roles_that_may("sign_in_account")
    [Role.MANAGER]
    """
    return [role for role, allowed in ROLE_PERMISSIONS.items() if codename in allowed]
