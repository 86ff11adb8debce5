"""django-eventstream's view of our rows: a channel is a run, an event is a RunEvent, its id is the `seq`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.urls import reverse
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event
from django_eventstream.storage import EventDoesNotExist, StorageBase

from bookings.models import BookingRun, RunEvent
from bookings.vocabulary import EvidenceKind, RunState

PREFIX = "run-"


@dataclass
class Told(Event):
    """An event with the row that it stands for."""

    row: RunEvent | None = None


def channel_of(run_uuid: UUID) -> str:
    return f"{PREFIX}{run_uuid}"


def run_uuid_of(channel: str) -> UUID | None:
    """The run that a channel is about; None for any other name.

    >>> run_uuid_of("run-12345678-1234-5678-1234-567812345678")
    UUID('12345678-1234-5678-1234-567812345678')
    >>> run_uuid_of("run-1"), run_uuid_of("news")
    (None, None)
    """
    if not channel.startswith(PREFIX):
        return None
    try:
        return UUID(channel.removeprefix(PREFIX))
    except ValueError:
        return None


def _run_uuid(channel: str) -> UUID:
    run_uuid = run_uuid_of(channel)
    if run_uuid is None:
        raise ValueError(f"No channel of a run: {channel}")
    return run_uuid


def wire_of(row: RunEvent) -> dict[str, Any]:
    """A line as the browser gets it; `picture` is an address or empty, `at` is ISO 8601 in UTC."""
    return {
        "seq": row.seq,
        "attempt": row.attempt_number,
        "at": row.at.isoformat(),
        "level": row.level,
        "step": row.step,
        "state": row.state,
        "message": row.message,
        "durationMs": row.duration_ms,
        "picture": _picture_of(row),
    }


def _picture_of(row: RunEvent) -> str:
    if row.evidence is None or row.evidence.kind != EvidenceKind.PICTURE:
        return ""
    return reverse("evidence", args=[row.evidence.uuid])


def status_of(row: RunEvent) -> dict[str, Any]:
    """What the line of a move says of the run's new state."""
    state = RunState(row.state)
    return {"seq": row.seq, "state": state.value, "label": str(state.label), "isOpen": state.is_open}


class RunEventStorage(StorageBase):  # type: ignore[misc]
    """Reads events where the services wrote them; nobody else may add one."""

    def append_event(self, channel: str, event_type: str, data: Any) -> Event:
        message = "Run events are written by bookings.services.runs."
        raise NotImplementedError(message)

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[Told]:
        """The events after `last_id` in order. Raises EventDoesNotExist for an id that was never given."""
        current = self.get_current_id(channel)
        if last_id > current:
            raise EventDoesNotExist(f"No such event {last_id}", current)
        if last_id == current:
            return []
        rows = RunEvent.objects.filter(run__uuid=_run_uuid(channel), seq__gt=last_id)
        return [
            Told(channel=channel, type="log", data=json.dumps(wire_of(row)), id=row.seq, row=row)
            for row in rows.select_related("evidence").order_by("seq")[:limit]
        ]

    def get_current_id(self, channel: str) -> int:
        head = BookingRun.objects.filter(uuid=_run_uuid(channel)).values_list("event_seq", flat=True)
        return head.first() or 0


class RunChannels(ChannelManagerBase):  # type: ignore[misc]
    """Who may watch a run: whoever may see its row."""

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: dict[str, Any]) -> set[str]:
        return {channel_of(view_kwargs["uuid"])}

    def can_read_channel(self, user: User | AnonymousUser | None, channel: str) -> bool:
        run_uuid = run_uuid_of(channel)
        if user is None or run_uuid is None:
            return False
        return BookingRun.objects.visible_to(user).filter(uuid=run_uuid).exists()

    def is_channel_reliable(self, channel: str) -> bool:
        return True
