"""What the robot's browser shows, pushed to a person who signs an account in: the newest look, no queue."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone, translation

from bookings.live.stream import release_thread
from bookings.models import BookingRun, Screen
from bookings.told import tell
from bookings.vocabulary import RunState

TICK = 0.03  # seconds between two looks at the row
ASK_AGAIN = 5.0  # …between two looks whether the person may still see it
MAY = "sign_in_account"


@dataclass(slots=True)
class Watcher:
    """One person's side of it: what they were told already."""

    user: User
    run_id: int
    language: str
    seq: int = -1
    said: str = ""
    ended: bool = False
    asked_at: float = 0.0

    def news(self) -> str:
        """The events since the last look, as they go over the wire; often none. Reads the row once."""
        now = time.monotonic()
        if now - self.asked_at > ASK_AGAIN:
            self.asked_at = now
            if not BookingRun.objects.visible_to(self.user, may=MAY).filter(pk=self.run_id).exists():
                self.ended = True
                return _event("forbidden", {})
            return ": still here\n\n" + self._news()
        return self._news()

    def _news(self) -> str:
        run = BookingRun.objects.filter(pk=self.run_id).values("state", "screen__seq", "account_id").get()
        told = ""
        if run["screen__seq"] not in (None, self.seq):
            told += self._look()
        words = _event("state", self._standing(RunState(run["state"]), run["account_id"]))
        if words != self.said:
            self.said = words
            told += words
        self.ended = not RunState(run["state"]).is_open
        return told

    def _look(self) -> str:
        screen = Screen.objects.filter(run_id=self.run_id).first()
        if screen is None:
            return ""
        self.seq = screen.seq
        return _event(
            "look",
            {
                "seq": screen.seq,
                "width": screen.width,
                "height": screen.height,
                "host": screen.host,
                "page": self._page(screen),
                "jpeg": base64.b64encode(bytes(screen.jpeg)).decode(),
            },
        )

    def _page(self, screen: Screen) -> dict[str, Any]:
        with translation.override(self.language):
            return {**screen.page, "note": tell(screen.page.get("note") or "")}

    def _standing(self, state: RunState, account_id: int) -> dict[str, Any]:
        """The run's state, and while it waits, whether a booking uses the account."""
        waits_for_booking = (
            state == RunState.QUEUED
            and BookingRun.objects.filter(account_id=account_id, lease_until__gt=timezone.now()).exists()
        )
        return {"state": state.value, "open": state.is_open, "busy": waits_for_booking}


async def screens(user: User, run: BookingRun, *, language: str) -> AsyncGenerator[str, None]:
    """Server-sent events of one sign-in for one person: `look`, `state`, or a last `forbidden`.

    Each stream has a thread and a database connection of its own: few people sign in at once, for minutes.
    """
    await release_thread()
    watcher = Watcher(user, run.pk, language)
    loop = asyncio.get_running_loop()
    reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="screens")
    try:
        yield "retry: 1000\n\n"
        while not watcher.ended:
            if told := await loop.run_in_executor(reader, watcher.news):
                yield told
            await asyncio.sleep(TICK)
    finally:
        reader.submit(connections.close_all)
        reader.shutdown(wait=False)


def _event(name: str, said: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(said)}\n\n"
