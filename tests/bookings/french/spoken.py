"""The sentences that the code says in English, read from its source: what `bookings.told` must know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HOLE = "\x00"
# What is said to programs, to the log or to whoever writes code, never to a person who reads French.
UNSAID = {
    "info",
    "debug",
    "warning",
    "exception",
    "error",
    "ValueError",
    "TypeError",
    "RuntimeError",
    "compile",
}


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each sentence; a hole stands for whatever an f-string puts in."""
    tree = ast.parse(path.read_text())
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        parent = above.get(node)
        if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue) or _is_unsaid(parent):
            continue
        text = _text(node)
        if text and (_is_sentence(text) or _is_told(parent)):
            yield node.lineno, text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return ""


def _is_unsaid(call: ast.AST | None) -> bool:
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in UNSAID or "gettext" in name or name == "_"


def _is_told(parent: ast.AST | None) -> bool:
    """A line of a log, a reason, a button: told to a person though it ends without a full stop."""
    if isinstance(parent, ast.keyword):
        return parent.arg in ("message", "line", "trouble", "label", "detail")
    return isinstance(parent, ast.Call) and getattr(parent.func, "id", "") == "write"


def _is_sentence(text: str) -> bool:
    """Begins like one, ends like one, and has words between."""
    return bool(re.match(rf"[A-Z“{HOLE}]", text)) and text.endswith((".", "?")) and text.count(" ") > 1


def as_pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split(HOLE)), re.DOTALL)
