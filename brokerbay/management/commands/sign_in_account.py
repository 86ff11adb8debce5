from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from automation import handoff, holders
from automation.engine.handoff import Patience
from bookings.models import Account, BookingRun
from bookings.services import handoffs, runs
from bookings.services.errors import Rejected
from bookings.vocabulary import RunKind, RunState, Source
from brokerbay.ops.handoffs import FOLDER
from brokerbay.ops.processes import own_temporary_folder

USUAL = Patience()
BETWEEN_TRIES = 0.5  # seconds; another browser may use the account until its booking has ended


class Command(BaseCommand):
    help = "Open a BrokerBay account's browser for a person to sign it in, and show it until that has ended."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("email", nargs="?", help="The account's e-mail; prints the page to go to.")
        which.add_argument(
            "--run", type=int, help="A sign-in that was asked for (what the supervisor starts)."
        )
        parser.add_argument("--idle", type=float, default=USUAL.idle, help="Seconds without a click or key.")
        parser.add_argument("--whole", type=float, default=USUAL.whole, help="Seconds in all.")

    def handle(
        self, *args: Any, email: str | None, run: int | None, idle: float, whole: float, **options: Any
    ) -> None:
        run_id = run if run is not None else self._ask(email or "")
        # The browser's own files live in its folder, and go with it.
        os.environ["TMPDIR"] = str(own_temporary_folder(Path(settings.DATA_DIR) / "tmp", FOLDER))
        held = _claim(run_id)
        if held is None:
            self.stdout.write("nothing to do")
            return
        ended = handoff.play(held, patience=Patience(idle=idle, whole=whole))
        self.stdout.write(f"{ended.state}: {ended.title}")

    def _ask(self, email: str) -> int:
        account = Account.objects.filter(email__iexact=email).select_related("partner").first()
        if account is None:
            raise CommandError(f"No BrokerBay account has the e-mail {email}. The admin lists them.")
        try:
            run = handoffs.open_for(account, by=None, source=Source.PERSON)
        except Rejected as no:
            raise CommandError(no.message) from no
        page = reverse("handoff", args=[run.uuid])
        self.stdout.write(f"Sign in here: {settings.SITE_URL.rstrip('/')}{page}")
        self.stdout.flush()
        return int(run.pk)


def _claim(run_id: int) -> BookingRun | None:
    """The run, once nothing else uses its account; None when it was ended or taken meanwhile."""
    pause = threading.Event()
    while True:
        if (held := runs.claim(run_id, holder=holders.this_process(), signs_in=True)) is not None:
            return held
        handoffs.waiting()  # one that waited too long expires
        waits = BookingRun.objects.filter(pk=run_id, kind=RunKind.SIGN_IN, state=RunState.QUEUED)
        if not waits.exists():
            return None
        pause.wait(BETWEEN_TRIES)
