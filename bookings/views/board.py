"""The dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.models import BookingRun, Partner
from bookings.models.scope import sees_all
from bookings.queries.board import Board, Day, board
from bookings.services import runs
from bookings.services.runs import Offer
from bookings.views.standing import title_of
from bookings.vocabulary import Answer

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


@login_required
@require_safe
@never_cache
def dashboard(request: HttpRequest) -> HttpResponse:
    """What is booked, what waits, what needs a person. `?part=board` answers the moving part alone."""
    user = request.user
    assert isinstance(user, User)
    partners = list(Partner.objects.visible_to(user)[:2])
    zone = ZoneInfo(partners[0].time_zone if len(partners) == 1 else settings.DEFAULT_TIME_ZONE)
    now = timezone.now()
    shown = board(user, now=now, zone=zone)
    template = (
        "bookings/board/_board.html" if request.GET.get("part") == "board" else "bookings/board/page.html"
    )
    return render(
        request,
        template,
        {
            "board": shown,
            "cures": [(run, title_of(run), _cure(run)) for run in shown.runs_for_person],
            "chart": _chart(shown, now.astimezone(zone).date()),
            "zone": zone.key,
            "today": now.astimezone(zone).date(),
            "belongs_nowhere": not partners,
            "is_operator": sees_all(user),
            "may_book": user.has_perm("bookings.book_run"),
        },
    )


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
