"""Posting over TLS: to whom the certificate names, and to nobody else."""

from __future__ import annotations

import functools
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bookings.services import posting
from tests.automation.engine.one_click.site import Certificate, certified
from tests.bookings.receiver import Receiver, receiving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Good for 127.0.0.1, and signed by itself."""
    return certified(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receiver(certificate: Certificate, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_INSIDE = True
    with receiving(certificate.path) as told:
        yield told


@pytest.fixture
def _trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = functools.partial(ssl.create_default_context, cafile=str(certificate.path))
    monkeypatch.setattr(posting.ssl, "create_default_context", trusting)


@pytest.mark.usefixtures("_trusted")
def test_it_arrives_where_the_certificate_is_good(receiver: Receiver) -> None:
    reply = posting.post(f"https://127.0.0.1:{receiver.port}/hook?a=b", b'{"a": 1}', {"webhook-id": "evt_1"})
    assert (reply.status, reply.is_taken) == (200, True)
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook?a=b", b'{"a": 1}', "evt_1")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.usefixtures("_trusted")
def test_another_name_than_the_certificates_is_told_nothing(receiver: Receiver) -> None:
    with pytest.raises(posting.NoReply, match="certificate is not good"):
        posting.post(f"https://localhost:{receiver.port}/", b"{}", {})
    assert receiver.got == []


def test_a_certificate_that_nobody_vouches_for_is_told_nothing(receiver: Receiver) -> None:
    with pytest.raises(posting.NoReply, match="certificate is not good"):
        posting.post(f"https://127.0.0.1:{receiver.port}/", b"{}", {})
    assert receiver.got == []


def test_one_that_never_shakes_hands_is_cut_off(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOKS_INSIDE = True
    monkeypatch.setattr(posting, "TOTAL", 0.3)
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            peer, _ = server.accept()
            with peer:
                asked.wait(30)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            with pytest.raises(posting.NoReply):
                posting.post(f"https://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        finally:
            asked.set()
            thread.join()


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"\x16\x03\x01" * 9]
)
def test_what_is_no_http_is_no_reply(said: bytes, settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = True
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(said)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(posting.NoReply):
            posting.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        thread.join()
