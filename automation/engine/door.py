"""The door: every connection of a context goes through it, so that one click stays one request.

Chromium sends a request a second time by itself, POST included, when a reused connection dies before the
first byte of an answer; no route handler sees that. The door is a SOCKS proxy of our own on loopback, one per
context. It reads nothing of what passes, so the site meets Chromium's own handshake; but it knows which
connection dies, before Chromium does.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from playwright.async_api import BrowserContext

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 20.0  # seconds, until a site takes a connection
DOUBT = 1.0  # seconds that something waits for an answer to come down after all
# What the site does without. Never LaunchDarkly, Pusher or reCAPTCHA: without them it spins or never sends.
TRACKERS = (
    "newrelic.com nr-data.net sentry.io sentry-cdn.com go-mpulse.net google-analytics.com "
    "googletagmanager.com zendesk.com zdassets.com zopim.com appcues.com appcues.net roomvo.com "
    "listtrac.com rollbar.com clarity.ms"
).split()

_VERSION, _NO_PASSWORD, _CONNECT = 5, 0, 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_GRANTED, _FORBIDDEN, _UNREACHABLE, _NOT_SUPPORTED = 0, 2, 4, 7
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Target(NamedTuple):
    """Where a connection leads: a host in lower case, as the browser names it, and a port."""

    host: str
    port: int


class Door:
    """The proxy of one context. Belongs to one event loop.

    `hold` begins when the one request stands at the gate: until it may leave, nothing goes up to its target,
    for a browser whose driver dies lets go of what it was told to hold back.

    `watch` begins when the gate lets the one request through. From then on, the death of a connection that
    carried anything up to that target may mean that Chromium is about to try again. It may also mean nothing:
    the page gave up a poll, say. So from such a death on, whatever would go up to that target waits at the
    door, on old connections and on new ones. The answer (`unwatch`) lets it go, for what was answered is not
    sent again; without one it is cut off (`bar`), soon, and never leaves. Until such a death everything
    passes, for a request that did not fail is not sent again. An idle connection that dies unused harms
    nobody: Chromium's next one is then the first to carry the request.
    """

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._tunnels: set[_Tunnel] = set()
        self._watched: Target | None = None
        self._used: set[_Tunnel] = set()  # those that carried something up since the watch began
        self._waiting: set[_Tunnel] = set()  # those with something that may not go up yet
        self._in_doubt = False
        self._is_held = False
        self._end_of_patience: asyncio.TimerHandle | None = None
        self.is_barred = False

    async def open(self) -> str:
        """Starts listening; the address for a browser's settings."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Tunnel(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"socks5://{host}:{port}"

    def close(self) -> None:
        self._stop_waiting()
        if self._server is not None:
            self._server.close()
        for tunnel in list(self._tunnels):
            tunnel.cut()

    def hold(self, target: Target) -> None:
        """To be called when the one request stands at the gate, on its way to `target`."""
        self._watched = target
        self._is_held = self._in_doubt = True
        self.is_barred = False

    def watch(self) -> None:
        """To be called just before the request leaves."""
        self._used.clear()
        self._let_go()

    def unwatch(self) -> None:
        """To be called when the answer is there, or when the request will never leave."""
        self._watched = None
        self._let_go()

    def _let_go(self) -> None:
        self._is_held = self._in_doubt = self.is_barred = False
        for tunnel in self._stop_waiting():
            tunnel.go_on()

    def bar(self) -> None:
        """Nothing goes up to the watched target any more, unless an answer comes down after all."""
        if self._watched is None:
            return
        self.is_barred = self._in_doubt = True
        for tunnel in self._stop_waiting():
            tunnel.refuse()

    def met(self, tunnel: _Tunnel) -> None:
        self._tunnels.add(tunnel)

    def passes(self, tunnel: _Tunnel) -> bool:
        """Whether a connection may be made, or used: if not now, it is told later to go on or is refused."""
        if tunnel.target is None or tunnel.target != self._watched:
            return True
        if not self._in_doubt:
            self._used.add(tunnel)
            return True
        self._waiting.add(tunnel)
        loop = asyncio.get_running_loop()
        if self.is_barred:
            loop.call_soon(tunnel.refuse)
        elif not self._is_held and self._end_of_patience is None:
            self._end_of_patience = loop.call_later(DOUBT, self.bar)
        return False

    def died(self, tunnel: _Tunnel) -> None:
        """Hears of a death before the browser does."""
        self._tunnels.discard(tunnel)
        self._waiting.discard(tunnel)
        if self._watched is not None and tunnel in self._used and not self._in_doubt:
            logger.info("A connection to %s ended while an answer was due", tunnel.target)
            self._in_doubt = True

    def _stop_waiting(self) -> list[_Tunnel]:
        if self._end_of_patience is not None:
            self._end_of_patience.cancel()
            self._end_of_patience = None
        waiting, self._waiting = list(self._waiting), set()
        return waiting


