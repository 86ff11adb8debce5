"""What only one process may do at a time: held for a while, renewed in time, free when its holder dies."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import Lease


def hold(name: str, holder: str, *, seconds: float) -> bool:
    """Take or renew a lease for so many seconds from now. False while somebody else holds it."""
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    mine = Q(holder=holder) | Q(until__lt=now)
    if Lease.objects.filter(mine, name=name).update(holder=holder, until=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False  # somebody was quicker
    return True


def let_go(name: str, holder: str) -> None:
    """Whoever waits for it need not wait for its end."""
    Lease.objects.filter(name=name, holder=holder).update(until=timezone.now())
