"""The sign-in pages' reads."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User

from bookings.models import Account, BookingRun
from bookings.vocabulary import CURED_AT_THE_BROWSER, RunKind, RunState

MAY = "sign_in_account"


def visible_handoff(user: User, run_uuid: UUID) -> BookingRun | None:
    runs = BookingRun.objects.visible_to(user).filter(uuid=run_uuid, kind=RunKind.SIGN_IN)
    run: BookingRun | None = runs.select_related("account", "partner", "created_by").first()
    return run


def visible_account(user: User, pk: int) -> Account | None:
    accounts = Account.objects.visible_to(user).filter(pk=pk)
    account: Account | None = accounts.select_related("partner").defer("session").first()
    return account


def may_sign_in(user: User, account: Account) -> bool:
    """Whether the person's role at the account's own partner lets them sign it in."""
    return Account.objects.visible_to(user, may=MAY).filter(pk=account.pk).exists()


def waiting_runs(account: Account) -> int:
    """How many runs go on once the account is signed in."""
    parked = BookingRun.objects.filter(account=account, state=RunState.PARKED)
    return parked.filter(reason_code__in=CURED_AT_THE_BROWSER).count()
