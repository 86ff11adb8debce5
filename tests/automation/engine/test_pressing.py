"""Clicks and pictures on a page of our own: what a press hits, when it rather waits, what a picture shows."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page

from automation.engine.browser import WarmBrowser
from automation.engine.contract import Step
from automation.engine.pages.pressing import AIM, press
from automation.engine.telling import Teller
from tests.automation.engine.conftest import Loop, Remembering

BUTTON = "<button id=one onclick='heard.push(event.isTrusted)'>One</button>"
PAGE = "<meta charset=utf-8><style>{style}</style>{markup}<script>heard = []</script>"
# The brightness of a picture's last pixel, 0 to 255, as a page decodes it.
CORNER = """async picture => {
  const image = new Image();
  image.src = 'data:image/jpeg;base64,' + picture;
  await image.decode();
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  canvas.drawImage(image, 1 - image.width, 1 - image.height);
  return canvas.getImageData(0, 0, 1, 1).data[0];
}"""


def on_a_page(
    loop: Loop,
    browser: WarmBrowser,
    act: Callable[[Page], Awaitable[Any]],
    markup: str = BUTTON,
    style: str = "",
) -> Any:
    async def acted() -> Any:
        async with browser.context_for("pressing") as context:
            page = await context.new_page()
            await page.set_content(PAGE.format(style=style, markup=markup))
            try:
                return await act(page)
            finally:
                await page.close()

    return loop.run(acted())


def test_a_press_is_a_real_click_and_only_one(loop: Loop, browser: WarmBrowser) -> None:
    async def pressed(page: Page) -> Any:
        await press(page.locator("#one"))
        return await page.evaluate("heard")

    assert on_a_page(loop, browser, pressed) == [True]


@pytest.mark.parametrize(
    ("markup", "style"),
    [
        ("<button id=one disabled>One</button>", ""),
        ("<div aria-disabled=true><button id=one>One</button></div>", ""),
        ("<div inert><button id=one>One</button></div>", ""),
        ("<button id=one>One</button>", "#one {display: none}"),
        ("<button id=one>One</button>", "#one {position: absolute; top: 5000px}"),
        ("<button id=one>One</button><div id=over></div>", "#over {position: fixed; inset: 0}"),
        (
            "<button id=one>One</button>",
            "@keyframes go {to {left: 9px}} #one {animation: go 9s; position: relative}",
        ),
        (
            "<div id=drawer><button id=one>One</button></div>",
            "@keyframes go {to {margin: 9px}} #drawer {animation: go 9s}",
        ),
        ("<button id=one>One</button><button id=one>Two</button>", ""),
        ("", ""),
    ],
    ids=[
        "disabled",
        "in what is disabled",
        "inert",
        "unseen",
        "out of sight",
        "covered",
        "moving",
        "carried",
        "two",
        "none",
    ],
)
def test_it_aims_at_nothing_that_is_not_plainly_open_to_a_click(
    loop: Loop, browser: WarmBrowser, markup: str, style: str
) -> None:
    async def aimed(page: Page) -> Any:
        return await page.locator("#one").evaluate_all(AIM)

    assert on_a_page(loop, browser, aimed, markup=markup, style=style) is None


def test_what_moves_elsewhere_holds_nothing_up(loop: Loop, browser: WarmBrowser) -> None:
    async def aimed(page: Page) -> Any:
        return await page.locator("#one").evaluate_all(AIM)

    style = "@keyframes go {to {rotate: 1turn}} #other {animation: go 1s infinite}"
    assert on_a_page(
        loop, browser, aimed, markup=BUTTON + "<b id=other style='float: right'>x</b>", style=style
    )


def test_a_covered_button_is_clicked_once_it_is_free(loop: Loop, browser: WarmBrowser) -> None:
    async def pressed(page: Page) -> Any:
        pressing = asyncio.ensure_future(press(page.locator("#one"), patience=10))
        await page.evaluate("document.querySelector('#over').remove()")
        await pressing
        return await page.evaluate("heard")

    markup = BUTTON + "<div id=over style='position: fixed; inset: 0'></div>"
    assert on_a_page(loop, browser, pressed, markup=markup) == [True]


def test_a_picture_shows_the_page_as_it_was_when_it_was_asked_for(loop: Loop, browser: WarmBrowser) -> None:
    async def brightness(page: Page) -> list[int]:
        seen = []
        teller = Teller(page, Remembering())
        await teller.prepare()
        for _ in range(12):
            await page.evaluate("document.body.style.background = '#fff'")
            asked = teller.end(Step.VERIFY, "White.")
            await teller.exposed()
            await page.evaluate("document.body.style.background = '#000'")
            picture = await asked
            assert picture is not None
            seen.append(await page.evaluate(CORNER, base64.b64encode(picture).decode()))
        teller.stop()
        return seen

    seen = on_a_page(loop, browser, brightness, markup="")
    assert sum(one < 250 for one in seen) <= 1, seen  # without the wait it is most of them


def test_no_camera_holds_nobody_up(loop: Loop, browser: WarmBrowser) -> None:
    async def asked(page: Page) -> Any:
        teller = Teller(page, Remembering())
        picture = teller.end(Step.VERIFY, "Without a camera.")
        await teller.exposed()
        taken = await picture
        teller.stop()
        return taken

    assert on_a_page(loop, browser, asked) is None
