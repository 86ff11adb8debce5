"""The private addresses of calendars: one's own, and those of the partners that one manages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from bookings.asker import clock_of, person_of
from bookings.models import Partner
from bookings.services import feeds
from bookings.services.errors import Forbidden

MOST_SHOWN = 200


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_links(request: HttpRequest) -> HttpResponse:
    """Which calendars can be read from elsewhere. A POST makes or renews one and shows its address in that
    very answer: it is stored nowhere."""
    person = person_of(request)
    if request.method != "POST":
        return _page(request, person, partner=_named(request.GET.get("partner", ""), person))
    partner = _named(request.POST.get("partner", ""), person)
    try:
        address = feeds.make(person, partner)
    except Forbidden as no:
        raise PermissionDenied from no
    return _page(request, person, partner=partner, made=address)


def _page(request: HttpRequest, person: User, *, partner: Partner | None, made: str = "") -> HttpResponse:
    managed = list(_managed(person)[:MOST_SHOWN])
    shown = partner or (managed[0] if managed else None)
    theirs = feeds.of_partner(shown) if shown is not None else None
    said: dict[str, Any] = {
        "made": made,
        "made_of": partner if made else None,
        "own": feeds.of(person),
        "may_have_own": person.has_perm(f"bookings.{feeds.MAY_READ}"),
        "partner": shown,
        "partners": managed if len(managed) > 1 else [],
        "theirs": theirs,
        "is_over": theirs is not None and feeds.is_over(theirs),
        "kept_days": feeds.KEPT.days,
        "zone": clock_of(person).key,
    }
    return render(request, "bookings/calendar/links.html", said)


@login_required
@require_POST
def end_calendar_link(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    partner = _named(request.POST.get("partner", ""), person)
    try:
        if feeds.end(person, partner):
            messages.success(request, _("The link is ended. Calendars that had it get nothing any more."))
    except Forbidden as no:
        raise PermissionDenied from no
    address = reverse("calendar_links")
    return redirect(f"{address}?partner={partner.pk}" if partner is not None else address)


def _managed(person: User) -> QuerySet[Partner]:
    return Partner.objects.visible_to(person, may=feeds.MAY_SHARE).order_by("name")


def _named(said: str, person: User) -> Partner | None:
    """The partner that is named; 404 for one that the person does not manage."""
    if not said:
        return None
    known = said.isascii() and said.isdecimal() and len(said) < 19
    found: Partner | None = _managed(person).filter(pk=int(said)).first() if known else None
    if found is None:
        raise Http404
    return found
