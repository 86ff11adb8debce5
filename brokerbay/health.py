"""Two answers for machines: /live says that this process answers, /ready that it can work."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from bookings.services import upstreams

log = logging.getLogger(__name__)
FREE_DISK = 0.05


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; asks nobody, so that only a hung process gets restarted for it."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200, or 503 with what is missing. `services` says of each outside service whether it is asked at the
    moment ("ok", "resting", "trying"); none of them takes this down.
    """
    missing = list(_missing())
    services = {} if {"database", "migrations"} & set(missing) else upstreams.states()
    return JsonResponse(
        {"status": "waiting" if missing else "ready", "missing": missing, "services": services},
        status=503 if missing else 200,
    )


def _missing() -> Iterator[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield "migrations"
    except DatabaseError:
        log.exception("The database does not answer")
        yield "database"
        return
    try:
        cache.set("ready", 1, timeout=5)
    except Exception:  # each cache backend raises its own errors
        log.exception("The cache does not answer")
        yield "cache"
    disk = shutil.disk_usage(settings.DATA_DIR)
    if disk.free < disk.total * FREE_DISK:
        yield "disk space"
