"""The dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.asker import clock_of, partner_named, person_of
from bookings.models import BookingRun, Partner
from bookings.models.scope import sees_all
from bookings.queries import period as periods
from bookings.queries.board import UNDECIDED, Board, Day, Sight, board
from bookings.queries.period import DAYS, UNBOOKED, Period, Tally, lately
from bookings.services import runs
from bookings.services.runs import Offer
from bookings.views.standing import title_of
from bookings.vocabulary import SICK, Answer, BookingStatus, RequestState, RunKind, RunState

COLUMN = 20  # units of the drawing
BAR = 14
DRAWING_HEIGHT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A day of the chart with the boxes that stand for its showings; `y` counts from the top."""

    day: date
    x: int
    middle: int
    confirmed: int
    pending: int
    confirmed_y: int
    confirmed_height: int
    pending_y: int
    pending_height: int
    is_today: bool
    is_labelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A figure of now beside that of the span before. `tone` says whether the change is for the better."""

    tone: str
    words: str


@login_required
@require_safe
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    """What is booked, what waits, what needs a person; with `?partner=7`, at that partner.

    `?part=board` answers the moving part alone, without the figures of the last weeks.
    """
    user = person_of(request)
    partners = list(Partner.objects.visible_to(user).only("name", "time_zone"))
    sight = Sight(user=user, partner=partner_named(request, partners))
    zone, now = clock_of(user, partners), timezone.now()
    shown = board(user, now=now, zone=zone, partner=sight.partner)
    today = now.astimezone(zone).date()
    said = {
        "board": shown,
        "cures": [(run, title_of(run), _cure(run)) for run in shown.runs_for_person],
        "needs_you_listed": len(shown.accounts_for_person)
        + len(shown.runs_for_person)
        + len(shown.requests_for_person)
        + bool(shown.counts.clashes),
        "at_risk_listed": len(shown.bookings_at_risk) + len(shown.runs_at_risk),
        "chart": _chart(shown, today),
        "zone": zone.key,
        "today": today,
        "belongs_nowhere": not partners,
        "is_operator": sees_all(user),
        "may_book": user.has_perm("bookings.book_run"),
        "lists": _lists(sight, today) if user.is_staff else {},
        "calendar": _calendar(sight),
    }
    if request.GET.get("part") == "board":
        return render(request, "bookings/board/_board.html", said)
    told = _period_words(sight, lately(sight, now=now, zone=zone))
    said |= {"partners": partners, "chosen": sight.partner, **told}
    return render(request, "bookings/board/page.html", said)


def _calendar(sight: Sight) -> str:
    """The address of today's calendar."""
    whose = {"partner": sight.partner.pk} if sight.partner is not None else {}
    return f"{reverse('calendar')}?{urlencode({'view': 'day', **whose})}"


def _lists(sight: Sight, today: date) -> dict[str, str]:
    """The address of the list behind each figure: exactly the rows that it counts."""
    coming = {"booking_date_from": today.isoformat()}
    return {
        "confirmed": _list("booking", sight, coming | {"status__exact": [BookingStatus.CONFIRMED]}),
        "pending": _list("booking", sight, coming | {"status__exact": UNDECIDED}),
        "waiting": _list("bookingrun", sight, {"waits": "robot"}),
        "accounts": _list("account", sight, {"is_active__exact": "1"}),
        "for_person": _list("bookingrun", sight, {"waits": "person"}),
        "stuck": _list(
            "showingrequest",
            sight,
            {"booking_status__exact": (RequestState.NEEDS_INFO, RequestState.NEEDS_PERSON)},
        ),
        "sick": _list("account", sight, {"is_active__exact": "1", "health__exact": SICK}),
    }


def _list(table: str, sight: Sight, wanted: dict[str, Any]) -> str:
    if sight.partner is not None:
        wanted = wanted | {"partner__id__exact": sight.partner.pk}
    return f"{reverse(f'admin:bookings_{table}_changelist')}?{urlencode(wanted, doseq=True)}"


