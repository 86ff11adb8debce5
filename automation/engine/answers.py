"""What BrokerBay's answer to a submit means. Pure: only a clear yes or a clear no counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automation.engine.contract import OrderKind
from automation.engine.errors import (
    ChallengeShown,
    NeedsSignIn,
    NoAnswer,
    NotBookable,
    NotCancellable,
    NotReschedulable,
    RateLimited,
    SameTime,
    ShowingGone,
    SlotLost,
    StepError,
)

_TAKEN = re.compile(
    r"no longer available|already (?:been )?taken|slot (?:is )?taken|time is not available", re.I
)

_MAYBE_DONE = re.compile(r"duplicate|already", re.I)
_SAME_TIME = re.compile(r"same (?:date and )?time|time (?:has|did) not change|unchanged", re.I)
_GONE = re.compile(
    r"(?:showing|appointment)\b.*\b(?:cancell?ed|declined|no longer|ended|not found|does not exist)", re.I
)
_REFUSING = frozenset({400, 409, 422})
_MISSING = frozenset({404, 410})  # no showing of this id: a clear no to a change of it
_DEEDS = {OrderKind.CANCEL: "cancellation", OrderKind.RESCHEDULE: "change of time"}
_DONE = {OrderKind.CANCEL: "cancelled", OrderKind.RESCHEDULE: "moved"}
_REFUSED: dict[OrderKind, type[StepError]] = {
    OrderKind.CANCEL: NotCancellable,
    OrderKind.RESCHEDULE: NotReschedulable,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The status and the body (JSON where it is JSON, else text) that the submit was answered with."""

    status: int
    body: Any = None


def deed(kind: OrderKind) -> str:
    """What an order of this kind sends to BrokerBay, for sentences.

    >>> deed(OrderKind.BOOK), deed(OrderKind.CANCEL)
    ('booking', 'cancellation')
    """
    return _DEEDS.get(kind, "booking")


def judge(answer: Answer, kind: OrderKind = OrderKind.BOOK) -> None:
    """Returns when BrokerBay took the request; raises what it said otherwise.

    A 200 alone proves nothing: a challenge is answered with 200 too. Whatever is no clear no is `NoAnswer`,
    because it may have been done all the same.

    >>> judge(Answer(status=200, body={"id": "65f0c0ffee65f0c0ffee65f0"}))
    >>> judge(Answer(status=200, body={"showChallenge": True}))
    Traceback (most recent call last):
    automation.engine.errors.ChallengeShown: BrokerBay asks ...
    """
    nothing = f"Nothing was {_DONE.get(kind, 'booked')}"
    words = _words(answer.body)
    if _flag(answer.body, "showChallenge"):
        raise ChallengeShown(
            f"BrokerBay asks for proof that a person is doing this. {nothing}: "
            "a person must do this one on BrokerBay."
        )
    if kind is OrderKind.RESCHEDULE and _GONE.search(words):
        raise ShowingGone(f"BrokerBay refused the change of time: {words[:200]}. {nothing}.")
    if kind is not OrderKind.CANCEL and _TAKEN.search(words):
        raise SlotLost(f"Someone else took this time just before us. {nothing}: choose another time.")
    if 200 <= answer.status < 300:
        return
    if answer.status == 429:
        raise RateLimited(f"BrokerBay asks us to slow down (429). {nothing}.")
    if answer.status == 401:
        raise NeedsSignIn(f"BrokerBay signed us out at the submit. {nothing}: a person must sign in again.")
    if refusal := _refusal(answer.status, words, kind):
        raise refusal(f"BrokerBay refused the {deed(kind)}: {words[:200]}. {nothing}.")
    raise NoAnswer(
        f"BrokerBay answered the {deed(kind)} with an error ({answer.status}). "
        f"It may be {_DONE.get(kind, 'booked')} or not: only its list of showings can tell."
    )


def _refusal(status: int, words: str, kind: OrderKind) -> type[StepError] | None:
    refusing = status in _REFUSING or (status in _MISSING and kind is not OrderKind.BOOK)
    if not refusing or not words:
        return None
    if kind is OrderKind.RESCHEDULE and _SAME_TIME.search(words):
        return SameTime
    if _MAYBE_DONE.search(words):
        return None
    return _REFUSED.get(kind, NotBookable)


def _flag(body: Any, name: str) -> bool:
    return isinstance(body, Mapping) and body.get(name) is True


def _words(body: Any) -> str:
    """The body's own short texts: an error page's prose must not be taken for an answer."""
    if not isinstance(body, Mapping):
        return ""
    inner = [value for value in body.values() if isinstance(value, Mapping)]
    texts = [value for part in [body, *inner] for value in part.values() if isinstance(value, str)]
    return " · ".join(texts)
