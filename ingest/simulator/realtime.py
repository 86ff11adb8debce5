"""Supabase Realtime, as far as a table's changes go: Phoenix channels over a websocket, in both versions.

Changes are delivered at most once and never replayed. Between a join's answer and "Subscribed to PostgreSQL"
they are lost, as they are with the real one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ingest.simulator.postgrest import BadQuery, Row, read_query
from ingest.simulator.world import Change, World

# What PostgreSQL calls the columns' types; all others are text.
TYPES = {
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "scheduled_date": "date",
    "scheduled_time": "time",
}
# Seconds between a join's answer and "Subscribed to PostgreSQL", unless the fault "late" says otherwise.
SUBSCRIBES_AFTER = 0.05
# A change that the fault "shuffled" held back comes by itself after this, if no other one overtakes it.
HELD_BACK = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message of either side. `ref` and `join_ref` are None where the server speaks by itself."""

    topic: str
    event: str
    payload: Any
    ref: str | None = None
    join_ref: str | None = None

    def written(self, version: str) -> str:
        """The message on the wire; in version 1 the server never tells the `join_ref`."""
        if version.startswith("2"):
            return json.dumps([self.join_ref, self.ref, self.topic, self.event, self.payload])
        return json.dumps(
            {"topic": self.topic, "event": self.event, "payload": self.payload, "ref": self.ref}
        )


def read_frame(text: str, version: str) -> Frame | None:
    """A client's message; None for what is malformed: the real one drops it without a word."""
    try:
        told = json.loads(text)
        if version.startswith("2"):
            join_ref, ref, topic, event, payload = told
        else:
            topic, event, payload = told["topic"], told["event"], told["payload"]
            ref, join_ref = told.get("ref"), told.get("join_ref")
    except (ValueError, KeyError, TypeError):
        return None
    return Frame(topic=str(topic), event=str(event), payload=payload, ref=ref, join_ref=join_ref)


@dataclass(slots=True, kw_only=True)
class _Channel:
    """One joined topic. `wishes` are its postgres_changes, each with its `id`."""

    topic: str
    join_ref: str | None
    wishes: list[dict[str, Any]]
    token: str
    subscribed: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class _Line:
    """One client's socket."""

    version: str
    sees_rows: bool
    outgoing: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)
    channels: dict[str, _Channel] = field(default_factory=dict)
    silent: bool = False

    def say(self, frame: Frame) -> None:
        if not self.silent:
            self.outgoing.put_nowait(frame.written(self.version))

    def hang_up(self, code: int) -> None:
        self.outgoing.put_nowait(code)


