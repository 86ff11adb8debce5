"""Searching: rows that hold every word of a text somewhere in their columns, found without reading them all.

PostgreSQL keeps trigrams of each searched column (pg_trgm), SQLite those of a row in a table of their own
(FTS5). Neither belongs to a model: `ensure` makes what is missing after every migrate, because SQLite's ALTER
drops the triggers of a table. Where a database has no trigrams, searching is slower and finds the same.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db import DatabaseError, connection, models, transaction
from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.lookups import In
from django.utils.text import smart_split, unescape_string_literal

from bookings.models import Account, Booking, BookingRun, Client, Property, ShowingRequest

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=models.Model)

SHORTEST = 3  # letters: a trigram
# Beyond so many hits the rows themselves are looked through, in the list's order: a page is full soon.
MANY = 100_000
# The word with the fewest hits is looked up first; beyond so many hits, words count as equally common.
RARE = 2_000
# The hits of so many words are counted; later words are only looked for in the rows that the rarest leads to.
COUNTED = 8
# A page is full soon when there are so many times more to be found than it ends at.
SOON = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A row is also found by what a row that it names holds; `key` is what it is named by."""

    model: type[models.Model]
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """`columns` hold the word somewhere, or the column `whole` is the word.

    `seldom`: most rows hold nothing in these columns, and their indexes are gone through behind those.
    """

    columns: tuple[str, ...]
    whole: str = ""
    seldom: bool = False
    elsewhere: tuple[tuple[str, Elsewhere], ...] = ()

    @property
    def has_one_way(self) -> bool:
        """Whether a row's own columns are all that it is found by."""
        return not (self.whole or self.elsewhere)


_HOME = ("address", "property_id", "mls_number")
SEARCHED: dict[type[models.Model], Searched] = {
    Booking: Searched(
        columns=("property_address", "listing_id", "user_name", "user_email", "organization", "property_id")
    ),
    ShowingRequest: Searched(
        columns=("group_name",),
        whole="id",
        seldom=True,
        elsewhere=(
            ("property_id", Elsewhere(model=Property, key="property_id", columns=_HOME)),
            ("client_id", Elsewhere(model=Client, key="pk", columns=("name",))),
        ),
    ),
    BookingRun: Searched(
        columns=("property_text", "address", "mls_number", "reason"),
        elsewhere=(("account_id", Elsewhere(model=Account, key="pk", columns=("email",))),),
    ),
    Property: Searched(columns=_HOME),
}
# SQLite may renumber the rows of a table whose key is no number; what is kept beside it would be lost.
KEPT_BESIDE = tuple(
    model for model in SEARCHED if isinstance(model._meta.pk, models.BigAutoField | models.AutoField)
)


def containing(rows: QuerySet[M], text: str) -> QuerySet[M]:
    """The rows that hold each word; "quoted words" stand together."""
    for held in _holding_each(rows.model, words(text)):
        rows = rows.filter(held)
    return rows


def each_way(rows: QuerySet[M], text: str) -> list[QuerySet[M]]:
    """The same rows apart, by each way that leads to some: together all, and some of them twice."""
    model, said = rows.model, words(text)
    if not said or SEARCHED[model].has_one_way:
        return [containing(rows, text)]
    first, *others = _rarest_first(model, said)
    for word in others:
        rows = rows.filter(_seen(model, word))
    return [rows.filter(way) for way in _ways(model, first)]


def walking(rows: QuerySet[M], text: str, *, soon: bool) -> QuerySet[M]:
    """The same rows, for a page of a great many: looked for in the order that the list wants them in.

    `soon`: the page is full after so few rows that each is read on the way. Else all keys are found first,
    and each row of the way looked for among them.
    """
    model, said = rows.model, words(text)
    for held in [_in_row(model, word) for word in said] if soon else _holding_each(model, said):
        rows = rows.filter(_as_truth(held))
    return rows


def words(text: str) -> list[str]:
    """
    >>> words('12 King "Sample Street" King')
    ['12', 'King', 'Sample Street']
    """
    found = [
        unescape_string_literal(word) if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word
        for word in smart_split(text)
    ]
    return [word for word in dict.fromkeys(found) if word]


def _holding_each(model: type[models.Model], said: list[str]) -> list[Q | Case]:
    """What rows with all the words have to fulfil, so put that few rows are looked at: an address is made of
    words of which each fits a great many."""
    if said and not SEARCHED[model].has_one_way:
        first, *others = _rarest_first(model, said)
        return [holding(model, first), *(_seen(model, word) for word in others)]
    known = [word for word in said if _has_trigrams(word)]
    found = _looked_up(model, known) if len(known) > 1 else None
    if found is None:
        return [holding(model, word) for word in said]
    return [found, *(holding(model, word) for word in said if word not in known)]


