"""Which colour stands beside which word. The word is always there: colour alone tells nobody anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.template.loader import render_to_string
from django.utils import timezone

from bookings import urgency
from bookings.models import Account
from bookings.urgency import Urgency
from bookings.vocabulary import (
    BookingStatus,
    FetchState,
    Health,
    NoticeState,
    PassState,
    RequestState,
    RunState,
    UpstreamState,
)

PLAIN = "default"


def _all(words: type[TextChoices], colours: Mapping[str, str]) -> dict[str, str]:
    """A colour for each word; Unfold shows the bare code of a word that has none."""
    return {word: colours.get(word, PLAIN) for word in words.values}


CLASH = {"clash": "danger"}
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
        RequestState.CHANGED: "warning",
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
        BookingStatus.UNVERIFIED: "warning",
    },
)
REQUEST_OR_BOOKING = REQUEST | BOOKING
RUN_OR_BOOKING = RUN | BOOKING
HEALTH = _all(
    Health,
    {
        Health.SIGNED_IN: "success",
        Health.NEEDS_SIGN_IN: "warning",
        Health.CHALLENGED: "danger",
    },
)
HEALTH_ICON: dict[str, str] = {
    Health.UNKNOWN: "help",
    Health.SIGNED_IN: "check_circle",
    Health.NEEDS_SIGN_IN: "key",
    Health.CHALLENGED: "front_hand",
}
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
UPSTREAM = _all(
    UpstreamState,
    {
        UpstreamState.OK: "success",
        UpstreamState.RESTING: "danger",
        UpstreamState.TRYING: "warning",
    },
)
NOTICE = _all(
    NoticeState, {NoticeState.OWED: "info", NoticeState.SENT: "success", NoticeState.GIVEN_UP: "danger"}
)


URGENCY = {Urgency.TOO_LATE: "danger", Urgency.SOON: "danger", Urgency.UNTOUCHED: "warning"}


def urgency_light(row: Any) -> str:
    """How urgent a waiting row is: a word, a sign and a colour, each of which says it alone."""
    found = urgency.of(row, timezone.now())
    if found is None:
        return "-"
    return render_to_string(
        "unfold/helpers/label.html",
        {"text": found.label, "type": URGENCY[found], "icon": urgency.SIGN[found]},
    )


def health_light(account: Account) -> str:
    """Whether an account can be used: a word, a sign and a colour, each of which says it alone."""
    return render_to_string(
        "unfold/helpers/label.html",
        {
            "text": account.get_health_display(),
            "type": HEALTH[account.health],
            "icon": HEALTH_ICON[account.health],
        },
    )
