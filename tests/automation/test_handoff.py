"""A person signs the robot's account in, in the robot's own browser, as its supervisor opens it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from automation import vault
from automation.simulator.control import Control
from automation.simulator.server import running
from bookings.models import BookingRun, Screen, Stroke
from bookings.services import handoffs
from bookings.vocabulary import Health, RunState
from tests.automation.plant import (
    ROOT,
    database_url,
    until,
    until_state,
)
from tests.bookings.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)

PIN = "49275501"  # typed by the person, and to be found nowhere afterwards
MEMBER = "9876543"


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with running(tmp_path / "brokerbay.sqlite3") as control:
        yield control


@pytest.fixture
def cast(control: Control) -> Cast:
    cast = make_cast()
    control.add_account(cast.account.email, member_id=MEMBER, pin=PIN)
    return cast


class AtTheBrowser:
    """A person who sees the list of the page's controls and steers by it."""

    def __init__(self, run: BookingRun, cast: Cast) -> None:
        self.run = run
        self.by = cast.manager

    def sees(self, label: str) -> dict[str, Any]:
        """The control of that label, once it is there, with its number."""

        def look() -> dict[str, Any] | None:
            for number, control in enumerate(self.screen().page.get("controls", ())):
                if control["label"] == label and not control["off"]:
                    return {"control": number, "label": label}
            return None

        found = until(look, what=f"“{label}” among {[c['label'] for c in self._controls()]}", timeout=20)
        assert found is not None
        return found

    def _controls(self) -> list[dict[str, Any]]:
        return list(self.screen().page.get("controls", ()))

    def screen(self) -> Screen:
        self.run.refresh_from_db()
        assert self.run.is_open, (self.run.state, self.run.reason)
        return Screen.objects.filter(run=self.run).first() or Screen()

    def does(self, *strokes: dict[str, Any]) -> None:
        handoffs.send(self.run, strokes, by=self.by)

    def fills(self, label: str, text: str) -> None:
        self.does({"kind": "fill", **self.sees(label), "text": text})

    def presses(self, label: str) -> None:
        self.does({"kind": "press", **self.sees(label)})

    def signs_in(self, control: Control, email: str) -> None:
        self.fills("Email address", email)
        self.presses("Continue")
        self.presses("Log in with PropTx User ID")
        self.fills("User ID", MEMBER)
        self.fills("PIN", PIN)
        self.presses("Log In")
        self.presses("Send code")
        self.sees("Authorization code")
        self.fills("Authorization code", control.code(email) or "")
        self.presses("Verify")


@contextmanager
def browser(control: Control, run: BookingRun, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The child that the supervisor starts, by hand."""
    env = {
        **os.environ,
        "ENV_FILE": "",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "BROKERBAY_URL": control.base_url,
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "manage.py", "sign_in_account", "--run", str(run.pk), *options]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        yield process
        process.wait(30)
    finally:
        process.kill()
        process.wait()


def ask(cast: Cast) -> BookingRun:
    return handoffs.open_for(cast.account, by=cast.manager)


def assert_nothing_stays(run: BookingRun) -> None:
    assert not Screen.objects.filter(run=run).exists()
    assert not Stroke.objects.filter(run=run).exists()


def test_a_person_signs_in_with_a_code_and_the_session_is_kept(control: Control, cast: Cast) -> None:
    run = ask(cast)
    with browser(control, run):
        AtTheBrowser(run, cast).signs_in(control, cast.account.email)
        run = until_state(run, RunState.DONE)
    cast.account.refresh_from_db()
    assert cast.account.health == Health.SIGNED_IN
    session = vault.unseal(cast.account.session)
    assert session is not None
    assert session["cookies"]
    assert_nothing_stays(run)
