"""Requests that are nobody's yet, by who sent them and by their group: an operator's inbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from bookings.models import Client, ShowingRequest

SHOWN = 50
NOBODYS = Q(requests__partner=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedClient:
    client: Client
    requests: int
    newest_at: datetime | None
    groups: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedGroup:
    name: str
    requests: int
    clients: int


def clients() -> list[UnmappedClient]:
    """Clients of no partner with requests of no partner, those with most first; at most SHOWN."""
    rows = list(
        Client.objects.filter(partner=None)
        .annotate(
            unmapped=Count("requests", filter=NOBODYS), newest_at=Max("requests__created_at", filter=NOBODYS)
        )
        .filter(unmapped__gt=0)
        .order_by("-unmapped", "external_id")[:SHOWN]
    )
    groups: defaultdict[int | None, list[str]] = defaultdict(list)
    named = ShowingRequest.objects.filter(client__in=[row.pk for row in rows]).exclude(group_name="")
    for client_id, name in named.order_by("group_name").values_list("client_id", "group_name").distinct():
        groups[client_id].append(name)
    return [
        UnmappedClient(client=row, requests=row.unmapped, newest_at=row.newest_at, groups=groups[row.pk][:3])
        for row in rows
    ]


def groups() -> list[UnmappedGroup]:
    """Groups of requests of no partner, those with most first; at most SHOWN."""
    rows = (
        ShowingRequest.objects.filter(partner=None)
        .exclude(group_name="")
        .order_by()
        .values("group_name")
        .annotate(requests=Count("pk"), clients=Count("client", distinct=True))
        .order_by("-requests", "group_name")[:SHOWN]
    )
    return [
        UnmappedGroup(name=row["group_name"], requests=row["requests"], clients=row["clients"])
        for row in rows
    ]