def _seen(model: type[models.Model], word: str) -> Case:
    """The same as `holding`, for rows that something else leads to: each is looked at."""
    return _as_truth(_in_row(model, word))


def _as_truth(held: Q | Case) -> Case:
    """A bare condition would be taken for the way to the rows: all of them fetched, and sorted then."""
    return Case(When(held, then=Value(True)), default=Value(False), output_field=BooleanField())


def _rarest_first(model: type[models.Model], said: list[str]) -> list[str]:
    if len(said) < 2:
        return said
    return sorted(said[:COUNTED], key=lambda word: _how_many(model, word, _minute())) + said[COUNTED:]


@lru_cache(maxsize=500)
def _how_many(model: type[models.Model], word: str, minute: int) -> int:
    """About how many rows lead to those with the word, looked up once a `minute`; short words in no index."""
    if len(word) < SHORTEST:
        return RARE * (1 + len(SEARCHED[model].elsewhere))
    searched = SEARCHED[model]
    ways = [_ids(model, _own(model, searched.columns, word))]
    ways += [_named(other, word) for _, other in searched.elsewhere]
    return sum(way[:RARE].count() for way in ways)


def holding(model: type[models.Model], word: str) -> Q:
    """Rows with these very letters, in whatever case, in one of the searched columns."""
    ways = _ways(model, word)
    if len(ways) == 1:
        return ways[0]
    # Each way has an index of its own; databases use them apart, and none for an OR over several tables.
    first, *others = (_ids(model, way) for way in ways)
    return Q(In(F("pk"), first.union(*others, all=True).query))


def _ways(model: type[models.Model], word: str) -> list[Q]:
    searched = SEARCHED[model]
    ways = [_own(model, searched.columns, word)]
    if searched.whole:
        ways.append(Q(**{searched.whole: word}))
    return ways + [Q(**{f"{column}__in": _named(other, word)}) for column, other in searched.elsewhere]


def _in_row(model: type[models.Model], word: str) -> Q:
    """The same, told by looking at a row, whatever the database keeps beside it."""
    searched = SEARCHED[model]
    held = _in_columns(model, searched.columns, word)
    if searched.whole:
        held |= Q(**{searched.whole: word})
    for column, other in searched.elsewhere:
        named = other.model._default_manager.filter(**{other.key: OuterRef(column)})
        held |= Q(Exists(named.filter(_in_columns(other.model, other.columns, word)).order_by()))
    return held


def _ids(model: type[models.Model], wanted: Q) -> QuerySet[Any, Any]:
    return model._default_manager.filter(wanted).order_by().values("pk")


def _named(other: Elsewhere, word: str) -> QuerySet[Any, Any]:
    found = other.model._default_manager.filter(_own(other.model, other.columns, word))
    return found.order_by().values(other.key)


def _own(model: type[models.Model], columns: Sequence[str], word: str) -> Q:
    found = _looked_up(model, [word]) if _has_trigrams(word) else None
    if found is not None:
        return found
    held = _in_columns(model, columns, word)
    searched = SEARCHED.get(model)
    if searched is not None and searched.seldom:
        return held & Q(*(Q(**{f"{_asked(model, column)}__gt": ""}) for column in columns), _connector=Q.OR)
    return held


def _has_trigrams(word: str) -> bool:
    return connection.vendor == "sqlite" and len(word) >= SHORTEST and word.isprintable()


def _looked_up(model: type[models.Model], said: list[str]) -> Q | None:
    """The rows that have all these words, as SQLite keeps them; None where it does not, or they are many."""
    if not _is_kept(model):
        return None
    sql = f"SELECT rowid FROM {_beside(model)} WHERE {_beside(model)} MATCH %s"  # noqa: S608
    asked = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in said)
    if _are_many(sql, asked, MANY, _minute()):
        return None
    return Q(In(F("pk"), RawSQL(sql, (asked,))))  # noqa: S611


def _in_columns(model: type[models.Model], columns: Sequence[str], word: str) -> Q:
    held = Q()
    for column in columns:
        name = _asked(model, column)
        if connection.vendor != "sqlite" or word.isascii():
            held |= Q(**{f"{name}__icontains": word})
        else:
            # SQLite's LIKE takes É and é for two letters; Python, which Django asks for patterns, does not.
            plain = max(re.split(r"[^\x00-\x7f]+", word), key=len)
            held |= Q(**{f"{name}__icontains": plain, f"{name}__iregex": re.escape(word)})
    return held


