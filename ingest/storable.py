"""Outside JSON made fit to be kept as evidence: any database takes it, and it cannot fill the disk."""

from __future__ import annotations

from typing import Any

LONGEST_TEXT = 4000
LONGEST_NAME = 200
MOST_ITEMS = 300
DEEPEST = 10
_FLAT = frozenset({str, int, float, bool, type(None)})


def storable(value: Any, *, depth: int = 0) -> Any:
    """The same JSON without what PostgreSQL or SQLite refuse, and cut where it is huge.

    >>> storable({"a": "x\\x00y", "b": [1, 2.5, None, True]})
    {'a': 'x\\ufffdy', 'b': [1, 2.5, None, True]}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict) and _is_plain(value):
        return dict(value)
    if depth >= DEEPEST:
        return "… (nested too deep to be kept)"
    if isinstance(value, list | tuple):
        return [storable(item, depth=depth + 1) for item in value[:MOST_ITEMS]]
    if isinstance(value, dict):
        pairs = list(value.items())[:MOST_ITEMS]
        return {
            storable_text(str(key))[:LONGEST_NAME]: storable(item, depth=depth + 1) for key, item in pairs
        }
    return storable_text(repr(value))


def _is_plain(value: dict[Any, Any]) -> bool:
    """Whether an object is flat, short and ASCII, as nearly all rows are: then it is fit as it is."""
    if len(value) > MOST_ITEMS or not {str}.issuperset(map(type, value)):
        return False
    if not _FLAT.issuperset(map(type, value.values())):
        return False
    names, texts = "".join(value), "".join([item for item in value.values() if type(item) is str])
    is_short = len(names) <= LONGEST_NAME and len(texts) <= LONGEST_TEXT
    return is_short and names.isascii() and texts.isascii() and "\x00" not in names and "\x00" not in texts


def storable_text(text: str) -> str:
    """Text without NUL and lone surrogates, which no database stores, at most 4,000 characters long."""
    cut = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return cut.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
