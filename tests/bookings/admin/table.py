"""Every table of the admin: who may see it and what its list may cost. A new admin must be entered here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Model
from django_q.models import Failure, OrmQ, Schedule, Success

from bookings.models import (
    Account,
    ApiKey,
    AuditEntry,
    Booking,
    BookingRun,
    Client,
    Membership,
    Notice,
    Partner,
    Property,
    ShowingRequest,
    SyncPass,
    UnreadableRow,
    Upstream,
    UpstreamGroup,
)

# Session, person, and the saved views that the side bar shows.
SIGNED_IN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`row` finds the partner's row; `for_partners` says whether a partner's people see the table at all;
    `queries` is what an administrator's list costs beside being signed in, however many rows it shows.
    """

    model: type[Model]
    row: Callable[[Any, Any], Model]
    for_partners: bool
    queries: int

    @property
    def name(self) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}"


TABLES = (
    Table(model=Booking, row=lambda cast, rows: rows.booking, for_partners=True, queries=8),
    Table(model=BookingRun, row=lambda cast, rows: rows.run, for_partners=True, queries=8),
    Table(model=ShowingRequest, row=lambda cast, rows: rows.request, for_partners=True, queries=6),
    Table(model=Property, row=lambda cast, rows: rows.home, for_partners=True, queries=4),
    Table(model=Account, row=lambda cast, rows: cast.account, for_partners=True, queries=3),
    Table(model=Partner, row=lambda cast, rows: cast.partner, for_partners=True, queries=2),
    Table(model=Client, row=lambda cast, rows: rows.client, for_partners=True, queries=2),
    Table(model=Notice, row=lambda cast, rows: rows.notice, for_partners=True, queries=4),
    Table(model=AuditEntry, row=lambda cast, rows: rows.audit, for_partners=True, queries=4),
    Table(
        model=Membership,
        row=lambda cast, rows: cast.owner.memberships.get(),
        for_partners=False,
        queries=2,
    ),
    Table(model=ApiKey, row=lambda cast, rows: rows.key, for_partners=False, queries=2),
    Table(model=SyncPass, row=lambda cast, rows: rows.sync_pass, for_partners=False, queries=4),
    Table(model=UnreadableRow, row=lambda cast, rows: rows.unreadable, for_partners=False, queries=4),
    Table(model=UpstreamGroup, row=lambda cast, rows: rows.group, for_partners=False, queries=2),
    Table(model=Upstream, row=lambda cast, rows: rows.upstream, for_partners=False, queries=2),
    Table(model=User, row=lambda cast, rows: cast.owner, for_partners=False, queries=2),
    Table(model=Group, row=lambda cast, rows: cast.owner.groups.first(), for_partners=False, queries=2),
    Table(model=Schedule, row=lambda cast, rows: rows.schedule, for_partners=False, queries=2),
    Table(model=Success, row=lambda cast, rows: rows.success, for_partners=False, queries=2),
    Table(model=Failure, row=lambda cast, rows: rows.failure, for_partners=False, queries=2),
    Table(model=OrmQ, row=lambda cast, rows: rows.waiting, for_partners=False, queries=2),
)