def _asked(model: type[models.Model], column: str) -> str:
    """How Django is asked for a column: for a key of another table by way of that."""
    field = next(field for field in model._meta.concrete_fields if field.column == column)
    if isinstance(field, models.ForeignKey):
        return f"{field.name}__{field.target_field.name}"
    return str(field.name)


@lru_cache(maxsize=500)
def _are_many(sql: str, phrase: str, many: int, minute: int) -> bool:
    """Looked up once a `minute`: a page asks several times, and a late answer costs time only."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM ({sql} LIMIT 1 OFFSET {many})", (phrase,))  # noqa: S608
        return cursor.fetchone() is not None


def _minute() -> int:
    return int(time.monotonic() // 60)


# ---- what the databases keep -------------------------------------------------------------------------------


def ensure() -> None:
    """Make what is missing. Safe to do at any time; rows that are there already are taken in."""
    try:
        if connection.vendor == "postgresql":
            _ensure_indexes()
        elif connection.vendor == "sqlite":
            for model in KEPT_BESIDE:
                _ensure_beside(model)
    except DatabaseError as refused:
        logger.warning("Searching stays slow, for the database keeps no trigrams: %s", refused)


def forget() -> None:
    """Keep nothing for now: many rows are stored faster so. `ensure` takes all in again."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for model in KEPT_BESIDE:
                _drop(cursor, model)


def _ensure_indexes() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone() is None:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = ANY (current_schemas(false))")
        there = {name for (name,) in cursor.fetchall()}
        # Not even asked for where it is there: that would lock the table.
        for name, table, column in _trigram_columns():
            if name not in there:
                # As Django asks for `icontains`.
                cursor.execute(
                    f'CREATE INDEX IF NOT EXISTS "{name}" ON "{table}" '
                    f'USING gin (upper("{column}"::text) gin_trgm_ops)'
                )


def _trigram_columns() -> list[tuple[str, str, str]]:
    """Index, table and column of everything that is searched, by itself or by way of another table."""
    columns = {(model, column) for model, searched in SEARCHED.items() for column in searched.columns}
    for searched in SEARCHED.values():
        columns |= {(other.model, column) for _, other in searched.elsewhere for column in other.columns}
    return sorted(
        (f"find_{model._meta.model_name}_{column}", model._meta.db_table, column) for model, column in columns
    )


def _beside(model: type[models.Model]) -> str:
    """The table that SQLite keeps a table's trigrams in."""
    return f"find_{model._meta.model_name}"


def _is_kept(model: type[models.Model]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s", [f"{_beside(model)}_in"]
        )
        return cursor.fetchone() is not None


def _ensure_beside(model: type[models.Model]) -> None:
    wanted = _statements(model)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE %s", [f"{_beside(model)}%"])
        there = dict(cursor.fetchall())
        if all(there.get(name) == sql for name, sql in wanted.items()):
            return
        _drop(cursor, model)
        for sql in wanted.values():
            cursor.execute(sql)
        cursor.execute(f"INSERT INTO {_beside(model)} ({_beside(model)}) VALUES ('rebuild')")  # noqa: S608


def _drop(cursor: Any, model: type[models.Model]) -> None:
    for name in _statements(model):
        kind = "TABLE" if name == _beside(model) else "TRIGGER"
        cursor.execute(f"DROP {kind} IF EXISTS {name}")


def _statements(model: type[models.Model]) -> dict[str, str]:
    """The table of trigrams, and the triggers that keep it true, by name and as SQLite remembers them."""
    beside, table, pk = _beside(model), model._meta.db_table, model._meta.pk.column
    columns = SEARCHED[model].columns
    names = ", ".join(columns)
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
    gone = f"INSERT INTO {beside} ({beside}, rowid, {names}) VALUES ('delete', old.{pk}, {old});"  # noqa: S608
    came = f"INSERT INTO {beside} (rowid, {names}) VALUES (new.{pk}, {new});"  # noqa: S608
    changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
    return {
        beside: (
            f"CREATE VIRTUAL TABLE {beside} USING fts5("
            f"{names}, content='{table}', content_rowid='{pk}', tokenize='trigram')"
        ),
        f"{beside}_in": f'CREATE TRIGGER {beside}_in AFTER INSERT ON "{table}" BEGIN {came} END',
        f"{beside}_out": f'CREATE TRIGGER {beside}_out AFTER DELETE ON "{table}" BEGIN {gone} END',
        f"{beside}_new": (
            f'CREATE TRIGGER {beside}_new AFTER UPDATE ON "{table}" WHEN {changed} BEGIN {gone} {came} END'
        ),
    }
