"""A page of Supabase's rows taken in: understood, stored at once, what is no good kept with its reason."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError
from django.utils import timezone

from bookings.models import SyncPass
from bookings.services import showings, sync
from bookings.services.showings import IncomingShowing
from ingest.parse import read_request
from ingest.shapes import Malformed
from ingest.storable import storable

logger = logging.getLogger(__name__)

SOURCE = "supabase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a page's rows. `ids` are those of all of them, also of the ones that were no good."""

    new: int
    changed: int
    unchanged: int
    unreadable: int
    ids: frozenset[str]


def dated(pages: Iterable[list[Any]]) -> Iterator[tuple[datetime, list[Any]]]:
    """Each page with a moment before it was asked for; `pages` ask when they are stepped on."""
    steps = iter(pages)
    while True:
        asked_at = timezone.now()
        page = next(steps, None)
        if page is None:
            return
        yield asked_at, page


def take_in(
    page: Sequence[Any], *, sync_pass: SyncPass | None = None, read_at: datetime | None = None
) -> Taken:
    """Store one page of rows as Supabase sent them. Safe to do twice with the same rows.

    `read_at` is a moment before the page was asked for: what was asked for later, or told to have changed
    since, is not overwritten by it.
    A row that cannot be understood, or that the database refuses, is kept under *Unreadable rows*; the others
    go on.
    """
    found = [read_request(raw) for raw in page]
    rows = [row for row in found if isinstance(row, IncomingShowing)]
    unreadable = [row for row in found if isinstance(row, Malformed)]
    stored, refused = _store(rows, sync_pass, read_at)
    sync.keep_all_unreadable(
        SOURCE,
        [
            sync.Unreadable(raw=row.raw, reason=row.reason, external_id=row.external_id)
            for row in (*unreadable, *refused)
        ],
    )
    return Taken(
        new=stored.new,
        changed=stored.changed,
        unchanged=stored.unchanged,
        unreadable=len(unreadable) + len(refused),
        ids=frozenset([*(row.id for row in rows), *(row.external_id for row in unreadable)]) - {""},
    )


def _store(
    rows: Sequence[IncomingShowing], sync_pass: SyncPass | None, read_at: datetime | None
) -> tuple[showings.TakenIn, list[Malformed]]:
    """Store a page at once; if the database refuses it, row by row, so that one bad row stops nothing."""
    try:
        return showings.take_in(rows, sync_pass=sync_pass, read_at=read_at), []
    except (DataError, IntegrityError, ValueError):
        logger.warning("A page could not be stored at once; it is stored row by row.")
    new = changed = unchanged = 0
    refused = []
    for row in rows:
        try:
            taken = showings.take_in([row], sync_pass=sync_pass, read_at=read_at)
        except (DataError, IntegrityError, ValueError):
            reason = "The database does not take it."
            refused.append(Malformed(external_id=row.id, reason=reason, raw=storable(dict(row.raw))))
            continue
        new, changed, unchanged = new + taken.new, changed + taken.changed, unchanged + taken.unchanged
    return showings.TakenIn(new=new, changed=changed, unchanged=unchanged), refused
