"""Posting to addresses that partners name: over https, to the public internet, never into our own network.

The name is resolved once, and just that address is spoken to: a name that points elsewhere a moment later
(DNS rebinding) changes nothing. No redirect is followed, and little of an answer is read.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

CONNECT, READ, TOTAL = 4.0, 8.0, 15.0  # seconds
LARGEST_ANSWER = 4096  # bytes; nothing in it matters but that it came
LONGEST_ADDRESS = 1000
USER_AGENT = "showing-portal/1 (webhooks)"
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Nobody's on the internet either, though Python takes them for it; clouds keep their keys at some of them.
SET_ASIDE = tuple(
    ipaddress.ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20")
)

IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(Exception):
    """Nothing is sent to that address, now or later."""


class NoReply(Exception):
    """It did not answer, or not in time; what was sent may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `retry_after` is the wait that the receiver asked for."""

    status: int
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


def check(url: str) -> SplitResult:
    """The address taken apart. Raises NotAllowed for one that is never posted to, whatever its name means."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise NotAllowed("That is no web address. Write it whole: https://host.example.com/path") from wrong
    if len(url) > LONGEST_ADDRESS or not url.isascii() or any(sign <= " " or sign == "\x7f" for sign in url):
        raise NotAllowed("That address is too long, or has signs in it that no address has.")
    inside = settings.WEBHOOKS_INSIDE
    if not parts.hostname or parts.scheme not in (("https", "http") if inside else ("https",)):
        raise NotAllowed("Write an address that begins with https://.")
    if parts.username or parts.password or port == 0:
        raise NotAllowed("No name, password or port 0 may stand in the address.")
    literal = _ip(parts.hostname)
    if literal is not None and not inside and not is_public(literal):
        raise NotAllowed("That address is not on the public internet.")
    return parts


def is_public(address: IP) -> bool:
    """Whether an address is somebody's on the internet: not ours, not this machine, nor one inside another.

    >>> [is_public(ipaddress.ip_address(each)) for each in ("8.8.8.8", "10.0.0.1", "::ffff:127.0.0.1")]
    [True, False, False]
    >>> is_public(ipaddress.ip_address("192.0.0.192"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    if any(address in each for each in SET_ASIDE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Post a body. Raises NotAllowed before anything is sent, NoReply when no whole answer came in time."""
    parts = check(url)
    is_safe = parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    address = _resolved(parts.hostname or "", port)
    try:
        with _connected(address, port, tls=(parts.hostname or "") if is_safe else "") as sock:
            return _ask(sock, parts, body, headers)
    except ssl.SSLCertVerificationError as wrong:
        raise NoReply(f"Its certificate is not good: {wrong.verify_message}.") from wrong
    except TimeoutError as late:
        raise NoReply("It did not answer in time.") from late
    except (OSError, http.client.HTTPException) as broken:
        raise NoReply(f"It did not answer ({type(broken).__name__}).") from broken


def _resolved(host: str, port: int) -> str:
    """The one address that is spoken to. Raises NotAllowed where the name leads to any that is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise NoReply("Its name leads to no address.") from unknown
    addresses = [str(each[4][0]) for each in found]
    if not settings.WEBHOOKS_INSIDE:
        read = [_ip(each) for each in addresses]
        if not all(each is not None and is_public(each) for each in read):
            raise NotAllowed("Its name leads to an address that is not on the public internet.")
    return addresses[0]


def _ip(text: str) -> IP | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


@contextmanager
def _connected(address: str, port: int, *, tls: str) -> Iterator[socket.socket]:
    """A connection, cut off after TOTAL however slowly the other side goes on. `tls` is whom to expect."""
    sock = socket.create_connection((address, port), timeout=CONNECT)
    held, is_late = [sock], threading.Event()

    def cut() -> None:
        is_late.set()
        with suppress(OSError):
            held[-1].shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(TOTAL, cut)
    watch.daemon = True
    watch.start()
    try:
        sock.settimeout(READ)
        if tls:
            # Taken over before hands are shaken, so that a slow shake is cut off too.
            safe = ssl.create_default_context().wrap_socket(
                sock, server_hostname=tls, do_handshake_on_connect=False
            )
            held.append(safe)
            safe.do_handshake()
        yield held[-1]
        if is_late.is_set():  # what was cut off may look like a short answer
            raise TimeoutError
    finally:
        watch.cancel()
        for each in held:
            each.close()


def _ask(sock: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Reply:
    connection = http.client.HTTPConnection("receiver")  # its socket is there already
    connection.sock = sock
    path = parts.path or "/"
    connection.putrequest(
        "POST", f"{path}?{parts.query}" if parts.query else path, skip_host=True, skip_accept_encoding=True
    )
    ours = {
        "Host": parts.netloc,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    for name, value in {**ours, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    try:
        answer.read(LARGEST_ANSWER)
        return Reply(status=answer.status, retry_after=_wait(answer.getheader("Retry-After")))
    finally:
        answer.close()


def _wait(said: str | None) -> timedelta | None:
    """What a Retry-After says, up to a day: seconds, or a date.

    >>> _wait("120"), _wait("soon"), _wait(None)
    (datetime.timedelta(seconds=120), None, None)
    """
    if said is None:
        return None
    if said.isascii() and said.isdecimal():
        return timedelta(seconds=min(int(said[:9]), 86_400))
    with suppress(TypeError, ValueError):
        until = parsedate_to_datetime(said)
        left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)
        return min(max(left, timedelta(0)), timedelta(days=1))
    return None
