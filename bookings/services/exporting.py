"""Exports in the background: asked for by a person, written by a worker, fetched by that person alone.

A worker that writes tells so again and again; one that has died is noticed by its silence, and the next one
begins anew. Who may see what is asked three times: when it is asked for, written and fetched.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import storages
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import F, Model, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bookings import exports
from bookings.models import Export, Partner
from bookings.models.export import ExportForm, ExportState
from bookings.services import audit, dispatch, letters, notices
from bookings.services.errors import AlreadyThere, Moved, Rejected

MAY_EXPORT = "export_booking"
KEPT = timedelta(days=7)
MOST_OPEN = 5  # of one person at a time
LONGEST_QUERY = 2000
# What one try may take; the queue ends a task that takes longer.
LONGEST = timedelta(minutes=50)
HELD = timedelta(seconds=60)
TELL_EVERY = 5.0  # seconds
TRIES = 3
OPEN = (ExportState.WAITING, ExportState.WRITING)

Write = Callable[[type[Model], Iterable[list[exports.Row]], IO[bytes]], None]
WRITERS: dict[ExportForm, Write] = {
    ExportForm.CSV: exports.csv_file,
    ExportForm.XLSX: exports.xlsx_file,
    ExportForm.JSON: exports.json_file,
}


def write(form: ExportForm, rows: QuerySet[Any], file: IO[bytes]) -> None:
    """Rows as a file. What spreadsheets open holds no formula; JSON, for programs, is left as it is."""
    parts = exports.batches(rows, safe=form != ExportForm.JSON)
    WRITERS[form](rows.model, parts, file)


# ---- asked for ---------------------------------------------------------------------------------------------


def ask(person: User, table: str, form: ExportForm, *, query: str, total: int | None = None) -> Export:
    """Have a list exported as `query`, its address, shows it. Raises AlreadyThere for a second one."""
    if len(query) > LONGEST_QUERY:
        raise Rejected(_("These filters are too long to be kept; choose fewer."))
    if Export.objects.filter(person=person, state__in=OPEN).count() >= MOST_OPEN:
        raise Rejected(_("%d exports are being written for you already; wait for one of them.") % MOST_OPEN)
    now = timezone.now()
    try:
        with transaction.atomic():
            export = Export.objects.create(
                person=person,
                table=table,
                form=form,
                query=query,
                rows_total=total,
                created_at=now,
                expires_at=now + KEPT,
            )
            dispatch.ring_export(export.pk)
    except IntegrityError as twice:
        raise AlreadyThere(_("This export is being written already.")) from twice
    return export


def ring_due() -> None:
    """Ring for what waits, also what a bell was lost of or whose writer died. Safe to do at any time."""
    now = timezone.now()
    silent = now - HELD
    lost = Q(held_until=None, created_at__lt=silent) | Q(held_until__lt=now)
    for pk in Export.objects.filter(lost, state__in=OPEN).values_list("pk", flat=True):
        dispatch.ring_export(pk)


# ---- written -----------------------------------------------------------------------------------------------


def take(pk: int) -> Export | None:
    """The export, held for this caller alone; None when nothing is to do. Given up after too many tries."""
    now = timezone.now()
    free = Q(held_until=None) | Q(held_until__lt=now)
    due = Export.objects.filter(free, pk=pk, state__in=OPEN)
    if due.filter(attempts__gte=TRIES).exists():
        _end(due, ExportState.FAILED)
        return None
    taken = due.update(
        state=ExportState.WRITING, attempts=F("attempts") + 1, held_until=now + HELD, rows_done=0
    )
    return Export.objects.select_related("person").get(pk=pk) if taken else None


def perform(export: Export, rows: QuerySet[Any]) -> bool:
    """Write a taken export of these rows, keep its file and tell the person. False when it was withdrawn."""
    person, form = export.person, ExportForm(export.form)
    before = _partners(person)
    with tempfile.TemporaryFile() as file:
        try:
            with _telling(export) as told:
                counted = _counted(exports.batches(rows, safe=form != ExportForm.JSON), told)
                WRITERS[form](rows.model, counted, file)
        except Moved:
            return False
        size = file.tell()
        file.seek(0)
        name = storages["exports"].save(f"{export.uuid}-{export.attempts}.{form}", File(file))
    with transaction.atomic():
        # Whoever joined or left while it was written: what may be in the file counts.
        partners = sorted(before | _partners(person))
        done = {"file": name, "size": size, "rows_done": told.rows, "rows_total": told.rows}
        kept = _end(_held(export), ExportState.READY, partners=partners, **done)
        if kept:
            filters = dict(QueryDict(export.query).lists())
            audit.note_export(export.table, by=person, count=told.rows, filters=filters, form=form)
    if not kept:
        storages["exports"].delete(name)
    return kept


def _partners(person: User) -> set[int]:
    """Whose rows a person may take out."""
    return set(Partner.objects.visible_to(person, may=MAY_EXPORT).values_list("pk", flat=True))


def fail(export: Export) -> None:
    """It cannot be written: its person is told."""
    _end(_held(export), ExportState.FAILED)


def _held(export: Export) -> QuerySet[Export]:
    """The row, as long as it is this very try that writes it."""
    return Export.objects.filter(pk=export.pk, state=ExportState.WRITING, attempts=export.attempts)


def _end(found: QuerySet[Export], state: ExportState, **fields: Any) -> bool:
    now = timezone.now()
    export = found.select_related("person").first()
    if export is None:
        return False
    with transaction.atomic():
        ended = found.update(state=state, held_until=None, ended_at=now, expires_at=now + KEPT, **fields)
        if ended:
            is_ready = state == ExportState.READY
            with translation.override(letters.language_of(export.person)):
                notices.owe_person(
                    export.person,
                    key=f"export:{export.uuid}",
                    subject=_("Your export is ready") if is_ready else _("Your export could not be written"),
                    body=f"{_('See your exports')}: {letters.site('/exports')}\n",
                )
    return bool(ended)


class _Told:
    def __init__(self) -> None:
        self.rows = 0
        self.is_withdrawn = False


def _counted(parts: Iterable[list[exports.Row]], told: _Told) -> Iterator[list[exports.Row]]:
    for rows in parts:
        if told.is_withdrawn:
            raise Moved("The export was withdrawn, or another worker took it.")
        told.rows += len(rows)
        yield rows


@contextmanager
def _telling(export: Export) -> Iterator[_Told]:
    """While the rows are read, say now and then how far it is. In a thread: with SQLite, a connection that is
    in the middle of reading cannot write once somebody else has written."""
    told, ended = _Told(), threading.Event()
    until = timezone.now() + LONGEST

    def tell() -> None:
        try:
            while not ended.wait(TELL_EVERY) and timezone.now() < until:
                _tell(export, told)
        finally:
            connections.close_all()

    thread = threading.Thread(target=tell, name="export-telling", daemon=True)
    thread.start()
    try:
        yield told
    finally:
        ended.set()
        thread.join()


def _tell(export: Export, told: _Told) -> None:
    try:
        held = _held(export).update(rows_done=told.rows, held_until=timezone.now() + HELD)
    except DatabaseError:
        return  # it is told again in a moment; the hold lasts for many of them
    told.is_withdrawn = not held


# ---- fetched, and cleared away -----------------------------------------------------------------------------


def fetch(person: User, uuid: UUID) -> Export | None:
    """The person's own finished export; None without one, or when it holds what they may not see now."""
    export = Export.objects.filter(
        person=person, uuid=uuid, state=ExportState.READY, expires_at__gt=timezone.now()
    ).first()
    if export is None or not person.has_perm(f"bookings.{MAY_EXPORT}"):
        return None
    return export if _partners(person).issuperset(export.partners) else None


def withdraw(person: User, uuid: UUID) -> bool:
    """Take a person's export away, at whatever stage it is; its file goes too."""
    export = Export.objects.filter(person=person, uuid=uuid).first()
    return export is not None and _drop(export)


def prune(now: datetime | None = None) -> int:
    """Delete what has expired. Returns how many exports went."""
    gone = Export.objects.filter(expires_at__lte=now or timezone.now())
    return sum(_drop(export) for export in gone.iterator())


def _drop(export: Export) -> bool:
    # The file first: killed in between, the row is still there to name it.
    if export.file.name:
        storages["exports"].delete(export.file.name)
    return bool(Export.objects.filter(pk=export.pk).delete()[0])


def of(person: User) -> QuerySet[Export]:
    """A person's exports, the newest first; nobody else's, whatever they may see."""
    return Export.objects.filter(person=person)
