from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

QUEUES = ("default", "booking")


class Command(BaseCommand):
    help = "Run the workers of one queue: `booking` drives browsers, `default` does everything else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=QUEUES)
        parser.add_argument(
            "--cluster", action="store_true", help="Run the bare cluster (what the supervisor starts)."
        )

    def handle(self, *args: Any, queue: str, cluster: bool, **options: Any) -> None:
        if cluster:
            from brokerbay.ops import cluster as one_cluster

            one_cluster.run(queue)
            return
        from brokerbay.ops.supervisor import Supervisor

        if queue == "default":
            from bookings.services import nightly
            from ingest.schedule import ensure_schedule

            ensure_schedule()
            nightly.ensure_schedule()
        Supervisor(queue).run()
