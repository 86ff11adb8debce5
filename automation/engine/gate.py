"""The gate: the one request that changes something on BrokerBay leaves through here, once, or not at all."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Error, Request, Response, Route

from automation.engine.answers import Answer
from automation.engine.contract import Level, Line, Listener, Step
from automation.engine.door import Target, door_of
from automation.engine.errors import NoAnswer, Stopped

logger = logging.getLogger(__name__)

ABORT_TIMEOUT = 5.0  # seconds; a driver that is frozen never answers
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What is known to book, cancel or move a showing.
_EFFECT = re.compile(
    r"/(appointments?|showings?|bookings?)(/[^/]+)?(/(cancel|time_change|reschedule|modify|update))?/?$", re.I
)
# What may leave freely while the gate stands: it changes no showing.
_HARMLESS = re.compile(
    r"/(search|autocomplete|notifications?|unread|presence|heartbeat|ping|telemetry|analytics|metrics|events?"
    r"|track(ing)?|beacons?|collect|logs?|errors?|rum|(oauth/|auth/)?(token|refresh)|feature[-_]?flags?|pusher)"
    r"(/|$)",
    re.I,
)


class Gate:
    """Stands in the way to BrokerBay from `install` until `remove`, for every request that is not safe.

    The first one that may change something waits until the listener has committed the intent, then leaves;
    every further one is aborted. One with an address that nobody knows counts as changing something:
    BrokerBay may have renamed its own. While `opened` is False nothing was sent.

    Chromium sends the request, with its own handshake; that it does not send it twice is the door's work
    (see door.py). Raises LookupError for a context without a door.
    """

    def __init__(
        self, context: BrowserContext, listener: Listener, *, base_url: str, answer_timeout: float
    ) -> None:
        self._context = context
        self._door = door_of(context)
        self._listener = listener
        self._hosts = own_hosts(base_url)
        self._answer_timeout = answer_timeout
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._sending: asyncio.Task[None] | None = None
        self._is_shut = False
        self.reached = asyncio.Event()  # the page sent its request up to here
        self.opened = False  # the intent is committed: from here on something may reach BrokerBay

    async def install(self) -> None:
        await self._context.route(self._hosts, self._meet)

    def shut(self) -> None:
        """From now on nothing leaves that has not left already: `opened` is final."""
        self._is_shut = True

    async def remove(self) -> None:
        """Shuts the gate and takes it away.

        A request that still stands there is aborted first: without its route the browser would send it.
        """
        self.shut()
        if self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # nobody may have waited for it
        elif self.reached.is_set():
            self._door.bar()
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        try:
            await self._context.unroute(self._hosts, self._meet)
        except Error:
            return  # the context is gone, and the route with it

    async def answer(self) -> Answer:
        """BrokerBay's answer. Raises `NoAnswer`, or what the listener raised to forbid the request."""
        return await asyncio.shield(self._answer)

    async def _meet(self, route: Route, request: Request) -> None:
        if request.method in _SAFE or is_harmless(request.url):
            await route.fallback()
            return
        if self._sending is not None or self._is_shut:
            logger.warning("Held back: %s %s", request.method, urlsplit(request.url).path)
            await _abort(route)
            return
        self._door.hold(target_of(request.url))
        self._sending = asyncio.ensure_future(self._send(route, request))
        self.reached.set()
        await asyncio.wait([self._sending])

    async def _send(self, route: Route, request: Request) -> None:
        try:
            if not is_known_effect(request.url):
                await self._tell_strange(request)
            await self._listener.before_submit()
            if self._is_shut:
                raise Stopped("The run ended while its booking was about to be sent. Nothing was sent.")
        except asyncio.CancelledError:
            await _abort(route)
            raise
        except Exception as forbidden:
            # Only then is it told: whoever hears of it may take the gate away.
            if await _abort(route):
                self._door.unwatch()
            else:
                self._door.bar()
            self._settle(forbidden)
            return
        self._door.watch()
        self.opened = True
        try:
            async with asyncio.timeout(self._answer_timeout):
                await route.continue_()
                answer = await _read(await request.response())
        except (Error, TimeoutError, _Unanswered) as error:
            self._door.bar()
            self._settle(
                NoAnswer(
                    f"The booking left, but BrokerBay never answered ({_why(error, request)}). It may be "
                    "booked or not: only its list of showings can tell."
                )
            )
            return
        self._door.unwatch()
        self._settle(answer)

    async def _tell_strange(self, request: Request) -> None:
        said = f"{request.method} {urlsplit(request.url).path}"
        logger.warning("An unsafe request that is not known, taken for the submit: %s", said)
        await self._listener.told(
            Line(
                at=datetime.now(UTC),
                step=Step.SUBMIT,
                level=Level.WARNING,
                message=f"BrokerBay's page sent a request that the robot does not know ({said}). "
                "It is taken for the submit, and no other one leaves.",
            )
        )

    def _settle(self, end: Answer | Exception) -> None:
        if self._answer.done():
            return
        if isinstance(end, Answer):
            self._answer.set_result(end)
        else:
            self._answer.set_exception(end)


