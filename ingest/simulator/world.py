"""What the simulated upstream knows: rows, homes, faults to play, questions seen. Kept in one file."""

from __future__ import annotations

import json
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.simulator.postgrest import COLUMNS, Query, Row

REMEMBERED = 5000


SURFACES = ("rest", "properties")
KINDS = ("status", "slow", "garbled", "cut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong on a surface ("rest" or "properties"), `times` times or, None, until cleared.

    Kinds: status (answers `status`, with `retry_after` if set), slow (answers after `seconds`), garbled
    (says 200 and sends a page for people), cut (dies in the middle of its answer).
    `only` limits it to one property id.
    """

    surface: str
    kind: str
    status: int = 500
    seconds: float = 0.0
    retry_after: str = ""
    times: int | None = None
    only: str = ""

    def __post_init__(self) -> None:
        if self.surface not in SURFACES or self.kind not in KINDS:
            raise ValueError(f"A fault is one of {KINDS} on one of {SURFACES}.")


class World:
    """The state, saved to disk after every change. Used from one thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.rows: dict[str, Row] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.faults: list[Fault] = []
        self.seen: deque[dict[str, str]] = deque(maxlen=REMEMBERED)
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
        self.rows.update({str(row["id"]): row for row in stored})
        self._save()
        return stored

    def update(self, query: Query, changes: Row) -> list[Row]:
        """Change the rows that a query is about; answers them as they are now."""
        changed = query.matching(self.rows.values())
        for row in changed:
            row.update(changes)
        self._save()
        return changed

    def change(self, row_id: str, changes: Row) -> Row | None:
        row = self.rows.get(row_id)
        if row is not None:
            row.update(changes)
            self._save()
        return row

    def delete(self, row_id: str) -> bool:
        found = self.rows.pop(row_id, None) is not None
        self._save()
        return found

    def insert_homes(self, homes: list[dict[str, Any]]) -> None:
        self.homes.update({str(home["id"]): home for home in homes})
        self._save()

    def fault_for(self, surface: str, about: str = "") -> Fault | None:
        """The fault to play now, counted down."""
        for place, fault in enumerate(self.faults):
            if fault.surface != surface or fault.only not in ("", about):
                continue
            if fault.times is not None:
                rest = fault.times - 1
                self.faults[place : place + 1] = [_again(fault, rest)] if rest > 0 else []
            return fault
        return None

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"rows": self.rows, "homes": self.homes}), encoding="utf-8")
        draft.replace(self._path)


def _again(fault: Fault, times: int) -> Fault:
    return Fault(
        surface=fault.surface,
        kind=fault.kind,
        status=fault.status,
        seconds=fault.seconds,
        retry_after=fault.retry_after,
        times=times,
        only=fault.only,
    )


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
