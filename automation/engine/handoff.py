"""Hands the robot's browser to a person, who signs the account in; nothing here beats or skips a check.

The person sees the newest picture and says where to click and what to type. There is no address bar: from
BrokerBay's page they get only where its links and redirects lead. What they type is passed on and forgotten:
no trace is recorded, no message of the browser is logged.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, ElementHandle, Error, Page

from automation.engine.browser import VIEWPORT
from automation.engine.contract import Site
from automation.engine.describing import Description, describe
from automation.engine.pages.my_showings import MyShowings
from automation.engine.pages.shell import Shell
from automation.engine.pages.sign_in import SignIn

logger = logging.getLogger(__name__)

BETWEEN_PICTURES = 0.05  # seconds, at least
BETWEEN_DESCRIPTIONS = 0.3
BETWEEN_LOOKS = 1.0  # at the question whether the account is signed in by now
STROKE_TIMEOUT = 5.0
PHOTO_TIMEOUT = 5.0
LEAST_WINDOW, LARGEST_WINDOW = (320, 420), (1280, 1000)  # pixels
_CAST = {"format": "jpeg", "quality": 65}


class Ending(StrEnum):
    SIGNED_IN = "signed_in"
    STOPPED = "stopped"
    LEFT_ALONE = "left_alone"
    TOO_LONG = "too_long"
    SITE_DOWN = "site_down"
    BROWSER_GONE = "browser_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One thing that a person does; `x`, `y`, `by`, `width` and `height` are pixels of the page."""

    kind: str
    x: int = 0
    y: int = 0
    by: int = 0
    width: int = 0
    height: int = 0
    control: int = 0
    label: str = ""  # of that control
    key: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The browser at one moment. `page` is what describing.py tells, and `note`, a sentence of ours."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    host: str
    page: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """How it ended; with the storage state (secret) of a signed-in account."""

    ending: Ending
    session_state: Mapping[str, Any] | None = field(default=None, repr=False)


