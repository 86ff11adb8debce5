from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

ENDS = (signal.SIGTERM, signal.SIGINT)


class Command(BaseCommand):
    help = "Listen to Supabase Realtime, so that a change of a request is here within seconds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--bare",
            nargs=2,
            metavar=("NAME", "PULSE"),
            help="Run the bare bridge under this name, and touch this file (what its keeper starts).",
        )

    def handle(self, *args: Any, bare: list[str] | None, **options: Any) -> None:
        if not settings.SUPABASE_URL:
            # Its line in the Procfile stays, or all the others would end with it.
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
            self.stdout.write("SUPABASE_URL is not set: there is nothing to listen to.")
            signal.sigwait(ENDS)
        elif bare:
            _run(bare[0], Path(bare[1]))
        else:
            from brokerbay.ops.bridge import Keeper

            Keeper().run()


def _run(holder: str, pulse: Path) -> None:
    from ingest import bridge

    one = bridge.from_settings(holder, alive=pulse.touch)
    for signum in ENDS:
        signal.signal(signum, lambda *_: one.stop())
    one.run()
