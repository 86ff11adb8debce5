"""What BrokerBay's answer to a submit means. Pure: only a clear yes or a clear no counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automation.engine.errors import ChallengeShown, NeedsSignIn, NoAnswer, NotBookable, RateLimited, SlotLost

_TAKEN = re.compile(
    r"no longer available|already (?:been )?taken|slot (?:is )?taken|time is not available", re.I
)

_MAYBE_DONE = re.compile(r"duplicate|already", re.I)
_REFUSING = frozenset({400, 409, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status and the body (JSON where it is JSON, else text) that the submit was answered with."""

    status: int
    body: Any = None


def judge(answer: Answer) -> None:
    """Returns when BrokerBay took the request; raises what it said otherwise.

    A 200 alone proves nothing: a challenge is answered with 200 too. Whatever is no clear no is `NoAnswer`,
    because the showing may have been booked all the same.

    >>> judge(Answer(status=200, body={"id": "65f0c0ffee65f0c0ffee65f0"}))
    >>> judge(Answer(status=200, body={"showChallenge": True}))
    Traceback (most recent call last):
    automation.engine.errors.ChallengeShown: BrokerBay asks ...
    """
    if _flag(answer.body, "showChallenge"):
        raise ChallengeShown(
            "BrokerBay asks for proof that a person is booking. Nothing was booked: "
            "a person must book this one on BrokerBay."
        )
    if _TAKEN.search(_words(answer.body)):
        raise SlotLost("Someone else took this time just before us. Nothing was booked: choose another time.")
    if 200 <= answer.status < 300:
        return
    if answer.status == 429:
        raise RateLimited("BrokerBay asks us to slow down (429). Nothing was booked; we try again later.")
    if answer.status == 401:
        raise NeedsSignIn(
            "BrokerBay signed us out at the submit. Nothing was booked: a person must sign in again."
        )
    words = _words(answer.body)
    if answer.status in _REFUSING and words and not _MAYBE_DONE.search(words):
        raise NotBookable(f"BrokerBay refused the booking: {words[:200]}. Nothing was booked.")
    raise NoAnswer(
        f"BrokerBay answered the booking with an error ({answer.status}). It may be booked or not: "
        "only its list of showings can tell."
    )


def _flag(body: Any, name: str) -> bool:
    return isinstance(body, Mapping) and body.get(name) is True


def _words(body: Any) -> str:
    """The body's own short texts: an error page's prose must not be taken for an answer."""
    if not isinstance(body, Mapping):
        return ""
    inner = [value for value in body.values() if isinstance(value, Mapping)]
    texts = [value for part in [body, *inner] for value in part.values() if isinstance(value, str)]
    return " · ".join(texts)
