"""Evidence: what is kept of a run for people, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.utils import timezone

from bookings.models import Booking, Evidence

BATCH = 200


def prune(*, days: int | None = None) -> int:
    """Delete what is older than so many days (EVIDENCE_DAYS unless told). Returns how many files went.

    The file goes before its row: killed in between, the row stays, and the next pruning ends what this one
    began. The other way round a picture would stay that nothing names any more.
    """
    cutoff = timezone.now() - timedelta(days=settings.EVIDENCE_DAYS if days is None else days)
    store = storages["evidence"]
    gone = 0
    while batch := list(Evidence.objects.filter(taken_at__lt=cutoff).order_by("pk")[:BATCH]):
        names = [kept.file.name for kept in batch if kept.file.name]
        for name in names:
            store.delete(name)
        Booking.objects.filter(screenshot_path__in=names).update(screenshot_path="")
        Evidence.objects.filter(pk__in=[kept.pk for kept in batch]).delete()
        gone += len(names)
    return gone + _prune_unnamed(store, cutoff)


def _prune_unnamed(store: Storage, cutoff: datetime) -> int:
    """Old files that no row names: their writer was killed before it could write the row."""
    gone = 0
    if not store.exists(""):
        return 0
    for folder in store.listdir("")[0]:
        names = [f"{folder}/{name}" for name in store.listdir(folder)[1]]
        old = [name for name in names if store.get_modified_time(name) < cutoff]
        named = set(Evidence.objects.filter(file__in=old).values_list("file", flat=True)) if old else set()
        for name in old:
            if name not in named:
                store.delete(name)
                gone += 1
        if len(old) == len(names):
            store.delete(folder)  # a folder that is not empty stays
    return gone
