"""The protocol's guards, each of which can be taken away from the harness's own workers."""

from __future__ import annotations

from collections.abc import Iterable


def take_away(names: Iterable[str]) -> None:
    """Do without these guards in this process. Raises ValueError for a name that is none."""
    for name in names:
        raise ValueError(f"No guard {name!r}")
