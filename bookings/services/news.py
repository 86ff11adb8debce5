"""News: what happened, told to the people who want to hear of it and to their partner's own programs.

Owed in the transaction of the change itself, each once; `notices.py` and `deliveries.py` send it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingRun, Connection, Notice, Partner
from bookings.services import choices, notices
from bookings.services.letters import door_words, language_of, site
from bookings.told import tell
from bookings.vocabulary import (
    CHANGING_KINDS,
    BookingStatus,
    NoticeChannel,
    NoticeEvent,
    RunKind,
    RunState,
)

# A subject and a story, in the language that is active.
Words = Callable[[], tuple[str, str]]

# What a webhook's `type` says for each event.
TYPES = {
    NoticeEvent.REQUESTED: "booking.requested",
    NoticeEvent.CONFIRMED: "booking.confirmed",
    NoticeEvent.NEEDS_YOU: "run.needs_person",
    NoticeEvent.FAILED: "run.failed",
    NoticeEvent.DECLINED: "booking.declined",
    NoticeEvent.CANCELLED: "booking.cancelled",
    NoticeEvent.MOVED: "booking.moved",
    NoticeEvent.REMINDER: "booking.reminder",
    NoticeEvent.SIGN_IN: "account.sign_in_needed",
}
OF_STATUS = {
    BookingStatus.CONFIRMED: NoticeEvent.CONFIRMED,
    BookingStatus.PENDING: NoticeEvent.REQUESTED,
    BookingStatus.TIME_SUGGESTED: NoticeEvent.NEEDS_YOU,
    BookingStatus.DECLINED: NoticeEvent.DECLINED,
    BookingStatus.CANCELLED: NoticeEvent.CANCELLED,
}
# The account's own notice tells these once for all its runs; of the last, whoever stopped it knows.
_TOLD_OTHERWISE = ("needs_sign_in", "challenge_shown", "stopped")
_ENDED_BADLY = (RunState.REFUSED, RunState.FAILED, RunState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened. `key` makes it one; `before` is the showing's start before it was moved;
    `said` gives a subject and a story where the event's own words do not say enough."""

    key: str
    event: NoticeEvent
    partner: Partner
    run: BookingRun | None = None
    booking: Booking | None = None
    before: str = ""
    said: Words | None = None
    at: datetime = field(default_factory=timezone.now)

    @property
    def thread(self) -> str:
        """What a connection is told in order."""
        about = self.booking if self.booking is not None else self.run
        if about is not None and about.request_id is not None:
            return f"request:{about.request_id}"[:60]
        return f"booking:{self.booking.pk}" if self.booking is not None else f"run:{getattr(about, 'pk', '')}"


# ---- what happened -----------------------------------------------------------------------------------------


def of_run(run: BookingRun) -> None:
    """A run ended, or waits for a person. Called in the transaction of the move; a repeat of the same end
    tells nothing more."""
    event = event_of(run)
    if event is None:
        return
    # A run in doubt is looked up again and again: that is news once for each time it was sent.
    in_doubt = run.state == RunState.UNCONFIRMED and run.submitting_at is not None
    turn = f"sent{run.submitting_at:%Y%m%d%H%M%S%f}" if in_doubt else str(run.attempt_number)
    _tell(
        News(
            key=f"run:{run.uuid}:{run.state}:{turn}",
            event=event,
            partner=run.partner,
            run=run,
            booking=run.booking,
        ),
        own=[run.created_by] if run.created_by is not None else [],
    )


def event_of(run: BookingRun) -> NoticeEvent | None:
    """What a run's present state is news of; None while it is none."""
    if run.kind not in CHANGING_KINDS or run.dry_run or run.reason_code in _TOLD_OTHERWISE:
        return None
    waits_for_person = run.state == RunState.PARKED and run.not_before is None
    if waits_for_person or (run.state == RunState.UNCONFIRMED and run.reason_code == "in_doubt"):
        return NoticeEvent.NEEDS_YOU
    if run.state in _ENDED_BADLY:
        return NoticeEvent.DECLINED if run.reason_code == "declined" else NoticeEvent.FAILED
    if run.kind == RunKind.CANCEL:
        return NoticeEvent.CANCELLED if run.state == RunState.DONE else None
    if run.state != RunState.BOOKED:
        return None
    if run.kind == RunKind.RESCHEDULE:
        return NoticeEvent.MOVED
    is_confirmed = run.booking is not None and run.booking.status == BookingStatus.CONFIRMED
    return NoticeEvent.CONFIRMED if is_confirmed else NoticeEvent.REQUESTED


def of_account(run: BookingRun, *, key: str) -> None:
    """An account has a trouble that `run` met, and for which all its runs now wait."""
    _tell(
        News(key=key, event=NoticeEvent.SIGN_IN, partner=run.partner, run=run),
        own=[run.created_by] if run.created_by is not None else [],
    )