class _Unanswered(Exception):
    """The request failed in the browser."""


def own_hosts(base_url: str) -> re.Pattern[str]:
    """Fits the URLs that are BrokerBay's own: of the site's host, its sisters and its other domains.

    >>> own = own_hosts("https://edge.brokerbay.com/")
    >>> [bool(own.match(url)) for url in ("https://api.brokerbay.com/x", "https://brokerbay.ca/")]
    [True, True]
    >>> [bool(own.match(url)) for url in ("https://www.google.com/", "https://brokerbay.evil.example/")]
    [False, False]
    >>> own = own_hosts("http://127.0.0.1:8100")
    >>> bool(own.match("http://127.0.0.1:8100/x")), bool(own.match("http://127.0.0.1:9000/x"))
    (True, False)
    """
    parts = urlsplit(base_url)
    labels = (parts.hostname or "").split(".")
    if _is_address(parts.hostname or "") or len(labels) < 2:
        return re.compile(rf"^https?://{re.escape(parts.netloc)}(/|\?|$)", re.I)
    return re.compile(rf"^https?://([^/@?#]+\.)?{re.escape(labels[-2])}\.[a-z]+(:\d+)?(/|\?|$)", re.I)


def is_known_effect(url: str) -> bool:
    """Whether this is an address that books, cancels or moves a showing.

    >>> is_known_effect("https://edge.brokerbay.com/listing/65f0/appointment?x=1")
    True
    >>> is_known_effect("https://edge.brokerbay.com/appointment/65f0/time_change")
    True
    >>> is_known_effect("https://edge.brokerbay.com/v2/reserve")
    False
    """
    return bool(_EFFECT.search(urlsplit(url).path))


def is_harmless(url: str) -> bool:
    """Whether this is an address known to change no showing; one that may change one is none, whatever else.

    >>> is_harmless("https://api.brokerbay.com/notifications/read"), is_harmless("https://x.example/v2/reserve")
    (True, False)
    >>> is_harmless("https://api.brokerbay.com/events/appointment")
    False
    """
    return bool(_HARMLESS.search(urlsplit(url).path)) and not is_known_effect(url)


def target_of(url: str) -> Target:
    """Where the browser connects to for a URL.

    >>> target_of("https://Edge.brokerbay.com/appointment"), target_of("http://127.0.0.1:8100/x").port
    (Target(host='edge.brokerbay.com', port=443), 8100)
    """
    parts = urlsplit(url)
    return Target(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _read(response: Response | None) -> Answer:
    """The answer whole. Raises `_Unanswered` where the browser got none."""
    if response is None:
        raise _Unanswered
    text = await response.text()
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    return Answer(status=response.status, body=body)


async def _abort(route: Route) -> bool:
    """Whether the browser was told; it was not where the page is gone, or the browser itself."""
    try:
        async with asyncio.timeout(ABORT_TIMEOUT):
            await route.abort()
    except (Error, TimeoutError):
        return False
    return True


def _why(error: Exception, request: Request) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, Error) and error.message:
        return error.message.splitlines()[0]
    return request.failure or "no reason given"
