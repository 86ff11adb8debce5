"""A person's answer to a waiting run: one of its offers, carried out once, with its audit line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from bookings.models import Booking, BookingRun
from bookings.services import audit, people
from bookings.services import bookings as booking_service
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.services.runs import asking
from bookings.services.runs.bells import ring
from bookings.services.runs.changes import queue_reconcile
from bookings.services.runs.health import look_again
from bookings.services.runs.moves import FRESH, Move, move_free
from bookings.services.runs.offering import offers, picked_time
from bookings.vocabulary import LIVE_BOOKING_STATUSES, Answer, RunKind, RunState, Source

# Named, not imported: hand-offs stand on this module.
OPEN_HANDOFF = "bookings.services.handoffs.open_for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who answers what, and why."""

    value: str
    by: User
    source: Source
    reason: str


def answer(
    run: BookingRun,
    answer: Answer,
    *,
    by: User,
    value: str = "",
    source: Source = Source.PERSON,
    reason: str = "",
) -> BookingRun:
    """Carry out a person's answer, which must be one of the run's offers with that offer's `value`.

    Answers the run as it then stands; for SIGN_IN, the hand-off's run. Raises Forbidden, Moved when the
    run no longer asks this (somebody else was faster), AlreadyThere and Rejected in words.
    """
    if answer == Answer.SIGN_IN:
        return _sign_in(run, by=by, source=source)
    people.require(by, "book_run", run.partner)
    said = Said(value=value, by=by, source=source, reason=asking.text(reason, field="reason"))
    with transaction.atomic():
        row = BookingRun.objects.select_for_update(of=("self",)).select_related(
            "partner", "account", "booking"
        )
        run = row.get(pk=run.pk)
        if not any((offer.answer, offer.value) == (answer, value) for offer in offers(run)):
            raise Moved("This run does not ask that any more; somebody may have answered. Look again.")
        before = {"state": str(run.state), "reason": run.reason_code}
        try:
            with transaction.atomic():
                _DEEDS[answer](run, said)
        except IntegrityError as double:
            raise AlreadyThere("The same is already under way in another run; look at that one.") from double
        audit.note(
            "run.answered",
            run,
            source=source,
            by=by,
            partner=run.partner,
            before=before,
            after={"answer": answer.value, "value": value, "state": str(run.state)},
            reason=said.reason,
        )
    return run


def try_again(
    run: BookingRun,
    *,
    by: User,
    source: Source = Source.PERSON,
    reason: str = "",
    not_before: datetime | None = None,
) -> BookingRun:
    """Send a waiting, refused or failed run back to the queue with a fresh budget, to begin at once or later.

    Raises NotAllowed from another state, Rejected when its start has passed.
    """
    people.require(by, "book_run", run.partner)
    with transaction.atomic():
        row = BookingRun.objects.select_for_update(of=("self",)).select_related("partner", "account")
        run = row.get(pk=run.pk)
        before = RunState(run.state)
        if before not in (RunState.PARKED, RunState.REFUSED, RunState.FAILED) or run.kind == RunKind.SIGN_IN:
            raise NotAllowed(f"A run that is “{before.label}” cannot be tried again.")
        try:
            with transaction.atomic():
                _try_again(run, Said(value="", by=by, source=source, reason=reason), not_before=not_before)
        except IntegrityError as double:
            raise AlreadyThere("The same showing is already being booked by another run.") from double
        if reason:
            audit.note("run.retried", run, source=source, by=by, partner=run.partner, reason=reason)
    return run


def _sign_in(run: BookingRun, *, by: User, source: Source) -> BookingRun:
    handoff: BookingRun = import_string(OPEN_HANDOFF)(run.account, by=by, source=source)
    return handoff


