"""Files kept for people: written to the private store before the row that names them.

Killed in between, a file stays that no row names; the daily pruning finds it by its age.
"""

from __future__ import annotations

import logging

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from bookings.models import BookingRun

logger = logging.getLogger(__name__)


def keep(run: BookingRun, *, number: int, step: str, content: bytes, ending: str = "jpg") -> str:
    """Store one file of the run's present attempt; answers its name in the store.

    A store that cannot take it costs the file, never the run: the answer is then empty.
    """
    name = f"{run.uuid}/{run.attempt_number:03d}-{number:03d}-{step}.{ending}"
    try:
        return storages["evidence"].save(name, ContentFile(content))
    except OSError:
        logger.exception("A file of run %s could not be kept", run.pk)
        return ""
