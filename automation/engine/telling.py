"""Tells the listener, in order, what an attempt does, with a picture at the end of each step."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from playwright.async_api import CDPSession, Error, Page

from automation.engine.contract import Level, Line, Listener, Step
from automation.engine.pages.asking import TWO_FRAMES

logger = logging.getLogger(__name__)

PICTURE_TIMEOUT = 5.0  # seconds
EXPOSURE = 0.5  # seconds; a page draws thirty frames in that
_JPEG = {"format": "jpeg", "quality": 60, "optimizeForSpeed": True}
# An outline for what was touched; no product tour and no chat, which lie over the page and catch clicks.
_STYLE = """
(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    [data-touched] { outline: 3px solid #eb2f96 !important; outline-offset: -3px !important }
    __masks__ { color: transparent !important; text-shadow: none !important; background: #9aa3ad !important }
    .appcues, appcues, appcues-layer, appcues-container, #webWidget, #launcher { display: none !important }
  `);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
})()
"""
# `__it__` is a page's own expression for the element; one that is gone again is simply not outlined.
_TOUCH = """(() => {
  document.querySelectorAll('[data-touched]').forEach(other => other.removeAttribute('data-touched'));
  (__it__)?.setAttribute('data-touched', '');
})()"""
# The first may be drawn before the browser has passed the question for the picture on.
_DRAWN_TWICE = {"expression": TWO_FRAMES, "awaitPromise": True}


class Teller:
    """Lines go out one after another, each with the picture that belongs to it, while the attempt goes on.

    A picture that cannot be taken is left out; it never breaks or holds up an attempt.
    """

    def __init__(self, page: Page, listener: Listener, *, masks: Sequence[str] = ()) -> None:
        """`masks` are CSS selectors of what no picture may show."""
        self._page = page
        self._listener = listener
        self._masks = ", ".join(masks)
        self._camera: asyncio.Task[CDPSession] | None = None
        self._exposed = asyncio.Event()  # of the picture that was asked for last
        self._exposed.set()
        self._waiting: asyncio.Queue[tuple[Line, asyncio.Task[bytes | None] | None]] = asyncio.Queue()
        self._post = asyncio.ensure_future(self._deliver())
        self._began = time.monotonic()

    async def prepare(self) -> None:
        """Readies the page for pictures; to be called before it opens a site."""
        self._camera = asyncio.ensure_future(self._page.context.new_cdp_session(self._page))
        # Whether it fails is for the pictures to find out, if any is taken at all.
        self._camera.add_done_callback(lambda camera: camera.cancelled() or camera.exception())
        await self._page.add_init_script(_STYLE.replace("__masks__", self._masks or "nothing-masked"))

    def begin(self, step: Step) -> None:
        self._began = time.monotonic()

    def say(self, step: Step, message: str, *, level: Level = Level.INFO) -> None:
        """A line within a step, without a picture."""
        self._waiting.put_nowait((_line(step, message, level=level), None))

    def end(
        self,
        step: Step,
        message: str,
        *,
        level: Level = Level.INFO,
        touched: str = "",
        taken: asyncio.Task[bytes | None] | None = None,
    ) -> asyncio.Task[bytes | None]:
        """The line that ends a step, with the picture `taken` already or a new one, which is returned.

        `touched` is an expression of the page's language for the element to outline.
        """
        took = round((time.monotonic() - self._began) * 1000)
        picture = taken or self._take(touched)
        self._waiting.put_nowait((_line(step, message, level=level, duration_ms=took), picture))
        return picture

    async def exposed(self) -> None:
        """Waits until nothing that happens to the page now can get into the last picture.

        A picture is of one of the next two frames that the page draws; to pack and send it takes longer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(EXPOSURE):
                await self._exposed.wait()

    async def finish(self) -> None:
        """Waits until every line is told."""
        await self._waiting.join()

    def stop(self) -> None:
        """Gives up what is not told yet."""
        self._post.cancel()
        if self._camera is not None:
            self._camera.cancel()
        while not self._waiting.empty():
            _, picture = self._waiting.get_nowait()
            if picture is not None:
                picture.cancel()

    async def _deliver(self) -> None:
        while True:
            line, picture = await self._waiting.get()
            try:
                if picture is not None:
                    line = replace(line, picture=await picture)
                await self._listener.told(line)
            except Exception:
                # The log serves the booking, never the other way round.
                logger.exception("A line of the live log could not be told")
            finally:
                self._waiting.task_done()

    def _take(self, touched: str) -> asyncio.Task[bytes | None]:
        self._exposed = asyncio.Event()
        return asyncio.ensure_future(self._picture(touched, self._exposed))

    async def _picture(self, touched: str, exposed: asyncio.Event) -> bytes | None:
        try:
            async with asyncio.timeout(PICTURE_TIMEOUT):
                if self._camera is None:
                    return None
                camera = await asyncio.shield(self._camera)
                # The session keeps the order: the outline is drawn before the picture is taken.
                mark = {"expression": _TOUCH.replace("__it__", touched)}
                outlining = [camera.send("Runtime.evaluate", mark)] if touched else []
                taking = asyncio.gather(*outlining, camera.send("Page.captureScreenshot", _JPEG))
                _, answers = await asyncio.gather(_drawn(camera, exposed), taking)
                return base64.b64decode(answers[-1]["data"])
        except (Error, TimeoutError) as error:
            logger.info("No picture: %s", error)
            return None
        finally:
            exposed.set()


async def _drawn(camera: CDPSession, exposed: asyncio.Event) -> None:
    with suppress(Error):
        await camera.send("Runtime.evaluate", _DRAWN_TWICE)
    exposed.set()


def _line(step: Step, message: str, *, level: Level, duration_ms: int | None = None) -> Line:
    return Line(at=datetime.now(UTC), step=step, level=level, message=message, duration_ms=duration_ms)
