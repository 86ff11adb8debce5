"""Private addresses at which calendar programs read showings: made, renewed, ended, read."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from bookings.models import Booking, CalendarFeed, Partner
from bookings.services import audit, calendars, languages, people
from bookings.services.errors import Forbidden
from bookings.vocabulary import BookingStatus, Source

MAY_READ = "view_booking"
MAY_SHARE = people.MANAGE
# What is in a calendar: the last weeks and all that is to come, up to a number that readers still take.
KEPT = timedelta(days=60)
MOST_EVENTS = 2000
READ_NOTED = timedelta(minutes=1)

Row = TypeVar("Row")


def make(owner: User, partner: Partner | None = None) -> str:
    """The whole address of a new calendar, to be shown this once; an older one of the same is over.

    Of all that the person may see, or of one partner that they manage. Raises Forbidden.
    """
    if partner is not None:
        people.require(owner, MAY_SHARE, partner)
    elif not owner.has_perm(f"bookings.{MAY_READ}"):
        raise Forbidden(_("You belong to no team yet: there are no showings to read."))
    secret = secrets.token_urlsafe(32)
    whose = {"partner": partner} if partner is not None else {"owner": owner, "partner": None}
    now = timezone.now()
    fields = {"owner": owner, "secret_hash": _hash(secret), "created_at": now, "last_read_at": None}
    with transaction.atomic():
        feed, is_new = CalendarFeed.objects.update_or_create(
            **whose, defaults=fields, create_defaults={**whose, **fields}
        )
        action = "calendar_feed.made" if is_new else "calendar_feed.renewed"
        audit.note(action, feed, source=Source.PERSON, by=owner, partner=partner)
    return f"{settings.SITE_URL.rstrip('/')}{reverse('calendar_feed', args=[secret])}"


def end(owner: User, partner: Partner | None = None) -> bool:
    """End the person's own calendar, or that of a partner that they manage. False when there was none.

    Raises Forbidden.
    """
    if partner is not None:
        people.require(owner, MAY_SHARE, partner)
    mine = Q(partner=partner) if partner is not None else Q(owner=owner, partner=None)
    with transaction.atomic():
        feed = CalendarFeed.objects.filter(mine).first()
        if feed is None:
            return False
        audit.note("calendar_feed.ended", feed, source=Source.PERSON, by=owner, partner=partner)
        feed.delete()
    return True


def of(user: User) -> CalendarFeed | None:
    """The person's own."""
    found: CalendarFeed | None = CalendarFeed.objects.filter(owner=user, partner=None).first()
    return found


def of_partner(partner: Partner) -> CalendarFeed | None:
    found: CalendarFeed | None = (
        CalendarFeed.objects.filter(partner=partner).select_related("owner", "partner").first()
    )
    return found


def is_over(feed: CalendarFeed) -> bool:
    """Whether nothing is read there any more: its person is gone, or may not do that now."""
    owner = feed.owner
    if not (owner.is_active and owner.has_perm(f"bookings.{MAY_READ}")):
        return True
    if feed.partner is None:
        return False
    managed = Partner.objects.visible_to(owner, may=MAY_SHARE).filter(is_active=True)
    return not managed.filter(pk=feed.partner.pk).exists()


def find(secret: str) -> CalendarFeed | None:
    """What an address's secret opens, noted as asked; None for one that opens nothing (any more)."""
    feed: CalendarFeed | None = (
        CalendarFeed.objects.filter(secret_hash=_hash(secret), owner__is_active=True)
        .select_related("owner", "partner")
        .first()
    )
    if feed is None or is_over(feed):
        return None
    now = timezone.now()
    if feed.last_read_at is None or now - feed.last_read_at > READ_NOTED:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=now)
    return feed


def digest(feed: CalendarFeed) -> str:
    """The same as long as `content` would be: a few queries, and no event is written for it."""
    language = _language(feed)
    with translation.override(language):
        return calendars.digest_of(_name(feed), _shown(feed, calendars.told_of), language=language)


def content(feed: CalendarFeed) -> bytes:
    """The whole calendar, in its owner's language."""
    with translation.override(_language(feed)):
        return calendars.calendar_of(_name(feed), _shown(feed, list))


def _language(feed: CalendarFeed) -> str:
    return languages.of(feed.owner) or settings.LANGUAGE_CODE


def _name(feed: CalendarFeed) -> str:
    return _("Showings of %s") % feed.partner if feed.partner is not None else _("My showings")


def _shown(feed: CalendarFeed, read: Callable[[QuerySet[Booking]], list[Row]]) -> list[Row]:
    """The last weeks and then what is to come, the way `read` has them; what is farthest is left out where
    there is too much. Two queries.

    What nobody has seen in BrokerBay's own list is in no calendar.
    """
    rows = Booking.objects.visible_to(feed.owner).exclude(status=BookingStatus.UNVERIFIED)
    if feed.partner is not None:
        rows = rows.filter(partner=feed.partner)
    shown = rows.filter(hidden_at=None).select_related(*calendars.NEIGHBOURS)
    now = timezone.now()
    coming = read(shown.filter(starts_at__gte=now).order_by("starts_at", "pk")[:MOST_EVENTS])
    past = shown.filter(starts_at__gte=now - KEPT, starts_at__lt=now).order_by("-starts_at", "-pk")
    room = MOST_EVENTS - len(coming)
    return [*reversed(read(past[:room]) if room > 0 else []), *coming]


def _hash(secret: str) -> str:
    # The secret itself has 256 bits of chance: a plain digest is enough, and it is looked up by equality.
    return hashlib.sha256(secret.encode()).hexdigest()
