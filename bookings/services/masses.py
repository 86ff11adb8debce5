"""Many rows at once, as fast as the database takes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction
from django.db.models.expressions import RawSQL


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of values as the database takes them, `columns` by their database names.

    All or none: raises IntegrityError when a key is there already. COPY on PostgreSQL, elsewhere one prepared
    statement; Django's own bulk_create costs several times as much for wide rows.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # COPY goes past Django's own cursor, and so would its errors.
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # type: ignore[arg-type]  # noqa: S608


def any_of(texts: Collection[str]) -> RawSQL:
    """For `filter(column__in=any_of(…))`: the texts as one parameter, cheap for thousands too."""
    rows = (
        "SELECT jsonb_array_elements_text(%s::jsonb)"
        if connection.vendor == "postgresql"
        else "SELECT value FROM json_each(%s)"
    )
    return RawSQL(rows, [json.dumps(list(texts))])  # noqa: S611 - the texts are a parameter
