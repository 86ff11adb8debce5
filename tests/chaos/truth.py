"""After a trial: what BrokerBay received and holds, and what our tables say of it, must agree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from automation.simulator.records import Post, Showing
from bookings.models import Attempt, Booking, BookingRun, RunEvent
from bookings.queries import invariants
from bookings.services.runs import MAX_SUBMITS
from bookings.vocabulary import LIVE_BOOKING_STATUSES, RunState
from tests.chaos.ground import Ground, Wish

ENDED_WITHOUT = (RunState.REFUSED, RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED)
GONE = ("Cancelled", "Declined")


def wrongs(ground: Ground, wishes: Collection[Wish]) -> list[str]:
    """What is wrong, in words; nothing when site and tables agree and the invariants hold."""
    posts, showings = ground.control.posts(), ground.control.showings()
    found: list[str] = []
    for wish in wishes:
        found += _of_wish(wish, posts, showings)
    found += _two_holders_at_once([wish.run_id for wish in wishes])
    since = min((wish.run.queued_at for wish in wishes), default=None)
    found += [str(broken) for broken in invariants.broken(since=since)]
    return found


def _of_wish(wish: Wish, posts: list[Post], showings: list[Showing]) -> Iterator[str]:
    run = wish.run
    live = [one for one in showings if one.listing_id == wish.listing and one.status not in GONE]
    ours = [one for one in live if one.account == wish.account.email]
    # Two accounts may want one home; a post of nobody's counts against whoever wants it.
    whose = (wish.account.email, None)
    sent = [one for one in posts if one.listing_id == wish.listing and one.account in whose]
    said = f"run {run.pk} ({run.state}, {run.reason_code or 'no reason'})"
    if len(ours) > 1:
        yield f"I1 DOUBLE: {said} has {len(ours)} showings after {len(sent)} posts"
    if run.state == RunState.BOOKED and not ours:
        yield f"I2 {said} is booked, and the site does not have it"
    if run.state in ENDED_WITHOUT and ours:
        yield f"I9 LOST: {said}, and the site holds its showing"
    if run.is_open and not run.finished_at:
        yield f"I3 STUCK: {said} is still open"
    yield from _booking_agrees(run, said)
    yield from _absent_is_true(run, ours, said)
    yield from _protocol_held(run, sent, said)


def _booking_agrees(run: BookingRun, said: str) -> Iterator[str]:
    if run.state != RunState.BOOKED:
        return
    rows = Booking.objects.filter(pk=run.booking_id, status__in=LIVE_BOOKING_STATUSES)
    if not rows.filter(verified_at__isnull=False).exists():
        yield f"I2 {said} has no booking that was seen in the site's list"


def _absent_is_true(run: BookingRun, ours: list[Showing], said: str) -> Iterator[str]:
    reads = Attempt.objects.filter(run=run, purpose="reconcile", result="absent")
    for showing in ours:
        if reads.filter(started_at__gt=showing.visible_at).exists():
            yield f"I7 {said}: the site's list was read, and the showing that it has was not seen"


def _protocol_held(run: BookingRun, sent: list[Post], said: str) -> Iterator[str]:
    attempts = list(Attempt.objects.filter(run=run).order_by("number"))
    passes = [one for one in attempts if one.submitting_at is not None]
    if len(sent) > len(passes):
        yield f"I5 {said}: {len(sent)} posts, and only {len(passes)} intents were written down"
    if run.submits > MAX_SUBMITS:
        yield f"I10 {said} was sent {run.submits} times"
    lines = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("attempt_number", flat=True))
    if lines != sorted(lines):
        yield f"I6 {said}: an attempt wrote after a later one had begun"
    for first, second in pairwise(passes):
        between = [one for one in attempts if first.number < one.number < second.number]
        absent = [one for one in between if (one.purpose, one.result) == ("reconcile", "absent")]
        # A clear "no" needs no reading.
        if len(absent) < 2 and first.result not in ("parked", "refused"):
            yield f"I7 {said}: sent again without two reads that did not show it"


def _two_holders_at_once(run_ids: list[int]) -> Iterator[str]:
    spans = Attempt.objects.filter(run_id__in=run_ids, ended_at__isnull=False).select_related("run__account")
    for earlier, later in pairwise(spans.order_by("run__account", "started_at")):
        if earlier.run.account == later.run.account and later.started_at < earlier.ended_at:
            yield f"I8 {later.run.account}: attempts of runs {earlier.run_id} and {later.run_id} at once"
