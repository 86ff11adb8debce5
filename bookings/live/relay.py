"""Notices new run events and pushes them to this process's watchers: one thread a web process.

What rings depends on where the rows are. SQLite: a `PRAGMA data_version` every 10 ms, which touches no row
until some process has committed. PostgreSQL: one small read every 50 ms. With REDIS_URL: a word over Redis,
sent after the commit, and a read every second in case one was lost. The thread sleeps while nobody watches.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django_eventstream.storage import EventDoesNotExist
from django_eventstream.utils import get_storage
from django_eventstream.views import get_listener_manager

from bookings.live.channels import channel_of, run_uuid_of
from bookings.models import BookingRun

logger = logging.getLogger(__name__)

SQLITE_LOOK = 0.01  # seconds
POSTGRES_LOOK = 0.05
REDIS_LOOK = 1.0
AFTER_TROUBLE = 1.0
AT_ONCE = 100
REDIS_CHANNEL = "portal:run-events"

_redis: redis.Redis | None = None


def announce(run_id: int) -> None:
    """Tell the web processes of new lines, after the commit; without Redis they notice by themselves."""
    if settings.REDIS_URL:
        transaction.on_commit(lambda: _publish(str(run_id)), robust=True)


def _publish(word: str) -> None:
    global _redis  # one pool of connections a process
    if _redis is None:
        _redis = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        _redis.publish(REDIS_CHANNEL, word)
    except redis.RedisError as trouble:
        # The rows are there; watchers find them within a second.
        logger.warning("Redis did not take the word of new lines: %s", trouble)


class Relay:
    """The thread and what it has pushed so far, per channel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._pause = threading.Event()  # never set: its wait is the pause between two looks
        self._pushed: dict[str, int] = {}

    def wake(self) -> None:
        """Somebody watches: start the thread, or let it go on."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="live-log-relay", daemon=True)
                self._thread.start()
        self._wanted.set()

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            try:
                self._relay()
            # The last: a run that is gone between the look at its head and the reading of its lines.
            except (DatabaseError, redis.RedisError, EventDoesNotExist) as trouble:
                logger.warning("The live log lost its source and looks again: %s", trouble)
                self._pause.wait(AFTER_TROUBLE)
            finally:
                connection.close()

    def _relay(self) -> None:
        """Push until nobody watches any more."""
        wait_for_news = self._bell()
        while listened := self._listened():
            wait_for_news()
            self._push(listened)
        self._wanted.clear()
        if self._listened():
            self._wanted.set()

    def _listened(self) -> list[str]:
        manager = get_listener_manager()
        with manager.lock:
            return list(manager.listeners_by_channel)

    def _push(self, listened: list[str]) -> None:
        uuids = [uuid for uuid in map(run_uuid_of, listened) if uuid]
        heads = BookingRun.objects.filter(uuid__in=uuids).values_list("uuid", "event_seq")
        self._pushed = {channel: seq for channel, seq in self._pushed.items() if channel in listened}
        for run_uuid, head in heads:
            channel = channel_of(run_uuid)
            # A channel's last line is always pushed at first sight: a watcher who read its rows just before
            # that line was written sees the gap and reads again.
            since = self._pushed.get(channel, max(0, head - 1))
            for event in get_storage().get_events(channel, since, limit=AT_ONCE) if head > since else ():
                get_listener_manager().add_to_queues(channel, event)
                self._pushed[channel] = event.id

    def _bell(self) -> Callable[[], None]:
        """A function that returns when there may be something new."""
        if settings.REDIS_URL:
            return self._redis_bell()
        if connection.vendor == "sqlite":
            return self._sqlite_bell()
        return lambda: self._rest(POSTGRES_LOOK)

    def _rest(self, seconds: float) -> None:
        self._pause.wait(seconds)

    def _sqlite_bell(self) -> Callable[[], None]:
        seen: Any = None

        def wait() -> None:
            nonlocal seen
            while (version := _data_version()) == seen:
                self._rest(SQLITE_LOOK)
                if not self._listened():
                    return
            seen = version

        return wait

    def _redis_bell(self) -> Callable[[], None]:
        words = redis.Redis.from_url(settings.REDIS_URL).pubsub(ignore_subscribe_messages=True)
        words.subscribe(REDIS_CHANNEL)

        def wait() -> None:
            words.get_message(timeout=REDIS_LOOK)
            while words.get_message():
                pass

        return wait


def _data_version() -> int:
    """A number that changes when another connection has committed."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        version: int = cursor.fetchone()[0]
    return version


relay = Relay()