class Realtime:
    """The server. Used from one event loop."""

    def __init__(self, world: World, *, table: str, keys: Mapping[str, bool]) -> None:
        """`keys` says of each key whether row level security shows it rows."""
        self._world = world
        self._table = table
        self._keys = keys
        self._lines: set[_Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Change] = []
        self.heard: Counter[str] = Counter()
        world.watchers.append(self._changed)

    # ---- what the control does to it -------------------------------------------------------------------

    def standing(self) -> dict[str, Any]:
        """How many sockets there are, how many channels hear changes, how often which event was heard."""
        channels = [channel for line in self._lines for channel in line.channels.values()]
        return {
            "sockets": len(self._lines),
            "subscribed": sum(channel.subscribed for channel in channels),
            "heard": dict(self.heard),
        }

    def do(self, act: str, *, code: int = 1012, message: str = "Server requested disconnect") -> None:
        """Do something to every socket that is there now.

        Acts: silence (it stays open and nothing comes any more), drop (the socket is closed with `code`),
        close (channels end with `message`), crash (channels break). Raises ValueError for any other.
        """
        if act not in ("silence", "drop", "close", "crash"):
            raise ValueError("An act is one of silence, drop, close, crash.")
        for line in tuple(self._lines):
            if act == "silence":
                line.silent = True
            elif act == "drop":
                line.hang_up(code)
            else:
                for channel in tuple(line.channels.values()):
                    self._end(line, channel, message if act == "close" else "")

    # ---- the socket ------------------------------------------------------------------------------------

    async def socket(self, websocket: WebSocket) -> None:
        """One client from its handshake to its end."""
        key = websocket.headers.get("x-api-key") or websocket.query_params.get("apikey", "")
        refusal = self._handshake_refusal(key)
        if refusal is not None:
            await websocket.send_denial_response(refusal)
            return
        await websocket.accept()
        line = _Line(version=websocket.query_params.get("vsn", "1.0.0"), sees_rows=self._keys[key])
        self._lines.add(line)
        writer = asyncio.create_task(_write(websocket, line))
        try:
            while True:
                self._hear(line, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass  # it is gone, or sent what is no text
        finally:
            self._lines.discard(line)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _handshake_refusal(self, key: str) -> JSONResponse | None:
        fault = self._world.fault_for("realtime", kinds=("status",))
        if fault is not None:
            return JSONResponse({"error": "played by the simulator"}, status_code=fault.status)
        if key not in self._keys:
            return JSONResponse({"error": "Missing or invalid API key"}, status_code=401)
        return None

    def _hear(self, line: _Line, text: str) -> None:
        frame = read_frame(text, line.version)
        if frame is None:
            return
        self.heard[frame.event] += 1
        if line.silent:
            return
        if frame.topic == "phoenix":
            line.say(_reply(frame, "ok"))
        elif frame.event == "phx_join":
            self._join(line, frame)
        elif frame.topic in line.channels:
            self._hear_member(line, line.channels[frame.topic], frame)

    def _hear_member(self, line: _Line, channel: _Channel, frame: Frame) -> None:
        if frame.event == "phx_leave":
            line.say(_reply(frame, "ok"))
            self._leave(line, channel)
        elif frame.event == "access_token":
            token = str((frame.payload or {}).get("access_token") or "")
            if token and not token.startswith("sb_"):
                channel.token = token
                self._check_token(line, channel)

    # ---- channels --------------------------------------------------------------------------------------

    def _join(self, line: _Line, frame: Frame) -> None:
        config = frame.payload.get("config", {}) if isinstance(frame.payload, dict) else {}
        token = str((frame.payload or {}).get("access_token") or "")
        reason = self._join_refusal(frame.topic, "" if token.startswith("sb_") else token)
        if reason:
            line.say(_reply(frame, "error", {"reason": reason}))
            return
        before = line.channels.get(frame.topic)
        if before is not None:
            self._leave(line, before)
        wishes = [{**wish, "id": _id_of(wish)} for wish in config.get("postgres_changes") or []]
        channel = _Channel(topic=frame.topic, join_ref=frame.join_ref, wishes=wishes, token=token)
        line.channels[frame.topic] = channel
        line.say(_reply(frame, "ok", {"postgres_changes": wishes}))
        if (config.get("presence") or {}).get("enabled"):
            line.say(_push(channel, "presence_state", {}))
        if wishes:
            self._later(self._subscribe(line, channel))
        self._later(self._watch_token(line, channel))

    def _join_refusal(self, topic: str, token: str) -> str:
        fault = self._world.fault_for("realtime", kinds=("refused",))
        if fault is not None:
            return fault.reason or "Unauthorized: You do not have permissions to read from this Channel topic"
        if not topic.startswith("realtime:"):
            return "unmatched topic"
        if topic == "realtime:":
            return "TopicNameRequired: You must provide a topic name"
        late = _expired_since(token)
        return f"InvalidJWTToken: Token has expired {late:.0f} seconds ago" if late is not None else ""

    async def _subscribe(self, line: _Line, channel: _Channel) -> None:
        fault = self._world.fault_for("realtime", kinds=("late", "unsubscribed"))
        await asyncio.sleep(fault.seconds if fault else SUBSCRIBES_AFTER)
        known = all(wish.get("table") in (self._table, "*", None) for wish in channel.wishes)
        if (fault is not None and fault.kind == "unsubscribed") or not known:
            wrong = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled"
            line.say(_system(channel, "postgres_changes", "error", wrong))
            return
        channel.subscribed = True
        line.say(_system(channel, "postgres_changes", "ok", "Subscribed to PostgreSQL"))

    async def _watch_token(self, line: _Line, channel: _Channel) -> None:
        while line.channels.get(channel.topic) is channel and (left := _lives_for(channel.token)) is not None:
            await asyncio.sleep(max(left, 0) + 0.01)
            if not self._check_token(line, channel):
                return

    def _check_token(self, line: _Line, channel: _Channel) -> bool:
        late = _expired_since(channel.token)
        if late is None:
            return True
        if line.channels.get(channel.topic) is channel:
            self._end(line, channel, f"Token has expired {late:.0f} seconds ago")
        return False

    def _end(self, line: _Line, channel: _Channel, message: str) -> None:
        """End a channel from our side: in words, or as if it had crashed."""
        if message:
            line.say(_system(channel, "system", "error", message))
            self._leave(line, channel)
        else:
            line.channels.pop(channel.topic, None)
            line.say(_push(channel, "phx_error", {}))

    def _leave(self, line: _Line, channel: _Channel) -> None:
        line.channels.pop(channel.topic, None)
        line.say(_push(channel, "phx_close", {}))

    def _later(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- changes ---------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        fault = self._world.fault_for("realtime", kinds=("lost", "twice", "shuffled"))
        kind = fault.kind if fault else ""
        if kind == "lost":
            return
        if kind == "shuffled":
            self._held.append(change)
            self._later(self._release_held())
            return
        for _ in range(2 if kind == "twice" else 1):
            self._deliver(change)
        self._deliver_held()

    async def _release_held(self) -> None:
        await asyncio.sleep(HELD_BACK)
        self._deliver_held()

    def _deliver_held(self) -> None:
        held, self._held = self._held, []
        for change in reversed(held):
            self._deliver(change)

    def _deliver(self, change: Change) -> None:
        data = self._data(change)
        for line in self._lines:
            if not (line.sees_rows or change.kind == "DELETE"):
                continue
            for channel in line.channels.values():
                ids = [wish["id"] for wish in channel.wishes if _wanted(wish, change)]
                if ids and channel.subscribed:
                    line.say(_push(channel, "postgres_changes", {"ids": ids, "data": data}))

    def _data(self, change: Change) -> dict[str, Any]:
        """A change as the server tells it, with what a fault takes away from it."""
        data: dict[str, Any] = {
            "schema": "public",
            "table": self._table,
            "type": change.kind,
            "commit_timestamp": _now(),
            "columns": [{"name": name, "type": TYPES.get(name, "text")} for name in change.row],
            "errors": None,
        }
        if change.kind != "DELETE":
            data["record"] = dict(change.row)
        if change.kind != "INSERT":
            # The replica's identity is the key alone, unless the table is set to tell all.
            data["old_record"] = {"id": change.row["id"]}
        fault = self._world.fault_for("realtime", kinds=("bare", "large", "blind"))
        return _spoilt(data, fault.kind) if fault else data


def _spoilt(data: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind == "bare":
        return {name: value for name, value in data.items() if name != "columns"}
    if kind == "blind":
        return {**data, "record": {}, "errors": ["Error 401: Unauthorized"]}
    small = {name: value for name, value in data.get("record", {}).items() if len(str(value)) <= 64}
    return {**data, "record": small, "errors": ["Error 413: Payload Too Large"]}


async def _write(websocket: WebSocket, line: _Line) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            what = await line.outgoing.get()
            if isinstance(what, int):
                await websocket.close(what)
                return
            await websocket.send_text(what)


def _reply(to: Frame, status: str, response: Any = None) -> Frame:
    return Frame(
        topic=to.topic,
        event="phx_reply",
        payload={"status": status, "response": response or {}},
        ref=to.ref,
        join_ref=to.join_ref,
    )


def _push(channel: _Channel, event: str, payload: Any) -> Frame:
    return Frame(topic=channel.topic, event=event, payload=payload, join_ref=channel.join_ref)


def _system(channel: _Channel, extension: str, status: str, message: str) -> Frame:
    payload = {
        "channel": channel.topic.removeprefix("realtime:"),
        "extension": extension,
        "status": status,
        "message": message,
    }
    return _push(channel, "system", payload)


def _id_of(wish: Mapping[str, Any]) -> int:
    """The same wish has the same id, on whichever channel."""
    told = json.dumps(wish, sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") % 2**27


def _wanted(wish: Mapping[str, Any], change: Change) -> bool:
    if wish.get("event") not in ("*", change.kind):
        return False
    column, _, condition = str(wish.get("filter") or "").partition("=")
    if not column or change.kind == "DELETE":
        return True
    return _holds(column, condition, change.row)


def _holds(column: str, condition: str, row: Row) -> bool:
    try:
        return read_query([(column, condition)]).predicate(row) is True
    except BadQuery:
        return False


def _lives_for(token: str) -> float | None:
    """Seconds until a JWT runs out, negative when it has; None when it never does or is none."""
    pieces = token.split(".")
    if len(pieces) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(pieces[1] + "=" * (-len(pieces[1]) % 4)))
        return float(claims["exp"]) - time.time()
    except (ValueError, KeyError, TypeError):
        return None


def _expired_since(token: str) -> float | None:
    left = _lives_for(token)
    return -left if left is not None and left <= 0 else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
