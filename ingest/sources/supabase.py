"""Supabase's REST interface (PostgREST) over the table of showing requests."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote

from tenacity.nap import sleep as tenacity_sleep

from ingest.shapes import TOO_LARGE
from ingest.sources.http import (
    Answer,
    HttpSource,
    Patience,
    SourceRefused,
    SourceTooLarge,
    SourceUnreadable,
)

NAME = "Supabase"
PAGE = 1000
# Ids go into the address of the question, and addresses have an end: so many, of so many characters in all.
IDS_AT_ONCE, IDS_LENGTH = 50, 5000
LARGEST_BODY = 32 * 1024 * 1024
PATIENCE = Patience(connect=5, read=25, attempts=4, total=60)

# Old and new servers say the same with different codes.
_BAD_KEY = frozenset({"PGRST300", "PGRST301", "PGRST302", "PGRST303", "22023"})
_NO_TABLE = frozenset({"42P01", "PGRST205"})
_NO_COLUMN = frozenset({"42703", "PGRST204"})
# The table's own names in an error are worth telling; every other text of PostgREST may quote a row.
_TELLABLE = _NO_TABLE | _NO_COLUMN
_CURES = {
    404: "Check SUPABASE_URL: the REST interface is not there.",
    406: "Check SUPABASE_URL: what is there does not answer like Supabase's REST interface.",
    416: "Rows were deleted while they were read; the next pass reads them anew.",
}
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
# PostgreSQL's codes for a value that a column's type cannot hold: not written so, or too large a number.
_NO_SUCH_VALUE, _OUT_OF_RANGE = "22P02", "22003"
# A code is a code, and nothing that could quote a row.
_CODE = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
_TOTAL = re.compile(r"/(\d{1,12})$", re.ASCII)


class KeyKind(Enum):
    """What a Supabase key may see. A visitor's key sees only what row level security shows to all."""

    SECRET = "secret"  # noqa: S105 - a kind of key, no key
    VISITOR = "visitor"
    UNKNOWN = "unknown"


def key_kind(key: str) -> KeyKind:
    """
    >>> key_kind("sb_secret_abc"), key_kind("sb_publishable_abc"), key_kind("what")
    (<KeyKind.SECRET: 'secret'>, <KeyKind.VISITOR: 'visitor'>, <KeyKind.UNKNOWN: 'unknown'>)
    """
    if key.startswith("sb_secret_"):
        return KeyKind.SECRET
    if key.startswith("sb_publishable_"):
        return KeyKind.VISITOR
    role = _claims(key).get("role")
    return {"service_role": KeyKind.SECRET, "anon": KeyKind.VISITOR}.get(str(role), KeyKind.UNKNOWN)


def key_headers(key: str) -> dict[str, str]:
    """New keys (sb_…) are named in `apikey` alone; legacy ones are JWTs and go into `Authorization` too.

    >>> key_headers("sb_secret_abc")
    {'apikey': 'sb_secret_abc'}
    """
    if key.startswith("sb_"):
        return {"apikey": key}
    return {"apikey": key, "Authorization": f"Bearer {key}"}


def _claims(key: str) -> Mapping[str, Any]:
    """What a JWT says of itself, unchecked: good for advice to a person only."""
    pieces = key.split(".")
    if len(pieces) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


