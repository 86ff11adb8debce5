"""No request's body is taken in beyond what any page or the API could need: refused while it still comes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# A sender of more than this is cut off.
MOST_THROWN_AWAY = 100_000_000
SENTENCE = "The body is too big for anything that is asked here."


@dataclass(frozen=True, slots=True)
class LimitedBodies:
    """An ASGI application that answers 413 to a body of more than `most` bytes, announced so or not.

    What is still on its way is thrown away, so the sender can read the answer: by the server, or by us where
    the line is to be closed after it.
    """

    application: Application
    most: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
        elif _announced(scope) > self.most:
            await _refuse(scope, receive, send)
        else:
            await _Counted(scope=scope, receive=receive, send=send, left=self.most).ask(self.application)


@dataclass(slots=True, kw_only=True)
class _Counted:
    """One request whose body is counted as it comes."""

    scope: Scope
    receive: Receive
    send: Send
    left: int
    is_answered: bool = False

    async def ask(self, application: Application) -> None:
        await application(self.scope, self._receive, self._send)
        if self.left < 0 and not self.is_answered:
            await _refuse(self.scope, self.receive, self.send)

    async def _receive(self) -> Message:
        message = await self.receive()
        self.left -= len(message.get("body", b""))
        # To the application it is as if its client had gone: it gives up, and nothing of it has been done.
        return message if self.left >= 0 else {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.is_answered = True
        await self.send(message)


def _announced(scope: Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    body, kind = SENTENCE.encode(), b"text/plain; charset=utf-8"
    if scope["path"].startswith("/api/"):
        body, kind = json.dumps({"success": False, "error": SENTENCE}).encode(), b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if dict(scope["headers"]).get(b"connection", b"").lower() == b"close":
        await _throw_away(receive)
    await send({"type": "http.response.body", "body": b""})


async def _throw_away(receive: Receive) -> None:
    """A line that is closed on a sender takes the answer with it."""
    left, more = MOST_THROWN_AWAY, True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = message.get("more_body", False)
