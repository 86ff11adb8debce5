"""The health of an account, as its runs learn it: one that needs a person keeps its whole queue waiting."""

from __future__ import annotations

from django.utils import timezone

from bookings.models import Account, BookingRun
from bookings.services import news
from bookings.vocabulary import SICK, Health, RunState

HEALTH_TOLD = {"needs_sign_in": Health.NEEDS_SIGN_IN, "challenge_shown": Health.CHALLENGED}


def follow(run: BookingRun) -> None:
    """Write down what a run's move tells of its account. A new trouble owes its people one notice."""
    now = timezone.now()
    account = Account.objects.filter(pk=run.account_id)
    trouble = (
        HEALTH_TOLD.get(run.reason_code) if run.state in (RunState.PARKED, RunState.UNCONFIRMED) else None
    )
    if trouble is not None:
        turned = account.exclude(health=trouble).update(health=trouble, checked_at=now)
        account.update(checked_at=now)
        if turned:
            news.of_account(run, key=f"account:{run.account_id}:{trouble.value}:{now.isoformat()}")
    elif run.state in (RunState.BOOKED, RunState.DONE) and run.reason_code != "told_by_person":
        account.update(health=Health.SIGNED_IN, checked_at=now)


def look_again(account: Account) -> None:
    """A person wants to know whether the account still needs them: the next run finds out."""
    Account.objects.filter(pk=account.pk, health__in=SICK).update(health=Health.UNKNOWN)
    account.refresh_from_db(fields=["health"])
