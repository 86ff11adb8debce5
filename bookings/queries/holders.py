"""Named reads about who holds runs, or did."""

from __future__ import annotations

from django.utils import timezone

from bookings.models import Attempt, BookingRun

# The sweep of any machine may have taken the run back by now; the attempt still tells who lost it.
_REMEMBERED = 500


def lost(prefix: str) -> frozenset[str]:
    """The holders, their names beginning with `prefix`, whose lease ran out: maybe frozen in the middle of an
    attempt, and able to go on with it when they wake. Not those that hold a run by a valid lease again."""
    now = timezone.now()
    ran_out = BookingRun.objects.filter(lease_until__lte=now, holder__startswith=prefix)
    newest = Attempt.objects.order_by("-pk").values("pk")[:_REMEMBERED]
    taken_back = Attempt.objects.filter(pk__in=newest, result="lost", holder__startswith=prefix)
    names = {*ran_out.values_list("holder", flat=True), *taken_back.values_list("holder", flat=True)}
    if not names:
        return frozenset()
    sound = BookingRun.objects.filter(lease_until__gt=now, holder__in=names)
    return frozenset(names - set(sound.values_list("holder", flat=True)))
