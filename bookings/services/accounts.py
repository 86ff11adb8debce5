"""BrokerBay accounts: their sessions kept (already encrypted by the caller) and their health."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from bookings.models import Account
from bookings.services import audit, runs
from bookings.vocabulary import Health, Source


def sign_in(account: Account, sealed_session: str, *, by: User | None, source: Source) -> int:
    """Keep a fresh session that a person signed in, and let the account's waiting runs go on.

    `sealed_session` is the encrypted storage state. Returns how many runs go on.
    """
    now = timezone.now()
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(
            session=sealed_session,
            session_saved_at=now,
            signed_in_at=now,
            checked_at=now,
            health=Health.SIGNED_IN,
        )
        account.refresh_from_db()
        audit.note("account.signed_in", account, source=source, by=by, partner=account.partner)
        return runs.resume_signed_in(account, by=by, source=source)


def keep_session(account_id: int, sealed_session: str) -> None:
    """Keep the session as the browser left it after an attempt: BrokerBay renews its cookies."""
    Account.objects.filter(pk=account_id).update(session=sealed_session, session_saved_at=timezone.now())
