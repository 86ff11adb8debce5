"""One daemon thread with an event loop and one warm browser per worker process.

Django refuses queries where a loop runs, so the loop lives here and the task's thread writes the rows.
Made lazily, after the fork: nothing here may exist in a process that forks workers.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from django.conf import settings

from automation.engine.browser import WarmBrowser

T = TypeVar("T")


class BrowserThread:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self.browser = WarmBrowser(executable=settings.BROWSER_EXECUTABLE, sandbox=settings.BROWSER_SANDBOX)
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()
        # The thread that writes rows must not hold the loop up: by default it may keep it waiting for 5 ms,
        # once for each of the browser's many short messages.
        sys.setswitchinterval(0.0005)

    def start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


_present: BrowserThread | None = None


def present() -> BrowserThread:
    """This process's browser thread, made at first use (and made anew after a fork)."""
    global _present
    if _present is None or _present.pid != os.getpid():
        _present = BrowserThread()
    return _present
