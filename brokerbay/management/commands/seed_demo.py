from __future__ import annotations

from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from brokerbay.ops import demo, local_sites


class Command(BaseCommand):
    help = "Make the demo's people and wishes (once; what is there already is kept)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_PASSWORD:
            raise CommandError("DEMO_PASSWORD is missing. Set it; `make run` makes one by itself.")
        if settings.SIMULATOR_TOKEN:
            _require_local("BROKERBAY_URL", "SUPABASE_URL")
        names = demo.make_people(settings.DEMO_PASSWORD)
        self.stdout.write(f"People who can sign in: {', '.join(names)}")
        if not settings.SIMULATOR_TOKEN:
            self.stdout.write("Not every site is a local stand-in, so nothing of the demo is put into them.")
            return
        try:
            made = demo.fill_local_worlds()
        except requests.RequestException as down:
            raise CommandError(
                f"The local BrokerBay or Supabase does not answer ({type(down).__name__}). "
                "Start them with `make run`, then try again."
            ) from down
        self.stdout.write(f"New showing requests in the local Supabase: {made}")


def _require_local(*names: str) -> None:
    """Stop before a demo's requests reach a site that is not this machine's own."""
    far = [name for name in names if not local_sites.is_local(getattr(settings, name))]
    if far:
        raise CommandError(
            f"{' and '.join(far)} does not lead to this machine, and the demo steers local stand-ins only. "
            "Unset SIMULATOR_TOKEN to make just the people, or run the demo by `make run`."
        )
