"""A person signs the robot's account in, in a real browser; portal, workers and BrokerBay run apart."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from automation.engine.browser import find_executable
from automation.simulator.control import Control
from automation.simulator.server import running as brokerbay
from tests.bookings.live.portal import PROJECT, Portal, environment, running

PATIENCE = 30_000  # milliseconds
MEMBER, PIN = "5550142", "86420"


@dataclass(frozen=True, slots=True)
class Plant:
    portal: Portal
    control: Control
    browser: Browser

    def context(self, session: str, **options: Any) -> BrowserContext:
        context = self.browser.new_context(reduced_motion="reduce", **options)
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.portal.address}])
        return context


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder = tmp_path_factory.mktemp("handoff")
    expect.set_options(timeout=PATIENCE)
    with brokerbay(folder / "brokerbay.sqlite3") as control:
        site = {"BROKERBAY_URL": control.base_url}
        with (
            running(folder, **site) as portal,
            workers(environment(folder, **site)),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=find_executable().path)
            yield Plant(portal, control, browser)
            browser.close()


class workers:  # noqa: N801 - read as a phrase
    def __init__(self, env: dict[str, str]) -> None:
        subprocess.run([sys.executable, "manage.py", "createcachetable"], cwd=PROJECT, env=env, check=True)
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "run_workers", "booking"], cwd=PROJECT, env=env
        )

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        below = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        self._process.wait(40)
        _, alive = psutil.wait_procs(below, timeout=10)
        assert alive == []


@pytest.fixture
def person(plant: Plant) -> dict[str, Any]:
    cast = plant.portal.worker("cast")
    manager: dict[str, Any] = plant.portal.worker("manager", partner=cast["partner"])
    manager["partner"] = cast["partner"]
    plant.control.add_account(manager["email"], member_id=MEMBER, pin=PIN)
    return manager


def open_desk(plant: Plant, person: dict[str, Any], page: Page) -> None:
    page.goto(f"{plant.portal.address}/accounts/{person['account']}/sign-in")
    page.get_by_role("button", name=re.compile("Open the robot|Go to the open")).click()
    expect(page.get_by_role("heading", name=re.compile("The robot's browser"))).to_be_visible()
    expect(controls(page).get_by_label("Email address")).to_be_visible()


def controls(page: Page) -> Locator:
    return page.get_by_role("list", name="Fields and buttons")


def fill(page: Page, label: str, text: str) -> None:
    field = controls(page).get_by_label(label)
    field.fill(text)
    field.press("Enter")
    expect(controls(page).get_by_text("filled in").first).to_be_visible()


def press(page: Page, name: str) -> None:
    controls(page).get_by_role("button", name=name).click()


def code(plant: Plant, email: str) -> str:
    deadline = time.monotonic() + 20
    while not (sent := plant.control.code(email)):
        assert time.monotonic() < deadline
    return sent


def shot(page: Page, name: str) -> None:
    """For people who look at the pages: `HANDOFF_PICTURES=folder`."""
    if folder := os.environ.get("HANDOFF_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_on_a_phone_by_tapping_and_typing(plant: Plant, person: dict[str, Any]) -> None:
    context = plant.context(
        person["session"], viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    open_desk(plant, person, page)
    picture = page.locator("[data-picture]")
    expect(picture).to_have_js_property(
        "naturalWidth", page.locator("[data-surface]").evaluate("it => it.clientWidth")
    )
    shot(page, "phone")
    typed = page.get_by_label("Type into the robot's page")
    # The page has the focus in its first field already, as on one's own phone.
    typed.press_sequentially(person["email"])
    expect(controls(page).get_by_text("filled in")).to_be_visible()
    typed.press("Enter")
    press(page, "Log in with PropTx User ID")
    expect(controls(page).get_by_label("User ID")).to_be_visible()
    typed.press_sequentially(MEMBER)
    page.get_by_role("button", name="Next field").click()
    expect(typed).to_have_attribute("type", "password")
    typed.press_sequentially(PIN)
    shot(page, "phone-pin")
    typed.press("Enter")
    press(page, "Send code")
    expect(controls(page).get_by_label("Authorization code")).to_be_visible()
    typed.press_sequentially(code(plant, person["email"]))
    typed.press("Enter")
    expect(page.get_by_text("Signed in.", exact=True)).to_be_visible()
    shot(page, "phone-done")
    context.close()


def test_by_the_list_of_fields_alone_as_a_screen_reader_does(plant: Plant, person: dict[str, Any]) -> None:
    context = plant.context(person["session"], viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    open_desk(plant, person, page)
    fill(page, "Email address", "nobody@example.com")
    press(page, "Continue")
    shot(page, "desktop-dark")
    fill(page, "Email address", person["email"])
    press(page, "Continue")
    press(page, "Log in with PropTx User ID")
    fill(page, "User ID", MEMBER)
    fill(page, "PIN", PIN)
    press(page, "Log In")
    press(page, "Send code")
    fill(page, "Authorization code", code(plant, person["email"]))
    press(page, "Verify")
    expect(page.get_by_text("Signed in.", exact=True)).to_be_visible()
    context.close()
    assert complaints == []


def test_two_people_share_one_browser_and_see_each_others_keys(plant: Plant, person: dict[str, Any]) -> None:
    first, second = (plant.context(person["session"]).new_page() for _ in range(2))
    open_desk(plant, person, first)
    open_desk(plant, person, second)
    assert first.url == second.url
    first.locator("[data-surface]").focus()
    first.keyboard.type("typed by one")
    expect(controls(second).get_by_text("filled in")).to_be_visible()
    shot(second, "desktop-light")
    second.get_by_role("button", name="Stop").click()
    expect(second.get_by_text("Stopped.", exact=True)).to_be_visible()
    expect(first.get_by_text("Stopped.", exact=True)).to_be_visible()
    for page in (first, second):
        page.context.close()


def test_a_click_shows_at_once(plant: Plant, person: dict[str, Any]) -> None:
    """A loose bound that a busy machine keeps; `-s` prints the figures."""
    context = plant.context(person["session"], viewport={"width": 1280, "height": 900})
    page = context.new_page()
    open_desk(plant, person, page)
    page.locator("[data-surface]").focus()
    page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => window.seen.push(performance.now())).observe(
            document.querySelector("[data-picture]"), { attributes: true, attributeFilter: ["src"] });
        }"""
    )
    took = []
    for letter in "abcdefghijklmnopqrst":
        began = page.evaluate("performance.now()")
        page.keyboard.press(letter)
        page.wait_for_function("began => window.seen.some(at => at > began)", arg=began)
        took.append(page.evaluate("began => window.seen.find(at => at > began) - began", began))
    took.sort()
    print(f"key to new picture: p50 {took[len(took) // 2]:.0f} ms, worst {took[-1]:.0f} ms")
    assert took[len(took) // 2] < 1000
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.", exact=True)).to_be_visible()
    context.close()


def test_who_loses_the_right_sees_no_more_of_it(plant: Plant, person: dict[str, Any]) -> None:
    context = plant.context(person["session"])
    page = context.new_page()
    open_desk(plant, person, page)
    plant.portal.worker("demote", partner=person["partner"], user=person["user"])
    expect(page.get_by_role("heading", name="That is not yours to do")).to_be_visible()
    expect(page.locator("[data-picture]")).to_have_count(0)
    context.close()
