"""What a person may say to a run that waits for one: each offer is a button that cures it. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from bookings.models import BookingRun
from bookings.models.partner import ShowingMinutes
from bookings.services.runs.figures import DOUBT_AFTER
from bookings.vocabulary import SICK, Answer, RunKind, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One button. `value` goes back with the answer; `detail` says more than the label has room for."""

    answer: Answer
    label: str
    value: str = ""
    is_main: bool = False
    detail: str = ""


def offers(run: BookingRun) -> tuple[Offer, ...]:
    """The buttons of a run, as it stands; none for one that goes on by itself or has ended for good.

    Reads `run.account` besides the run's own row.
    """
    if run.kind == RunKind.SIGN_IN:
        return ()
    state = RunState(run.state)
    if state == RunState.QUEUED:
        return (_sign_in(), _give_up("Stop it")) if _waits_for_sign_in(run) else ()
    if state == RunState.UNCONFIRMED:
        return _of_doubt(run)
    if state not in (RunState.PARKED, RunState.REFUSED, RunState.FAILED):
        return ()
    cures = _CURES.get(run.reason_code, _again)(run)
    return (*cures, _give_up("Give up"))


def times(run: BookingRun) -> tuple[Offer, ...]:
    """One button for each time that BrokerBay offered and that has not passed since."""
    if run.kind not in (RunKind.BOOK, RunKind.RESCHEDULE):
        return ()
    return tuple(
        Offer(
            answer=Answer.PICK_TIME,
            label=f"{start:%H:%M}",
            value=f"{start:%Y-%m-%dT%H:%M}",
            detail=f"{start:%A %d %B %Y}",
        )
        for start in sorted({picked_time(f"{slot['date']}T{slot['time']}") for slot in run.open_slots})
        if (start.date(), start.time()) != (run.wanted_date, run.wanted_time)
    )


def picked_time(value: str) -> datetime:
    """The wall-clock start of an offer's value.

    >>> picked_time("2026-12-01T10:15")
    datetime.datetime(2026, 12, 1, 10, 15)
    """
    day, _, at = value.partition("T")
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(at))


def _of_slots(run: BookingRun) -> tuple[Offer, ...]:
    picks = times(run)
    return (*picks, _try_again(is_main=not picks, label="Look again"))


def _of_candidates(run: BookingRun) -> tuple[Offer, ...]:
    # None is the main one: never the first because it is first.
    picks = tuple(
        Offer(
            answer=Answer.PICK_LISTING,
            label=candidate.get("address") or candidate.get("mls_number") or f"Listing {index + 1}",
            value=str(index),
            detail=" · ".join(
                filter(None, (candidate.get(name) for name in ("mls_number", "city", "price")))
            ),
        )
        for index, candidate in enumerate(run.candidates)
    )
    return picks or _again(run)


def _of_length(run: BookingRun) -> tuple[Offer, ...]:
    longest = run.listing.get("max_minutes") or (run.duration_minutes or 0) - 1
    shorter = [
        length for length in ShowingMinutes.values if length <= longest and length != run.duration_minutes
    ]
    return tuple(
        Offer(
            answer=Answer.SHORTEN,
            label=f"{length} minutes",
            value=str(length),
            is_main=length == max(shorter),
        )
        for length in sorted(shorter, reverse=True)
    ) or _again(run)


def _of_rehearsal(run: BookingRun) -> tuple[Offer, ...]:
    return (
        Offer(
            answer=Answer.RELEASE,
            label="Send it",
            is_main=True,
            detail="The form is filled anew and sent, if everything is still as in the picture.",
        ),
    )


def _of_approval(run: BookingRun) -> tuple[Offer, ...]:
    return (
        Offer(
            answer=Answer.ASK_APPROVAL,
            label="Ask for approval",
            is_main=True,
            detail="The listing side must agree before the showing stands.",
        ),
        _try_again(),
    )


def _of_sign_in(run: BookingRun) -> tuple[Offer, ...]:
    return (_sign_in(), _try_again(label="Try again without signing in"))


def _of_contact_details(run: BookingRun) -> tuple[Offer, ...]:
    return (
        Offer(
            answer=Answer.SIGN_IN,
            label="Fill them in on BrokerBay",
            is_main=True,
            detail="Opens the robot's browser at BrokerBay's form; the run goes on once they are saved.",
        ),
        _try_again(label="They are saved; try again"),
    )


def _of_doubt(run: BookingRun) -> tuple[Offer, ...]:
    """A run that may have been sent: by itself it reads BrokerBay's list; a person may know sooner."""
    late = run.submitting_at is not None and timezone.now() - run.submitting_at > DOUBT_AFTER
    signed_out = _waits_for_sign_in(run)
    if not (run.reason_code == "in_doubt" or late or signed_out):
        return ()
    there, not_there = _SAID[RunKind(run.kind)]
    told = (
        Offer(answer=Answer.IT_IS_THERE, label=there, detail="Nothing more is sent."),
        Offer(answer=Answer.IT_IS_NOT_THERE, label=not_there, detail="It is sent once more."),
        _give_up("Give up"),
    )
    return (_sign_in(), *told) if signed_out else told


def _again(run: BookingRun) -> tuple[Offer, ...]:
    return (_try_again(is_main=True),)


def _try_again(*, is_main: bool = False, label: str = "Try again") -> Offer:
    return Offer(answer=Answer.TRY_AGAIN, label=label, is_main=is_main)


def _sign_in() -> Offer:
    return Offer(
        answer=Answer.SIGN_IN,
        label="Sign in on BrokerBay",
        is_main=True,
        detail="Opens the robot's browser; every waiting run of the account goes on afterwards.",
    )


def _give_up(label: str) -> Offer:
    return Offer(answer=Answer.GIVE_UP, label=label, detail="This run ends; nothing more is sent.")


def _waits_for_sign_in(run: BookingRun) -> bool:
    return run.account.health in SICK and run.lease_until is None


_SAID = {
    RunKind.BOOK: ("BrokerBay has it", "BrokerBay does not have it"),
    RunKind.CANCEL: ("It is cancelled on BrokerBay", "It still stands on BrokerBay"),
    RunKind.RESCHEDULE: ("BrokerBay shows the new time", "BrokerBay shows the old time"),
}

_CURES: dict[str, Callable[[BookingRun], tuple[Offer, ...]]] = {
    "rehearsed": _of_rehearsal,
    "slot_unavailable": _of_slots,
    "slot_lost": _of_slots,
    "declined": _of_slots,
    "same_time": _of_slots,
    "ambiguous_listing": _of_candidates,
    "duration_too_long": _of_length,
    "needs_approval": _of_approval,
    "needs_sign_in": _of_sign_in,
    "challenge_shown": _of_sign_in,
    "contact_details_wanted": _of_contact_details,
}