def of_booking(
    booking: Booking,
    *,
    was: Mapping[str, Any],
    run: BookingRun | None = None,
    by: User | None = None,
) -> None:
    """A booking's status or time changed in another way than by the run that asked for it: on BrokerBay, or
    by a person here, who is not told of it. `was` holds what its changed columns said before."""
    moved = {"booking_date", "booking_time"} & was.keys()
    event = OF_STATUS.get(BookingStatus(booking.status)) if "status" in was else None
    if event is None and moved:
        event = NoticeEvent.MOVED
    if event is None:
        return
    _tell(
        News(
            key=f"booking:{booking.pk}:{event.value}:{booking.version}",
            event=event,
            partner=booking.partner,
            run=run or booking.runs.first(),
            booking=booking,
            before=" ".join(str(was.get(name, "")) for name in ("booking_date", "booking_time")).strip(),
        ),
        own=askers_of(booking),
        but=by,
    )


def of_found(booking: Booking, *, run: BookingRun) -> None:
    """A comparison found a showing that somebody booked on BrokerBay by hand. Programs are told, to have all
    of them; people are not: the first comparison of an account finds every one it has."""
    event = OF_STATUS.get(BookingStatus(booking.status))
    if event is None:
        return
    found = News(
        key=f"booking:{booking.pk}:{event.value}:{booking.version}",
        event=event,
        partner=booking.partner,
        run=run,
        booking=booking,
    )
    notices.owe([each for each in to_connections(found) if each.channel == NoticeChannel.WEBHOOK])


def for_managers(run: BookingRun, *, key: str, words: Words) -> None:
    """A run found something that a person must look at, whoever asked for it. `words` gives subject and story
    in the language that is active."""
    news = News(key=key, event=NoticeEvent.NEEDS_YOU, partner=run.partner, run=run, said=words)
    _tell(news, own=[])


def askers_of(booking: Booking) -> list[User]:
    """The person who asked for a showing; nobody for what the robot booked by itself."""
    runs = booking.runs.filter(kind=RunKind.BOOK, created_by__isnull=False).select_related("created_by")
    newest = runs.order_by("-queued_at", "-pk").first()
    return [newest.created_by] if newest is not None and newest.created_by is not None else []


# ---- who is told -------------------------------------------------------------------------------------------


def _tell(news: News, *, own: Iterable[User], but: User | None = None) -> None:
    people = choices.listeners(news.partner, news.event, own=own)
    notices.owe(
        [
            *(mail(news, each.user, key=f"{news.key}:{each.user.pk}") for each in people if each.user != but),
            *to_connections(news),
        ]
    )


def mail(news: News, person: User, *, key: str) -> Notice:
    """A piece of news as one person's mail, in their language."""
    with translation.override(language_of(person)):
        subject, body = in_words(news)
    return Notice(
        key=key,
        to=person.email,
        person=person,
        subject=subject,
        body=body,
        event=news.event,
        partner=news.partner,
        run=news.run,
        booking=news.booking,
    )


def to_connections(news: News) -> list[Notice]:
    """A piece of news for the partner's connections that want it."""
    held = Connection.objects.filter(partner=news.partner, is_on=True)
    return [to_connection(news, each) for each in held if news.event.value in each.events]


def to_connection(news: News, connection: Connection) -> Notice:
    with translation.override(settings.LANGUAGE_CODE):
        subject, _body = in_words(news)
        body = {"text": _in_slack(news)} if connection.kind == NoticeChannel.SLACK else payload_of(news)
    return Notice(
        key=f"to{connection.pk}:{news.key}",
        channel=NoticeChannel(connection.kind),
        connection=connection,
        thread=news.thread,
        to=connection.host,
        subject=" ".join(subject.split())[:200],
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        event=news.event,
        partner=news.partner,
        run=news.run,
        booking=news.booking,
    )


# ---- in words ----------------------------------------------------------------------------------------------


def in_words(news: News) -> tuple[str, str]:
    """Subject and body of a mail about it, in the language that is active."""
    if news.said is not None:
        subject, story = news.said()
        return subject, f"{story}\n\n{_('See it step by step')}: {address_of(news)}\n"
    if news.event == NoticeEvent.SIGN_IN and news.run is not None:
        return _account_words(news.run, address_of(news))
    headline, facts = _headline(news), _facts(news)
    more = f"\n{_reason(news.run)}" if news.run is not None and _is_trouble(news) else ""
    body = "\n".join(line for line in facts if line) + more
    return f"{headline}: {place_of(news)}", f"{headline}\n\n{body}\n\n{_('See it')}: {address_of(news)}\n"


def _account_words(run: BookingRun, address: str) -> tuple[str, str]:
    body = (
        f"{run.title}\n\n"
        + _("BrokerBay account: %(account)s\n%(step)s\nUntil then none of its runs goes on.")
        % {"account": run.account.email, "step": run.next_step}
        + f"\n\n{_('See what happened')}: {address}\n"
    )
    return f"{run.title}: {run.account.email}", body


def _headline(news: News) -> str:
    if news.run is not None and _is_trouble(news):
        return news.run.title
    return {
        NoticeEvent.REQUESTED: _("Asked for, the listing side has not answered yet"),
        NoticeEvent.CONFIRMED: _("Showing confirmed"),
        NoticeEvent.DECLINED: _("Showing declined by the listing side"),
        NoticeEvent.CANCELLED: _("Showing cancelled"),
        NoticeEvent.MOVED: _("Showing moved"),
        NoticeEvent.REMINDER: _("Your next showing"),
        NoticeEvent.NEEDS_YOU: _("The listing side suggests another time"),
    }.get(news.event, str(news.event.label))


