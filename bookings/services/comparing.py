"""Comparing an account's own list on BrokerBay, read whole, with our bookings: what differs is taken over or
told to a person, and nothing is ever cancelled because it is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import partial

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import wallclock
from bookings.models import Booking, BookingRun
from bookings.services import bookings, linking, news, outcomes
from bookings.services.bookings import Seen
from bookings.services.errors import AlreadyThere
from bookings.vocabulary import LIVE_BOOKING_STATUSES, BookingStatus, Level, RunState

LIVE = ("confirmed", "requested", "time_suggested")


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What a comparison found; `doubles` are homes that hold two live showings at one time."""

    read: int = 0
    same: int = 0
    changed: list[Booking] = field(default_factory=list)
    adopted: list[Booking] = field(default_factory=list)
    missing: list[Booking] = field(default_factory=list)
    left: int = 0  # past or ended, and never ours
    clashes: list[str] = field(default_factory=list)
    doubles: list[Seen] = field(default_factory=list)

    @property
    def level(self) -> Level:
        return Level.WARNING if self.missing or self.doubles or self.clashes else Level.SUCCESS

    def in_words(self) -> str:
        told = [
            f"{self.same} as known",
            f"{len(self.changed)} changed" if self.changed else "",
            f"{len(self.adopted)} new to the portal" if self.adopted else "",
            f"{self.left} past or ended, left alone" if self.left else "",
            f"{len(self.missing)} missing on BrokerBay: a person must look" if self.missing else "",
            f"{len(self.doubles)} booked twice: a person must look" if self.doubles else "",
            *self.clashes,
        ]
        return f"Read {self.read} showings: {'; '.join(filter(None, told))}."[:500]


def compare(run: BookingRun, own: Sequence[Seen]) -> Comparison:
    """Take over what the account's complete list shows, inside the transaction that settles the run.

    Adopts unknown live showings that lie ahead, follows changed ones, gives what a person booked by hand to
    the request that wants it, flags our live ones that the list does not show, and tells the partner's
    managers of those and of doubles, once each.
    """
    found = Comparison(read=len(own))
    seen_now: set[int] = set()
    for seen in own:
        booking = _known(run, seen, seen_now)
        if booking is None:
            _adopt(run, seen, found, seen_now)
            continue
        seen_now.add(booking.pk)
        try:
            changed = bookings.follow(booking, seen, run=run)
        except AlreadyThere as clash:
            found.clashes.append(clash.message)
            continue
        found.same += not changed
        found.changed += [booking] if changed else []
    found.doubles = _doubles(run, own)
    _link_told(run)
    standing = Booking.objects.filter(pk__in=seen_now, request=None, starts_at__gt=timezone.now())
    linking.link(standing.select_related("partner").order_by("pk"), run=run)
    _flag_missing(run, seen_now, found)
    _tell_doubles(run, found)
    return found


def _known(run: BookingRun, seen: Seen, taken: Iterable[int]) -> Booking | None:
    """Our row of this showing: by its id, else a live one of that home at that time that has no id yet."""
    held = Booking.objects.filter(account_id=run.account_id).exclude(pk__in=taken)
    if seen.showing_id and (known := held.filter(showing_id=seen.showing_id).first()):
        return known
    home = Q(property_address__iexact=seen.address)
    if seen.listing_id:
        home |= Q(listing_id=seen.listing_id)
    nameless = held.filter(home, booking_date=seen.date, booking_time=seen.time)
    if seen.showing_id:
        nameless = nameless.filter(showing_id="")
    return nameless.filter(status__in=LIVE_BOOKING_STATUSES).first() or nameless.first()


def _adopt(run: BookingRun, seen: Seen, found: Comparison, seen_now: set[int]) -> None:
    if seen.status not in LIVE:
        found.left += 1
        return
    try:
        ahead = wallclock.instant(seen.date, seen.time, run.time_zone) > timezone.now()
    except wallclock.NoSuchTime as skipped:
        found.clashes.append(f"{seen.address}: {skipped}")
        return
    if not ahead:
        found.left += 1
        return
    booking = bookings.adopt(run, seen)
    seen_now.add(booking.pk)
    found.adopted.append(booking)


