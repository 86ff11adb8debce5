"""What must hold at every moment, whatever was killed: never twice, never lost. Each check is a read that
names what breaks it; an empty answer is the proof. The numbers are those of the protocol."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from bookings.models import Attempt, AuditEntry, Booking, BookingRun, RunEvent, ShowingRequest
from bookings.services.runs.figures import DOUBT_AFTER, LEASE, MAX_SUBMITS, RING_AGAIN
from bookings.services.runs.lanes import claimable
from bookings.vocabulary import (
    LIVE_BOOKING_STATUSES,
    OPEN_RUN_STATES,
    SICK,
    AttemptPurpose,
    RequestState,
    RunKind,
    RunState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """A showing that BrokerBay itself holds for an account, wall-clock at the property."""

    account: str  # e-mail
    address: str
    date: date
    time: time
    is_live: bool
    listing_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What BrokerBay knows, where a test may ask it: its showings, and how many changing requests came."""

    showings: Sequence[OnSite] = ()
    requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One breach: which invariant, of what, in words."""

    invariant: str
    subject: str
    says: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}: {self.says}"


def broken(site: Site | None = None, *, since: datetime | None = None) -> list[Broken]:
    """Every breach, of runs moved after `since` (all, unless told). `site` adds what only it can tell."""
    runs = BookingRun.objects.exclude(kind=RunKind.SIGN_IN)
    if since is not None:
        runs = runs.filter(updated_at__gte=since)
    view = View(runs=runs, now=timezone.now(), site=site or Site())
    return [
        Broken(invariant=name, subject=str(subject), says=says)
        for name, check in CHECKS.items()
        for subject, says in check(view)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the checks look at, at one moment."""

    runs: QuerySet[BookingRun]
    now: datetime
    site: Site


Found = Iterator[tuple[object, str]]


def _one_live_booking(view: View) -> Found:
    """I1: a home holds at most one live showing of an account at one time."""
    live = Booking.objects.filter(status__in=LIVE_BOOKING_STATUSES)
    twice = live.values("account_id", "property_address", "starts_at").annotate(
        rows=Count("pk"), listings=Count("listing_id", distinct=True)
    )
    for group in twice.filter(rows__gt=F("listings")):
        yield group["property_address"], f"{group['rows']} live bookings at {group['starts_at']}"
    held = Counter(
        (showing.account, showing.listing_id or showing.address, showing.date, showing.time)
        for showing in view.site.showings
        if showing.is_live
    )
    for (account, home, day, at), number in held.items():
        if number > 1:
            yield home, f"BrokerBay holds {number} live showings of {account} on {day} at {at}"


def _booked_is_proven(view: View) -> Found:
    """I2: what is booked was seen in BrokerBay's own list, or by a person."""
    booked = view.runs.filter(state=RunState.BOOKED).exclude(reason_code="told_by_person")
    for run in booked.filter(Q(booking=None) | Q(booking__verified_at=None)):
        yield run, "is booked, and no booking proves it"


def _nothing_is_lost(view: View) -> Found:
    """I3: whatever was accepted has ended, is held, waits for a clock, or waits for a person."""
    for run in view.runs.filter(state=RunState.RUNNING, lease_until=None):
        yield run, "is running, and nobody holds it"
    for run in view.runs.filter(state=RunState.PARKED, not_before=None, reason_code=""):
        yield run, "waits, and nothing says for whom"
    open_runs = BookingRun.objects.filter(request=OuterRef("pk"), state__in=OPEN_RUN_STATES)
    for request in ShowingRequest.objects.filter(~Exists(open_runs), booking_status=RequestState.QUEUED):
        yield request.pk, "is queued, and no run is open for it"


def _gates_are_counted(view: View) -> Found:
    """I4: as many gates passed as intents written; BrokerBay got no request past a gate."""
    passed = Q(attempts__submitting_at__isnull=False)
    told = Counter(
        RunEvent.objects.filter(
            run__in=view.runs, step="submit", message__startswith="Sending the request"
        ).values_list("run_id", flat=True)
    )
    for run in view.runs.annotate(passes=Count("attempts", filter=passed)):
        if not run.submits <= run.passes == told[run.pk]:
            yield run, f"{run.passes} gates, {told[run.pk]} intents, {run.submits} submits"
    if view.site.requests is not None:
        gates = Attempt.objects.filter(submitting_at__isnull=False).count()
        if view.site.requests > gates:
            yield "BrokerBay", f"got {view.site.requests} requests, and {gates} gates were passed"


def _intent_comes_first(view: View) -> Found:
    """I5: no gate without its intent, of the same attempt, written before."""
    for attempt in Attempt.objects.filter(run__in=view.runs, submitting_at__lt=F("started_at")):
        yield attempt, "passed the gate before it began"
    passed = Attempt.objects.filter(run=OuterRef("pk"), submitting_at=OuterRef("submitting_at"))
    for run in view.runs.filter(~Exists(passed), submitting_at__isnull=False):
        yield run, "was sent by no attempt that is known"


def _fences_grow(view: View) -> Found:
    """I6: the fencing numbers of a run strictly grow."""
    for run in view.runs.annotate(newest=Max("attempts__number")):
        if (run.newest or 0) != run.attempt_number:
            yield run, f"its fence is {run.attempt_number}, its newest attempt {run.newest}"


