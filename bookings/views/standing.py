"""How a run stands, in a headline and a sentence, for each kind of run. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bookings.models import BookingRun
from bookings.templatetags.showing import clock, day, wanted
from bookings.vocabulary import BookingStatus, RunKind, RunState

TITLES = {
    RunKind.BOOK: "Book a showing",
    RunKind.CANCEL: "Cancel a showing",
    RunKind.RESCHEDULE: "Move a showing",
    RunKind.CHECK: "Check a property",
    RunKind.RECONCILE: "Compare with BrokerBay",
    RunKind.SIGN_IN: "Sign in on BrokerBay",
}
_WORKING = {
    RunKind.BOOK: "Booking on BrokerBay.",
    RunKind.CANCEL: "Cancelling on BrokerBay.",
    RunKind.RESCHEDULE: "Moving it on BrokerBay.",
    RunKind.CHECK: "Looking it up on BrokerBay.",
    RunKind.RECONCILE: "Reading BrokerBay's own list.",
    RunKind.SIGN_IN: "The robot's browser is open.",
}
_DONE = {
    RunKind.CANCEL: ("Cancelled on BrokerBay.", "Its own list shows the showing as cancelled."),
    RunKind.CHECK: ("BrokerBay has it.", ""),
    RunKind.RECONCILE: ("Compared.", ""),
    RunKind.SIGN_IN: ("Signed in.", "The account's waiting runs go on by themselves."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    headline: str
    sentence: str = ""


def title_of(run: BookingRun) -> str:
    """What the run is for: "Move a showing"."""
    return TITLES[RunKind(run.kind)]


def when_of(run: BookingRun) -> str:
    """The time it is about; for a move, also the one that it is to leave."""
    told = wanted(run)
    booking = run.booking
    moves = run.kind == RunKind.RESCHEDULE and run.is_open and booking is not None
    if not moves or booking is None:
        return told
    return f"{told}, instead of {day(booking.booking_date)}, {clock(booking.booking_time)}"


def standing_of(run: BookingRun) -> Standing:
    """How it stands; the log tells how it came to that."""
    match RunState(run.state):
        case RunState.QUEUED:
            return Standing(headline="Waiting for a free worker.", sentence="It starts by itself.")
        case RunState.RUNNING if run.stop_asked_at:
            return Standing(
                headline="Stopping.", sentence="It stops before anything is sent, or says what was."
            )
        case RunState.RUNNING:
            return Standing(headline=_WORKING[RunKind(run.kind)])
        case RunState.BOOKED if run.booking is not None and run.reason_code != "told_by_person":
            return _booked(run)
        case RunState.DONE if run.reason_code != "told_by_person":
            return _done(run)
    return Standing(headline=f"{run.title}.", sentence=run.reason)


def _booked(run: BookingRun) -> Standing:
    booking = run.booking
    assert booking is not None
    moved = run.kind == RunKind.RESCHEDULE
    headline = {
        BookingStatus.CONFIRMED: "Moved and confirmed." if moved else "Booked and confirmed.",
        BookingStatus.PENDING: f"{'Moved' if moved else 'Asked for'}; the listing side must approve.",
    }.get(BookingStatus(booking.status), f"{booking.get_status_display()}.")
    told = f"BrokerBay's own list shows it as “{booking.badge}”." if booking.badge else ""
    return Standing(headline=headline, sentence=told)


def _done(run: BookingRun) -> Standing:
    if run.dry_run:
        return Standing(
            headline="Rehearsed; nothing was sent.",
            sentence="Everything could be filled in, as the picture shows.",
        )
    headline, usual = _DONE.get(RunKind(run.kind), ("Done.", ""))
    told = _check_in_words(run) if run.kind == RunKind.CHECK else usual
    return Standing(headline=headline, sentence=run.reason or told)


def _check_in_words(run: BookingRun) -> str:
    """
    >>> _check_in_words(BookingRun(listing={"auto_confirm": False, "max_minutes": 30}))
    'It can be booked online. The listing side must approve. At most 30 minutes.'
    """
    seen = run.listing or {}
    confirms: dict[object, str] = {True: "It confirms at once.", False: "The listing side must approve."}
    longest = seen.get("max_minutes")
    told = (
        "It can be booked online.",
        confirms.get(seen.get("auto_confirm"), ""),
        f"At most {longest} minutes." if longest else "",
    )
    return " ".join(filter(None, told))
