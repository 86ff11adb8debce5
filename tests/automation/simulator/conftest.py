"""One local BrokerBay for a module's tests, emptied before each; one browser, when a test wants to click."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import requests
from playwright.sync_api import Browser, Page, sync_playwright

from automation.engine.browser import BrowserMissing, find_executable
from automation.simulator.control import Control
from automation.simulator.server import running

ROBOT = "robot@lakeside.example"
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
FIVE = time(17)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running(tmp_path_factory.mktemp("brokerbay") / "state.sqlite3") as control:
        yield control


@pytest.fixture
def control(server: Control) -> Control:
    server.reset()
    return server


@pytest.fixture
def home(control: Control) -> str:
    """An auto-confirm listing that can be booked for half an hour."""
    return control.add_listing(mls_number="C10000001", street="1 Invented Street")


@pytest.fixture
def visitor(control: Control) -> Iterator[requests.Session]:
    """A browser's HTTP half, signed in."""
    with requests.Session() as session:
        cookie = control.sign_in(ROBOT)["cookies"][0]
        session.cookies.set(cookie["name"], cookie["value"])
        yield session


def wish(on: date = TOMORROW, at: time = FIVE, minutes: int = 30) -> dict[str, object]:
    return {"date": on.isoformat(), "time": f"{at:%H:%M}", "duration": minutes}


def send(visitor: requests.Session, control: Control, home: str, **body: object) -> requests.Response:
    url = f"{control.base_url}/listing/{home}/appointment"
    return visitor.post(url, json=body or wish(), timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        found = find_executable()
    except BrowserMissing as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, control: Control) -> Iterator[Page]:
    """A page of a signed-in browser, which knows the site's address."""
    context = browser.new_context(
        storage_state=control.sign_in(ROBOT),  # type: ignore[arg-type]
        base_url=control.base_url,
        viewport={"width": 1280, "height": 800},
    )
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()
