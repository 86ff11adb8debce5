"""Words for people: times at the property's door, lengths, states."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format as formatted
from django.utils.formats import number_format, time_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings import told as tellings
from bookings.labels import LABELS
from bookings.vocabulary import (
    SICK,
    BookingStatus,
    Health,
    Level,
    PassState,
    RequestState,
    RunKind,
    RunState,
    UpstreamState,
)

register = template.Library()

# Which colour stands beside a word; the word itself is always there too.
TONES: dict[str, str] = {
    RunState.QUEUED: "calm",
    RunState.RUNNING: "busy",
    RunState.PARKED: "warn",
    RunState.UNCONFIRMED: "warn",
    RunState.BOOKED: "good",
    RunState.DONE: "good",
    RunState.REFUSED: "bad",
    RunState.FAILED: "bad",
    RequestState.CHANGED: "warn",
    RequestState.NEEDS_INFO: "warn",
    RequestState.NEEDS_PERSON: "bad",
    BookingStatus.CONFIRMED: "good",
    BookingStatus.PENDING: "calm",
    BookingStatus.TIME_SUGGESTED: "warn",
    BookingStatus.DECLINED: "bad",
    BookingStatus.UNVERIFIED: "warn",
    Health.SIGNED_IN: "good",
    Health.NEEDS_SIGN_IN: "warn",
    Health.CHALLENGED: "bad",
    PassState.PARTIAL: "warn",
    UpstreamState.OK: "good",
    UpstreamState.RESTING: "bad",
    UpstreamState.TRYING: "warn",
    Level.SUCCESS: "good",
    Level.WARNING: "warn",
    Level.ERROR: "bad",
}


# The sign that stands beside an account's health.
SIGNS: dict[str, str] = {
    Health.UNKNOWN: "help",
    Health.SIGNED_IN: "check",
    Health.NEEDS_SIGN_IN: "key",
    Health.CHALLENGED: "hand",
}


@register.filter
def sign(word: str) -> str:
    return SIGNS.get(word, "")


@register.filter
def tone(word: str) -> str:
    return TONES.get(word, "quiet")


@register.filter
def words(code: str) -> str:
    """
    >>> words("find_listing"), words("")
    ('Find listing', '')
    """
    return tellings.tell(code.replace("_", " ").capitalize())


@register.filter
def deed(action: str) -> str:
    """
    >>> deed("booking.status_changed"), deed("run.parked")
    ('Status changed', 'Waiting')
    """
    noun, _dot, verb = action.partition(".")
    if noun == "run" and verb in RunState.values:
        return str(RunState(verb).label)
    return words(verb)


@register.filter
def column(name: str) -> str:
    """A column's name as the forms call it: "booking_date" is "Booking date"."""
    label = name.replace("_", " ")
    return str(capfirst(_(label) if label in LABELS else label))


@register.filter
def told(text: str) -> str:
    """What a row keeps in English, in the reader's language."""
    return tellings.tell(str(text or ""))


@register.filter
def took(milliseconds: int | None) -> str:
    """
    >>> took(340), took(1240), took(75_000), took(None)
    ('340 ms', '1.2 s', '1 min 15 s', '')
    """
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{number_format(round(milliseconds / 1000, 1), 1)} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


@register.filter
def zone_words(zone: str) -> str:
    """
    >>> zone_words("America/Toronto"), zone_words("America/Argentina/Buenos_Aires"), zone_words("UTC")
    ('Toronto time', 'Buenos Aires time', 'UTC')
    """
    name = zone or settings.DEFAULT_TIME_ZONE
    place = name.rpartition("/")[2].replace("_", " ")
    return _("%(place)s time") % {"place": place} if "/" in name else name


@register.filter
def in_zone(moment: datetime | None, zone: str) -> datetime | None:
    """The moment as the wall clock there shows it, for the date filter."""
    if moment is None:
        return None
    return timezone.make_naive(moment, ZoneInfo(zone or settings.DEFAULT_TIME_ZONE))


SOON = timedelta(hours=24)


@register.filter
def is_soon(moment: datetime | None) -> bool:
    """Whether it lies ahead, and within a day."""
    return moment is not None and timedelta(0) < moment - timezone.now() <= SOON


@register.filter
def lasts(seconds: int | None) -> str:
    """A span for people, in its largest units.

    >>> lasts(42), lasts(150), lasts(5400), lasts(200_000), lasts(None)
    ('42 s', '2 min 30 s', '1 h 30 min', '2 d 7 h', '')
    """
    if seconds is None:
        return ""
    units = ((86_400, pgettext("days, in short", "d")), (3600, "h"), (60, "min"), (1, "s"))
    at = next((place for place, (size, _unit) in enumerate(units) if seconds >= size), len(units) - 1)
    size, unit = units[at]
    rest = [
        f"{seconds % size // less} {small}"
        for less, small in units[at + 1 : at + 2]
        if seconds % size // less
    ]
    return " ".join([f"{seconds // size} {unit}", *rest])


