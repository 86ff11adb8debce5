"""Booking runs: queued, claimed, told, settled. The only writer of runs, attempts and run events.

A held run has a lease and a fencing number (`attempt_number`); every write of an attempt carries that
number, and a write with an old one changes nothing. See bookings/README.md for the chart.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Case, F, PositiveSmallIntegerField, Q, Value, When
from django.utils import timezone

from bookings import live, wallclock
from bookings.models import Account, Attempt, BookingRun, Evidence, Partner, RunEvent, ShowingRequest
from bookings.models.booking import Booking
from bookings.services import audit, dispatch, notices
from bookings.services import bookings as booking_service
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.vocabulary import (
    LIVE_BOOKING_STATUSES,
    OPEN_RUN_STATES,
    RUN_MOVES,
    AttemptPurpose,
    Health,
    Level,
    RequestState,
    RunKind,
    RunState,
    Source,
    reason_title,
)

LEASE = timedelta(seconds=30)
# The gate refuses when less than this is left of the lease: the answer must still be ours.
SEND_MARGIN = timedelta(seconds=5)
# After the submit: answer limit 30 s, list visibility 15 s, slack 5 s. Only then may "absent" be believed.
QUIET_TIME = timedelta(seconds=50)
BETWEEN_READS = timedelta(seconds=10)
READS_TO_BELIEVE_ABSENT = 2
MAX_SUBMITS = 2
MAX_ATTEMPTS = 5
DOUBT_AFTER = timedelta(minutes=15)
BACKOFF_BASE = timedelta(seconds=5)
BACKOFF_CAP = timedelta(minutes=10)
# A doorbell that nobody answered is rung again after this.
RING_AGAIN = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants done: an address or MLS number as typed, and for a booking when and how long."""

    property_text: str
    kind: RunKind = RunKind.BOOK
    mls_number: str = ""
    address: str = ""
    listing_id: str = ""
    date: date | None = None
    time: time | None = None
    duration_minutes: int | None = None
    auto_confirm_only: bool = False
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line for the live log; `picture` is the path of a stored picture, if any."""

    at: datetime
    message: str
    level: Level = Level.INFO
    step: str = ""
    duration_ms: int | None = None
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """How an attempt ended, in the engine's words (see automation.engine.contract.Result)."""

    result: str
    code: str = ""
    message: str = ""
    step: str = ""
    retry_is_safe: bool = False
    listing: dict[str, Any] = field(default_factory=dict)
    showing: booking_service.Seen | None = None
    open_slots: Sequence[dict[str, str]] = ()
    candidates: Sequence[dict[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What the heartbeat learned: is the run still ours, and does a person want it stopped."""

    held: bool
    stop_asked: bool


# ---- queue -----------------------------------------------------------------------------------------


def queue(
    wish: Wish,
    *,
    partner: Partner,
    source: Source,
    by: User | None = None,
    request: ShowingRequest | None = None,
    idempotency_key: str = "",
) -> BookingRun:
    """Write down the will to do one thing on BrokerBay, and ring for a worker.

    A repeat with the same `idempotency_key` by the same person answers the first run.
    Raises Rejected (with the field to blame) for what cannot be done, AlreadyThere for a double.
    """
    if idempotency_key and by is not None:
        first = BookingRun.objects.filter(created_by=by, idempotency_key=idempotency_key).first()
        if first is not None:
            return first
    account = _account_of(partner)
    zone = wish.time_zone or partner.time_zone
    starts_at = _start_of(wish, zone)
    if starts_at is not None:
        _refuse_if_booked(wish, account, starts_at)
    try:
        with transaction.atomic():
            run = BookingRun.objects.create(
                kind=wish.kind,
                partner=partner,
                account=account,
                request=request,
                property_text=wish.property_text.strip(),
                mls_number=wish.mls_number,
                address=wish.address,
                listing_id=wish.listing_id,
                wanted_date=wish.date,
                wanted_time=wish.time,
                duration_minutes=wish.duration_minutes,
                auto_confirm_only=wish.auto_confirm_only,
                time_zone=zone,
                starts_at=starts_at,
                attempts_left=MAX_ATTEMPTS,
                source=source,
                created_by=by,
                idempotency_key=idempotency_key,
            )
            _event(run.pk, f"Queued: {_wish_in_words(run)}", state=RunState.QUEUED)
            audit.note("run.queued", run, source=source, by=by, partner=partner, after={"state": run.state})
            _follow_request(run, RequestState.QUEUED)
            _ring(run.pk)
    except IntegrityError as clash:
        existing = _double_of(wish, account, request, by, idempotency_key)
        if existing is not None and idempotency_key and existing.idempotency_key == idempotency_key:
            return existing
        raise AlreadyThere(
            "This showing is already being booked; look at the run that is under way.", field="property"
        ) from clash
    return run


def queue_for(request: ShowingRequest, *, source: Source, by: User | None = None) -> BookingRun:
    """Queue the booking of a client's request, exactly as it stands.

    Raises Rejected naming what is missing.
    """
    from bookings.services import showings

    needs = showings.needs_of(request)
    if needs:
        raise Rejected(
            "This request cannot be booked yet: " + showings.in_words(needs) + ".", field="request"
        )
    partner = request.partner
    home = request.property
    if partner is None or home is None:
        raise Rejected("This request names no partner or no property.", field="request")
    return queue(
        Wish(
            property_text=home.property_id,
            mls_number=home.mls_number or home.property_id,
            address=home.address,
            date=request.scheduled_date,
            time=request.scheduled_time,
            duration_minutes=partner.showing_minutes,
            time_zone=home.time_zone,
        ),
        partner=partner,
        source=source,
        by=by,
        request=request,
    )


def _account_of(partner: Partner) -> Account:
    account = partner.accounts.filter(is_active=True).order_by("pk").first()
    if account is None:
        raise Rejected(f"{partner} has no BrokerBay account yet; add one first.", field="partner")
    return account


def _start_of(wish: Wish, zone: str) -> datetime | None:
    if wish.kind != RunKind.BOOK:
        return None
    if wish.date is None:
        raise Rejected("Name the day of the showing.", field="date")
    if wish.time is None:
        raise Rejected("Name the time of the showing.", field="time")
    if wish.duration_minutes is None:
        raise Rejected("Say how long the showing is to last.", field="duration")
    try:
        starts_at = wallclock.instant(wish.date, wish.time, zone)
    except wallclock.NoSuchTime as skipped:
        raise Rejected(
            f"{skipped}: the clocks change that night. Pick another time.", field="time"
        ) from skipped
    except OverflowError as far:
        raise Rejected("That date is out of reach.", field="date") from far
    if starts_at <= timezone.now():
        raise Rejected("That time has already passed at the property. Pick a later one.", field="date")
    return starts_at


def _refuse_if_booked(wish: Wish, account: Account, starts_at: datetime) -> None:
    same_time = Booking.objects.filter(account=account, starts_at=starts_at, status__in=LIVE_BOOKING_STATUSES)
    same_home = Q(property_id__in={wish.mls_number, wish.property_text})
    if wish.address:
        same_home |= Q(property_address__iexact=wish.address)
    if same_time.filter(same_home).exists():
        raise AlreadyThere("The account already holds a live booking for this showing.", field="property")


def _double_of(
    wish: Wish, account: Account, request: ShowingRequest | None, by: User | None, key: str
) -> BookingRun | None:
    same = Q(request=request, kind=wish.kind, state__in=OPEN_RUN_STATES) if request else Q(pk=None)
    if key and by is not None:
        same |= Q(created_by=by, idempotency_key=key)
    same |= Q(account=account, property_text=wish.property_text.strip(), state__in=OPEN_RUN_STATES)
    return BookingRun.objects.filter(same).order_by("-idempotency_key").first()


def _wish_in_words(run: BookingRun) -> str:
    words = f"{run.get_kind_display()} {run.property_text}"
    if run.wanted_date and run.wanted_time:
        words += f" on {run.wanted_date:%a %d %b %Y} at {run.wanted_time:%H:%M} ({run.time_zone})"
    if run.duration_minutes:
        words += f", {run.duration_minutes} minutes"
    return words


# ---- hold ------------------------------------------------------------------------------------------


def claim(run_id: int, *, holder: str) -> BookingRun | None:
    """Take a due run: one compare-and-swap that raises the fencing number and sets the lease.

    None when there is nothing to do: held by another, not due, its account busy, or ended.
    A queued run is performed; an unconfirmed one is looked up in BrokerBay's own list.
    """
    now = timezone.now()
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    on_time = Q(starts_at__isnull=True) | Q(starts_at__gt=now) | Q(state=RunState.UNCONFIRMED)
    try:
        with transaction.atomic():
            taken = (
                BookingRun.objects.filter(due, on_time, pk=run_id, lease_until__isnull=True)
                .filter(state__in=(RunState.QUEUED, RunState.UNCONFIRMED))
                .update(
                    state=Case(
                        When(state=RunState.QUEUED, then=Value(RunState.RUNNING.value)), default=F("state")
                    ),
                    attempts_left=Case(
                        When(state=RunState.QUEUED, attempts_left__gt=0, then=F("attempts_left") - 1),
                        default=F("attempts_left"),
                        output_field=PositiveSmallIntegerField(),
                    ),
                    attempt_number=F("attempt_number") + 1,
                    holder=holder,
                    lease_until=now + LEASE,
                    not_before=None,
                    started_at=Case(When(started_at__isnull=True, then=Value(now)), default=F("started_at")),
                    updated_at=now,
                )
            )
            if taken != 1:
                return None
            run = BookingRun.objects.select_related("account", "partner", "request").get(pk=run_id)
            performs = run.state == RunState.RUNNING
            Attempt.objects.create(
                run=run,
                number=run.attempt_number,
                purpose=AttemptPurpose.PERFORM if performs else AttemptPurpose.RECONCILE,
                holder=holder,
                started_at=now,
            )
            _event(
                run.pk,
                f"Attempt {run.attempt_number} started"
                if performs
                else "Reading BrokerBay's own list to learn whether the showing is there",
                attempt_number=run.attempt_number,
                state=RunState(run.state),
            )
            return run
    except IntegrityError:
        return None  # one browser at a time uses an account; whoever holds it rings again at its end


def heartbeat(run_id: int, *, fence: int) -> Beat:
    """Extend the lease. Not held: somebody else took over, or the run ended; stop at once."""
    now = timezone.now()
    held = BookingRun.objects.filter(pk=run_id, attempt_number=fence, lease_until__isnull=False).update(
        lease_until=now + LEASE
    )
    if held != 1:
        return Beat(held=False, stop_asked=False)
    stop = BookingRun.objects.filter(pk=run_id, stop_asked_at__isnull=False).exists()
    return Beat(held=True, stop_asked=stop)


def pass_gate(run_id: int, *, fence: int) -> bool:
    """The point of no return: commit the intent before a byte leaves. False forbids the submit."""
    now = timezone.now()
    with transaction.atomic():
        passed = BookingRun.objects.filter(
            pk=run_id,
            attempt_number=fence,
            state=RunState.RUNNING,
            submitting_at__isnull=True,
            stop_asked_at__isnull=True,
            lease_until__gt=now + SEND_MARGIN,
        ).update(submitting_at=now, submits=F("submits") + 1, lease_until=now + LEASE, updated_at=now)
        if passed != 1:
            return False
        Attempt.objects.filter(run_id=run_id, number=fence).update(submitting_at=now)
        _event(run_id, "Sending the request to BrokerBay", attempt_number=fence, step="submit")
    return True


def tell(run_id: int, lines: Sequence[LogLine], *, fence: int) -> bool:
    """Append lines to the live log; False when the fence is old (nothing is written)."""
    if not lines:
        return True
    with transaction.atomic():
        held = BookingRun.objects.filter(pk=run_id, attempt_number=fence).update(
            event_seq=F("event_seq") + len(lines), step=_last_step(lines)
        )
        if held != 1:
            return False
        first = BookingRun.objects.values_list("event_seq", flat=True).get(pk=run_id) - len(lines) + 1
        for offset, line in enumerate(lines):
            RunEvent.objects.create(
                run_id=run_id,
                seq=first + offset,
                attempt_number=fence,
                at=line.at,
                level=line.level,
                step=line.step,
                message=line.message[:500],
                duration_ms=line.duration_ms,
                evidence=_evidence(run_id, fence, line),
            )
        live.announce(run_id)
    return True


def _last_step(lines: Sequence[LogLine]) -> Any:
    return next((line.step for line in reversed(lines) if line.step), F("step"))


def _evidence(run_id: int, fence: int, line: LogLine) -> Evidence | None:
    if not line.picture:
        return None
    return Evidence.objects.create(
        run_id=run_id, attempt_number=fence, step=line.step, file=line.picture, taken_at=line.at
    )


# ---- settle ----------------------------------------------------------------------------------------


def settle(run_id: int, end: AttemptEnd, *, fence: int) -> BookingRun:
    """Write down how the held attempt ended, free the account, and ring for whoever waits for it.

    Raises Moved when the fence is old: somebody else took over, and this attempt's word counts no more.
    """
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("account", "partner").get(pk=run_id)
        if run.attempt_number != fence or run.lease_until is None:
            raise Moved(f"Attempt {fence} of run {run_id} is no longer the holder.")
        reconciling = run.state == RunState.UNCONFIRMED
        move = _after_reconcile(run, end) if reconciling else _after_perform(run, end)
        _apply(run, move, end, fence)
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """A decided move. `message` is the full reason for the row; `line`, where the engine's own last line has
    said that already, is what the log adds to it."""

    to: RunState
    message: str
    line: str = ""
    level: Level = Level.INFO
    code: str = ""
    not_before: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)


# BrokerBay answered clearly that it booked nothing: the next try passes the gate anew.
_NOTHING_SENT: dict[str, Any] = {"submitting_at": None}


def _after_perform(run: BookingRun, end: AttemptEnd) -> _Move:
    if end.result == "booked" and end.showing is not None:
        return _Move(to=RunState.BOOKED, message=end.message or "Booked", level=Level.SUCCESS)
    if run.stop_asked_at is not None and run.submitting_at is None:
        return _stopped(run)
    if end.result == "found":
        return _Move(to=RunState.DONE, message=end.message or "Done", level=Level.SUCCESS)
    if end.result == "refused":
        return _Move(
            to=RunState.REFUSED,
            message=end.message,
            line=f"Refused: {reason_title(end.code)}",
            level=Level.ERROR,
            code=end.code,
            fields=_NOTHING_SENT,
        )
    if end.result == "parked":
        return _Move(
            to=RunState.PARKED,
            message=end.message,
            line=f"Waiting: {reason_title(end.code)}",
            level=Level.WARNING,
            code=end.code,
            fields=_NOTHING_SENT,
        )
    if run.submitting_at is not None:
        return _unconfirmed(run, end.message or "The answer never came", code=end.code or "no_answer")
    return _try_again(run, end)


def _try_again(run: BookingRun, end: AttemptEnd) -> _Move:
    if run.attempts_left > 0 and end.retry_is_safe:
        wait = backoff(MAX_ATTEMPTS - run.attempts_left)
        return _Move(
            to=RunState.PARKED,
            message=end.message,
            line=f"Trying again in {max(1, round(wait.total_seconds()))} s",
            level=Level.WARNING,
            code=end.code,
            not_before=timezone.now() + wait,
        )
    code = end.code or "attempts_spent"
    return _Move(
        to=RunState.FAILED,
        message=end.message,
        line=f"Given up: {reason_title(code)}",
        level=Level.ERROR,
        code=code,
    )


def _stopped(run: BookingRun) -> _Move:
    code = run.reason_code if run.reason_code == "withdrawn" else "stopped"
    return _Move(to=RunState.CANCELLED, message="Stopped before anything was sent", code=code)


def backoff(attempt: int) -> timedelta:
    """Wait before try number `attempt` + 1: doubling from 5 s to 10 min, with jitter over the upper half."""
    full: timedelta = min(BACKOFF_BASE * 2 ** max(0, attempt - 1), BACKOFF_CAP)
    jitter: float = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    return full * jitter


def _unconfirmed(run: BookingRun, message: str, *, code: str) -> _Move:
    sent_at = run.submitting_at or timezone.now()
    return _Move(
        to=RunState.UNCONFIRMED,
        message=message,
        line="BrokerBay's own list will tell whether it arrived; nothing is clicked twice",
        level=Level.WARNING,
        code=code,
        not_before=sent_at + QUIET_TIME,
        fields={"absent_reads": 0},
    )


def _after_reconcile(run: BookingRun, end: AttemptEnd) -> _Move:
    now = timezone.now()
    if end.showing is not None and end.result in ("found", "booked"):
        return _Move(to=RunState.BOOKED, message="BrokerBay's list shows it: booked", level=Level.SUCCESS)
    if end.result != "absent":
        doubt = run.submitting_at is not None and now - run.submitting_at > DOUBT_AFTER
        return _Move(
            to=RunState.UNCONFIRMED,
            message=end.message or "BrokerBay's list could not be read",
            level=Level.WARNING,
            code="in_doubt" if doubt else end.code or "no_answer",
            not_before=now + backoff(5 if doubt else 2),
        )
    reads = run.absent_reads + 1
    if reads < READS_TO_BELIEVE_ABSENT:
        return _Move(
            to=RunState.UNCONFIRMED,
            message="BrokerBay's list does not show it yet; it is read once more",
            code="no_answer",
            not_before=now + BETWEEN_READS,
            fields={"absent_reads": reads},
        )
    if run.submits < MAX_SUBMITS and run.attempts_left > 0 and run.stop_asked_at is None:
        return _Move(
            to=RunState.QUEUED,
            message="BrokerBay's list, read twice, does not show it: nothing arrived. Trying again.",
            level=Level.WARNING,
            fields={"absent_reads": reads, "submitting_at": None},
        )
    return _Move(
        to=RunState.FAILED,
        message="BrokerBay's list, read twice, does not show it: it was not booked.",
        level=Level.ERROR,
        code="not_listed",
        fields={"absent_reads": reads},
    )


def _apply(run: BookingRun, move: _Move, end: AttemptEnd, fence: int) -> None:
    """Carry out a decided move of a held run: row, attempt, booking, request, log, audit, notice, bells."""
    now = timezone.now()
    before = RunState(run.state)
    _check_move(before, move.to)
    booking = booking_service.adopt(run, end.showing) if move.to == RunState.BOOKED and end.showing else None
    fields = _columns(move)
    fields |= {"open_slots": list(end.open_slots), "candidates": list(end.candidates)}
    if end.listing:
        fields |= {"listing": end.listing, "listing_id": end.listing.get("listing_id") or run.listing_id}
    if booking is not None:
        fields["booking"] = booking
    moved = BookingRun.objects.filter(pk=run.pk, attempt_number=fence, state=before).update(**fields)
    if moved != 1:
        raise Moved(f"{run} is no longer {before.label}.")
    for name, value in fields.items():
        setattr(run, name, value)
    Attempt.objects.filter(run=run, number=fence).update(
        ended_at=now, result=end.result, reason_code=end.code, reason=end.message[:500], step=end.step
    )
    line = move.line or move.message
    _event(run.pk, line, level=move.level, state=move.to, attempt_number=fence, step=end.step)
    _after_move(run, before, source=Source.ROBOT)
    _ring_waiting(run)


def _after_move(run: BookingRun, before: RunState, *, source: Source, by: User | None = None) -> None:
    """What every move of a run owes: its audit line, request, account and notice."""
    audit.note(
        f"run.{run.state}",
        run,
        source=source,
        by=by,
        partner=run.partner,
        before={"state": before.value},
        after={"state": str(run.state), "reason": run.reason_code},
        reason=run.reason,
    )
    _follow_request(run, _request_state(run))
    _follow_account(run)
    notices.owe_for(run)


def _request_state(run: BookingRun) -> RequestState:
    if run.state == RunState.BOOKED:
        return RequestState.BOOKED
    if run.state == RunState.CANCELLED:
        # Withdrawn upstream: judged anew as it now stands. Stopped by a person: theirs to start again.
        return RequestState.RECEIVED if run.reason_code == "withdrawn" else RequestState.NEEDS_PERSON
    if run.state == RunState.EXPIRED:
        return RequestState.CLOSED
    waits_for_clock = run.state == RunState.PARKED and run.not_before is not None
    if run.state in (RunState.QUEUED, RunState.RUNNING, RunState.UNCONFIRMED) or waits_for_clock:
        return RequestState.QUEUED
    return RequestState.NEEDS_PERSON


def _follow_request(run: BookingRun, state: RequestState) -> None:
    if run.request_id is None or run.kind != RunKind.BOOK:
        return
    ShowingRequest.objects.filter(pk=run.request_id).update(
        booking_status=state, auto_booked=state == RequestState.BOOKED, changed_at=timezone.now()
    )


def _follow_account(run: BookingRun) -> None:
    now = timezone.now()
    account = Account.objects.filter(pk=run.account_id)
    if run.reason_code == "needs_sign_in":
        account.update(health=Health.NEEDS_SIGN_IN, checked_at=now)
    elif run.reason_code == "challenge_shown":
        account.update(health=Health.CHALLENGED, checked_at=now)
    elif run.state in (RunState.BOOKED, RunState.DONE):
        account.update(health=Health.SIGNED_IN, checked_at=now)


# ---- what people do --------------------------------------------------------------------------------


def stop(run: BookingRun, *, by: User, source: Source = Source.PERSON, reason: str = "") -> BookingRun:
    """Stop a run for a person. One that a worker holds is asked to stop, which it does before the gate only.

    Raises NotAllowed for a run that has ended, or that may have been sent: its outcome is learned first.
    """
    now = timezone.now()
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("partner").get(pk=run.pk)
        before = RunState(run.state)
        if before == RunState.UNCONFIRMED or (run.submitting_at is not None and run.is_open):
            raise NotAllowed("It may already have reached BrokerBay: its own list is read first.")
        if before == RunState.RUNNING:
            BookingRun.objects.filter(pk=run.pk, state=before).update(stop_asked_at=now, updated_at=now)
            run.stop_asked_at = now
            _event(run.pk, f"{by} asked to stop this run", level=Level.WARNING)
            audit.note("run.stop_asked", run, source=source, by=by, partner=run.partner, reason=reason)
            return run
        stopped = _Move(to=RunState.CANCELLED, message=reason or f"Stopped by {by}", code="stopped")
        _move_free(run, stopped, source=source, by=by)
    return run


# What a run forgets when a person sends it back to the queue.
_FRESH: dict[str, Any] = {
    "attempts_left": MAX_ATTEMPTS,
    "submits": 0,
    "submitting_at": None,
    "absent_reads": 0,
    "stop_asked_at": None,
    "open_slots": [],
    "candidates": [],
}


def try_again(run: BookingRun, *, by: User, source: Source = Source.PERSON) -> BookingRun:
    """Send a waiting, refused or failed run back to the queue with a fresh budget.

    Raises NotAllowed from another state, Rejected when its start has passed.
    """
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("partner").get(pk=run.pk)
        before = RunState(run.state)
        if before not in (RunState.PARKED, RunState.REFUSED, RunState.FAILED):
            raise NotAllowed(f"A run that is “{before.label}” cannot be tried again.")
        if run.starts_at is not None and run.starts_at <= timezone.now():
            raise Rejected("The showing's start has passed; start a new booking for a later time.")
        again = _Move(to=RunState.QUEUED, message=f"{by} asked to try again", fields=_FRESH)
        try:
            with transaction.atomic():
                _move_free(run, again, source=source, by=by)
        except IntegrityError as double:
            raise AlreadyThere("The same showing is already being booked by another run.") from double
        _ring(run.pk)
    return run


def withdraw(request: ShowingRequest, *, reason: str) -> bool:
    """The client changed their mind upstream: end the request's open run where nothing was sent.

    Called inside the transaction that takes the change in. False when it may already have been sent.
    """
    run = (
        BookingRun.objects.select_for_update()
        .select_related("partner")
        .filter(request=request, kind=RunKind.BOOK, state__in=OPEN_RUN_STATES)
        .first()
    )
    if run is None:
        return True
    if run.state == RunState.UNCONFIRMED or run.submitting_at is not None:
        return False
    if run.state == RunState.RUNNING:
        BookingRun.objects.filter(pk=run.pk).update(stop_asked_at=timezone.now(), reason_code="withdrawn")
        _event(run.pk, f"{reason}; asked to stop", level=Level.WARNING)
        return True
    _move_free(run, _Move(to=RunState.CANCELLED, message=reason, code="withdrawn"), source=Source.SYNC)
    return True


def resume_signed_in(account: Account, *, by: User | None, source: Source) -> int:
    """The account is signed in again: its waiting runs go on. Returns how many."""
    waiting = BookingRun.objects.filter(
        account=account, state=RunState.PARKED, reason_code__in=("needs_sign_in", "challenge_shown")
    )
    resumed = 0
    for run in waiting.select_related("partner"):
        with transaction.atomic():
            again = _Move(to=RunState.QUEUED, message="The account is signed in again")
            _move_free(run, again, source=source, by=by)
            _ring(run.pk)
        resumed += 1
    return resumed


def _move_free(run: BookingRun, move: _Move, *, source: Source, by: User | None = None) -> None:
    """Carry out a decided move of a run that nobody holds, or whose holder is lost.

    Called in the caller's transaction. Raises Moved when somebody else was faster.
    """
    before = RunState(run.state)
    _check_move(before, move.to)
    fields = _columns(move)
    moved = BookingRun.objects.filter(
        pk=run.pk, state=before, attempt_number=run.attempt_number, lease_until=run.lease_until
    ).update(**fields)
    if moved != 1:
        raise Moved(f"{run} is no longer {before.label}; look again.")
    for name, value in fields.items():
        setattr(run, name, value)
    line = move.line or move.message
    _event(run.pk, line, level=move.level, state=move.to, attempt_number=run.attempt_number)
    _after_move(run, before, source=source, by=by)


def _columns(move: _Move) -> dict[str, Any]:
    """What a move writes into the run's row: nobody holds it afterwards."""
    now = timezone.now()
    return {
        "state": move.to,
        "reason_code": move.code,
        "reason": (move.message if move.code else "")[:500],
        "not_before": move.not_before,
        "lease_until": None,
        "holder": "",
        "rung_at": None,
        "updated_at": now,
        "finished_at": None if move.to.is_open else now,
        **move.fields,
    }


def _check_move(before: RunState, to: RunState) -> None:
    if before != to and to not in RUN_MOVES[before]:
        raise NotAllowed(f"A run that is “{before.label}” cannot become “{to.label}”.")


# ---- the sweep -------------------------------------------------------------------------------------


def sweep() -> int:
    """Take back what dead workers held, wake what waited for a clock, end what is overdue, ring for the rest.

    Safe to run anywhere, any number of times. Returns how many runs were rung for.
    """
    _take_back_expired()
    _wake_parked()
    _expire_overdue()
    return _ring_due()


def release(holder_prefix: str) -> int:
    """The workers whose names begin so are dead for certain: end their leases now. Returns how many."""
    return BookingRun.objects.filter(lease_until__isnull=False, holder__startswith=holder_prefix).update(
        lease_until=timezone.now()
    )


def _take_back_expired() -> None:
    now = timezone.now()
    for run in BookingRun.objects.filter(lease_until__lte=now).select_related("partner"):
        try:
            with transaction.atomic():
                _take_back(run)
        except Moved:
            continue  # its heartbeat or another sweep was faster


def _take_back(run: BookingRun) -> None:
    fence = run.attempt_number
    _move_free(run, _after_loss(run), source=Source.ROBOT)
    Attempt.objects.filter(run=run, number=fence, ended_at=None).update(
        ended_at=timezone.now(), result="lost", reason_code="worker_lost"
    )


def _after_loss(run: BookingRun) -> _Move:
    """Where a run goes whose worker vanished: what may have been sent is looked up, the rest starts again."""
    if run.state == RunState.UNCONFIRMED:
        return _Move(
            to=RunState.UNCONFIRMED, message="The worker stopped while reading the list", code="no_answer"
        )
    if run.submitting_at is not None:
        return _unconfirmed(run, "The worker stopped after sending", code="no_answer")
    if run.stop_asked_at is not None:
        return _stopped(run)
    if run.attempts_left > 0:
        return _Move(
            to=RunState.QUEUED,
            message="The worker stopped in the middle; nothing was sent, so it starts again",
            level=Level.WARNING,
        )
    return _Move(
        to=RunState.FAILED,
        message="The worker stopped again and again; nothing was sent",
        level=Level.ERROR,
        code="attempts_spent",
    )


def _wake_parked() -> None:
    due = BookingRun.objects.filter(state=RunState.PARKED, not_before__lte=timezone.now())
    for run in due.select_related("partner"):
        try:
            with transaction.atomic():
                _move_free(run, _Move(to=RunState.QUEUED, message="Trying again"), source=Source.ROBOT)
        except Moved:
            continue


def _expire_overdue() -> None:
    move = _Move(to=RunState.EXPIRED, message=reason_title("expired"), code="expired", level=Level.ERROR)
    overdue = BookingRun.objects.filter(
        state__in=(RunState.QUEUED, RunState.PARKED), lease_until=None, starts_at__lte=timezone.now()
    )
    for run in overdue.select_related("partner"):
        try:
            with transaction.atomic():
                _move_free(run, move, source=Source.ROBOT)
        except Moved:
            continue


def _ring_due() -> int:
    now = timezone.now()
    due = BookingRun.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(rung_at=None) | Q(rung_at__lt=now - RING_AGAIN),
        state__in=(RunState.QUEUED, RunState.UNCONFIRMED),
        lease_until=None,
    ).order_by(F("starts_at").asc(nulls_last=True))
    rung = 0
    for run_id in due.values_list("pk", flat=True)[:500]:
        rung += 1
        _ring(run_id)
    return rung


def _ring_waiting(run: BookingRun) -> None:
    """The account is free again: ring for its soonest due run."""
    now = timezone.now()
    waiting = (
        BookingRun.objects.filter(
            Q(not_before=None) | Q(not_before__lte=now),
            account_id=run.account_id,
            state__in=(RunState.QUEUED, RunState.UNCONFIRMED),
            lease_until=None,
        )
        .order_by(F("starts_at").asc(nulls_last=True), "pk")
        .values_list("pk", flat=True)
        .first()
    )
    if waiting is not None:
        _ring(waiting)


def _ring(run_id: int) -> None:
    BookingRun.objects.filter(pk=run_id).update(rung_at=timezone.now())
    dispatch.ring(run_id)


def _event(
    run_id: int,
    message: str,
    *,
    level: Level = Level.INFO,
    step: str = "",
    state: RunState | str = "",
    attempt_number: int = 0,
) -> None:
    """Append one line inside the caller's transaction; the run's row lock keeps `seq` in commit order."""
    BookingRun.objects.filter(pk=run_id).update(event_seq=F("event_seq") + 1)
    seq = BookingRun.objects.values_list("event_seq", flat=True).get(pk=run_id)
    RunEvent.objects.create(
        run_id=run_id,
        seq=seq,
        attempt_number=attempt_number,
        level=level,
        step=step,
        state=state,
        message=message[:500],
    )
    live.announce(run_id)
