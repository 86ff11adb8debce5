"""The one answer that needs no sign-in, and says nothing more than it must."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from bookings.api import shapes

router = Router(tags=["Health"])
log = logging.getLogger(__name__)


@router.get("/health", auth=None, response={200: shapes.Health, 503: shapes.Health}, exclude_none=True)
def show_health(request: HttpRequest) -> Status[shapes.Health]:
    """Whether the portal answers and its database too."""
    is_up = _database_answers()
    body = shapes.Health(
        success=is_up,
        status="ok" if is_up else "down",
        timestamp=timezone.now(),
        database="up" if is_up else "down",
        error=None if is_up else "The database does not answer.",
    )
    return Status(200 if is_up else 503, body)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("The database does not answer")
        return False
    return True
