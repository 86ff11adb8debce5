"""Letters: a notice as the mail that people read, plain and in HTML, made as it is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.mime.text import MIMEText
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bookings.models import Booking, Notice
from bookings.services import calendars, links
from bookings.templatetags.showing import zone_words
from bookings.told import clock, long_day
from bookings.vocabulary import BookingStatus, NoticeEvent

_signer = Signer(sep="~", salt="bookings.notices")
# A line of its own that ends with an address is a button in HTML, with the words before it on it.
_BUTTON = re.compile(r"^(?P<words>[^\n]{1,80}?):? (?P<address>https?://\S+)$")
_LONGEST_HEADLINE = 90
_SPOKEN = dict(settings.LANGUAGES)
# News after which a calendar is to know of the showing, or to forget it.
_FOR_CALENDARS = (
    NoticeEvent.REQUESTED,
    NoticeEvent.CONFIRMED,
    NoticeEvent.DECLINED,
    NoticeEvent.CANCELLED,
    NoticeEvent.MOVED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a letter's body: a paragraph of `lines`, or a button to `address` with `words` on it."""

    lines: tuple[str, ...] = ()
    words: str = ""
    address: str = ""


def site(path: str = "") -> str:
    """A whole address of the portal, for people who read it elsewhere."""
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def language_of(person: User | None) -> str:
    """The language that a person reads; the portal's own for somebody whose is not known."""
    spoken = getattr(person, "spoken_language", None)
    return spoken.code if spoken is not None and spoken.code in _SPOKEN else settings.LANGUAGE_CODE


def door_words(starts: datetime, zone: str) -> str:
    """A showing's start at the property's door, the zone named; `starts` is the wall clock there.

    >>> door_words(datetime(2026, 12, 3, 14, 30), "America/Toronto")
    'Thursday, 3 December 2026, 2:30 PM (Toronto time)'
    """
    return f"{long_day(starts.date())}, {clock(starts.time())} ({zone_words(zone)})"


# ---- the mail ----------------------------------------------------------------------------------------------


def message_of(notice: Notice) -> EmailMultiAlternatives:
    """The whole mail of a notice, in the language of its reader."""
    body = links.filled(notice)
    with translation.override(language_of(notice.person)):
        leave = _way_out(notice)
        footer = _footer(notice, leave)
        context = {"subject": notice.subject, "footer": footer, **_in_pieces(body)}
        html = render_to_string("bookings/mail/letter.html", context)
        event = _calendar_file(notice)
    message = EmailMultiAlternatives(
        notice.subject,
        body.rstrip() + "\n" + _as_text(footer),
        settings.DEFAULT_FROM_EMAIL,
        [notice.to],
        headers=_headers(notice, leave),
    )
    message.attach_alternative(html, "text/html")
    if event is not None:
        message.attach(event)
    return message


def _calendar_file(notice: Notice) -> MIMEText | None:
    """The showing as a file for the reader's calendar, as it stands now. Its type says whether it comes or
    goes (RFC 6047)."""
    if notice.event not in _FOR_CALENDARS or notice.booking_id is None:
        return None
    booking = Booking.objects.select_related(*calendars.NEIGHBOURS).get(pk=notice.booking_id)
    content = calendars.file_of(booking)
    file = MIMEText(content.decode(), "calendar", "utf-8")
    file.set_param("method", "CANCEL" if b"METHOD:CANCEL" in content else "PUBLISH")
    file.add_header("Content-Disposition", "attachment", filename=calendars.file_name(booking))
    return file


def why_outdated(notice: Notice) -> str:
    """Why a notice is better not sent any more, for the list of notices; empty for one that holds."""
    booking = notice.booking
    if notice.event != NoticeEvent.REMINDER or booking is None:
        return ""
    if booking.status != BookingStatus.CONFIRMED or booking.hidden_at is not None:
        return "The showing does not take place as it was."
    if not notice.key.startswith(reminder_key(booking.pk, booking.starts_at)):
        return "The showing was moved."
    return "The showing has begun." if booking.starts_at <= timezone.now() else ""


def reminder_key(booking_id: int, starts_at: datetime) -> str:
    """How the keys of all reminders of a showing at one time begin."""
    return f"reminder:{booking_id}:{starts_at:%Y%m%dT%H%M}:"


def _headers(notice: Notice, leave: str) -> dict[str, str]:
    """A repeat of the same mail carries the same id, by which mail programs show it once."""
    name = hashlib.sha256(notice.key.encode()).hexdigest()[:32]
    headers = {
        "Message-ID": f"<{name}@{urlsplit(settings.SITE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
    }
    if leave:
        headers["List-Unsubscribe"] = f"<{leave}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _in_pieces(body: str) -> dict[str, Any]:
    """A body's headline, if it begins with one, and the pieces after it."""
    pieces = list(pieces_of(body))
    first = pieces[0] if pieces else Piece()
    if len(first.lines) == 1 and len(first.lines[0]) <= _LONGEST_HEADLINE and len(pieces) > 1:
        return {"headline": first.lines[0], "pieces": pieces[1:]}
    return {"headline": "", "pieces": pieces}


def pieces_of(body: str) -> Iterator[Piece]:
    """A plain body taken apart: blank lines part paragraphs, a line that ends with an address is a button.

    >>> [piece.words or piece.lines for piece in pieces_of("Booked\\n\\nWhen: now\\nSee it: https://x.example/1")]
    [('Booked',), ('When: now',), 'See it']
    """
    lines: list[str] = []
    for line in [*body.splitlines(), ""]:
        button = _BUTTON.match(line.strip())
        if line.strip() and button is None:
            lines.append(line.strip())
            continue
        if lines:
            yield Piece(lines=tuple(lines))
            lines = []
        if button is not None:
            yield Piece(words=button["words"].strip(), address=button["address"])


# ---- no more of it -----------------------------------------------------------------------------------------


def token_of(person: User, event: NoticeEvent) -> str:
    return _signer.sign(f"{person.pk}.{event.value}")


def read_token(token: str) -> tuple[User, NoticeEvent] | None:
    """Whom a token of ours lets say no to what; None for any other."""
    try:
        pk, _dot, event = _signer.unsign(token).partition(".")
    except BadSignature:
        return None
    person = User.objects.filter(pk=int(pk), is_active=True).first()
    return (person, NoticeEvent(event)) if person is not None and event in NoticeEvent.values else None


def _way_out(notice: Notice) -> str:
    """The address that ends mails of this kind, without signing in; empty for a letter that has none."""
    if not notice.event or notice.person is None:
        return ""
    return site(reverse("no_more", args=[token_of(notice.person, NoticeEvent(notice.event))]))


def _footer(notice: Notice, leave: str) -> dict[str, str]:
    if not leave:
        return {}
    return {
        "why": _("You get this because of what you chose under “My notices” on Showings."),
        "choose_words": _("Choose what you get"),
        "choose": site(reverse("my_notices")),
        "leave_words": _("No more mails of the kind “%(event)s”")
        % {"event": NoticeEvent(notice.event).label},
        "leave": leave,
    }


def _as_text(footer: dict[str, str]) -> str:
    if not footer:
        return ""
    # Two dashes and a blank begin what mail programs take for a signature.
    return (
        f"\n-- \n{footer['why']}\n{footer['choose_words']}: {footer['choose']}\n"
        f"{footer['leave_words']}: {footer['leave']}\n"
    )
