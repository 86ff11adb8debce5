"""Which of BrokerBay's own reasons fits the one that a person gave. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

NEUTRAL = "client is no longer interested"  # says nothing about the home or its agent
_PLACEHOLDER = re.compile(r"^\W*(?:(?:please )?(?:select|choose|pick)\b.*)?$", re.IGNORECASE)
_FILLING = frozenset("a an and are at be for i in is it no of on or our the their to was we with".split())


def reason_for(offered: Sequence[str], wanted: str) -> str:
    """The offered reason closest to the wanted one, else the neutral one, else the first; "" for none.

    >>> offered = ("Select a reason", "Client is no longer interested", "Schedule conflict", "Other")
    >>> reason_for(offered, "conflict in the schedule"), reason_for(offered, "OTHER")
    ('Schedule conflict', 'Other')
    >>> reason_for(offered, "The client fell ill"), reason_for(offered[2:], ""), reason_for(offered[:1], "")
    ('Client is no longer interested', 'Schedule conflict', '')
    """
    real = [reason for reason in offered if not _PLACEHOLDER.match(reason)]
    for reason in real:
        if _plain(reason) == _plain(wanted):
            return reason
    close = max(real, key=lambda reason: _likeness(reason, wanted), default="")
    if close and _likeness(close, wanted) >= 0.5:
        return close
    return next((reason for reason in real if _plain(reason) == NEUTRAL), real[0] if real else "")


def _likeness(one: str, other: str) -> float:
    """The share of telling words that both have, from 0 to 1."""
    words, others = _words(one), _words(other)
    return len(words & others) / len(words | others) if words and others else 0.0


def _words(text: str) -> set[str]:
    return set(_plain(text).split()) - _FILLING


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())