class _Tunnel(asyncio.Protocol):
    """The browser's side of one connection: a SOCKS5 greeting and wish, then bytes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._read: Callable[[bytes], None] = self._greeted
        self._heard = b""
        self._connecting: asyncio.Task[None] | None = None
        self._browser: asyncio.Transport | None = None
        self._site: asyncio.Transport | None = None
        self._held = b""  # what may not go up yet
        self.target: Target | None = None

    # What the browser's transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._browser = cast(asyncio.Transport, transport)
        self._door.met(self)

    def data_received(self, data: bytes) -> None:
        self._read(data)

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(reset=exc is not None)

    def pause_writing(self) -> None:
        if self._site is not None:
            self._site.pause_reading()

    def resume_writing(self) -> None:
        if self._site is not None and not self._site.is_closing():
            self._site.resume_reading()

    # What the site's side calls

    def joined(self, site: asyncio.Transport) -> None:
        self._site = site

    def came_down(self, data: bytes) -> None:
        if self._browser is not None:
            self._browser.write(data)

    def site_is_full(self, *, full: bool) -> None:
        if full:
            self._pause()
        elif self._browser is not None and not self._browser.is_closing() and not self._held:
            self._browser.resume_reading()

    def site_ended(self, *, reset: bool) -> None:
        self._end(reset=reset)

    # What the door calls

    def go_on(self) -> None:
        """What waited may go up."""
        if self._site is None and self._connecting is None and self.target is not None:
            self._start(self.target)
        elif self._site is not None and not self._site.is_closing():
            held, self._held = self._held, b""
            self._site.write(held)
            self.site_is_full(full=False)

    def refuse(self) -> None:
        """What waited may never go up."""
        if self._site is None:
            self._answer(_FORBIDDEN)
        else:
            self.cut()

    def cut(self) -> None:
        """Ends both sides at once, whatever is still on its way."""
        self._end(reset=True)

    def _pause(self) -> None:
        if self._browser is not None and not self._browser.is_closing():
            self._browser.pause_reading()

    def _end(self, *, reset: bool = False) -> None:
        self._door.died(self)
        if self._connecting is not None:
            self._connecting.cancel()
        for transport in (self._site, self._browser):
            if transport is not None and not transport.is_closing():
                _close(transport, reset=reset)

    # What the browser says

    def _greeted(self, data: bytes) -> None:
        self._heard += data
        if len(self._heard) < 2 or len(self._heard) < 2 + self._heard[1]:
            return
        version, methods = self._heard[0], self._heard[2 : 2 + self._heard[1]]
        if version != _VERSION or _NO_PASSWORD not in methods:
            self.cut()
            return
        self._heard = self._heard[2 + self._heard[1] :]
        self._read = self._wished
        self._tell(bytes([_VERSION, _NO_PASSWORD]))
        if self._heard:
            self._wished(b"")

    def _wished(self, data: bytes) -> None:
        self._heard += data
        if len(self._heard) < 5 or len(self._heard) < _wish_length(self._heard):
            return
        self._read = self._too_early
        self.target = _read_target(self._heard)
        if self._heard[1] != _CONNECT or self.target is None:
            self._answer(_NOT_SUPPORTED)
        elif is_tracker(self.target.host):
            self._answer(_FORBIDDEN)
        elif self._door.passes(self):
            self._start(self.target)

    def _too_early(self, data: bytes) -> None:
        """A browser waits for our answer before it sends; whoever does not is no browser of ours."""
        self.cut()

    def _sent_up(self, data: bytes) -> None:
        if self._site is None:
            self.cut()
        elif self._held or not self._door.passes(self):
            self._held += data
            self._pause()
        else:
            self._site.write(data)

    def _start(self, target: Target) -> None:
        self._connecting = asyncio.ensure_future(self._connect(target))

    async def _connect(self, target: Target) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await loop.create_connection(lambda: _SiteSide(self), target.host, target.port)
        except OSError as error:
            logger.info("No connection to %s: %s", target, error)
            self._answer(_UNREACHABLE)
            return
        self._read = self._sent_up
        self._answer(_GRANTED)

    def _answer(self, reply: int) -> None:
        self._tell(bytes([_VERSION, reply, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
        if reply != _GRANTED and self._browser is not None:
            self._browser.close()

    def _tell(self, words: bytes) -> None:
        if self._browser is not None and not self._browser.is_closing():
            self._browser.write(words)


class _SiteSide(asyncio.Protocol):
    """The site's side of a tunnel."""

    def __init__(self, tunnel: _Tunnel) -> None:
        self._tunnel = tunnel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._tunnel.joined(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._tunnel.came_down(data)

    def eof_received(self) -> None:
        self._tunnel.site_ended(reset=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._tunnel.site_ended(reset=exc is not None)

    def pause_writing(self) -> None:
        self._tunnel.site_is_full(full=True)

    def resume_writing(self) -> None:
        self._tunnel.site_is_full(full=False)


def is_tracker(host: str) -> bool:
    """Whether BrokerBay's pages work just as well without this host.

    >>> is_tracker("bam.nr-data.net"), is_tracker("app.launchdarkly.com"), is_tracker("www.gstatic.com")
    (True, False, False)
    """
    return any(host == name or host.endswith("." + name) for name in TRACKERS)


def _wish_length(wish: bytes) -> int:
    """Of a SOCKS5 request, by its kind of address; 5 bytes of it must be there.

    >>> _wish_length(bytes([5, 1, 0, 3, 9]))
    16
    """
    address = {_IPV4: 4, _IPV6: 16, _NAME: 1 + wish[4]}.get(wish[3], 0)
    return 4 + address + 2


def _read_target(wish: bytes) -> Target | None:
    """Where a complete SOCKS5 request wants to go.

    >>> _read_target(bytes([5, 1, 0, 3, 4]) + b"HOST" + bytes([1, 187]))
    Target(host='host', port=443)
    """
    kind, end = wish[3], _wish_length(wish)
    port = int.from_bytes(wish[end - 2 : end], "big")
    if kind in (_IPV4, _IPV6):
        return Target(str(ipaddress.ip_address(wish[4 : end - 2])), port)
    if kind == _NAME:
        return Target(wish[5 : end - 2].decode("ascii", "replace").lower().strip("[]"), port)
    return None


def _close(transport: asyncio.Transport, *, reset: bool) -> None:
    """Ends a connection as the other side of its tunnel ended: what was cut off must not look complete."""
    if not reset:
        transport.close()
        return
    end = transport.get_extra_info("socket")
    if end is not None:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


_doors: WeakKeyDictionary[BrowserContext, Door] = WeakKeyDictionary()


def hang(door: Door, context: BrowserContext) -> None:
    """Makes it known as the context's own."""
    _doors[context] = door


def door_of(context: BrowserContext) -> Door:
    """Raises LookupError for a context that was opened without one: nothing may be sent from there."""
    try:
        return _doors[context]
    except KeyError:
        raise LookupError("This browser context has no door; open it with WarmBrowser.") from None
