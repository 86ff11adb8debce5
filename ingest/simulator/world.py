"""What the simulated upstream knows: rows, homes, faults to play, questions seen. Kept in one file."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ingest.simulator.postgrest import COLUMNS, Query, Row

REMEMBERED = 5000


OVER_HTTP = ("status", "slow", "garbled", "cut")
KINDS = {
    "rest": OVER_HTTP,
    "properties": OVER_HTTP,
    "realtime": (
        *("status", "refused", "late", "unsubscribed"),
        *("lost", "twice", "shuffled", "bare", "large", "blind"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row that came, changed or went; `row` is as it was then."""

    kind: Literal["INSERT", "UPDATE", "DELETE"]
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong on a surface ("rest", "properties" or "realtime"), `times` times or, None,
    until cleared.

    Kinds over HTTP: status (answers `status`, with `retry_after` if set), slow (answers after `seconds`),
    garbled (says 200 and sends a page for people), cut (dies in the middle of its answer).
    `only` limits it to one property id.

    Kinds of "realtime": status (the handshake is answered `status`), refused (a join is, with `reason`),
    late ("Subscribed to PostgreSQL" comes after `seconds`), unsubscribed (an error comes instead); a change
    is lost, told twice, shuffled (told after the next one), bare (without its columns), large (without its
    long values, and an error) or blind (without its record, and an error).
    """

    surface: str
    kind: str
    status: int = 500
    seconds: float = 0.0
    retry_after: str = ""
    times: int | None = None
    only: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS.get(self.surface, ()):
            raise ValueError(f"A fault is of a surface and one of its kinds: {KINDS}.")


class World:
    """The state, saved to disk after every change. Used from one thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: dict[str, Row] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.faults: list[Fault] = []
        self.seen: deque[dict[str, str]] = deque(maxlen=REMEMBERED)
        self.watchers: list[Callable[[Change], None]] = []
        if path and path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self.rows, self.homes = kept["rows"], kept["homes"]

    def reset(self) -> None:
        self.rows, self.homes, self.faults = {}, {}, []
        self.seen.clear()
        self._save()

    def insert(self, rows: list[Row]) -> list[Row]:
        """Put rows in, whole, with the table's defaults for what they leave out; an id replaces its row."""
        stored = [_with_defaults(row) for row in rows]
        known = [str(row["id"]) in self.rows for row in stored]
        self.rows.update({str(row["id"]): row for row in stored})
        self._save()
        for row, is_known in zip(stored, known, strict=True):
            self._tell("UPDATE" if is_known else "INSERT", row)
        return stored

    def update(self, query: Query, changes: Row) -> list[Row]:
        """Change the rows that a query is about; answers them as they are now."""
        changed = query.matching(self.rows.values())
        for row in changed:
            row.update(changes)
        self._save()
        for row in changed:
            self._tell("UPDATE", row)
        return changed

    def change(self, row_id: str, changes: Row) -> Row | None:
        row = self.rows.get(row_id)
        if row is not None:
            row.update(changes)
            self._save()
            self._tell("UPDATE", row)
        return row

    def delete(self, row_id: str) -> bool:
        gone = self.rows.pop(row_id, None)
        self._save()
        if gone is not None:
            self._tell("DELETE", gone)
        return gone is not None

    def _tell(self, kind: Literal["INSERT", "UPDATE", "DELETE"], row: Row) -> None:
        for watcher in self.watchers:
            watcher(Change(kind=kind, row=dict(row)))

    def insert_homes(self, homes: list[dict[str, Any]]) -> None:
        self.homes.update({str(home["id"]): home for home in homes})
        self._save()

    def fault_for(self, surface: str, about: str = "", *, kinds: Collection[str] = ()) -> Fault | None:
        """The fault to play now, counted down; of these `kinds`, if any are named."""
        for place, fault in enumerate(self.faults):
            if (
                fault.surface != surface
                or fault.only not in ("", about)
                or (kinds and fault.kind not in kinds)
            ):
                continue
            if fault.times is not None:
                rest = fault.times - 1
                self.faults[place : place + 1] = [replace(fault, times=rest)] if rest > 0 else []
            return fault
        return None

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"rows": self.rows, "homes": self.homes}), encoding="utf-8")
        draft.replace(self._path)


def _with_defaults(row: Row) -> Row:
    defaults: Row = dict.fromkeys(COLUMNS)
    now = datetime.now(UTC).isoformat()
    return {
        **defaults,
        "id": str(uuid.uuid4()),
        "status": "pending",
        "created_at": now,
        "updated_at": now,
        **row,
    }
