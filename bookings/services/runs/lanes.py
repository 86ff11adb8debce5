"""Lanes: which waiting run may go now, and which goes first. One browser per account, a polite gap between
two requests of one account, fair between partners, the soonest showing first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, F, IntegerField, Max, Min, Q, QuerySet, Value, When
from django.utils import timezone

from bookings.models import BookingRun
from bookings.services.runs.figures import BETWEEN_PROBES
from bookings.vocabulary import CHANGING_KINDS, SICK, RunKind, RunState


def due(now: datetime) -> QuerySet[BookingRun]:
    """The runs that a booking worker should take up, as soon as their account is free."""
    return BookingRun.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(starts_at=None) | Q(starts_at__gt=now) | Q(state=RunState.UNCONFIRMED),
        state__in=(RunState.QUEUED, RunState.UNCONFIRMED),
        lease_until=None,
    ).exclude(kind=RunKind.SIGN_IN)


def claimable(now: datetime) -> QuerySet[BookingRun]:
    """Those due runs whose account is free, needs no person, has kept its pause since its last request, and
    did not find BrokerBay down just now.

    While it is unknown whether a request of the account arrived, no other is begun for the same moment:
    under another spelling it could be for the same home.
    """
    sends = Q(state=RunState.QUEUED, kind__in=CHANGING_KINDS)
    pauses = sends & Q(account__last_submit_at__gt=now - gap())
    waiting = due(now).filter(account__is_active=True).exclude(account__health__in=SICK)
    held, probed = (rows.order_by().values_list("account_id") for rows in (_holding(), _probed(now)))
    waiting = waiting.exclude(account_id__in=[account_id for (account_id,) in held.union(probed)])
    for account_id, moments in _in_doubt().items():
        waiting = waiting.exclude(sends & Q(account_id=account_id, starts_at__in=moments))
    return waiting.exclude(pauses)


def _holding() -> QuerySet[BookingRun]:
    return BookingRun.objects.filter(lease_until__isnull=False)


def _probed(now: datetime) -> QuerySet[BookingRun]:
    """Runs that found BrokerBay down a moment ago: however many wait, an account sends one at a time."""
    return BookingRun.objects.filter(
        state=RunState.PARKED,
        down_since__isnull=False,
        updated_at__gt=now - BETWEEN_PROBES,
        not_before__gt=now,
    )


def _in_doubt() -> dict[int, list[datetime]]:
    """By account, the starts of showings that may or may not have arrived. Read first: they are few, and the
    databases would look for them once for every run that waits."""
    moments: dict[int, list[datetime]] = defaultdict(list)
    doubts = BookingRun.objects.filter(state=RunState.UNCONFIRMED, starts_at__isnull=False)
    for account_id, starts_at in doubts.values_list("account_id", "starts_at"):
        if starts_at is not None:
            moments[account_id].append(starts_at)
    return moments


def first(now: datetime, *, rung: int | None = None) -> int | None:
    """The run to take up now: of the partner with the fewest browsers, then the soonest showing.

    Doubts are settled and checks answered before that, for somebody waits for them. Among equals, the one
    that was rung for. Four queries, whatever waits.
    """
    browsers_of = Counter(_holding().values_list("partner_id", flat=True))
    is_asked_for = Q(state=RunState.UNCONFIRMED) | Q(kind=RunKind.CHECK)
    ordered = claimable(now).order_by(
        # Left out where there is nothing to choose by: PostgreSQL reads a bare number as a column's.
        *([_by_partner(browsers_of)] if browsers_of else []),
        Case(When(is_asked_for, then=Value(0)), default=Value(1)),
        F("starts_at").asc(nulls_last=True),
        *([Case(When(pk=rung, then=Value(0)), default=Value(1))] if rung else []),
        "pk",
    )
    return ordered.values_list("pk", flat=True).first()


def _by_partner(browsers_of: Mapping[int, int]) -> Case:
    return Case(
        *(When(partner_id=partner, then=Value(number)) for partner, number in browsers_of.items()),
        default=Value(0),
        output_field=IntegerField(),
    )


def gap() -> timedelta:
    return timedelta(seconds=settings.SUBMIT_GAP_SECONDS)


def bells_to_ring(now: datetime, *, again_after: timedelta) -> list[int]:
    """One run for each account that could go on and that no bell was rung for lately: one bell serves any."""
    unanswered = now - again_after
    bells = []
    accounts = (
        claimable(now)
        .order_by()
        .values("account_id", "account__last_submit_at")
        .annotate(run=Min("pk"), rung_at=Max("rung_at"))
    )
    for account in accounts:
        rung_at, submitted_at = account["rung_at"], account["account__last_submit_at"]
        # A bell that came within the pause found nothing to do.
        in_vain = rung_at is not None and submitted_at is not None and rung_at < submitted_at + gap()
        if rung_at is None or rung_at < unanswered or in_vain:
            bells.append(account["run"])
    return bells


def now_free(account_id: int) -> int | None:
    """The run of an account to ring for, once it is free."""
    waiting = claimable(timezone.now()).filter(account_id=account_id)
    return waiting.order_by(F("starts_at").asc(nulls_last=True), "pk").values_list("pk", flat=True).first()
