"""Which account a run goes through, as long as nothing was sent for it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import Account, Booking, BookingRun
from bookings.services import audit, people
from bookings.services.errors import AlreadyThere, Moved, NotAllowed, Rejected
from bookings.services.runs.bells import ring
from bookings.services.runs.log import write
from bookings.vocabulary import LIVE_BOOKING_STATUSES, RunKind, RunState, Source

WAITS = (RunState.QUEUED, RunState.PARKED, RunState.REFUSED, RunState.FAILED)


def assign(
    run: BookingRun, account: Account, *, by: User, source: Source = Source.PERSON, reason: str = ""
) -> BookingRun:
    """Let another of the partner's accounts carry a waiting booking or check.

    Raises Rejected for an account that cannot take it, NotAllowed for a run that an account already acts for,
    AlreadyThere for a double, Moved when somebody else was faster.
    """
    people.require(by, "book_run", run.partner)
    with transaction.atomic():
        row = BookingRun.objects.select_for_update(of=("self",)).select_related("partner", "account")
        run = row.get(pk=run.pk)
        if run.account_id == account.pk:
            return run
        _require_fit(run, account)
        before = run.account
        free = BookingRun.objects.filter(
            pk=run.pk, account=before, state=run.state, lease_until=None, submitting_at=None
        )
        try:
            with transaction.atomic():
                moved = free.update(account=account, updated_at=timezone.now())
        except IntegrityError as double:
            raise AlreadyThere("That account has the same under way in another run.") from double
        if moved != 1:
            raise Moved("A worker or somebody else was faster; look again.")
        run.account = account
        write(run.pk, f"{by} gave this to the account {account}")
        audit.note(
            "run.assigned",
            run,
            source=source,
            by=by,
            partner=run.partner,
            before={"account": before.email},
            after={"account": account.email},
            reason=reason,
        )
        if run.state == RunState.QUEUED:
            ring(run.pk)
    return run


def _require_fit(run: BookingRun, account: Account) -> None:
    if account.partner_id != run.partner_id:
        raise Rejected(
            f"That account belongs to another partner than this run: {run.partner}.", field="account"
        )
    if not account.is_active:
        raise Rejected("That account is switched off.", field="account")
    if run.kind not in (RunKind.BOOK, RunKind.CHECK):
        raise NotAllowed("This goes through the account that holds the showing; no other can do it.")
    if run.state not in WAITS or run.submitting_at is not None or run.lease_until is not None:
        raise NotAllowed("It is under way, has ended, or was sent by its account already.")
    if run.starts_at is None:
        return
    home = Q(property_id__in={run.mls_number, run.property_text} - {""})
    if run.address:
        home |= Q(property_address__iexact=run.address)
    held = Booking.objects.filter(
        home, account=account, starts_at=run.starts_at, status__in=LIVE_BOOKING_STATUSES
    )
    if held.exists():
        raise AlreadyThere("That account already holds a live booking for this showing.", field="account")
