"""Calendar files (iCalendar, RFC 5545), written so that every reader understands them the same. Pure.

Moments are UTC: a zone's rules inside a file are what readers disagree about on days when clocks change.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

CONTENT_TYPE = "text/calendar; charset=utf-8"
LINE_OCTETS = 75
# Readers ask about once an hour when they listen to this at all.
REFRESH = "PT1H"
# Control characters, halves of characters, and the line ends that are none to this format.
NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Standing(StrEnum):
    """STATUS of an event."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


class Method(StrEnum):
    """What a file asks a calendar to do with its events."""

    PUBLISH = "PUBLISH"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `uid` never changes, `sequence` grows with each change; all moments are aware."""

    uid: str
    sequence: int
    standing: Standing
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    changed_at: datetime
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organizer:
    name: str
    email: str


def calendar(
    events: Iterable[Event],
    *,
    name: str = "",
    method: Method | None = None,
    organizer: Organizer | None = None,
) -> bytes:
    """The whole file. With a `name` it is a calendar that readers keep and ask for again; with a `method`
    it tells of single events, and needs their `organizer`."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Showings//Showings//EN", "CALSCALE:GREGORIAN"]
    if method is not None:
        lines.append(f"METHOD:{method}")
    if name:
        lines += [f"NAME:{_name(name)}", f"X-WR-CALNAME:{_name(name)}"]
        lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    for event in events:
        lines += _lines(event, organizer)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _lines(event: Event, organizer: Organizer | None) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(event.uid)}"
    # Of the row's last change, not of the question: an unchanged calendar is the same file, byte for byte.
    yield f"DTSTAMP:{_moment(event.changed_at)}"
    yield f"CREATED:{_moment(event.created_at)}"
    yield f"LAST-MODIFIED:{_moment(event.changed_at)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"STATUS:{event.standing}"
    yield f"TRANSP:{'TRANSPARENT' if event.standing == Standing.CANCELLED else 'OPAQUE'}"
    yield f"DTSTART:{_moment(event.starts_at)}"
    yield f"DTEND:{_moment(event.ends_at)}"
    yield f"SUMMARY:{_text(event.summary)}"
    if organizer is not None:
        yield f'ORGANIZER;CN="{_parameter(organizer.name)}":mailto:{_plain(organizer.email)}'
    for label, value in (("LOCATION", event.location), ("DESCRIPTION", event.description)):
        if value:
            yield f"{label}:{_text(value)}"
    if event.url:
        yield f"URL:{_plain(event.url)}"
    yield "END:VEVENT"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    r"""A TEXT value: what the format means by `\`, `;`, `,` and a line's end is written out.

    >>> print(_text("12 King St; Unit 4, rear\r\n\x07C:\\"))
    12 King St\; Unit 4\, rear\nC:\\
    """
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _plain(escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n"))


def _name(value: str) -> str:
    r"""Without the signs that are written out: no reader undoes that in a calendar's name.

    >>> _name("Showings of Smith, Jones; Ltd")
    'Showings of Smith Jones Ltd'
    """
    for sign in "\\;,":
        value = value.replace(sign, " ")
    return _plain(" ".join(value.split()))


def _plain(value: str) -> str:
    """Without control characters: one of them in a foreign text could end the line."""
    if value.isprintable():
        return value
    signs = value.replace("\t", " ")
    return "".join(sign for sign in signs if unicodedata.category(sign) not in NO_TEXT)


def _parameter(value: str) -> str:
    """A quoted parameter holds no quotation mark."""
    return _plain(value).replace('"', "'")


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of which ends inside a character.

    >>> [len(piece) for piece in _folded("é" * 60).split(b"\\r\\n")]
    [74, 47, 0]
    """
    if len(whole := line.encode()) <= LINE_OCTETS:
        return whole + b"\r\n"
    pieces, octets = [""], 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > LINE_OCTETS:
            pieces.append("")
            octets = 1  # the blank that a piece begins with
        pieces[-1] += sign
        octets += size
    return "\r\n ".join(pieces).encode() + b"\r\n"