class Person(Protocol):
    """Who sits at the other end. Called in the engine's loop."""

    def shown(self, look: Look) -> None:
        """The newest look. Must not block; may drop all but the newest."""

    async def strokes(self) -> Sequence[Stroke]:
        """Waits for the next ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """In seconds: without any stroke, and in all."""

    idle: float = 600.0
    whole: float = 900.0


async def hand_over(
    context: BrowserContext, *, site: Site, person: Person, listing_id: str = "", patience: Patience
) -> HandedOver:
    """Opens BrokerBay and lets the person steer until the account is signed in, or they leave.

    With `listing_id` it opens that listing's booking page, where BrokerBay asked for a person: the account
    may be signed in all along, so only the person can say when they are done.
    """
    try:
        page = await context.new_page()
    except Error:
        return HandedOver(ending=Ending.BROWSER_GONE)
    start = (
        Shell(page, site.base_url).address(f"listing/{listing_id}/appointments/book") if listing_id else ""
    )
    desk = _Desk(context, page, site=site, person=person, start=start or site.base_url)
    try:
        async with asyncio.timeout(patience.whole):
            ending = await desk.until_ended(watches=not listing_id, idle=patience.idle)
    except TimeoutError:
        ending = Ending.TOO_LONG
    except Error as error:
        logger.info("The browser of a sign-in ended (%s)", type(error).__name__)
        ending = Ending.BROWSER_GONE
    finally:
        await desk.close()
    return await _with_session(context, ending)


async def _with_session(context: BrowserContext, ending: Ending) -> HandedOver:
    if ending is not Ending.SIGNED_IN:
        return HandedOver(ending=ending)
    try:
        return HandedOver(ending=ending, session_state=dict(await context.storage_state()))
    except Error:
        return HandedOver(ending=Ending.BROWSER_GONE)


class _Desk:
    """The page that the person steers now: the first one, or a window that it opened."""

    def __init__(
        self, context: BrowserContext, page: Page, *, site: Site, person: Person, start: str
    ) -> None:
        self._context = context
        self._pages = [page]
        self._site = site
        self._person = person
        self._start = start
        self._window = dict(VIEWPORT)
        self._camera: CDPSession | None = None
        self._jpeg = b""
        self._size = (0, 0)
        self._description = Description()
        self._note = ""
        self._is_photo_due = True
        self._news = asyncio.Event()
        self._ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._turning = asyncio.Lock()

    @property
    def page(self) -> Page:
        return self._pages[-1]

    async def until_ended(self, *, watches: bool, idle: float) -> Ending:
        self._follow(self.page)
        await self._turn_camera()
        try:
            await self.page.goto(self._start, wait_until="commit")
        except Error:
            return Ending.SITE_DOWN
        parts: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._show()),
            asyncio.ensure_future(self._tell()),
            asyncio.ensure_future(self._obey(idle)),
        ]
        if watches:
            parts.append(asyncio.ensure_future(self._watch()))
        try:
            await asyncio.wait([self._ended, *parts], return_when=asyncio.FIRST_COMPLETED)
            for part in parts:
                if part.done() and not part.cancelled() and (broke := part.exception()):
                    raise broke
            return self._ended.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def close(self) -> None:
        self._end(Ending.BROWSER_GONE)
        for page in reversed(self._pages):
            try:
                await page.close()
            except Error:
                continue  # it is gone already

    def _end(self, ending: Ending) -> None:
        if not self._ended.done():
            self._ended.set_result(ending)

    # Which page is shown

    def _follow(self, page: Page) -> None:
        page.set_default_timeout(self._site.step_timeout * 1000)
        page.on("popup", self._opened)
        page.on("load", self._loaded)
        page.on("close", self._closed)
        page.on("crash", lambda _: self._end(Ending.BROWSER_GONE))
        page.on("download", lambda download: asyncio.ensure_future(_refuse(download.cancel)))

    def _opened(self, page: Page) -> None:
        self._pages.append(page)
        self._follow(page)
        asyncio.ensure_future(_refuse(self._turn_camera))  # noqa: RUF006 - the page itself keeps it going

    def _loaded(self, page: Page) -> None:
        self._is_photo_due = True

    def _closed(self, page: Page) -> None:
        was_shown = page is self.page
        self._pages = [each for each in self._pages if each is not page] or self._pages[:1]
        if page is self.page:
            self._end(Ending.BROWSER_GONE)
        elif was_shown:
            asyncio.ensure_future(_refuse(self._turn_camera))  # noqa: RUF006

    async def _turn_camera(self) -> None:
        """Let the pictures be those of the page that is shown now."""
        async with self._turning:
            if self._camera is not None:
                await _refuse(self._camera.detach)
            page = self.page
            await page.set_viewport_size(self._window)  # type: ignore[arg-type]
            self._camera = camera = await self._context.new_cdp_session(page)

            def taken(frame: dict[str, Any]) -> None:
                # The browser waits for this word; only the newest picture is kept, however many come.
                asyncio.ensure_future(  # noqa: RUF006
                    _refuse(lambda: camera.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]}))
                )
                if camera is self._camera:
                    seen = frame["metadata"]
                    self._size = (round(seen["deviceWidth"]), round(seen["deviceHeight"]))
                    self._jpeg = base64.b64decode(frame["data"])
                    self._news.set()

            camera.on("Page.screencastFrame", taken)
            await camera.send("Page.startScreencast", _CAST)

    # What the person sees

    async def _show(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            if self._jpeg:
                self._person.shown(self._look())
            await self._pause(BETWEEN_PICTURES)

    def _look(self) -> Look:
        width, height = self._size
        return Look(
            jpeg=self._jpeg,
            width=width,
            height=height,
            host=urlsplit(self.page.url).netloc,
            page=self._description.told | {"note": self._note},
        )

    async def _tell(self) -> None:
        """Keep the description up to date; a picture is never held up by it.

        The screencast may leave out a page's last picture, above all after a navigation. So one is taken
        when the words have changed, for they must not tell of another page than it shows; and again when
        they are still the same at the next look: the page has settled.
        """
        while True:
            before, self._description = self._description, await describe(self.page)
            await before.forget()
            is_changed = before.told != self._description.told
            if is_changed:
                self._news.set()
            if is_changed or self._is_photo_due:
                self._is_photo_due = is_changed
                await self._photograph()
            await self._pause(BETWEEN_DESCRIPTIONS)

    async def _photograph(self) -> None:
        """The picture of this moment, whatever the screencast delivers; none from a page that is leaving."""
        camera, window = self._camera, self._window
        if camera is None:
            return
        try:
            async with asyncio.timeout(PHOTO_TIMEOUT):
                taken = await camera.send("Page.captureScreenshot", _CAST)
        except (Error, TimeoutError):
            self._is_photo_due = True
            return
        if camera is self._camera and window is self._window:
            self._size = (window["width"], window["height"])
            self._jpeg = base64.b64decode(taken["data"])
            self._news.set()

    async def _pause(self, seconds: float) -> None:
        await asyncio.wait([self._ended], timeout=seconds)

    # What the person does

    async def _obey(self, idle: float) -> None:
        while True:
            try:
                async with asyncio.timeout(idle):
                    strokes = await self._person.strokes()
            except TimeoutError:
                return self._end(Ending.LEFT_ALONE)
            for stroke in strokes:
                await self._do(stroke)

    async def _do(self, stroke: Stroke) -> None:
        if stroke.kind == "stop":
            return self._end(Ending.STOPPED)
        self._say("")
        if stroke.kind == "done":
            return await self._finish()
        try:
            async with asyncio.timeout(STROKE_TIMEOUT):
                await _STROKES[stroke.kind](self, stroke)
        except (Error, TimeoutError) as missed:
            # Its message may hold what was typed.
            logger.info("A stroke (%s) did not arrive: %s", stroke.kind, type(missed).__name__)
            self._say("That did not reach the page; look at it and try again.")
        return None

    def _say(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self._news.set()

    async def _click(self, stroke: Stroke) -> None:
        await self.page.mouse.click(stroke.x, stroke.y)

    async def _scroll(self, stroke: Stroke) -> None:
        await self.page.mouse.move(stroke.x, stroke.y)
        await self.page.mouse.wheel(0, stroke.by)

    async def _type(self, stroke: Stroke) -> None:
        await self.page.keyboard.type(stroke.text)

    async def _key(self, stroke: Stroke) -> None:
        await self.page.keyboard.press(stroke.key)

    async def _control(self, stroke: Stroke) -> ElementHandle:
        found = await self._description.control(stroke.control, stroke.label)
        if found is None:
            raise Error("It is gone")
        return found

    async def _press(self, stroke: Stroke) -> None:
        await (await self._control(stroke)).click(timeout=STROKE_TIMEOUT * 1000)

    async def _fill(self, stroke: Stroke) -> None:
        """Key by key, as at a keyboard: some pages count keys. (And `fill` would log what it fills in.)"""
        await (await self._control(stroke)).focus()
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.type(stroke.text)

    async def _choose(self, stroke: Stroke) -> None:
        await (await self._control(stroke)).select_option(label=stroke.text)

    async def _resize(self, stroke: Stroke) -> None:
        said = (stroke.width, stroke.height)
        width, height = (
            max(least, min(wanted, largest))
            for least, wanted, largest in zip(LEAST_WINDOW, said, LARGEST_WINDOW, strict=True)
        )
        self._window = {"width": width, "height": height}
        await self.page.set_viewport_size(self._window)  # type: ignore[arg-type]

    async def _back(self, _: Stroke) -> None:
        await self.page.go_back(wait_until="commit")

    async def _start_over(self, _: Stroke) -> None:
        await self.page.goto(self._start, wait_until="commit")

    # Whether the account is signed in by now

    async def _watch(self) -> None:
        """Two looks at one address of the site itself, with no sign of a sign-in page, are worth asking."""
        seen, asked = "", ""
        while True:
            address = await self._inside()
            if address and address == seen and address != asked:
                asked = address
                if await self._is_signed_in():
                    return self._end(Ending.SIGNED_IN)
            seen = address
            await self._pause(BETWEEN_LOOKS)

    async def _inside(self) -> str:
        """The shown page's address where it is a page of the site that asks for no sign-in; else nothing."""
        page = self.page
        if urlsplit(page.url).netloc != urlsplit(self._site.base_url).netloc:
            return ""
        try:
            if await SignIn(page).is_shown() or await Shell(page, self._site.base_url).is_blank():
                return ""
        except Error:
            return ""  # it is going elsewhere at this moment
        return page.url

    async def _finish(self) -> None:
        if await self._is_signed_in():
            return self._end(Ending.SIGNED_IN)
        self._say("BrokerBay still asks for a sign-in.")
        return None

    async def _is_signed_in(self) -> bool:
        """What BrokerBay says on a page of our own, out of the person's way and as wide as the robot's."""
        page = await self._context.new_page()
        page.set_default_timeout(self._site.step_timeout * 1000)
        shell = Shell(page, self._site.base_url)
        try:
            await shell.open(MyShowings.ROUTE)
            await shell.wait_until_known()
            return not await shell.is_signed_out()
        except Error:
            return False
        finally:
            await _refuse(page.close)


_STROKES: dict[str, Callable[[_Desk, Stroke], Awaitable[None]]] = {
    "click": _Desk._click,
    "scroll": _Desk._scroll,
    "text": _Desk._type,
    "key": _Desk._key,
    "press": _Desk._press,
    "fill": _Desk._fill,
    "choose": _Desk._choose,
    "size": _Desk._resize,
    "back": _Desk._back,
    "start_over": _Desk._start_over,
}


async def _refuse(deed: Callable[[], Awaitable[Any]]) -> None:
    """Do what may fail because its page is gone already."""
    try:
        await deed()
    except Error:
        return
