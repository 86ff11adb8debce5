"""The admin: it looks and acts, it never decides. One module a table."""

from bookings.admin import (
    accounts,
    api_keys,
    audit,
    bookings,
    clients,
    memberships,
    notices,
    partners,
    people,
    properties,
    queue,
    requests,
    runs,
    sync,
)

__all__ = [
    "accounts",
    "api_keys",
    "audit",
    "bookings",
    "clients",
    "memberships",
    "notices",
    "partners",
    "people",
    "properties",
    "queue",
    "requests",
    "runs",
    "sync",
]