def _is_trouble(news: News) -> bool:
    """Whether the run's own reason says best what happened."""
    by_run = news.key.startswith("run:")
    return by_run and news.event in (NoticeEvent.NEEDS_YOU, NoticeEvent.FAILED, NoticeEvent.DECLINED)


def _reason(run: BookingRun) -> str:
    step = _("Next: %(step)s") % {"step": run.next_step} if run.next_step else ""
    return "\n".join(part for part in (tell(run.reason), step) if part)


def _facts(news: News) -> list[str]:
    when, before = when_of(news), news.before
    return [
        _("Property: %(address)s") % {"address": place_of(news)},
        _("When: %(when)s") % {"when": when} if when else "",
        _("Before: %(before)s") % {"before": before} if before else "",
        _("For: %s") % client if (client := _client_of(news)) else "",
    ]


def _client_of(news: News) -> str:
    """Whom the showing is for; empty where nobody knows."""
    about = news.booking if news.booking is not None else news.run
    request = about.request if about is not None else None
    return request.client.name if request is not None and request.client is not None else ""


def place_of(news: News) -> str:
    if news.booking is not None:
        return news.booking.property_address
    return (news.run.address or news.run.property_text) if news.run is not None else str(news.partner)


def when_of(news: News) -> str:
    """The showing's start at the property's door, the zone named; empty where there is none."""
    if news.booking is not None and not _is_trouble(news):
        starts = datetime.combine(news.booking.booking_date, news.booking.booking_time)
        return door_words(starts, news.booking.time_zone)
    run = news.run
    if run is None or run.wanted_date is None or run.wanted_time is None:
        return ""
    return door_words(datetime.combine(run.wanted_date, run.wanted_time), run.time_zone)


def address_of(news: News) -> str:
    """Where a person sees more: the run's page, else the booking among the lists."""
    if news.run is not None:
        return site(reverse("run", args=[news.run.uuid]))
    if news.booking is not None:
        return site(reverse("admin:bookings_booking_change", args=[news.booking.pk]))
    return site("/")


# ---- for programs ------------------------------------------------------------------------------------------


def _in_slack(news: News) -> str:
    """One short line in Slack's own form. Its three signs are escaped: nobody's address makes a link."""
    headline, when = _headline(news), when_of(news)
    if news.event == NoticeEvent.SIGN_IN and news.run is not None:
        where = news.run.account.email
        headline = news.run.title
    elif news.said is not None:
        headline, where, when = news.said()[0], str(news.partner), ""
    else:
        where = place_of(news)
    parts = [part for part in (where, when) if part]
    return f"*{_escaped(headline)}*: {_escaped(', '.join(parts))} <{address_of(news)}|{_('See it')}>"


def _escaped(text: str) -> str:
    """
    >>> _escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def event_id(key: str) -> str:
    """The id by which a receiver knows a repeat; the same for each connection that is told.

    >>> event_id("booking:7:confirmed:2")
    'evt_d6a38d974e797f12ca54b01efb3862e7'
    """
    return f"evt_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def payload_of(news: News) -> dict[str, Any]:
    """What a webhook is sent. Dates and times are the wall clock at the door; `starts_at` is UTC."""
    data: dict[str, Any] = {
        "partner": {"id": news.partner.pk, "name": news.partner.name},
        "booking": _booking_data(news.booking) if news.booking is not None else None,
        "run": _run_data(news.run) if news.run is not None else None,
        "url": address_of(news),
    }
    if news.said is not None:
        data["message"] = "\n".join(news.said())
    if news.before:
        data["before"] = news.before
    return {
        "id": event_id(news.key),
        "type": TYPES[news.event],
        "timestamp": news.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": data,
    }


def _booking_data(booking: Booking) -> dict[str, Any]:
    return {
        "id": booking.pk,
        "status": booking.status,
        "address": booking.property_address,
        "property_id": booking.property_id,
        "listing_id": booking.listing_id or None,
        "showing_id": booking.showing_id or None,
        "request_id": booking.request_id,
        "date": booking.booking_date.isoformat(),
        "time": booking.booking_time.isoformat(timespec="minutes"),
        "time_zone": booking.time_zone,
        "starts_at": booking.starts_at.isoformat().replace("+00:00", "Z"),
        "duration_minutes": booking.duration,
        "version": booking.version,
    }


def _run_data(run: BookingRun) -> dict[str, Any]:
    return {
        "id": str(run.uuid),
        "kind": run.kind,
        "state": run.state,
        "reason": run.reason_code or None,
        "says": run.title,
        "next_step": run.next_step or None,
        "property": run.property_text,
        "address": run.address or None,
        "request_id": run.request_id,
        "date": run.wanted_date.isoformat() if run.wanted_date else None,
        "time": run.wanted_time.isoformat(timespec="minutes") if run.wanted_time else None,
        "time_zone": run.time_zone,
    }
