"""The whole portal as `make run` starts it, used in a real browser as a partner uses it."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from automation.simulator import demo as town
from brokerbay.ops import local_sites, portal
from tests.automation.plant import until

PASSWORD = "only-for-tests"
PATIENCE = 60_000  # milliseconds
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Home:
    """A listing of the demo's town, booked at a time of its own so that no test meets another's."""

    mls_number: str
    address: str
    days: int

    @property
    def day(self) -> str:
        return (datetime.now(UTC) + timedelta(days=self.days)).date().isoformat()


def home(mls_number: str, *, days: int) -> Home:
    listing = next(one for one in town.catalogue() if one["mls_number"] == mls_number)
    return Home(mls_number, listing["street"], days)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running portal with the demo's people, its sites and its workers; everything ends with it."""
    folder = tmp_path_factory.mktemp("spine")
    port = local_sites.free_port()
    environment = {
        **os.environ,
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        "DATABASE_URL": "",
        "PORT": str(port),
        "DEMO_PASSWORD": PASSWORD,
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_portal"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: portal.is_live("127.0.0.1", port), what="the portal to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_executable().path)
        yield browser
        browser.close()


def signed_in(browser: Browser, address: str, name: str, viewport: dict[str, int]) -> Page:
    page = browser.new_context(viewport=viewport, accept_downloads=True).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(address)
    # The demo's people are made while the portal starts.
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


@pytest.fixture(scope="module")
def booked_by_itself(browser: Browser, address: str) -> Page:
    """The demo's own requests have come in and are booked: nobody clicked."""

    def look() -> bool:
        page = browser.new_page()
        try:
            page.goto(address)
            page.get_by_label("User name").fill("lakeside-agent")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            return page.get_by_role("heading", name="Dashboard").is_visible()
        finally:
            page.close()

    until(look, what="the demo's people to be made")
    page = signed_in(browser, address, "lakeside-agent", DESKTOP)
    runs = page.get_by_role("region", name="Recent runs").get_by_role("link")
    expect(runs.filter(has_text="Booked").filter(has_text="Marigold")).to_be_visible()
    return page


def test_requests_are_booked_while_nobody_clicks(booked_by_itself: Page, address: str) -> None:
    page = booked_by_itself
    page.goto(f"{address}/admin/bookings/booking/")
    expect(page.get_by_role("link", name=re.compile("100 Marigold Boulevard #3008"))).to_be_visible()
    expect(page.get_by_text("Confirmed", exact=False).first).to_be_visible()


@pytest.mark.parametrize(
    ("viewport", "wanted"),
    [
        pytest.param(DESKTOP, home("W10000109", days=9), id="desktop"),
        pytest.param(PHONE, home("C10000106", days=9), id="phone"),
    ],
)
def test_a_partner_books_watches_finds_filters_and_exports(
    browser: Browser, booked_by_itself: Page, address: str, viewport: dict[str, int], wanted: Home
) -> None:
    page = signed_in(browser, address, "lakeside-agent", viewport)
    page.goto(f"{address}/auto-book")
    page.get_by_label("Property").fill(wanted.mls_number)
    page.get_by_label("Date").fill(wanted.day)
    page.get_by_label("Start time").fill("14:30")
    page.get_by_label("30 minutes").check()
    page.get_by_role("button", name="Book it").click()

    log = page.get_by_role("log")
    expect(log).to_contain_text("Chose 30 minutes")
    expect(log).to_contain_text("Seen in BrokerBay's own list")
    expect(page.get_by_text("Booked and confirmed.")).to_be_visible()
    pictures = page.get_by_role("link", name=re.compile("Picture of BrokerBay"))
    expect(pictures.first).to_be_visible()
    assert pictures.count() >= 8
    shown = pictures.first.get_by_role("img")
    shown.scroll_into_view_if_needed()
    until(lambda: shown.evaluate("image => image.naturalWidth") > 100, what="the picture to be there")

    page.goto(
        f"{address}/admin/bookings/booking/?q={wanted.address.replace(' ', '+')}&status__exact=Confirmed"
    )
    rows = page.locator("#result_list tbody tr")
    expect(rows.filter(has_text="2:30 PM")).to_have_count(1)

    answer = page.request.get(f"{address}/api/export/csv?search={wanted.address}&status=Confirmed")
    lines = list(csv.DictReader(io.StringIO(answer.text())))
    assert [wanted.address in line["Property Address"] for line in lines] == [True] * len(lines)
    assert [line["Booking Time"] for line in lines].count("14:30") == 1


def test_another_partner_sees_nothing_of_it(browser: Browser, booked_by_itself: Page, address: str) -> None:
    booked_by_itself.goto(f"{address}/api/auto-book")
    job = booked_by_itself.request.get(f"{address}/api/auto-book").json()["jobs"][0]
    page = signed_in(browser, address, "hillcrest-agent", PHONE)
    for path in (f"/runs/{job['id']}", f"/api/auto-book/{job['id']}", f"/api/auto-book/{job['id']}/stream"):
        assert page.request.get(address + path).status == 404
    page.goto(f"{address}/admin/bookings/booking/?q=Marigold")
    expect(page.get_by_text("100 Marigold")).to_have_count(0)


@pytest.mark.usefixtures("booked_by_itself")
def test_the_pictures_folder_belongs_to_its_owner_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.getbasetemp()
    folders = list(base.glob("spine*/evidence"))
    assert folders
    assert {folder.stat().st_mode & 0o077 for folder in folders} == {0}
