"""The part of PostgREST's query language that the portal speaks, over rows that are plain dicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

Row = dict[str, Any]
# True, False, or None where SQL says NULL.
Predicate = Callable[[Row], bool | None]

INSTANTS = frozenset({"created_at", "updated_at"})
COLUMNS = (
    "id",
    "user_id",
    "property_id",
    "status",
    "created_at",
    "updated_at",
    "scheduled_date",
    "scheduled_time",
    "group_name",
    # Written by the portal: what became of the request.
    "booking_status",
    "booking_date",
    "booking_time",
    "booking_reference",
    "booking_reason",
)
_NOT_FILTERS = frozenset({"select", "order", "limit", "offset", "on_conflict", "columns"})
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "neq": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "gte": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "lte": lambda a, b: bool(a <= b),
}
_ORDER = re.compile(r"(?P<column>\w+)(?:\.(?P<way>asc|desc))?(?:\.nulls(?P<nulls>first|last))?")


class BadQuery(Exception):
    """PostgREST would refuse it: an HTTP status and PostgREST's own code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A read or the rows that a write is about. `limit` is None when none was asked."""

    predicate: Predicate
    order: tuple[tuple[str, bool, bool], ...]  # column, descending, nulls first
    limit: int | None
    offset: int
    columns: tuple[str, ...]  # () is all

    def matching(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that fit, in order, before limit and offset."""
        found = [row for row in rows if self.predicate(row) is True]
        for column, descending, nulls_first in reversed(self.order):
            found.sort(key=partial(_place, column), reverse=descending)
            nulls = [row for row in found if row.get(column) is None]
            rest = [row for row in found if row.get(column) is not None]
            found = nulls + rest if nulls_first else rest + nulls
        return found

    def shown(self, row: Row) -> Row:
        return {name: row.get(name) for name in self.columns} if self.columns else row


def read_query(pairs: Sequence[tuple[str, str]]) -> Query:
    """A question's parameters, in PostgREST's language. Raises BadQuery as PostgREST would."""
    single = dict(pairs)
    filters = [_filter(name, value) for name, value in pairs if name not in _NOT_FILTERS]
    select = single.get("select", "*")
    return Query(
        predicate=_all(filters),
        order=tuple(_order(piece) for piece in single.get("order", "").split(",") if piece),
        limit=_whole(single["limit"]) if "limit" in single else None,
        offset=_whole(single.get("offset", "0")),
        columns=() if select.strip() in ("", "*") else tuple(_column(name) for name in select.split(",")),
    )


def _place(column: str, row: Row) -> tuple[int, Any]:
    return comparable(column, row.get(column))


def comparable(column: str, value: Any) -> tuple[int, Any]:
    """A value that sorts and compares as its column's type does; what is not of the type compares as text."""
    if value is None:
        return (0, "")
    if column in INSTANTS:
        moment = _moment(str(value))
        if moment is not None:
            return (2, moment)
    return (1, str(value))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _filter(name: str, text: str) -> Predicate:
    if name in ("or", "and", "not.or", "not.and"):
        return _tree(name, text)
    return _condition(_column(name), text)


def _tree(name: str, text: str) -> Predicate:
    if not (text.startswith("(") and text.endswith(")")):
        raise BadQuery(400, "PGRST100", f'"failed to parse logic tree ({text})" (line 1, column 1)')
    inner = [_branch(piece) for piece in _split(text[1:-1])]
    joined = _any(inner) if name.endswith("or") else _all(inner)
    return _negated(joined) if name.startswith("not.") else joined


def _branch(text: str) -> Predicate:
    logic = re.match(r"(not\.)?(or|and)(?=\()", text)
    if logic:
        return _tree(logic[0], text[logic.end() :])
    name, dot, rest = text.partition(".")
    if not dot:
        raise BadQuery(400, "PGRST100", f'"failed to parse logic tree ({text})" (line 1, column 1)')
    return _condition(_column(name), rest)


def _condition(column: str, text: str) -> Predicate:
    if text.startswith("not."):
        return _negated(_condition(column, text[4:]))
    operator, _, operand = text.partition(".")
    if operator == "in" and operand.startswith("(") and operand.endswith(")"):
        wanted = {_operand(column, piece) for piece in _split(operand[1:-1])}
        return lambda row: None if row.get(column) is None else comparable(column, row[column]) in wanted
    if operator == "is" and operand in ("null", "not_null"):
        return lambda row: (row.get(column) is None) == (operand == "null")
    compare = _COMPARISONS.get(operator)
    if compare is None:
        raise BadQuery(400, "PGRST100", f'"failed to parse filter ({text})" (line 1, column 1)')
    value = _operand(column, operand)

    def holds(row: Row) -> bool | None:
        return None if row.get(column) is None else compare(comparable(column, row[column]), value)

    return holds


def _operand(column: str, text: str) -> tuple[int, Any]:
    plain = re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text
    if column in INSTANTS and _moment(plain) is None:
        raise BadQuery(400, "22007", f'invalid input syntax for type timestamp with time zone: "{plain}"')
    return comparable(column, plain)


def _split(text: str) -> list[str]:
    """Pieces between commas that are neither in quotes nor in brackets."""
    pieces, current, depth, quoted, escaped = [], "", 0, False, False
    for character in text:
        if character == "," and depth == 0 and not quoted:
            pieces.append(current)
            current = ""
            continue
        current += character
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
    return [*pieces, current] if text else []


def _all(predicates: Sequence[Predicate]) -> Predicate:
    def holds(row: Row) -> bool | None:
        answers = [predicate(row) for predicate in predicates]
        return False if False in answers else None if None in answers else True

    return holds


def _any(predicates: Sequence[Predicate]) -> Predicate:
    def holds(row: Row) -> bool | None:
        answers = [predicate(row) for predicate in predicates]
        return True if True in answers else None if None in answers else False

    return holds


def _negated(predicate: Predicate) -> Predicate:
    def holds(row: Row) -> bool | None:
        answer = predicate(row)
        return None if answer is None else not answer

    return holds


def _column(name: str) -> str:
    if name not in COLUMNS:
        raise BadQuery(400, "42703", f"column showing_requests.{name} does not exist")
    return name


def _order(piece: str) -> tuple[str, bool, bool]:
    match = _ORDER.fullmatch(piece)
    if match is None:
        raise BadQuery(400, "PGRST100", f'"failed to parse order ({piece})" (line 1, column 1)')
    descending = match["way"] == "desc"
    nulls_first = match["nulls"] == "first" if match["nulls"] else descending
    return _column(match["column"]), descending, nulls_first


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadQuery(400, "PGRST100", f'"failed to parse limit or offset ({text})" (line 1, column 1)')
    return int(text)


def range_of(headers: Mapping[str, str]) -> tuple[int, int] | None:
    """First and last item of a `Range: 0-9` header (items, both counted), if there is one."""
    match = re.fullmatch(r"(\d+)-(\d*)", headers.get("range", ""))
    if match is None:
        return None
    return int(match[1]), int(match[2]) if match[2] else 2**31
