"""What a scenario may be told: which options, and what each of them can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

from automation.simulator.scenarios.registry import Options, Scenario

A_DAY = 24 * 3600.0  # seconds


def require_playable(scenario: Scenario, options: Options, *, times: Any) -> None:
    """Raises ValueError, with a sentence, where the scenario could not be played like that."""
    if times is not None and not (_is_whole(times) and times > 0):
        raise ValueError(f"times={times} will not do: it is a whole number from 1 on")
    for name, value in options.items():
        if name not in scenario.options:
            known = ", ".join(sorted(scenario.options))
            raise ValueError(f"{scenario.name} has no option {name}; it has {known}")
        fits, what = _WORD if (scenario.name, name) == ("listing_side_answers", "status") else _KINDS[name]
        if not fits(value):
            raise ValueError(f"{name}={value} will not do: it is {what}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= A_DAY


def _is_time(value: Any) -> bool:
    try:
        time.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


Kind = tuple[Callable[[Any], bool], str]
_WORD: Kind = (lambda value: isinstance(value, str) and bool(value), "a word")
_COUNT: Kind = (lambda value: _is_whole(value) and 0 <= value <= 10_000, "a whole number from 0 on")
_YES_NO: Kind = (lambda value: isinstance(value, bool), "true or false")
_CHANGES = ("book", "cancel", "reschedule")
_KINDS: dict[str, Kind] = {
    "seconds": (_is_seconds, "a number of seconds, a day at most"),
    "hours": _COUNT,
    "minutes": _COUNT,
    "rows": _COUNT,
    "more": _COUNT,
    "status": (lambda value: _is_whole(value) and 200 <= value <= 599, "an HTTP status from 200 to 599"),
    "at": (_is_time, "a time of day like 17:00"),
    "gone": _YES_NO,
    "body": _YES_NO,
    "over": (lambda value: value == "buttons", "buttons"),
    "kind": (lambda value: value in _CHANGES, "book, cancel or reschedule"),
    "path": (lambda value: isinstance(value, str | int), "a part of a path"),
}
