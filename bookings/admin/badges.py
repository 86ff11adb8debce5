"""Which colour stands beside which word. The word is always there: colour alone tells nobody anything."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import TextChoices

from bookings.vocabulary import (
    BookingStatus,
    FetchState,
    Health,
    NoticeState,
    PassState,
    RequestState,
    RunState,
)

PLAIN = "default"


def _all(words: type[TextChoices], colours: Mapping[str, str]) -> dict[str, str]:
    """A colour for each word; Unfold shows the bare code of a word that has none."""
    return {word: colours.get(word, PLAIN) for word in words.values}


RUN = _all(
    RunState,
    {
        RunState.QUEUED: "info",
        RunState.RUNNING: "primary",
        RunState.PARKED: "warning",
        RunState.UNCONFIRMED: "warning",
        RunState.BOOKED: "success",
        RunState.DONE: "success",
        RunState.REFUSED: "danger",
        RunState.FAILED: "danger",
    },
)
REQUEST = _all(
    RequestState,
    {
        RequestState.RECEIVED: "info",
        RequestState.NEEDS_INFO: "warning",
        RequestState.QUEUED: "primary",
        RequestState.BOOKED: "success",
        RequestState.NEEDS_PERSON: "danger",
    },
)
BOOKING = _all(
    BookingStatus,
    {
        BookingStatus.CONFIRMED: "success",
        BookingStatus.PENDING: "info",
        BookingStatus.TIME_SUGGESTED: "warning",
        BookingStatus.DECLINED: "danger",
    },
)
HEALTH = _all(
    Health,
    {
        Health.SIGNED_IN: "success",
        Health.NEEDS_SIGN_IN: "warning",
        Health.CHALLENGED: "danger",
    },
)
FETCH = _all(
    FetchState,
    {
        FetchState.WANTED: "info",
        FetchState.KNOWN: "success",
        FetchState.NO_STREET: "warning",
        FetchState.NOT_FOUND: "danger",
        FetchState.UNREADABLE: "danger",
        FetchState.FAILED: "warning",
    },
)
PASS = _all(
    PassState,
    {
        PassState.RUNNING: "primary",
        PassState.DONE: "success",
        PassState.PARTIAL: "warning",
        PassState.FAILED: "danger",
    },
)
NOTICE = _all(
    NoticeState, {NoticeState.OWED: "info", NoticeState.SENT: "success", NoticeState.GIVEN_UP: "danger"}
)
