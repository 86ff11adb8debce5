"""A small site over TLS, HTTP/1.1 or HTTP/2, that commits what it is sent and then lets the connection die.

The local BrokerBay speaks plain HTTP/1.1; the real one does not. It runs in the loop of the test's browser.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SUBMIT = "/listing/65f0c0ffee65f0c0ffee65f0/appointment"
H1, H2 = "http/1.1", "h2"
POLL = "/live/slots"
TOGETHER = 3  # so many of these are answered at once, so that HTTP/1.1 needs as many connections
FILLING = "/together"
# A poll ends with a commit and is asked again, and is given up when the page goes on, as on BrokerBay.
PAGE = f"""<!doctype html><title>Site</title><link rel=icon href="data:,"><button>AUTO-CONFIRM</button>
<script>
  const leaving = new AbortController();
  const post = (path, options) => fetch(path, {{method: 'POST', body: '{{"time": "14:00"}}', ...options}});
  const poll = async () => {{ for (;;) await fetch('{POLL}', {{signal: leaving.signal}}); }};
  const submit = async () => {{
    await post('{SUBMIT}');
    leaving.abort();
    location.hash = '/view';
  }};
  document.querySelector('button').onclick = submit;
</script>"""
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Site:
    """What the site was sent, and how its next submits end."""

    base_url: str = ""
    posts: list[str] = field(default_factory=list)  # paths, in the order of their commits
    resets: int = 0  # so many submits on a connection that was used before are committed, then reset
    holds: bool = False  # submits are committed and not answered
    connections: set[_Connection] = field(default_factory=set)
    polls: int = 0
    together: list[tuple[_Connection, int]] = field(default_factory=list)
    held: list[tuple[_Connection, int]] = field(default_factory=list)
    _committed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def commits(self) -> int:
        return self.posts.count(SUBMIT)

    def commit(self, path: str) -> None:
        self.posts.append(path)
        self._committed.set()
        self._committed = asyncio.Event()

    async def next_commit(self) -> None:
        await self._committed.wait()

    def answer_held(self) -> None:
        for connection, stream in self.held:
            connection.take(stream)
        self.held.clear()

    def close_connections(self) -> None:
        """As a server does with those that have idled."""
        for connection in list(self.connections):
            connection.transport.close()


class _Connection(asyncio.Protocol):
    """One connection; `used` counts the requests that it has brought."""

    transport: asyncio.Transport

    def __init__(self, site: Site) -> None:
        self.site = site
        self.used = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.site.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.site.connections.discard(self)
        for task in self.tasks:
            task.cancel()

    def ask(self, method: str, path: str, stream: int = 0) -> None:
        self.used += 1
        if method == "GET" and path == POLL:
            task = asyncio.ensure_future(self._poll(stream))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif method == "GET" and path.startswith(FILLING):
            self._gather(stream)
        elif method == "GET":
            self.answer(stream, PAGE, "text/html")
        else:
            self._take(path, stream)

    def _gather(self, stream: int) -> None:
        waiting = self.site.together
        waiting.append((self, stream))
        if len(waiting) == TOGETHER:
            for connection, its_stream in waiting:
                connection.answer(its_stream, "{}", "application/json")
            waiting.clear()

    def _take(self, path: str, stream: int) -> None:
        self.site.commit(path)
        if self.site.resets and self.used > 1:
            self.site.resets -= 1
            self._reset()
        elif self.site.holds:
            self.site.held.append((self, stream))
        else:
            self.take(stream)

    def take(self, stream: int) -> None:
        self.answer(stream, json.dumps({"_id": "65f0"}), "application/json")

    def _reset(self) -> None:
        raw: socket.socket = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    async def _poll(self, stream: int) -> None:
        self.site.polls += 1
        await self.site.next_commit()
        self.answer(stream, "{}", "application/json")

    def answer(self, stream: int, body: str, kind: str) -> None:
        raise NotImplementedError


class _OverH1(_Connection):
    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, rest = self._heard.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:])
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self._heard = rest[length:]
            method, path, _ = lines[0].split(" ")
            self.ask(method, path)

    def answer(self, stream: int, body: str, kind: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write((head + body).encode())


class _OverH2(_Connection):
    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._asked: dict[int, tuple[str, str]] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._h2.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                headers = {_text(name): _text(value) for name, value in event.headers}
                self._asked[event.stream_id] = headers[":method"], headers[":path"]
            elif isinstance(event, h2.events.StreamEnded):
                self._flush()
                self.ask(*self._asked.pop(event.stream_id), stream=event.stream_id)
        if not self.transport.is_closing():
            self._flush()

    def answer(self, stream: int, body: str, kind: str) -> None:
        self._h2.send_headers(stream, [(":status", "200"), ("content-type", kind)])
        self._h2.send_data(stream, body.encode(), end_stream=True)
        self._flush()

    def _flush(self) -> None:
        self.transport.write(self._h2.data_to_send())


def _text(word: bytes | str) -> str:
    return word.decode() if isinstance(word, bytes) else word


@asynccontextmanager
async def open_site(protocol: str, certificate: Certificate) -> AsyncIterator[Site]:
    """The site on a free port of loopback."""
    site = Site()
    kind = _OverH2 if protocol == H2 else _OverH1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path)
    context.set_alpn_protocols([protocol])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(site), "127.0.0.1", 0, ssl=context)
    site.base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield site
    finally:
        server.close()
        for connection in list(site.connections):
            connection.transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Signed by itself. A browser that is told its key's hash takes it like any other; one that is told to
    overlook all errors would first meet the error and connect anew."""

    path: Path
    key_hash: str

    @property
    def browser_setting(self) -> str:
        return f"--ignore-certificate-errors-spki-list={self.key_hash}"


def certified(folder: Path) -> Certificate:
    """A fresh one for loopback, kept with its key in that folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one click")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    public = key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Certificate(path=path, key_hash=base64.b64encode(hashlib.sha256(public).digest()).decode())
