"""How often may somebody try? Counted in rows, so that every process and machine counts the same."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.db.models import F
from django.utils import timezone

from bookings.models import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` tries within a span that begins with the first of them."""

    name: str
    most: int
    within: timedelta


QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
# Wrong passwords: for a name from one address; from one address; for a name from anywhere, which an attacker
# could use to keep its person out and so is far away.
SIGN_IN_HERE = Limit(name="sign_in_here", most=8, within=QUARTER)
SIGN_IN_ADDRESS = Limit(name="sign_in_address", most=60, within=QUARTER)
SIGN_IN_NAME = Limit(name="sign_in_name", most=200, within=HOUR)
RESET_MAILS = Limit(name="reset_mails", most=4, within=HOUR)
RESET_ADDRESS = Limit(name="reset_address", most=20, within=HOUR)
JOIN_ADDRESS = Limit(name="join_address", most=40, within=HOUR)
INVITATIONS = Limit(name="invitations", most=100, within=DAY)
WRONG_KEYS = Limit(name="wrong_keys", most=60, within=QUARTER)


def wait(limit: Limit, *who: str) -> int:
    """Seconds until they may try again; 0 for at once. Counts nothing."""
    now = timezone.now()
    full = Tally.objects.filter(key=_key(limit, who), until__gt=now, count__gte=limit.most)
    until = full.values_list("until", flat=True).first()
    return 0 if until is None else max(1, ceil((until - now).total_seconds()))


def count(limit: Limit, *who: str) -> int:
    """Count one try. Seconds until they may try again; 0 while there are tries left, this one among them."""
    now, key = timezone.now(), _key(limit, who)
    if not Tally.objects.filter(key=key, until__gt=now).update(count=F("count") + 1):
        Tally.objects.bulk_create(
            [Tally(key=key, count=1, until=now + limit.within)],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["count", "until"],
        )
    over = Tally.objects.filter(key=key, count__gt=limit.most).values_list("until", flat=True).first()
    return 0 if over is None else max(1, ceil((over - now).total_seconds()))


def forget(limit: Limit, *who: str) -> None:
    """They proved who they are: what was counted before says nothing more."""
    Tally.objects.filter(key=_key(limit, who)).delete()


def prune() -> int:
    return Tally.objects.filter(until__lte=timezone.now()).delete()[0]


def network_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, or an IPv6 network of the size that one home gets.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:3:4:5:6"), network_of("nonsense")
    ('192.0.2.7', '2001:db8:1:2::', 'nonsense')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False).network_address)


def _key(limit: Limit, who: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join((limit.name, *who)).encode(errors="replace")).hexdigest()