def _queue_again(run: BookingRun, said: Said, message: str, **fields: Any) -> None:
    starts_at = fields.get("starts_at", run.starts_at)
    if starts_at is not None and starts_at <= timezone.now():
        raise Rejected("The showing's start has passed; start a new booking for a later time.")
    again = Move(to=RunState.QUEUED, message=f"{said.by} {message}", fields=FRESH | fields)
    move_free(run, again, source=said.source, by=said.by)
    if run.not_before is None:  # else the sweep rings when it is time
        ring(run.pk)


def _try_again(run: BookingRun, said: Said, *, not_before: datetime | None = None) -> None:
    look_again(run.account)
    wish = "asked to try again" + (f": {said.reason}" if said.reason else "")
    _queue_again(run, said, wish, not_before=not_before)


def _release(run: BookingRun, said: Said) -> None:
    _queue_again(
        run, said, "looked at the filled form: send it", released_at=timezone.now(), released_by=said.by
    )


def _pick_time(run: BookingRun, said: Said) -> None:
    picked = picked_time(said.value)
    starts_at = asking.start(picked.date(), picked.time(), run.time_zone)
    taken = Booking.objects.filter(
        account=run.account,
        starts_at=starts_at,
        status__in=LIVE_BOOKING_STATUSES,
        listing_id=run.listing_id,
    )
    if run.listing_id and taken.exists():
        raise AlreadyThere("The account already holds a live booking of this home at that time.")
    _queue_again(
        run,
        said,
        f"picked {picked:%a %d %b %Y at %H:%M}",
        wanted_date=picked.date(),
        wanted_time=picked.time(),
        starts_at=starts_at,
    )


def _pick_listing(run: BookingRun, said: Said) -> None:
    candidate: dict[str, str] = run.candidates[int(said.value)]
    address, number = candidate.get("address", ""), candidate.get("mls_number", "")
    _queue_again(
        run,
        said,
        f"picked the listing {address or number}",
        listing_id=candidate.get("listing_id", ""),
        mls_number=(number if address else run.mls_number)[:40],
        address=(address or run.address)[: asking.LONGEST_TEXT],
    )


def _shorten(run: BookingRun, said: Said) -> None:
    length = asking.minutes(int(said.value))
    _queue_again(run, said, f"made it {length} minutes", duration_minutes=length)


def _ask_approval(run: BookingRun, said: Said) -> None:
    _queue_again(run, said, "wants to ask for approval", auto_confirm_only=False)


def _it_is_there(run: BookingRun, said: Said) -> None:
    """Believed as told; BrokerBay's list is compared by itself, and then has the last word."""
    cancelled = run.kind == RunKind.CANCEL
    told = Move(
        to=RunState.DONE if cancelled else RunState.BOOKED,
        message=f"{said.by} saw it on BrokerBay" + (f": {said.reason}" if said.reason else ""),
        code="told_by_person",
    )
    move_free(run, told, source=said.source, by=said.by)
    booking_service.believe(run, by=said.by, source=said.source)
    queue_reconcile(run.account, source=said.source)


def _it_is_not_there(run: BookingRun, said: Said) -> None:
    _queue_again(run, said, "looked: BrokerBay does not have it")


def _give_up(run: BookingRun, said: Said) -> None:
    in_doubt = run.state == RunState.UNCONFIRMED
    gone = Move(to=RunState.CANCELLED, message=said.reason or f"{said.by} gave it up", code="stopped")
    move_free(run, gone, source=said.source, by=said.by)
    if in_doubt:  # it may stand on BrokerBay after all: then its people are told
        queue_reconcile(run.account, source=said.source)


_DEEDS: dict[Answer, Callable[[BookingRun, Said], None]] = {
    Answer.RELEASE: _release,
    Answer.TRY_AGAIN: _try_again,
    Answer.PICK_TIME: _pick_time,
    Answer.PICK_LISTING: _pick_listing,
    Answer.SHORTEN: _shorten,
    Answer.ASK_APPROVAL: _ask_approval,
    Answer.IT_IS_THERE: _it_is_there,
    Answer.IT_IS_NOT_THERE: _it_is_not_there,
    Answer.GIVE_UP: _give_up,
}
