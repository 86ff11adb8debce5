"""The doorbell: a queue row that names a task. The table is the truth; ringing twice is harmless."""

from __future__ import annotations

from django.db import transaction
from django_q.tasks import async_task

from bookings.vocabulary import NoticeChannel

PERFORM_RUN = "automation.tasks.perform_run"
SEND_NOTICES = "bookings.services.notices.send_owed"
SEND_SLACK = "bookings.services.deliveries.send_slack"
SEND_WEBHOOKS = "bookings.services.deliveries.send_webhooks"
WRITE_BACK = "ingest.tasks.write_back"
SYNC = "ingest.tasks.sync"
QUEUE_READY = "bookings.services.showings.queue_ready"
WRITE_EXPORT = "bookings.admin.exporting.write_export"
FETCH_ADDRESSES = "ingest.tasks.fetch_addresses"

LONGEST_EXPORT = 3000  # seconds

SENDERS = {
    NoticeChannel.EMAIL: SEND_NOTICES,
    NoticeChannel.SUPABASE: WRITE_BACK,
    NoticeChannel.SLACK: SEND_SLACK,
    NoticeChannel.WEBHOOK: SEND_WEBHOOKS,
}


def ring(run_id: int) -> None:
    """Ask a booking worker to look at a run, once the present transaction is committed."""
    transaction.on_commit(lambda: _enqueue(PERFORM_RUN, run_id, cluster="booking"))


def ring_channel(channel: NoticeChannel) -> None:
    """Ask for what a channel owes to be sent."""
    transaction.on_commit(lambda: _enqueue(SENDERS[channel], cluster="default"))


def ring_sync(trigger: str) -> None:
    transaction.on_commit(lambda: _enqueue(SYNC, trigger, cluster="default"))


def ring_ready() -> None:
    """Ask for requests to be judged that could not be before."""
    transaction.on_commit(lambda: _enqueue(QUEUE_READY, cluster="default"))


def ring_addresses() -> None:
    transaction.on_commit(lambda: _enqueue(FETCH_ADDRESSES, cluster="default"))


def ring_export(export_id: int) -> None:
    """Ask for a file to be written: a large one takes longer than any other task."""
    transaction.on_commit(
        lambda: _enqueue(WRITE_EXPORT, export_id, cluster="default", timeout=LONGEST_EXPORT)
    )


def _enqueue(task: str, *args: object, cluster: str, **limits: float) -> None:
    async_task(task, *args, cluster=cluster, save=False, **limits)