def _looked_up_before_sent_again(view: View) -> Found:
    """I7: between two gates of one run lies a clear no, two looks at BrokerBay's list, or a person's word."""
    attempts = defaultdict(list)
    again = view.runs.annotate(
        passes=Count("attempts", filter=Q(attempts__submitting_at__isnull=False))
    ).filter(passes__gt=1)
    for attempt in Attempt.objects.filter(run__in=again).order_by("run_id", "number"):
        attempts[attempt.run_id].append(attempt)
    for story in attempts.values():
        sent = [attempt for attempt in story if attempt.submitting_at is not None]
        for one, next_one in pairwise(sent):
            between = [each for each in story if one.number < each.number < next_one.number]
            if not _may_send_again(one, next_one, between):
                yield one.run, f"attempts {one.number} and {next_one.number} both sent, with no look between"


def _may_send_again(one: Attempt, next_one: Attempt, between: Sequence[Attempt]) -> bool:
    looks = [each for each in between if each.purpose == AttemptPurpose.RECONCILE]
    if one.result in ("refused", "parked") or sum(each.result in ("absent", "found") for each in looks) >= 2:
        return True
    between_both = (one.started_at, next_one.started_at)
    return AuditEntry.objects.filter(_word_about(one.run_id), at__range=between_both).exists()


def _one_holder(view: View) -> Found:
    """I8: at most one live holder per account."""
    held = BookingRun.objects.filter(lease_until__isnull=False).order_by().values("account__email")
    for account in held.annotate(holders=Count("pk")).filter(holders__gt=1):
        yield account["account__email"], f"{account['holders']} runs hold it"


def _ended_means_not_there(view: View) -> Found:
    """I9: what was refused, given up or has expired is not live on BrokerBay without our knowing."""
    ended = view.runs.filter(
        kind=RunKind.BOOK, state__in=(RunState.REFUSED, RunState.EXPIRED, RunState.CANCELLED)
    )
    others = BookingRun.objects.filter(booking=OuterRef("booking"), state=RunState.BOOKED)
    for run in ended.filter(~Exists(others), booking__status__in=LIVE_BOOKING_STATUSES):
        yield run, f"is {run.state}, and its booking is live"
    known = {
        (account, address.casefold(), day, at)
        for account, address, day, at in Booking.objects.filter(status__in=LIVE_BOOKING_STATUSES).values_list(
            "account__email", "property_address", "booking_date", "booking_time"
        )
    }
    for showing in view.site.showings:
        key = (showing.account, showing.address.casefold(), showing.date, showing.time)
        if showing.is_live and key not in known:
            yield showing.address, f"is live on BrokerBay for {showing.account}, and no booking knows it"


def _budgets_hold(view: View) -> Found:
    """I10: no run sends more often than it may without a person's word between."""
    for run in view.runs.filter(submits__gt=MAX_SUBMITS):
        yield run, f"was sent {run.submits} times"
    passed = Q(attempts__submitting_at__isnull=False)
    for run in view.runs.annotate(passes=Count("attempts", filter=passed)).filter(passes__gt=MAX_SUBMITS):
        sent = list(run.attempts.filter(submitting_at__isnull=False).order_by("number"))
        signed_in = Q(action="account.signed_in", subject_type="account", subject_id=str(run.account_id))
        words = AuditEntry.objects.filter(_word_about(run.pk) | signed_in)
        for first, last in zip(sent, sent[MAX_SUBMITS:], strict=False):
            if not words.filter(at__range=(first.submitting_at, last.submitting_at)).exists():
                yield run, f"was sent {MAX_SUBMITS + 1} times by itself, the last by attempt {last.number}"


def _word_about(run_id: int) -> Q:
    """The audit lines of a person's word about a run."""
    return Q(
        subject_type="bookingrun",
        subject_id=str(run_id),
        actor__isnull=False,
        action__in=("run.answered", "run.queued"),
    )


def _nothing_is_stuck(view: View) -> Found:
    """I11: no state is older than its limit."""
    late = view.now - 4 * LEASE
    for run in view.runs.filter(lease_until__lt=late):
        yield run, "is held by a lease that ended long ago"
    doubtful = view.runs.filter(state=RunState.UNCONFIRMED, lease_until=None).exclude(reason_code="in_doubt")
    doubtful = doubtful.exclude(account__health__in=SICK)
    for run in doubtful.filter(submitting_at__lt=view.now - DOUBT_AFTER - 4 * LEASE):
        yield run, "has been unconfirmed for long, and no person is asked"
    silent = timedelta(seconds=30) + 9 * RING_AGAIN
    waiting = claimable(view.now).filter(updated_at__lt=view.now - silent).order_by()
    for account in waiting.values("account__email").annotate(rung=Max("rung_at")):
        if account["rung"] is None or account["rung"] < view.now - silent:
            yield account["account__email"], "has runs that could go on, and no bell was rung for them"


def _attempts_end(view: View) -> Found:
    """I12: whatever happens, an attempt is ended in the rows once nobody holds its run."""
    for attempt in Attempt.objects.filter(run__in=view.runs, run__lease_until=None, ended_at=None):
        yield attempt, "never ended, and nobody holds its run"


CHECKS: dict[str, Callable[[View], Found]] = {
    "I1": _one_live_booking,
    "I2": _booked_is_proven,
    "I3": _nothing_is_lost,
    "I4": _gates_are_counted,
    "I5": _intent_comes_first,
    "I6": _fences_grow,
    "I7": _looked_up_before_sent_again,
    "I8": _one_holder,
    "I9": _ended_means_not_there,
    "I10": _budgets_hold,
    "I11": _nothing_is_stuck,
    "I12": _attempts_end,
}