@register.filter
def home(run: Any) -> str:
    """The home that a run is about: as BrokerBay shows it, else as it was known, else as it was typed."""
    seen = run.booking.property_address if run.booking_id and run.booking else ""
    known = seen or run.address
    if not known and run.request_id and run.request.property_id == run.property_text:
        known = run.request.property.address  # it was learned after the run was queued
    return str(known or run.property_text)


def run_stands(run: Any) -> tuple[str, str]:
    """A run's word, for its colour, and its label. What BrokerBay was only asked for is not "Booked", and
    what waits behind an account that cannot be used says so. Reads the run's account and booking."""
    if waited_for := waits_behind(run):
        return RunState.PARKED, waited_for
    if run.state == RunState.BOOKED and run.booking and run.booking.status != BookingStatus.CONFIRMED:
        return run.booking.status, run.booking.get_status_display()
    if run.state == RunState.DONE and run.kind == RunKind.CANCEL and not run.dry_run:
        return run.state, str(RunState.CANCELLED.label)
    return run.state, run.get_state_display()


def waits_behind(run: Any) -> str:
    """What a queued run waits for when its account cannot be used now; empty when it can."""
    if run.state != RunState.QUEUED or run.kind == RunKind.SIGN_IN:
        return ""
    if not run.account.is_active:
        return _("Waiting for its BrokerBay account")
    needs_person = run.account.health in SICK
    return _("Waiting for a sign-in") if needs_person else ""


def request_stands(request: Any, showing: str | None) -> tuple[str, str]:
    """A client's request's word and label; `showing` is how its newest booking stands, if it has one."""
    if request.booking_status == RequestState.BOOKED and showing and showing != BookingStatus.CONFIRMED:
        return showing, str(BookingStatus(showing).label)
    return request.booking_status, request.get_booking_status_display()


@register.inclusion_tag("bookings/_badge.html")
def state_badge(row: Any) -> dict[str, str]:
    """How a run, or a client's request with its `booking`, stands."""
    if hasattr(row, "state"):
        word, label = run_stands(row)
    else:
        word, label = request_stands(row, row.booking and row.booking.status)
    return {"word": word, "label": label}


@register.filter
def stands_tone(run: Any) -> str:
    return tone(run_stands(run)[0])


@register.filter
def stands(run: Any) -> str:
    """How a run stands, in a word or with its reason: "Pending", "That time is not offered"."""
    return str(run.title) if run.reason_code else run_stands(run)[1]


@register.filter
def clock(at: time | datetime | None) -> str:
    """
    >>> clock(time(10)), clock(time(13, 45)), clock(time(0, 15)), clock(None)
    ('10:00 AM', '1:45 PM', '12:15 AM', '')
    """
    return tellings.clock(at) if at is not None else ""


@register.filter
def seconds(at: datetime | None) -> str:
    """The moment on a clock with seconds, for lines of a log."""
    return time_format(at, "H:i:s") if at is not None else ""


@register.filter
def day(when: date | None) -> str:
    """A day with its weekday, and its year when it is another than the present one."""
    if when is None:
        return ""
    return tellings.short_day(when, with_year=when.year != timezone.localdate().year)


@register.filter
def long_day(when: date | None) -> str:
    """
    >>> long_day(date(2026, 11, 24))
    'Tuesday, 24 November 2026'
    """
    return tellings.long_day(when) if when is not None else ""


@register.filter(expects_localtime=True)
def plain_day(when: date | None) -> str:
    """
    >>> plain_day(date(2026, 11, 24))
    '24 November 2026'
    """
    return formatted(when, pgettext("a day, in Django's letters", "j F Y")) if when is not None else ""


@register.filter(expects_localtime=True)
def moment(at: datetime | None) -> str:
    """A day and a time of day, on the clock that it was put on or the page's: "Tue 24 Nov, 10:00 AM"."""
    if at is None:
        return ""
    return _("%(day)s, %(time)s") % {"day": day(at.date()), "time": clock(at)}


@register.simple_tag
def wanted(run: Any) -> str:
    """When a run's showing is to be, zone named: "Tue 24 Nov, 10:00 AM Toronto time"."""
    if run.wanted_date is None or run.wanted_time is None:
        return ""
    return _("%(day)s, %(time)s %(zone)s") % {
        "day": day(run.wanted_date),
        "time": clock(run.wanted_time),
        "zone": zone_words(run.time_zone),
    }
