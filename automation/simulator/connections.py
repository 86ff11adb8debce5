"""Dropping a connection under a browser's feet, which HTTP servers do not offer."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 that remembers its open connections by the client's address."""

    open_connections: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.open_connections[self._peer(transport)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_connections.pop(self._peer(self.transport), None)
        super().connection_lost(exc)

    @staticmethod
    def _peer(transport: asyncio.Transport) -> tuple[str, int]:
        host, port, *_ = transport.get_extra_info("peername") or ("", 0)
        return host, port


class Dropped(Response):
    """No answer: the connection is reset, after `beginning` has left where there is one."""

    def __init__(self, *, beginning: bytes = b"") -> None:
        super().__init__()
        self._beginning = beginning

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = cast(tuple[str, int], tuple(scope["client"]))
        transport = DroppableProtocol.open_connections.get(client)
        if transport is not None:
            if self._beginning:
                transport.write(self._beginning)
            transport.abort()
        # The server counts the request as over only once it has seen the client go.
        while (await receive())["type"] != "http.disconnect":
            continue
