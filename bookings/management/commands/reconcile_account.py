from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User

from bookings.management.run_command import RunCommand, refuse
from bookings.models import Account, BookingRun
from bookings.services import runs
from bookings.vocabulary import RunState, Source


class Command(RunCommand):
    help = "Read a BrokerBay account's own list whole and compare it with the bookings here."

    def add_wish(self, parser: ArgumentParser) -> None:
        parser.add_argument("account", help="The account's e-mail.")

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        account = Account.objects.visible_to(by).filter(email__iexact=options["account"].strip()).first()
        if account is None:
            refuse(f"{by} has no BrokerBay account “{options['account']}”.")
        return runs.queue_reconcile(account, source=Source.PERSON, by=by)

    def found(self, run: BookingRun) -> tuple[str, ...]:
        """How many showings are as known, and what became of the others."""
        return (run.reason,) if run.state == RunState.DONE else ()
