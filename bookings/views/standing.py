"""How a run stands, in a headline and a sentence, for each kind of run. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bookings.models import BookingRun
from bookings.templatetags.showing import clock, day, waits_behind, wanted
from bookings.told import tell
from bookings.vocabulary import BookingStatus, Health, RunKind, RunState

TITLES = {
    RunKind.BOOK: _("Book a showing"),
    RunKind.CANCEL: _("Cancel a showing"),
    RunKind.RESCHEDULE: _("Move a showing"),
    RunKind.CHECK: _("Check a property"),
    RunKind.RECONCILE: _("Compare with BrokerBay"),
    RunKind.SIGN_IN: _("Sign in on BrokerBay"),
}
_WORKING = {
    RunKind.BOOK: _("Booking on BrokerBay."),
    RunKind.CANCEL: _("Cancelling on BrokerBay."),
    RunKind.RESCHEDULE: _("Moving it on BrokerBay."),
    RunKind.CHECK: _("Looking it up on BrokerBay."),
    RunKind.RECONCILE: _("Reading BrokerBay's own list."),
    RunKind.SIGN_IN: _("The robot's browser is open."),
}
_DONE = {
    RunKind.CANCEL: (_("Cancelled on BrokerBay."), _("Its own list shows the showing as cancelled.")),
    RunKind.CHECK: (_("BrokerBay has it."), ""),
    RunKind.RECONCILE: (_("Compared."), ""),
    RunKind.SIGN_IN: (_("Signed in."), _("The account's waiting runs go on by themselves.")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    headline: str
    sentence: str = ""


def title_of(run: BookingRun) -> str:
    """What the run is for: "Move a showing"."""
    return str(TITLES[RunKind(run.kind)])


def when_of(run: BookingRun) -> str:
    """The time it is about; for a move, also the one that it is to leave."""
    told = wanted(run)
    booking = run.booking
    moves = run.kind == RunKind.RESCHEDULE and run.is_open and booking is not None
    if not moves or booking is None:
        return told
    return gettext("%(new)s, instead of %(day)s, %(time)s") % {
        "new": told,
        "day": day(booking.booking_date),
        "time": clock(booking.booking_time),
    }


def standing_of(run: BookingRun) -> Standing:
    """How it stands; the log tells how it came to that."""
    match RunState(run.state):
        case RunState.QUEUED if held_up := _held_up(run):
            return held_up
        case RunState.QUEUED:
            return Standing(
                headline=gettext("Waiting for a free worker."), sentence=gettext("It starts by itself.")
            )
        case RunState.RUNNING if run.stop_asked_at:
            return Standing(
                headline=gettext("Stopping."),
                sentence=gettext("It stops before anything is sent, or says what was."),
            )
        case RunState.RUNNING:
            return Standing(headline=str(_WORKING[RunKind(run.kind)]))
        case RunState.BOOKED if run.booking is not None and run.reason_code != "told_by_person":
            return _booked(run)
        case RunState.DONE if run.reason_code != "told_by_person":
            return _done(run)
    return Standing(headline=f"{run.title}.", sentence=tell(run.reason))


def _held_up(run: BookingRun) -> Standing | None:
    """How a run stands whose account cannot be used now."""
    waited_for = waits_behind(run)
    if not waited_for:
        return None
    if not run.account.is_active:
        told = gettext("%(email)s is switched off; an administrator can switch it on again.")
    elif run.account.health == Health.CHALLENGED:
        told = gettext(
            "BrokerBay asks %(email)s for a person. Sign the account in first; it then starts by itself."
        )
    else:
        told = gettext("%(email)s must be signed in on BrokerBay first; it then starts by itself.")
    return Standing(headline=f"{waited_for}.", sentence=told % {"email": run.account.email})


def _booked(run: BookingRun) -> Standing:
    booking = run.booking
    assert booking is not None
    moved = run.kind == RunKind.RESCHEDULE
    headline = {
        BookingStatus.CONFIRMED: gettext("Moved and confirmed.")
        if moved
        else gettext("Booked and confirmed."),
        BookingStatus.PENDING: gettext("Moved; the listing side must approve.")
        if moved
        else gettext("Asked for; the listing side must approve."),
    }.get(BookingStatus(booking.status), f"{booking.get_status_display()}.")
    shown = gettext("BrokerBay's own list shows it as “%(badge)s”.") % {"badge": booking.badge}
    return Standing(headline=headline, sentence=shown if booking.badge else "")


def _done(run: BookingRun) -> Standing:
    if run.dry_run:
        return Standing(
            headline=gettext("Rehearsed; nothing was sent."),
            sentence=gettext("Everything could be filled in, as the picture shows."),
        )
    headline, usual = _DONE.get(RunKind(run.kind), (_("Done."), ""))
    told = _check_in_words(run) if run.kind == RunKind.CHECK else str(usual)
    return Standing(headline=str(headline), sentence=tell(run.reason) or told)


def _check_in_words(run: BookingRun) -> str:
    """
    >>> _check_in_words(BookingRun(listing={"auto_confirm": False, "max_minutes": 30}))
    'It can be booked online. The listing side must approve. At most 30 minutes.'
    """
    seen = run.listing or {}
    confirms: dict[object, str] = {
        True: gettext("It confirms at once."),
        False: gettext("The listing side must approve."),
    }
    longest = seen.get("max_minutes")
    told = (
        gettext("It can be booked online."),
        confirms.get(seen.get("auto_confirm"), ""),
        ngettext("At most %(n)s minute.", "At most %(n)s minutes.", longest) % {"n": longest}
        if longest
        else "",
    )
    return " ".join(filter(None, told))
