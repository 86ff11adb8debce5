"""The calendar: a day, a week, or a week by listing. It is a list, which a wide screen lays out in hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.asker import clock_of, partner_named, person_of
from bookings.models import Partner
from bookings.queries import calendar as reads
from bookings.queries.board import Sight
from bookings.queries.calendar import Day, Entry, Kind
from bookings.templatetags.showing import run_stands
from bookings.told import clock, long_day, short_day
from bookings.vocabulary import BookingStatus, RequestState, RunState

VIEWS = {
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week"),
    "listing": gettext_lazy("By listing"),
}
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
WEEK = 7
QUARTER, DAY_QUARTERS = 15, 96
OPENS, CLOSES = 9, 17  # the hours that are laid out at least
# Beside each other in one column, at most: with more, a list reads better.
MOST_LANES = {"week": 3, "day": 6}
SIGNS: dict[str, str] = {
    BookingStatus.CONFIRMED: "check",
    BookingStatus.PENDING: "clock",
    BookingStatus.TIME_SUGGESTED: "again",
    RequestState.NEEDS_INFO: "help",
    RequestState.NEEDS_PERSON: "hand",
    RequestState.CHANGED: "again",
    RunState.RUNNING: "bolt",
    RunState.PARKED: "hand",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as the page shows it. `place` are the classes that put it into the hours."""

    entry: Entry
    word: str
    label: str
    sign: str
    address: str
    clashes: Sequence[str]
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A day of the page. `left` are showings that are counted and not listed."""

    day: date
    is_today: bool
    showings: Sequence[Shown]
    waiting: Sequence[Shown]
    total: int
    left: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A home with its entries, the earliest first."""

    home: str
    address: str
    mls_number: str
    entries: Sequence[Shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for. `wrong` says what in it is no day or view."""

    view: str
    day: date
    partner: Partner | None
    as_list: bool
    wrong: str

    @property
    def days(self) -> int:
        return 1 if self.view == "day" else WEEK

    @property
    def first(self) -> date:
        """The day itself, or its week's first day as the person's language counts weeks."""
        if self.view == "day":
            return self.day
        begins = int(get_format("FIRST_DAY_OF_WEEK"))  # 0: Sunday
        return self.day - timedelta(days=(self.day.isoweekday() - begins) % WEEK)

    def address(self, **other: Any) -> str:
        """The page's address with something else in it."""
        said = {"view": self.view, "date": self.day.isoformat()} | other
        if self.partner is not None:
            said["partner"] = self.partner.pk
        if self.as_list and said["view"] != "listing":
            said.setdefault("as", "list")
        return f"{reverse('calendar')}?{urlencode({name: value for name, value in said.items() if value})}"


@login_required
@require_safe
@never_cache
def calendar(request: HttpRequest) -> HttpResponse:
    """Showings of a day or a week, with what still waits. 400, and today, for what is no day or view."""
    person = person_of(request)
    partners = list(Partner.objects.visible_to(person).only("name", "time_zone"))
    zone = clock_of(person)
    today = timezone.now().astimezone(zone).date()
    asked = _asked(request, partners, today)
    sight = Sight(user=person, partner=asked.partner)
    found = reads.days(sight, asked.first, asked.days, today=today)
    in_hours = asked.view != "listing" and not asked.as_list and _fits(found, asked.view)
    hours = _hours(found) if in_hours else range(0)
    columns = [_column(day, asked, today, hours) for day in found]
    is_empty = not any(column.showings or column.waiting for column in columns)
    said = {
        "asked": asked,
        "zone": zone.key,
        "today": today,
        "title": _span(asked),
        "columns": columns,
        "listings": _listings(columns) if asked.view == "listing" else [],
        "in_hours": in_hours,
        "hours": [time(hour) for hour in hours],
        "too_full": asked.view != "listing" and not asked.as_list and not in_hours,
        "is_empty": is_empty,
        "next_showings": _next_showings(sight, asked, found[-1].day) if is_empty else None,
        "partners": partners if len(partners) > 1 else [],
        "belongs_nowhere": not partners,
        "may_book": person.has_perm("bookings.book_run"),
        "several": len(partners) > 1 and asked.partner is None,
        **_ways(asked, today),
    }
    return render(request, "bookings/calendar/page.html", said, status=400 if asked.wrong else 200)


# ---- what is asked for -------------------------------------------------------------------------------------


def _asked(request: HttpRequest, partners: Sequence[Partner], today: date) -> Asked:
    view, said = request.GET.get("view", "week"), request.GET.get("date", "")
    day = _day(said)
    wrong = ""
    if said and day is None:
        wrong = _("That is no day that the calendar knows. Write it like %s; this is today.") % today
    elif view not in VIEWS:
        wrong = _("There is no such view; this is the week.")
    return Asked(
        view=view if view in VIEWS else "week",
        day=day or today,
        partner=partner_named(request, partners),
        as_list=request.GET.get("as") == "list",
        wrong=wrong,
    )


def _day(said: str) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


def _ways(asked: Asked, today: date) -> dict[str, Any]:
    """The addresses around the page: earlier, later, today, and the same days otherwise."""
    step = timedelta(days=asked.days)
    return {
        "earlier": asked.address(date=max(asked.day - step, EARLIEST).isoformat()),
        "later": asked.address(date=min(asked.day + step, LATEST).isoformat()),
        "to_today": asked.address(date=today.isoformat()),
        "views": [(name, label, asked.address(view=name)) for name, label in VIEWS.items()],
        "as_list": asked.address(**{"as": "list"}),
        "as_hours": asked.address(**{"as": ""}),
    }


def _next_showings(sight: Sight, asked: Asked, last: date) -> tuple[str, str] | None:
    """Where an empty page leads on to, and that day in words."""
    day = reads.next_day(sight, last)
    return None if day is None else (asked.address(date=day.isoformat()), long_day(day))


def _span(asked: Asked) -> str:
    """The days of the page: "Mon 23 Nov – Sun 29 Nov 2026"."""
    if asked.view == "day":
        return long_day(asked.day)
    last = asked.first + timedelta(days=WEEK - 1)
    return f"{short_day(asked.first)} – {short_day(last, with_year=True)}"


# ---- what is shown -----------------------------------------------------------------------------------------


def _column(day: Day, asked: Asked, today: date, hours: range) -> Column:
    places = _places(day.showings, hours.start) if hours else [""] * len(day.showings)
    return Column(
        day=day.day,
        is_today=day.day == today,
        showings=[_shown(entry, place) for entry, place in zip(day.showings, places, strict=True)],
        waiting=[_shown(entry) for entry in day.waiting],
        total=day.total,
        left=day.total - len(day.showings),
        address=asked.address(view="day", date=day.day.isoformat()),
    )


def _shown(entry: Entry, place: str = "") -> Shown:
    word, label = _standing(entry)
    return Shown(
        entry=entry,
        word=word,
        label=label,
        sign=SIGNS.get(word, "clock"),
        address=_address(entry),
        clashes=[_clash(entry, other) for other in entry.clashes],
        place=place,
    )


def _standing(entry: Entry) -> tuple[str, str]:
    row = entry.row
    if entry.kind == Kind.BOOKING:
        return row.status, row.get_status_display()
    if entry.kind == Kind.REQUEST:
        return row.booking_status, row.get_booking_status_display()
    return run_stands(row)


def _address(entry: Entry) -> str:
    if entry.kind == Kind.BOOKING:
        return reverse("admin:bookings_booking_change", args=[entry.row.pk])
    if entry.run is not None:
        return reverse("run", args=[entry.run])
    return reverse("admin:bookings_showingrequest_change", args=[entry.row.pk])


def _clash(entry: Entry, other: Entry) -> str:
    words = {"home": other.home or _("no property"), "at": clock(other.at) if other.at else ""}
    if entry.client is not None and entry.client == other.client:
        return _("The client cannot be at both: %(home)s at %(at)s.") % words
    return _("The same home is wanted twice: also at %(at)s.") % words


def _listings(columns: Sequence[Column]) -> list[Listing]:
    """The page's entries by home; what names no home comes last."""
    shown = [each for column in columns for each in (*column.showings, *column.waiting)]
    shown.sort(key=lambda each: (not each.entry.home, _home(each)))  # stable: each home's stay in their order
    return [_listing(list(of_one)) for _key, of_one in groupby(shown, key=_home)]


def _home(shown: Shown) -> list[tuple[int, str]]:
    """What homes are sorted by: 2 Oak Street before 12 Oak Street."""
    parts = re.findall(r"\d{1,9}|\D+", shown.entry.home.casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _listing(entries: list[Shown]) -> Listing:
    known = next((each.entry.listing for each in entries if each.entry.listing is not None), None)
    return Listing(
        home=entries[0].entry.home,
        address=reverse("admin:bookings_property_change", args=[known.pk]) if known is not None else "",
        mls_number=known.mls_number if known is not None else "",
        entries=sorted(entries, key=lambda each: (each.entry.day, each.entry.at or time.max)),
    )


# ---- hours -------------------------------------------------------------------------------------------------


def _fits(days: Sequence[Day], view: str) -> bool:
    """Whether the days can be laid out in hours and still be read."""
    if any(day.total > len(day.showings) for day in days):
        return False
    most = max(
        (of for day in days for _lane, of in lanes([_quarters(each) for each in day.showings])), default=1
    )
    return most <= MOST_LANES[view]


def _hours(days: Sequence[Day]) -> range:
    """The hours that the page lays out: those of business, and whatever else is needed."""
    spans = [_quarters(entry) for day in days for entry in day.showings]
    first = min((start // 4 for start, _length in spans), default=OPENS)
    last = max((-(-(start + length) // 4) for start, length in spans), default=CLOSES)
    return range(min(first, OPENS), max(last, CLOSES))


def _quarters(entry: Entry) -> tuple[int, int]:
    """The quarter of the day in which it starts, and how many it takes; it ends with its day."""
    assert entry.at is not None
    assert entry.starts_at is not None
    assert entry.ends_at is not None
    start = (entry.at.hour * 60 + entry.at.minute) // QUARTER
    minutes = (entry.ends_at - entry.starts_at).total_seconds() / 60
    length = max(1, round(minutes / QUARTER))
    return start, min(length, DAY_QUARTERS - start)


def lanes(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each span (start, length), in order of their starts: its lane, and how many lanes are beside each
    other there, so that none covers another.

    >>> lanes([(40, 2), (41, 2), (43, 2), (60, 4)])
    [(0, 2), (1, 2), (0, 1), (0, 1)]
    """
    placed: list[tuple[int, int]] = []
    cluster: list[int] = []
    ends: list[int] = []
    for start, length in spans:
        if cluster and start >= max(ends):
            placed += [(lane, len(ends)) for lane in cluster]
            cluster, ends = [], []
        lane = next((number for number, end in enumerate(ends) if end <= start), len(ends))
        ends[lane : lane + 1] = [start + length]
        cluster.append(lane)
    return placed + [(lane, len(ends)) for lane in cluster]


def _places(entries: Sequence[Entry], opens: int) -> list[str]:
    """The classes of calendar.css that put each into its quarter, counted from that hour on, and lane."""
    spans = [_quarters(entry) for entry in entries]
    return [
        f"q{start - 4 * opens} n{length} l{lane} of{of}"
        for (start, length), (lane, of) in zip(spans, lanes(spans), strict=True)
    ]
