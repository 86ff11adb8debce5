"""Outcomes go back: what became of each request is written to its row in Supabase, newest last."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from typing import Any

from django.conf import settings
from django.utils import timezone

from bookings.models import Notice
from bookings.services import notices, upstreams
from bookings.services.upstreams import SUPABASE
from bookings.vocabulary import NoticeChannel
from ingest.sources.http import Patience, SourceDown, SourceError, SourceRefused
from ingest.sources.supabase import Supabase, spoils_every_write

logger = logging.getLogger(__name__)

# All its tries together end well before the notice's hold does: nothing else writes to the row meanwhile.
PATIENCE = Patience(connect=4, read=8, attempts=2, total=15, longest_wait=3)
# The fact kept of Supabase while it lets us write to no row: said once, and what waited goes when it is gone.
REFUSES = "refuses_writing"


def write_all(supabase: Supabase | None = None) -> int:
    """Write what is owed and due, one row after the other; a doorbell. Returns how many rows were written."""
    written = 0
    notice = notices.take(NoticeChannel.SUPABASE)
    if notice is None:
        return 0
    with closing(supabase or from_settings()) as source:
        while notice is not None:
            pause = upstreams.may_ask(SUPABASE)
            if pause is not None:
                notices.put_off(notice, until=pause.until)
                break
            written += _write(source, notice)
            notice = notices.take(NoticeChannel.SUPABASE)
    return written


def from_settings() -> Supabase:
    return Supabase(
        url=settings.SUPABASE_URL,
        key=settings.SUPABASE_KEY,
        table=settings.SUPABASE_TABLE,
        patience=PATIENCE,
    )


def columns_of(notice: Notice) -> dict[str, Any]:
    """What a notice says, under the names of the table's own columns."""
    told = json.loads(notice.body)
    return {theirs: told[ours] for ours, theirs in settings.SUPABASE_WRITE_COLUMNS.items()}


def _write(source: Supabase, notice: Notice) -> bool:
    columns = columns_of(notice)
    if not columns:
        notices.failed(notice, "SUPABASE_WRITE_COLUMNS says that nothing is written.", for_good=True)
        return False
    try:
        is_there = source.write(notice.to, columns)
    except SourceError as trouble:
        _not_written(notice, trouble)
        return False
    upstreams.succeeded(SUPABASE)
    if not is_there:
        notices.failed(notice, "Supabase does not show this row any more.", for_good=True)
        return False
    notices.sent(notice)
    _writing_works()
    return True


def _not_written(notice: Notice, trouble: SourceError) -> None:
    if isinstance(trouble, SourceRefused):
        upstreams.succeeded(SUPABASE)  # it answered, and this is no reason to leave it alone
        notices.failed(notice, str(trouble), for_good=True)
        if spoils_every_write(trouble):
            _say_once(str(trouble))
        else:
            _tell(str(trouble), key="row")
        return
    asked = trouble.retry_after if isinstance(trouble, SourceDown) else None
    upstreams.failed(SUPABASE, str(trouble), retry_after=asked)
    if notices.failed(notice, str(trouble)):
        _tell(str(trouble), key="often")


def _say_once(reason: str) -> None:
    """Nothing can be written: said when it begins, not for each row."""
    known = upstreams.fact(SUPABASE, REFUSES)
    if known == reason:
        return
    upstreams.note(SUPABASE, **{REFUSES: reason})
    logger.warning("Outcomes cannot be written to Supabase. %s", reason)
    _tell(reason, key="refused")


def _writing_works() -> None:
    """A row was written: what was given up because none could be is owed again."""
    reason = upstreams.fact(SUPABASE, REFUSES)
    if reason is None:
        return
    upstreams.note(SUPABASE, **{REFUSES: None})
    revived = notices.revive(NoticeChannel.SUPABASE, error=str(reason))
    logger.info("Outcomes can be written to Supabase again; %d that were given up are owed anew.", revived)


def _tell(reason: str, *, key: str) -> None:
    """One mail a day and kind of trouble; the notices themselves stand in the admin, with “send again”."""
    notices.owe_administrators(
        key=f"write-back:{key}:{timezone.now().date()}",
        subject="Outcomes do not reach Supabase",
        body=f"{reason}\n\nWhat was given up stands under Notices and can be sent again there.",
    )
