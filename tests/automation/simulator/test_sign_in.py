"""Signing in as a person does: e-mail, ID and PIN, now and then a puzzle, a code, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from automation.simulator import pictures
from automation.simulator.control import Control

AGENT = "agent@example.com"


@pytest.fixture
def person(browser: Browser, control: Control) -> Iterator[BrowserContext]:
    """A browser that nobody has signed in with."""
    control.add_account(AGENT, member_id="5550199", pin="1357", password="right")
    context = browser.new_context(base_url=control.base_url)
    context.set_default_timeout(8000)
    yield context
    context.close()


def say_who(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Email address").fill(f" {AGENT.title()}")
    page.get_by_role("button", name="Continue").click()


def prove(page: Page, *, pin: str = "1357") -> None:
    page.get_by_label("User ID").fill("5550199")
    page.get_by_label("PIN").fill(pin)
    page.locator("#kc-login").click()


def to_the_code(page: Page, channel: str = "E-mail") -> None:
    say_who(page)
    page.get_by_role("button", name="Log in with PropTx User ID").click()
    prove(page)
    page.get_by_label(channel).check()
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Authorization code")).to_be_visible()


def enter(page: Page, code: str | None) -> None:
    assert code is not None
    page.get_by_label("Authorization code").fill(code)
    page.get_by_role("button", name="Verify").click()


def is_in(page: Page) -> None:
    page.wait_for_url("**/#/listing/list/brokerage")
    expect(page.get_by_placeholder("Search listings or agents")).to_be_visible()


@pytest.mark.parametrize(("channel", "sent_by"), [("E-mail", "email"), ("Text message", "sms")])
def test_a_new_device_takes_id_pin_and_a_code_and_comes_back_over_redirects(
    control: Control, person: BrowserContext, channel: str, sent_by: str
) -> None:
    page = person.new_page()
    hops: list[str] = []
    page.on("framenavigated", lambda frame: hops.append(frame.url))
    page.on("request", lambda asked: hops.append(asked.url))
    to_the_code(page, channel)
    assert "/login" in page.url
    assert [one.details for one in control.events() if one.kind == "code_sent"] == [
        {"account": AGENT, "channel": sent_by}
    ]
    enter(page, control.code(AGENT))
    is_in(page)
    for hop in ("/auth/login/redirect", "/auth/login/continue", "/oauth/callback"):
        assert any(hop in url for url in hops)
    assert control.code(AGENT) is None, "a code can be used once"


def test_a_remembered_device_is_asked_for_no_code(control: Control, person: BrowserContext) -> None:
    page = person.new_page()
    to_the_code(page)
    page.get_by_label("This is my device").check()
    enter(page, control.code(AGENT))
    is_in(page)
    control.sign_out(AGENT)
    say_who(page)
    page.get_by_role("button", name="Log in with PropTx User ID").click()
    prove(page)
    is_in(page)
    control.sign_out(AGENT)
    control.set_fault("device_forgotten", account=AGENT, times=1)
    to_the_code(page)


def test_wrong_words_are_refused_in_words(control: Control, person: BrowserContext) -> None:
    page = person.new_page()
    page.goto("/")
    page.get_by_label("Email address").fill("nobody@example.com")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("could not find an account")
    say_who(page)
    page.get_by_role("button", name="Log in with PropTx User ID").click()
    prove(page, pin="0000")
    expect(page.get_by_role("alert")).to_have_text("Invalid User ID or PIN.")


def test_a_wrong_code_can_be_corrected_until_there_were_too_many(
    control: Control, person: BrowserContext
) -> None:
    page = person.new_page()
    to_the_code(page)
    first = control.code(AGENT)
    for words in ("is not right", "is not right", "Too many wrong codes"):
        enter(page, "no code")
        expect(page.get_by_role("alert")).to_contain_text(words)
    enter(page, first)
    expect(page.get_by_role("alert")).to_contain_text("expired")
    page.get_by_role("button", name="Resend", exact=True).click()
    expect(page.get_by_text("A new code is on its way")).to_be_visible()
    enter(page, control.code(AGENT))
    is_in(page)


def test_resending_voids_the_former_code(control: Control, person: BrowserContext) -> None:
    page = person.new_page()
    to_the_code(page)
    former = control.code(AGENT)
    page.get_by_role("button", name="Resend", exact=True).click()
    expect(page.get_by_text("A new code is on its way")).to_be_visible()
    assert control.code(AGENT) != former
    enter(page, former)
    expect(page.get_by_role("alert")).to_contain_text("is not right")


def test_a_code_may_come_late(control: Control, person: BrowserContext) -> None:
    control.set_fault("code_late", account=AGENT, seconds=60, times=1)
    page = person.new_page()
    to_the_code(page)
    assert control.code(AGENT) is None
    control.set_clock(datetime.now(UTC) + timedelta(seconds=61))
    enter(page, control.code(AGENT))
    is_in(page)


def test_a_code_may_run_out_and_runs_out_after_five_minutes_anyway(
    control: Control, person: BrowserContext
) -> None:
    control.set_fault("code_expires", times=1)
    page = person.new_page()
    to_the_code(page)
    enter(page, control.code(AGENT))
    expect(page.get_by_role("alert")).to_contain_text("expired")
    page.get_by_role("button", name="Resend", exact=True).click()
    expect(page.get_by_text("A new code is on its way")).to_be_visible()
    control.set_clock(datetime.now(UTC) + timedelta(seconds=301))
    enter(page, control.code(AGENT))
    expect(page.get_by_role("alert")).to_contain_text("expired")


def test_the_right_code_may_be_refused_and_the_page_send_another(
    control: Control, person: BrowserContext
) -> None:
    control.set_fault("code_refused", times=1)
    page = person.new_page()
    to_the_code(page)
    first = control.code(AGENT)
    enter(page, first)
    expect(page.get_by_role("alert")).to_contain_text("we sent you a new one")
    assert control.code(AGENT) not in {None, first}
    enter(page, control.code(AGENT))
    is_in(page)


def test_a_person_solves_the_puzzle_of_the_single_sign_on(control: Control, person: BrowserContext) -> None:
    control.set_fault("captcha", account=AGENT)
    page = person.new_page()
    say_who(page)
    page.get_by_role("button", name="Log in with PropTx User ID").click()
    pictures_shown = page.get_by_role("checkbox", name="Picture")
    expect(pictures_shown).to_have_count(pictures.PUZZLE_TILES)
    first = page.locator(".tile img").first.get_attribute("src") or ""
    prove(page)
    expect(page.get_by_role("alert")).to_contain_text("not the right pictures")
    expect(page.locator(".tile img").first).not_to_have_attribute("src", first)
    shown = page.locator(".tile img").first.get_attribute("src") or ""
    for tile in pictures.puzzle_answer(shown.split("/")[3]):
        pictures_shown.nth(tile).check()
    prove(page)
    expect(page.get_by_role("button", name="Send code")).to_be_visible()


def test_the_puzzles_tiles_tell_a_red_door_from_a_blue_one() -> None:
    for seed in ("a", "b", "c", "d"):
        red = {n for n in range(pictures.PUZZLE_TILES) if "#d11f2a" in pictures.puzzle_tile(seed, n)}
        assert red == pictures.puzzle_answer(seed)
        assert 2 <= len(red) <= 3


@pytest.mark.parametrize("asks_code", [True, False])
def test_the_old_page_asks_for_a_password(control: Control, person: BrowserContext, asks_code: bool) -> None:
    control.add_account(AGENT, password="right", asks_code=asks_code)
    control.set_fault("old_password_page", account=AGENT)
    page = person.new_page()
    say_who(page)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log In").click()
    expect(page.get_by_role("alert")).to_contain_text("Incorrect")
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Log In").click()
    if asks_code:
        page.get_by_role("button", name="Send code").click()
        expect(page.get_by_label("Authorization code")).to_be_visible()
        enter(page, control.code(AGENT))
    is_in(page)


@pytest.mark.parametrize(
    "path", ["/auth/login/member", "/auth/login/code", "/auth/login/redirect", "/oauth/callback"]
)
def test_the_middle_of_a_sign_in_begins_at_its_beginning(
    person: BrowserContext, control: Control, path: str
) -> None:
    page = person.new_page()
    page.goto(path)
    page.wait_for_url("**/auth/login")
    refused = page.request.post("/auth/code", data={"code": "000000"})
    assert refused.json() == {"next": "/auth/login"}
