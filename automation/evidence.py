"""Pictures kept for people: written to the private store before the line that names them."""

from __future__ import annotations

import logging

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from bookings.models import BookingRun

logger = logging.getLogger(__name__)


def keep(run: BookingRun, *, number: int, step: str, jpeg: bytes) -> str:
    """Store one JPEG of the run's present attempt; answers its name in the store.

    A store that cannot take it costs the picture, never the run: the answer is then empty.
    """
    name = f"{run.uuid}/{run.attempt_number:03d}-{number:03d}-{step}.jpg"
    try:
        return storages["evidence"].save(name, ContentFile(jpeg))
    except OSError:
        logger.exception("A picture of run %s could not be kept", run.pk)
        return ""