def _link_told(run: BookingRun) -> None:
    """Runs that a person settled by having seen the showing get its booking, now that the list proves it."""
    told = BookingRun.objects.filter(
        account_id=run.account_id, state=RunState.BOOKED, booking=None, starts_at__gt=timezone.now()
    )
    for one in told:
        if one.wanted_date is None or one.wanted_time is None:
            continue
        home = Q(property_address__iexact=one.address) if one.address else Q(pk=None)
        if one.listing_id:
            home |= Q(listing_id=one.listing_id)
        proven = Booking.objects.filter(
            home, account_id=run.account_id, booking_date=one.wanted_date, booking_time=one.wanted_time
        ).exclude(status=BookingStatus.UNVERIFIED)
        booking = proven.first()
        if booking is None:
            continue
        BookingRun.objects.filter(pk=one.pk, booking=None).update(booking=booking)
        if booking.request_id is None and one.request_id is not None:
            Booking.objects.filter(pk=booking.pk).update(request=one.request_id)
            outcomes.owe(one.request_id)


def _flag_missing(run: BookingRun, seen_now: set[int], found: Comparison) -> None:
    now = timezone.now()
    absent = Booking.objects.filter(
        account_id=run.account_id, status__in=LIVE_BOOKING_STATUSES, starts_at__gt=now
    ).exclude(pk__in=seen_now)
    found.missing = list(absent.order_by("starts_at"))
    new = [booking for booking in found.missing if booking.missing_since is None]
    if not new:
        return
    Booking.objects.filter(pk__in=[booking.pk for booking in new]).update(missing_since=now)
    news.for_managers(
        run,
        key=f"missing:{run.uuid}",
        words=lambda: _missing_words(new),
    )


def _missing_words(bookings: Sequence[Booking]) -> tuple[str, str]:
    others = len(bookings) - 1
    subject = _("Not on BrokerBay any more: %(booking)s") % {"booking": bookings[0]}
    if others:
        subject += ngettext(" and %(count)d more", " and %(count)d more", others) % {"count": others}
    return subject, "\n".join(
        [
            _("BrokerBay's own list, read whole, does not show:"),
            *(f"- {booking} ({booking.get_status_display()})" for booking in bookings),
            "",
            _("Nothing was changed here. Look on BrokerBay, then set their status or book anew."),
        ]
    )


def _doubles(run: BookingRun, own: Sequence[Seen]) -> list[Seen]:
    """The second and further live showings of one home at one time. A home for sale and for lease has one
    address and two listings: those are told apart where we know the listings of both."""
    known = Booking.objects.filter(account_id=run.account_id).exclude(showing_id="").exclude(listing_id="")
    listing_of = dict(known.values_list("showing_id", "listing_id"))
    at: dict[tuple[str, date, time], list[Seen]] = defaultdict(list)
    for seen in own:
        if seen.status in LIVE:
            at[(" ".join(seen.address.casefold().split()), seen.date, seen.time)].append(seen)
    doubles = []
    for alike in at.values():
        listings = [seen.listing_id or listing_of.get(seen.showing_id, "") for seen in alike]
        if "" in listings or len(set(listings)) < len(listings):
            doubles += alike[1:]
    return doubles


def _tell_doubles(run: BookingRun, found: Comparison) -> None:
    for double in found.doubles:
        news.for_managers(
            run,
            key=f"double:{run.account_id}:{double.showing_id or double.address}:{double.date}:{double.time}",
            words=partial(_double_words, double),
        )


def _double_words(double: Seen) -> tuple[str, str]:
    where = f"{double.address}, {double.date} {double.time:%H:%M}"
    return (
        _("Booked twice on BrokerBay: %(where)s") % {"where": where},
        _("BrokerBay's own list shows two live showings of this home at one time. Cancel one of them."),
    )