def _period_words(sight: Sight, shown: Period) -> dict[str, Any]:
    """The last weeks for people: figures, their trends, and the lists behind them."""

    def ended(states: Sequence[RunState], **of: int) -> str:
        wanted = {
            "kind__exact": [RunKind.BOOK],
            "queued_at_from": shown.first.isoformat(),
            "state__exact": list(states),
        }
        return _list("bookingrun", sight, wanted | of) if sight.user.is_staff else ""

    def rows(tallies: Sequence[Tally], column: str) -> list[tuple[Tally, str]]:
        key = f"{column}__id__exact"
        return [(tally, ended((RunState.BOOKED, *UNBOOKED), **{key: tally.pk})) for tally in tallies]

    return {
        "period": shown,
        "days": DAYS,
        "most": periods.LISTED,
        "booked_list": ended((RunState.BOOKED,)),
        "unbooked_list": ended(UNBOOKED),
        "by_partner": rows(shown.partners, "partner") if sight.partner is None else [],
        "by_account": rows(shown.accounts, "account"),
        "rate_trend": _rate_trend(shown.now.rate, shown.before.rate),
        "submitted_trend": _pace_trend(shown.pace.to_submitted, shown.pace_before.to_submitted),
        "confirmed_trend": _pace_trend(shown.pace.to_confirmed, shown.pace_before.to_confirmed),
    }


def _rate_trend(now: int | None, before: int | None) -> Trend | None:
    if now is None or before is None:
        return None
    if now == before:
        return Trend(tone="quiet", words=_("as before"))
    points = abs(now - before)
    if now > before:
        more = ngettext("%(points)d point better", "%(points)d points better", points)
        return Trend(tone="good", words=more % {"points": points})
    less = ngettext("%(points)d point worse", "%(points)d points worse", points)
    return Trend(tone="bad", words=less % {"points": points})


def _pace_trend(now: int | None, before: int | None) -> Trend | None:
    """Seconds now and before; a tenth more or less is as before."""
    if now is None or not before:
        return None
    share = round(100 * abs(now - before) / before)
    if share < 10:
        return Trend(tone="quiet", words=_("as before"))
    if now < before:
        return Trend(tone="good", words=_("%(share)d%% faster") % {"share": share})
    return Trend(tone="bad", words=_("%(share)d%% slower") % {"share": share})


def _cure(run: BookingRun) -> Offer | None:
    """The one answer that most would give; what needs a look or a choice first is on the run's page."""
    at_once = (Answer.TRY_AGAIN, Answer.SHORTEN, Answer.ASK_APPROVAL)
    return next((offer for offer in runs.offers(run) if offer.is_main and offer.answer in at_once), None)


def _chart(shown: Board, today: date) -> dict[str, Any]:
    highest = max((day.total for day in shown.days), default=0)
    top = max(4, highest + highest % 2)
    return {
        "columns": [_column(number, day, top, today) for number, day in enumerate(shown.days)],
        "width": COLUMN * len(shown.days),
        "height": DRAWING_HEIGHT,
        "bar": BAR,
        "top": top,
        "half": top // 2,
        "total": sum(day.total for day in shown.days),
    }


def _column(number: int, day: Day, top: int, today: date) -> Column:
    confirmed = round(DRAWING_HEIGHT * day.confirmed / top)
    pending = round(DRAWING_HEIGHT * day.pending / top)
    x = number * COLUMN + (COLUMN - BAR) // 2
    return Column(
        day=day.day,
        x=x,
        middle=x + BAR // 2,
        confirmed=day.confirmed,
        pending=day.pending,
        confirmed_y=DRAWING_HEIGHT - confirmed,
        confirmed_height=confirmed,
        pending_y=DRAWING_HEIGHT - confirmed - pending,
        pending_height=pending,
        is_today=day.day == today,
        is_labelled=(day.day - today).days % 7 == 0,
    )
