"""The local BrokerBay's state: one SQLite file, every change in one immediate transaction.

The server has a single thread (its event loop), so one connection serves it; the immediate transactions keep
it right even when two servers are pointed at one file.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from automation.simulator.records import (
    GIVEN_UP,
    Account,
    Block,
    Code,
    Event,
    Fault,
    Listing,
    Post,
    Showing,
    SignIn,
)
from automation.simulator.slots import Slot, Span, slots_of, span, today

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS listings (id TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (email TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    token TEXT PRIMARY KEY, email TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS sign_ins (ticket TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sent_codes (email TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS devices (
    token TEXT PRIMARY KEY, email TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS blocks (
    id INTEGER PRIMARY KEY, listing_id TEXT NOT NULL REFERENCES listings ON DELETE CASCADE,
    date TEXT NOT NULL, time TEXT NOT NULL, minutes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS showings (
    id TEXT PRIMARY KEY, listing_id TEXT NOT NULL REFERENCES listings ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, listing_id TEXT, account TEXT,
    times INTEGER, options TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS posts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, listing_id TEXT NOT NULL,
    account TEXT, body TEXT NOT NULL, state TEXT NOT NULL, committed INTEGER NOT NULL, showing_id TEXT,
    answer INTEGER, kind TEXT NOT NULL DEFAULT 'book');
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, details TEXT NOT NULL);
"""
_TABLES = (
    "settings",
    "sessions",
    "sign_ins",
    "sent_codes",
    "devices",
    "blocks",
    "showings",
    "faults",
    "posts",
    "events",
    "listings",
    "accounts",
)


def new_id() -> str:
    """24 hex digits, as BrokerBay's ids are."""
    return secrets.token_hex(12)


