"""The gate: the one request that changes something on BrokerBay leaves through here, once, or not at all."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from playwright.async_api import APIResponse, BrowserContext, Error, Request, Route

from automation.engine.answers import Answer
from automation.engine.contract import Listener
from automation.engine.errors import NoAnswer, Stopped

SUBMIT_PATH = re.compile(r"/appointment/?(\?[^#]*)?$")


class Gate:
    """Stands in a context's way to the submit address from `install` until `remove`.

    The first POST waits until the listener has committed the intent, then leaves exactly once; every further
    POST of the attempt is aborted. While `opened` is False nothing was sent.

    The request is sent by Playwright's own client, not by Chromium: when a reused connection dies before an
    answer, Chromium sends a POST a second time by itself, unseen by any route handler.
    """

    def __init__(self, context: BrowserContext, listener: Listener, *, answer_timeout: float) -> None:
        self._context = context
        self._listener = listener
        self._answer_timeout = answer_timeout
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._sending: asyncio.Task[None] | None = None
        self._is_shut = False
        self.reached = asyncio.Event()  # the page sent its request up to here
        self.opened = False  # the intent is committed: from here on something may reach BrokerBay

    async def install(self) -> None:
        await self._context.route(SUBMIT_PATH, self._meet)

    def shut(self) -> None:
        """From now on nothing leaves that has not left already: `opened` is final."""
        self._is_shut = True

    async def remove(self) -> None:
        """Shuts the gate and takes it away."""
        self.shut()
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
        if self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # nobody may have waited for it
        try:
            await self._context.unroute(SUBMIT_PATH, self._meet)
        except Error:
            return  # the context is gone, and the route with it

    async def answer(self) -> Answer:
        """BrokerBay's answer. Raises `NoAnswer`, or what the listener raised to forbid the request."""
        return await asyncio.shield(self._answer)

    async def _meet(self, route: Route, request: Request) -> None:
        if request.method != "POST":
            await route.fallback()
            return
        if self._sending is not None or self._is_shut:
            await route.abort()
            return
        self._sending = asyncio.ensure_future(self._send(route))
        self.reached.set()
        await asyncio.wait([self._sending])

    async def _send(self, route: Route) -> None:
        try:
            await self._listener.before_submit()
            if self._is_shut:
                raise Stopped("The run ended while its booking was about to be sent. Nothing was sent.")
        except Exception as forbidden:
            self._settle(forbidden)
            await _abort(route)
            return
        self.opened = True
        try:
            response = await route.fetch(max_retries=0, max_redirects=0, timeout=self._answer_timeout * 1000)
            self._settle(await _read(response))
            await route.fulfill(response=response)
        except Error as error:
            self._settle(
                NoAnswer(
                    f"The booking left, but BrokerBay never answered ({_first_line(error)}). It may be "
                    "booked or not: only its list of showings can tell."
                )
            )
            await _abort(route)

    def _settle(self, end: Answer | Exception) -> None:
        if self._answer.done():
            return
        if isinstance(end, Answer):
            self._answer.set_result(end)
        else:
            self._answer.set_exception(end)


async def _read(response: APIResponse) -> Answer:
    text = await response.text()
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    return Answer(status=response.status, body=body)


async def _abort(route: Route) -> None:
    try:
        await route.abort()
    except Error:
        return  # the page is gone already, and its request with it


def _first_line(error: Error) -> str:
    line = error.message.splitlines()[0] if error.message else "no reason given"
    return line.removeprefix("Route.fetch: ")
