"""Who asks, from where, by which clock, and about which partner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from bookings.models import Partner
from bookings.models.scope import sees_all
from bookings.services import limits


def person_of(request: HttpRequest) -> User:
    """Who asks; the view has made sure that somebody is signed in."""
    user = request.user
    assert isinstance(user, User)
    return user


def clock_of(user: User, partners: Iterable[Partner] | None = None) -> ZoneInfo:
    """The zone in which a person reads moments: that of their only partner, else the portal's. `partners` are
    all that they see, where these are known already."""
    if sees_all(user):
        return ZoneInfo(settings.DEFAULT_TIME_ZONE)
    seen = Partner.objects.visible_to(user).only("time_zone") if partners is None else partners
    names = {partner.time_zone for partner in seen}
    return ZoneInfo(names.pop() if len(names) == 1 else settings.DEFAULT_TIME_ZONE)


def partner_named(request: HttpRequest, partners: Sequence[Partner]) -> Partner | None:
    """The one of `partners` that the address names, if any. Raises Http404 for one that is not among them."""
    said = request.GET.get("partner", "")
    if not said:
        return None
    found = next((partner for partner in partners if str(partner.pk) == said), None)
    if found is None:
        raise Http404
    return found


def partner_managed(request: HttpRequest, *, may: str) -> Partner:
    """The partner that is named, or the first of those where the asker holds the permission `may`.

    Raises Http404 for another one, PermissionDenied for what is no partner, and for who manages none.
    """
    managed = Partner.objects.visible_to(person_of(request), may=may).order_by("name")
    asked = request.POST.get("partner") or request.GET.get("partner") or ""
    if asked:
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
            raise PermissionDenied
        return get_object_or_404(managed, pk=int(asked))
    first: Partner | None = managed.first()
    if first is None:
        raise PermissionDenied
    return first


def place_of(request: HttpRequest) -> str:
    """The asker's address or network, as it is counted. Behind proxies it is what the outermost of ours saw:
    what stands before it in X-Forwarded-For was written by the asker."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        told = [
            each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()
        ]
        address = told[-min(settings.PROXIES, len(told))] if told else address
    return limits.network_of(address)