class Supabase:
    """Reads the table of showing requests, page by page. Not shared between threads."""

    def __init__(
        self,
        *,
        url: str,
        key: str,
        table: str,
        patience: Patience = PATIENCE,
        page: int = PAGE,
        sleep: Callable[[float], None] = tenacity_sleep,
    ) -> None:
        self._table = table
        self._path = f"/rest/v1/{quote(table, safe='')}"
        self._page = page
        self._key_kind = key_kind(key)
        self._http = HttpSource(
            name=NAME,
            base_url=url.rstrip("/").removesuffix("/rest/v1"),
            headers=key_headers(key),
            patience=patience,
            largest_body=LARGEST_BODY,
            sleep=sleep,
        )

    def close(self) -> None:
        self._http.close()

    def read_requests(self, *, statuses: Sequence[str]) -> Iterator[list[Any]]:
        """All rows with one of these statuses, oldest first, a page at a time, as they came.

        Keyset paging over (created_at, id): rows that arrive or leave meanwhile shift nothing. One question a
        page: the first answer tells how many rows there are, so that a server that caps its answers silently
        is found out; after that a page shorter than the longest is the last. Without a total, an empty one.
        Where the rows are so large that a page is refused, fewer are asked for at a time.
        """
        after: Mapping[str, Any] | None = None
        longest, limit = 0, self._page
        while True:
            question = {"status": _any_of(statuses), **_beyond(after)}
            try:
                answer = self._ask(question, headers={} if after else {"Prefer": "count=exact"}, limit=limit)
            except SourceTooLarge:
                if limit > 1:
                    limit = max(1, limit // 8)
                    continue
                answer = self._ask(question, select="id,created_at", limit=1)
                rows = [_too_large(row) for row in self._rows_of(answer)]
            else:
                rows = self._rows_of(answer)
            if not rows:
                return
            yield rows
            if len(rows) < min(longest, limit) or (after is None and total_of(answer) == len(rows)):
                return
            limit = min(limit * 2, self._page)
            longest = max(longest, len(rows))
            last = next((row for row in reversed(rows) if _has_place(row)), None)
            if last is None or (after is not None and _place(last) == _place(after)):
                raise SourceUnreadable(
                    NAME,
                    f"{NAME} answered with the same rows, or rows without an id, again and again.",
                    what_to_do="Check that the address leads to Supabase's REST interface.",
                )
            after = last

    def read_by_ids(self, ids: Sequence[str]) -> Iterator[list[Any]]:
        """The rows with these ids, whatever their status; those that are gone are left out.

        An id that the column's type cannot hold, as an imported "17" where ids are uuids, is that of no row,
        and the database refuses the whole question for it: so ids of one shape are asked for together, and no
        more of a shape once a question for it was refused.
        """
        for alike in _by_shape(ids):
            for some in _questions(alike):
                try:
                    rows = self._rows_with(some)
                except SourceRefused as refused:
                    if refused.code != _NO_SUCH_VALUE:
                        raise
                    break
                if rows:
                    yield rows

    def _rows_with(self, ids: Sequence[str]) -> list[Any]:
        """The rows with ids that fit into one question; where it is refused for one of them, half by half."""
        question = {"id": _any_of(ids)}
        try:
            return self._rows_of(self._ask(question))
        except SourceTooLarge:
            if len(ids) == 1:
                return [_too_large(row) for row in self._rows_of(self._ask(question, select="id,created_at"))]
        except SourceRefused as refused:
            if refused.code != _OUT_OF_RANGE:
                raise
            if len(ids) == 1:
                return []
        middle = len(ids) // 2
        return [*self._rows_with(ids[:middle]), *self._rows_with(ids[middle:])]

    def advice_when_empty(self) -> str:
        """What may be wrong when there is not one row: row level security hides rows without a word."""
        if self._key_kind is KeyKind.SECRET:
            return ""
        return (
            f"{NAME} showed no rows. SUPABASE_KEY is a visitor's key (anon, publishable or a person's): "
            "unless a policy lets it read the table, row level security hides every row. "
            "Use the service_role or a secret key."
        )

    def _ask(
        self,
        params: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        select: str = "*",
        limit: int = 0,
    ) -> Answer:
        question = {
            "select": select,
            **params,
            "order": "created_at.asc.nullslast,id.asc",
            "limit": str(limit or self._page),
        }
        answer = self._http.get(self._path, params=question, headers=headers)
        if answer.status >= 400:
            raise self._refusal(answer)
        return answer

    def _rows_of(self, answer: Answer) -> list[Any]:
        if not isinstance(answer.body, list):
            raise SourceUnreadable(
                NAME,
                f"{NAME} at {self._http.host} sent something that is no list of rows.",
                what_to_do="Check SUPABASE_URL: it must be the project's address, like https://….supabase.co",
            )
        return answer.body

    def _refusal(
        self, answer: Answer, cure: Callable[[int, str, str, str], str] | None = None
    ) -> SourceRefused:
        body = answer.body if isinstance(answer.body, dict) else {}
        code = str(body.get("code") or "")
        code = code if _CODE.fullmatch(code) else ""
        message = f"{NAME} said no ({answer.status}{f', {code}' if code else ''})."
        if code in _TELLABLE:
            message = f"{message} It says: {str(body.get('message'))[:200]}."
        return SourceRefused(
            NAME,
            message,
            status=answer.status,
            code=code,
            what_to_do=(cure or _cure)(answer.status, code, self._table, str(body.get("message") or "")),
        )

    # ---- writing back ----------------------------------------------------------------------------------

    def write(self, row_id: str, columns: Mapping[str, Any]) -> bool:
        """Set columns of one row, which does no harm when done twice. False when there is no such row.

        Raises SourceRefused (`spoils_every_write` tells whether only this row is refused), SourceDown,
        SourceUnreadable.
        """
        answer = self._http.patch(
            self._path,
            columns,
            params={"id": f"eq.{row_id}", "select": "id"},
            headers={"Prefer": "return=representation"},
        )
        if answer.status >= 400:
            raise self._refusal(answer, _cure_of_writing)
        # Row level security refuses a change by changing nothing, without a word.
        if self._rows_of(answer):
            return True
        if not any(self.read_by_ids([row_id])):
            return False
        raise SourceRefused(
            NAME,
            f"{NAME} changed no row though the row is there.",
            status=403,
            what_to_do=_cure_of_writing(403, "", self._table, ""),
        )


def _cure(status: int, code: str, table: str, said: str) -> str:
    """What a person can do. Gateway errors carry no code, and codes differ between versions: status first."""
    if status == 401 and "browser" in said:
        return "A secret key was refused because something on the way calls us a browser: look at the proxy."
    if code == "42501" or status == 403:
        return f"SUPABASE_KEY may not read the table {table}: use the service_role or a secret key."
    if status == 401 or code in _BAD_KEY:
        return "Check SUPABASE_KEY: it is missing, wrong or has expired."
    if code in _NO_TABLE:
        return f"Check SUPABASE_TABLE: there is no table {table}, or it is not exposed."
    if code in _NO_COLUMN:
        return f"The table {table} lacks a column that the portal reads; add it."
    return _CURES.get(status, "Look at Supabase's own logs for this question.")


def _cure_of_writing(status: int, code: str, table: str, said: str) -> str:
    if code == "42501" or status == 403:
        return (
            f"SUPABASE_KEY may not write to the table {table}: use a service_role or secret key, grant it "
            "the right, or set SUPABASE_WRITE_COLUMNS=none."
        )
    if code in _NO_COLUMN:
        return (
            f"The table {table} lacks a column of SUPABASE_WRITE_COLUMNS: add it, name another, or set "
            "SUPABASE_WRITE_COLUMNS=none."
        )
    if code.startswith("22"):
        return "A column of SUPABASE_WRITE_COLUMNS has a type that does not take what is written."
    if code.startswith(("23", "P0")):
        return f"A rule of the table {table} forbids it: look at its constraints and triggers."
    return _cure(status, code, table, said)


def spoils_every_write(refused: SourceRefused) -> bool:
    """Whether no row can be written before a person has changed something, rather than this one row."""
    return not refused.code.startswith(("22", "23", "P0"))


def total_of(answer: Answer) -> int | None:
    """How many rows there are in all, where the answer says it: `Content-Range: 0-499/1234`."""
    found = _TOTAL.search(answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _any_of(values: Sequence[str]) -> str:
    return f"in.({','.join(_quoted(value) for value in values)})"


def _by_shape(ids: Sequence[str]) -> list[list[str]]:
    """
    >>> _by_shape(["17", "W1", "18"])
    [['17', '18'], ['W1']]
    """
    shapes: dict[str, list[str]] = {}
    for each in ids:
        shape = "uuid" if _UUID.fullmatch(each) else "number" if _NUMBER.fullmatch(each) else "text"
        shapes.setdefault(shape, []).append(each)
    return list(shapes.values())


def _questions(ids: Sequence[str]) -> Iterator[list[str]]:
    """Ids in lots, each of which fits into an address.

    >>> [len(lot) for lot in _questions(["1"] * 60 + ["\N{SNOWMAN}" * 300, "\N{SNOWMAN}" * 300])]
    [50, 11, 1]
    """
    lot: list[str] = []
    length = 0
    for each in ids:
        more = len(quote(each, errors="replace")) + len("%22%22%2C")
        if lot and (len(lot) == IDS_AT_ONCE or length + more > IDS_LENGTH):
            yield lot
            lot, length = [], 0
        lot.append(each)
        length += more
    if lot:
        yield lot


def _too_large(row: Any) -> dict[str, Any]:
    """What stands for a row that is too large to be read: its place in the order, and why it is no more."""
    return {**(row if isinstance(row, dict) else {}), TOO_LARGE: True}


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _beyond(after: Mapping[str, Any] | None) -> dict[str, str]:
    """The filter for what comes after a row in the order (created_at nulls last, id)."""
    if after is None:
        return {}
    last_id = _quoted(str(after["id"]))
    if after.get("created_at") is None:
        return {"created_at": "is.null", "id": f"gt.{after['id']}"}
    moment = _quoted(str(after["created_at"]))
    same_moment = f"and(created_at.eq.{moment},id.gt.{last_id})"
    return {"or": f"(created_at.gt.{moment},created_at.is.null,{same_moment})"}


def _has_place(row: Any) -> bool:
    return isinstance(row, dict) and row.get("id") is not None


def _place(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row.get("created_at"), row["id"]
