"""A person signs the robot's account in, in the robot's own browser, as its supervisor opens it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from automation import vault
from automation.simulator.control import Control
from automation.simulator.server import running
from bookings.models import BookingRun, Screen, Stroke
from bookings.services import accounts, handoffs, runs
from bookings.vocabulary import Answer, Health, RunState, Source
from tests.automation.plant import (
    ROOT,
    booking_workers,
    browsers_below,
    database_url,
    lives,
    until,
    until_state,
    worker_of,
)
from tests.bookings.cast import Cast, make_cast, make_run

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

        found = until(look, what=f"“{label}” among {[c['label'] for c in self._controls()]}")
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

    def box_within(self, width: int) -> list[int] | None:
        """Where the page's first field is, if its page is that narrow."""
        boxes = [control["box"] for control in self._controls() if control["kind"] == "text"]
        return boxes[0] if boxes and boxes[0][0] + boxes[0][2] <= width else None

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
def browser(
    control: Control, run: BookingRun, *options: str, verbose: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """The child that the supervisor starts, by hand."""
    env = {
        **os.environ,
        "ENV_FILE": "",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "BROKERBAY_URL": control.base_url,
        "LOG_LEVEL": "DEBUG" if verbose else "WARNING",
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


def test_stop_closes_the_browser_at_once(control: Control, cast: Cast) -> None:
    run = ask(cast)
    with browser(control, run):
        AtTheBrowser(run, cast).fills("Email address", "somebody@example.com")
        handoffs.stop(run, by=cast.manager)
        run = until_state(run, RunState.CANCELLED, timeout=4)
    assert_nothing_stays(run)


@pytest.mark.parametrize("option", ["--idle=1.5", "--whole=3"])
def test_a_browser_that_is_left_alone_or_used_too_long_is_closed(
    control: Control, cast: Cast, option: str
) -> None:
    run = ask(cast)
    with browser(control, run, option):
        run = until_state(run, RunState.FAILED)
    assert run.reason_code == "sign_in_unfinished"
    assert_nothing_stays(run)
    cast.account.refresh_from_db()
    assert cast.account.session == ""


def test_while_brokerbay_cannot_be_reached_it_says_so(control: Control, cast: Cast) -> None:
    run = ask(cast)
    nowhere = Control("http://127.0.0.1:9", "")
    with browser(nowhere, run):
        run = until_state(run, RunState.FAILED)
    assert (run.reason_code, run.reason) == ("sign_in_unfinished", "BrokerBay cannot be reached.")
    assert run.next_step.startswith("Start it again")


def test_without_a_browser_it_says_what_to_do(
    control: Control, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_EXECUTABLE", "/bin/true")
    run = ask(cast)
    with browser(control, run):
        run = until_state(run, RunState.FAILED)
    assert run.reason_code == "browser_missing"
    assert "BROWSER_EXECUTABLE" in run.reason


def test_where_a_check_was_shown_only_the_person_says_when_it_is_done(control: Control, cast: Cast) -> None:
    home = control.add_listing(mls_number="N10000001", street="1 Example Street", auto_confirm=True)
    accounts.sign_in(
        cast.account, vault.seal(control.sign_in(cast.account.email)), by=None, source=Source.ROBOT
    )
    parked = make_run(cast.partner)
    BookingRun.objects.filter(pk=parked.pk).update(
        state=RunState.PARKED, reason_code="challenge_shown", listing_id=home
    )
    run = ask(cast)
    with browser(control, run):
        at = AtTheBrowser(run, cast)
        until(lambda: "1 Example Street" in at.screen().page.get("text", ""), what="the booking page")
        at.does({"kind": "done"})
        until_state(run, RunState.DONE)
    parked.refresh_from_db()
    assert parked.state == RunState.QUEUED


def test_contact_details_are_saved_once_and_the_run_goes_on(control: Control, cast: Cast) -> None:
    home = control.add_listing(mls_number="N10000002", street="2 Example Street", auto_confirm=True)
    control.set_fault("contact_form", listing=home)
    accounts.sign_in(
        cast.account, vault.seal(control.sign_in(cast.account.email)), by=None, source=Source.ROBOT
    )
    parked = make_run(cast.partner)
    BookingRun.objects.filter(pk=parked.pk).update(
        state=RunState.PARKED, reason_code="contact_details_wanted", listing_id=home
    )
    parked.refresh_from_db()
    run = runs.answer(parked, Answer.SIGN_IN, by=cast.manager)
    with browser(control, run):
        at = AtTheBrowser(run, cast)
        for field in ("First name", "Last name", "E-mail", "Company", "Phone"):
            at.fills(field, "robin@example.com" if field == "E-mail" else "416 555 0100")
        at.presses("Save Profile")
        until(lambda: control.events() and control.events()[-1].kind == "contact_saved", what="the save")
        at.does({"kind": "done"})
        until_state(run, RunState.DONE)
    parked.refresh_from_db()
    assert parked.state == RunState.QUEUED


def test_a_field_that_is_gone_is_not_typed_into_another(control: Control, cast: Cast) -> None:
    run = ask(cast)
    with browser(control, run):
        at = AtTheBrowser(run, cast)
        at.sees("Email address")
        at.does({"kind": "fill", "control": 0, "label": "PIN", "text": PIN})
        until(lambda: "did not reach" in at.screen().page.get("note", ""), what="a word about it")
        filled = [control["label"] for control in at.screen().page["controls"] if control["filled"]]
        assert filled == []
        handoffs.stop(run, by=cast.manager)


def test_a_phones_window_is_a_phones_page(control: Control, cast: Cast) -> None:
    run = ask(cast)
    with browser(control, run):
        at = AtTheBrowser(run, cast)
        at.sees("Email address")
        at.does({"kind": "size", "width": 390, "height": 600})
        until(lambda: (at.screen().width, at.screen().height) == (390, 600), what="a picture as wide as it")
        box = until(lambda: at.box_within(390), what="the page laid out anew")
        at.does({"kind": "click", "x": box[0] + 5, "y": box[1] + 5}, {"kind": "text", "text": "a@b.example"})
        until(
            lambda: any(each["filled"] for each in at.screen().page["controls"]),
            what="the field to be filled",
        )
        handoffs.stop(run, by=cast.manager)


def test_killed_it_is_taken_back_and_one_click_starts_again(control: Control, cast: Cast) -> None:
    with booking_workers(control):
        run = ask(cast)
        AtTheBrowser(run, cast).fills("Email address", "somebody@example.com")
        child = worker_of(run)
        browsers = browsers_below(child)
        assert browsers
        os.kill(child.pid, signal.SIGKILL)
        run = until_state(run, RunState.FAILED, timeout=10)
        assert run.reason_code == "sign_in_broke"
        assert_nothing_stays(run)
        until(lambda: not any(lives(one) for one in browsers), what="its browser to be gone", timeout=10)

        again = ask(cast)
        assert again != run
        AtTheBrowser(again, cast).signs_in(control, cast.account.email)
        until_state(again, RunState.DONE)


def test_what_was_typed_is_nowhere_afterwards(
    control: Control, cast: Cast, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = ask(cast)
    code = ""
    with browser(control, run, verbose=True):
        at = AtTheBrowser(run, cast)
        at.fills("Email address", cast.account.email)
        at.presses("Continue")
        at.presses("Log in with PropTx User ID")
        at.fills("User ID", MEMBER)
        at.fills("PIN", PIN)
        # A field that goes away under the typing: the browser's own message would repeat what was typed.
        at.does({"kind": "press", **at.sees("Log In")}, {"kind": "fill", **at.sees("PIN"), "text": PIN})
        at.presses("Send code")
        at.sees("Authorization code")
        code = control.code(cast.account.email) or ""
        at.fills("Authorization code", code)
        at.presses("Verify")
        until_state(run, RunState.DONE)
    assert code
    said = "".join(capfd.readouterr())
    rows = "\n".join(connection.connection.iterdump()) if connection.vendor == "sqlite" else ""
    kept = b"".join(_files_below(Path(settings.DATA_DIR)))
    for secret in (PIN, code):
        assert secret not in said
        assert secret not in rows
        assert secret.encode() not in kept


def _files_below(folder: Path) -> Iterator[bytes]:
    """What is in each file; a browser that has just ended may still be taking its own away."""
    for place, _folders, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                if (file := Path(place, name)).is_file():
                    yield file.read_bytes()