class Store:
    """All that the local BrokerBay knows."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)
        self._follow_schema()

    def close(self) -> None:
        self._db.close()

    def _follow_schema(self) -> None:
        """A file from before cancels and reschedules gets the column that tells them apart."""
        if "kind" not in {row["name"] for row in self._all("PRAGMA table_info(posts)")}:
            self._run("ALTER TABLE posts ADD COLUMN kind TEXT NOT NULL DEFAULT 'book'")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def clear(self) -> None:
        """Forgets everything but the numbering: what comes later never looks like what was before."""
        with self.transaction():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")

    # The clock

    def now(self) -> datetime:
        """The site's present, UTC; a test may have moved it."""
        shift = self.setting("clock_shift_seconds")
        return datetime.now(UTC) + timedelta(seconds=float(shift or 0))

    def set_clock(self, moment: datetime | None) -> None:
        """Goes on from `moment` (aware); None returns to the real time."""
        shift = (moment - datetime.now(UTC)).total_seconds() if moment else 0.0
        self.set_setting("clock_shift_seconds", str(shift))

    def setting(self, name: str) -> str | None:
        row = self._one("SELECT value FROM settings WHERE name = ?", name)
        return str(row["value"]) if row else None

    def set_setting(self, name: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value)

    # Listings and their open time

    def put_listing(self, listing: Listing) -> None:
        self._run(
            "INSERT INTO listings VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            listing.id,
            _dump(listing.written()),
        )

    def listing(self, listing_id: str) -> Listing | None:
        row = self._one("SELECT record FROM listings WHERE id = ?", listing_id)
        return Listing.read(json.loads(row["record"])) if row else None

    def listings(self) -> list[Listing]:
        return [Listing.read(json.loads(row["record"])) for row in self._all("SELECT record FROM listings")]

    def block(self, listing_id: str, *, on: date, at: time, minutes: int) -> int:
        cursor = self._run(
            "INSERT INTO blocks (listing_id, date, time, minutes) VALUES (?, ?, ?, ?)",
            listing_id,
            on.isoformat(),
            f"{at:%H:%M}",
            minutes,
        )
        return int(cursor.lastrowid or 0)

    def unblock(self, block_id: int) -> None:
        self._run("DELETE FROM blocks WHERE id = ?", block_id)

    def blocks(self, listing_id: str) -> list[Block]:
        rows = self._all("SELECT * FROM blocks WHERE listing_id = ? ORDER BY id", listing_id)
        return [Block.read(dict(row)) for row in rows]

    def slots(self, listing: Listing, day: date, *, moving: str = "") -> list[Slot]:
        """The day's slots; the showing `moving`, which is to get another time, stands in nobody's way."""
        return slots_of(listing, day, now=self.now(), busy=self._busy(listing, moving))

    def _busy(self, listing: Listing, moving: str) -> list[Span]:
        zone = listing.time_zone
        busy = [span(block.date, block.time, block.minutes, zone=zone) for block in self.blocks(listing.id)]
        if listing.overlaps_allowed:
            return busy
        showings = [
            one
            for one in self.showings(listing_id=listing.id)
            if one.status not in GIVEN_UP and one.id != moving
        ]
        return busy + [span(one.date, one.time, one.minutes, zone=zone) for one in showings]

    # Accounts and sessions

    def put_account(self, account: Account) -> None:
        self._run(
            "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET record = excluded.record",
            account.email,
            _dump(account.written()),
        )

    def account(self, email: str) -> Account | None:
        row = self._one("SELECT record FROM accounts WHERE email = ?", email)
        return Account.read(json.loads(row["record"])) if row else None

    def accounts(self) -> list[Account]:
        rows = self._all("SELECT record FROM accounts ORDER BY rowid")
        return [Account.read(json.loads(row["record"])) for row in rows]

    def open_session(self, email: str) -> str:
        token = secrets.token_urlsafe(32)
        self._run("INSERT INTO sessions VALUES (?, ?)", token, email)
        return token

    def close_session(self, token: str) -> None:
        self._run("DELETE FROM sessions WHERE token = ?", token)

    def close_sessions(self, email: str) -> None:
        self._run("DELETE FROM sessions WHERE email = ?", email)

    def signed_in(self, token: str) -> Account | None:
        row = self._one("SELECT email FROM sessions WHERE token = ?", token)
        return self.account(row["email"]) if row else None

    # Signing in

    def put_sign_in(self, sign_in: SignIn) -> None:
        self._run("INSERT OR REPLACE INTO sign_ins VALUES (?, ?)", sign_in.ticket, _dump(sign_in.written()))

    def sign_in(self, ticket: str) -> SignIn | None:
        row = self._one("SELECT record FROM sign_ins WHERE ticket = ?", ticket)
        return SignIn.read(json.loads(row["record"])) if row else None

    def end_sign_in(self, ticket: str) -> None:
        self._run("DELETE FROM sign_ins WHERE ticket = ?", ticket)

    def put_code(self, code: Code) -> None:
        """Keeps a code that was sent; it replaces the account's former one."""
        self._run("INSERT OR REPLACE INTO sent_codes VALUES (?, ?)", code.email, _dump(code.written()))

    def code(self, email: str) -> Code | None:
        row = self._one("SELECT record FROM sent_codes WHERE email = ?", email)
        return Code.read(json.loads(row["record"])) if row else None

    def forget_code(self, email: str) -> None:
        self._run("DELETE FROM sent_codes WHERE email = ?", email)

    def remember_device(self, email: str) -> str:
        token = secrets.token_urlsafe(32)
        self._run("INSERT INTO devices VALUES (?, ?)", token, email)
        return token

    def is_device_of(self, token: str, email: str) -> bool:
        return self._one("SELECT 1 FROM devices WHERE token = ? AND email = ?", token, email) is not None

    # Showings

    def put_showing(self, showing: Showing) -> None:
        self._run(
            "INSERT INTO showings VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            showing.id,
            showing.listing_id,
            showing.account,
            _dump(showing.written()),
        )

    def forget_showings(self, account: str) -> None:
        self._run("DELETE FROM showings WHERE account = ?", account)

    def cancel_all(self, listing: Listing) -> None:
        """What the system does to a listing's open showings once it is sold or leased."""
        for showing in self.showings(listing_id=listing.id):
            if showing.date >= today(listing, now=self.now()) and showing.status not in GIVEN_UP:
                self.put_showing(replace(showing, status="Cancelled"))

    def showing(self, showing_id: str) -> Showing | None:
        row = self._one("SELECT record FROM showings WHERE id = ?", showing_id)
        return Showing.read(json.loads(row["record"])) if row else None

    def showings(self, *, account: str | None = None, listing_id: str | None = None) -> list[Showing]:
        """All that fit, the latest start first."""
        rows = self._all(
            "SELECT record FROM showings"
            " WHERE account = coalesce(?, account) AND listing_id = coalesce(?, listing_id)",
            account,
            listing_id,
        )
        return latest_first(Showing.read(json.loads(row["record"])) for row in rows)

    # Faults

    def add_fault(self, fault: Fault) -> int:
        cursor = self._run(
            "INSERT INTO faults (name, listing_id, account, times, options) VALUES (?, ?, ?, ?, ?)",
            fault.name,
            fault.listing_id,
            fault.account,
            fault.times,
            _dump(fault.options),
        )
        return int(cursor.lastrowid or 0)

    def faults(self) -> list[Fault]:
        rows = self._all("SELECT * FROM faults ORDER BY id")
        return [Fault.read({**dict(row), "options": json.loads(row["options"])}) for row in rows]

    def take_fault(self, fault: Fault) -> bool:
        """Uses it once; False when another request has used it up meanwhile."""
        if fault.times is None:
            return True
        with self.transaction():
            used = self._run(
                "UPDATE faults SET times = times - 1 WHERE id = ? AND times > 0", fault.id
            ).rowcount
            self._run("DELETE FROM faults WHERE id = ? AND times <= 0", fault.id)
        return used == 1

    def remove_faults(self, name: str | None = None) -> None:
        self._run("DELETE FROM faults WHERE name = coalesce(?, name)", name)

    # What happened

    def receive_post(
        self,
        kind: str,
        *,
        listing_id: str,
        account: str | None,
        body: dict[str, Any],
        showing_id: str | None = None,
    ) -> Post:
        cursor = self._run(
            "INSERT INTO posts (received_at, kind, listing_id, showing_id, account, body, state, committed)"
            " VALUES (?, ?, ?, ?, ?, ?, 'received', 0)",
            datetime.now(UTC).isoformat(),
            kind,
            listing_id,
            showing_id,
            account,
            _dump(body),
        )
        return self.post(int(cursor.lastrowid or 0))

    def change_post(self, number: int, **changes: Any) -> Post | None:
        """The post as changed; None when it is forgotten meanwhile."""
        with self.transaction():
            row = self._one("SELECT * FROM posts WHERE number = ?", number)
            if row is None:
                return None
            changed = replace(_post(row), **changes)
            self._run(
                "UPDATE posts SET state = ?, committed = ?, showing_id = ?, answer = ? WHERE number = ?",
                changed.state,
                int(changed.committed),
                changed.showing_id,
                changed.answer,
                changed.number,
            )
        return changed

    def post(self, number: int) -> Post:
        row = self._one("SELECT * FROM posts WHERE number = ?", number)
        if row is None:
            raise KeyError(f"No post {number}")
        return _post(row)

    def posts(self) -> list[Post]:
        return [_post(row) for row in self._all("SELECT * FROM posts ORDER BY number")]

    def add_event(self, kind: str, details: dict[str, Any]) -> None:
        self._run(
            "INSERT INTO events (at, kind, details) VALUES (?, ?, ?)",
            datetime.now(UTC).isoformat(),
            kind,
            _dump(details),
        )

    def last_event(self) -> int:
        row = self._one("SELECT max(number) AS number FROM events")
        return int(row["number"] or 0) if row else 0

    def events(self, *, after: int) -> list[Event]:
        rows = self._all("SELECT * FROM events WHERE number > ? ORDER BY number LIMIT 500", after)
        return [Event.read({**dict(row), "details": json.loads(row["details"])}) for row in rows]

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    def _one(self, statement: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(statement, values).fetchone()
        return row

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(statement, values).fetchall()


def latest_first(showings: Iterable[Showing]) -> list[Showing]:
    return sorted(showings, key=lambda one: (one.date, one.time, one.created_at), reverse=True)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _post(row: sqlite3.Row) -> Post:
    raw = dict(row)
    return Post.read({**raw, "body": json.loads(raw["body"]), "committed": bool(raw["committed"])})
