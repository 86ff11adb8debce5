"""One whole warm booking run, rows and pictures and all, against the bare script's clicks.

`python -m tests.bench.portal_run` prints one line of JSON: {runs, portal_ms: [...], bare_ms: [...]}.
Portal: from the claim of a queued run until it is settled as booked. Both use the same browser, in turn.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time as clock
from collections.abc import Coroutine
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from automation.simulator.control import Control
from automation.simulator.server import running

RUNS = 11
ACCOUNT, MLS, MINUTES = "robin@lakeside.example", "N12345678", 30


def measure(runs: int = RUNS) -> dict[str, Any]:
    day = datetime.now(ZoneInfo("America/Toronto")).date() + timedelta(days=2)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "brokerbay.sqlite3") as control:
        prepare(Path(folder), control)
        pairs = [_pair(control, day, portal_first=bool(run % 2)) for run in range(runs + 1)][1:]
        _close_browser()
    return {
        "runs": runs,
        "portal_ms": [pair["portal"] for pair in pairs],
        "bare_ms": [pair["bare"] for pair in pairs],
    }


def prepare(folder: Path, control: Control) -> None:
    """A portal of its own: nothing of the caller's settings or rows is touched."""
    os.environ.update(
        ENV_FILE="",
        DJANGO_SETTINGS_MODULE="brokerbay.settings",
        SECRET_KEY="only-for-measuring-" + "0123456789" * 5,
        SESSION_KEYS="MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        DATA_DIR=str(folder),
        DATABASE_URL="",
        REDIS_URL="",
        BROKERBAY_URL=control.base_url,
        EMAIL_URL="dummymail://",
        LOG_LEVEL="WARNING",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def _pair(control: Control, day: date, *, portal_first: bool) -> dict[str, float]:
    from automation import browser_thread
    from tests.bench import bare_booking

    control.reset()
    control.add_listing(
        mls_number=MLS, street="100 Example Boulevard", unit="3008", max_minutes=60, days_ahead=60
    )
    browser = browser_thread.present().browser
    account = new_account(control)

    async def bare(session: Any) -> float:
        async with browser.context_for(str(account.pk), session) as context:
            began = clock.perf_counter()
            await bare_booking.book(
                context, base_url=control.base_url, mls_number=MLS, day=day, at=time(15), minutes=MINUTES
            )
            return (clock.perf_counter() - began) * 1000

    async def visit(session: Any) -> None:
        async with browser.context_for(str(account.pk), session) as context:
            page = await context.new_page()
            await page.goto(control.base_url)
            await page.close()

    async def rest(session: Any) -> None:
        """Until what the last one leaves to do in the browser is done: a blank page for the next."""
        await browser.lay_page(str(account.pk))
        async with browser.context_for(str(account.pk), session):
            return

    _in_browser(visit(_session(account)))
    took = {}
    for name in ("portal", "bare") if portal_first else ("bare", "portal"):
        _in_browser(rest(_session(account)))
        took[name] = _portal(account, day) if name == "portal" else _in_browser(bare(_session(account)))
    assert len(control.posts()) == 2
    return took


def _portal(account: Any, day: date) -> float:
    from automation import relay
    from bookings.services import runs
    from bookings.vocabulary import RunState, Source

    run = runs.queue(
        runs.Wish(
            property_text=MLS,
            mls_number=MLS,
            address="100 Example Boulevard #3008, Toronto",
            date=day,
            time=time(11),
            duration_minutes=MINUTES,
        ),
        partner=account.partner,
        source=Source.PERSON,
    )
    began = clock.perf_counter()
    held = runs.claim(run.pk, holder="bench")
    assert held is not None
    ended = relay.play(held)
    took = (clock.perf_counter() - began) * 1000
    assert ended.state == RunState.BOOKED, ended.reason
    return took


def new_account(control: Control) -> Any:
    """A fresh partner's account, signed in, so that no row of the last pair is in the way."""
    from automation import vault
    from bookings.models import Account, Partner
    from bookings.services import accounts
    from bookings.vocabulary import Rehearsal, Source

    number = Partner.objects.count()
    partner = Partner.objects.create(name=f"Partner {number}", rehearsal=Rehearsal.NEVER)
    account = Account.objects.create(partner=partner, email=f"{number}.{ACCOUNT}")
    accounts.sign_in(account, vault.seal(control.sign_in(account.email)), by=None, source=Source.ROBOT)
    return account


def _session(account: Any) -> dict[str, Any] | None:
    from automation import vault

    account.refresh_from_db()  # the portal keeps it as the browser left it
    return vault.unseal(account.session)


def _in_browser(work: Coroutine[Any, Any, Any]) -> Any:
    from automation import browser_thread

    return browser_thread.present().start(work).result(60)


def _close_browser() -> None:
    from automation import browser_thread

    _in_browser(browser_thread.present().browser.close())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
