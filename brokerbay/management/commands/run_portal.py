from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from automation.engine.browser import BrowserMissing
from brokerbay.env import OUTSIDE_SITES
from brokerbay.ops import browser, demo, local_sites, portal, static_files
from brokerbay.ops.local_sites import LocalSites
from brokerbay.ops.processes import leashed

INTERRUPTED = frozenset({130, 143})
MAY_SEED_FOR = 60.0  # seconds that the first lines wait for the people they name


class Command(BaseCommand):
    help = "Prepare and run the whole portal on this machine; what `make run` does."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
            with portal.only_one(settings.DATA_DIR):
                code = self._run()
        except (portal.CannotStart, BrowserMissing) as reason:
            raise CommandError(str(reason)) from None
        if code not in INTERRUPTED | {0}:
            raise CommandError("One of the portal's processes ended; its last lines above say why.")
        self.stdout.write("The portal has ended. `make run` starts it again with the same data.")

    def _run(self) -> int:
        portal.require_port(settings.BIND_HOST, settings.PORT)
        found = browser.find_or_install(settings.BROWSER_EXECUTABLE, tell=self.stdout.write)
        self._prepare()
        sites = local_sites.plan(
            data_dir=settings.DATA_DIR,
            configured={name: getattr(settings, name) for name in OUTSIDE_SITES},
            token=settings.SIMULATOR_TOKEN,
        )
        environment = self._environment(sites, found.path or "")
        seeded = threading.Event()
        portal.once(lambda: portal.listen_on(sites.ports), lambda: self._seed(environment, seeded))
        portal.once(
            lambda: portal.is_live(settings.BIND_HOST, settings.PORT), lambda: self._announce(sites, seeded)
        )
        lines = portal.commands((settings.BASE_DIR / "Procfile").read_text(encoding="utf-8"))
        return portal.run(
            {**sites.commands, **lines},
            leaned_on=sites.commands,
            environment=environment,
            base=settings.BASE_DIR,
        )

    def _prepare(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        if not settings.DEBUG:
            static_files.collect_if_changed(Path(settings.STATIC_ROOT))
        # The processes are forked from this one and must not inherit its connections.
        connections.close_all()

    def _environment(self, sites: LocalSites, browser_path: str) -> dict[str, str]:
        """What the portal's processes see: ours, the local sites, and this Python's programmes first."""
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PORT": str(settings.PORT),
            "BIND_HOST": settings.BIND_HOST,
            "DATA_DIR": str(settings.DATA_DIR),
            "PYTHONUNBUFFERED": "1",
        }
        if browser_path:
            own["BROWSER_EXECUTABLE"] = browser_path
        if not os.environ.get("EMAIL_URL"):
            own["EMAIL_URL"] = f"filemail:///{settings.DATA_DIR / 'mail'}"
        if len(sites.commands) < 2:
            # One of the sites is a real one: nothing of the demo may be put into it.
            own["SIMULATOR_TOKEN"] = ""
        return {**os.environ, **own, **sites.environment}

    def _seed(self, environment: dict[str, str], seeded: threading.Event) -> None:
        try:
            done = subprocess.run(
                leashed(sys.executable, "manage.py", "seed_demo"),
                cwd=settings.BASE_DIR,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            self.stdout.write(done.stdout.strip() if done.returncode == 0 else done.stderr.strip())
        finally:
            seeded.set()

    def _announce(self, sites: LocalSites, seeded: threading.Event) -> None:
        seeded.wait(MAY_SEED_FOR)
        lines = what_to_know(sites, is_password=demo.is_password(settings.DEMO_PASSWORD))
        connections.close_all()
        width = max(map(len, lines))
        frame = "+" + "-" * (width + 2) + "+"
        body = "\n".join(f"| {line:<{width}} |" for line in lines)
        self.stdout.write(f"\n{frame}\n{body}\n{frame}\n")


def what_to_know(sites: LocalSites, *, is_password: bool = True) -> list[str]:
    """The lines that a person needs first: where the portal is, who may sign in, what is real.

    `is_password` says whether DEMO_PASSWORD is what the people were made with.
    """
    lines = [f"The portal is at {settings.SITE_URL}"]
    if settings.DEMO_PASSWORD:
        known = (
            f"password {settings.DEMO_PASSWORD}"
            if is_password
            else "password as before DEMO_PASSWORD changed"
        )
        lines.append(f"Sign in, {known}, as")
        lines.append("  admin (sees everything)")
        for partner in demo.PARTNERS:
            people = ", ".join(partner.people)
            lines.append(f"  {people} (see {partner.name} alone)")
    if sites.commands:
        kinds = " and ".join(sorted(sites.commands))
        lines.append(f"Local stand-ins, no real site is touched there: {kinds}")
    if "brokerbay-sim" in sites.commands:
        lines.append(f"The local BrokerBay, to look at: {sites.environment['BROKERBAY_URL']}")
    lines.append("Ctrl-C ends it and everything it started.")
    return lines
