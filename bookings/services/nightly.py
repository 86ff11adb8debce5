"""What is done once a night: what is too old is deleted, and every run's promises are checked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Min
from django.utils import timezone
from django_q.models import Schedule

from bookings.queries import invariants
from bookings.services import evidence, exporting, limits, notices, sessions

NAME = "nightly"
TASK = "bookings.services.nightly.tend"
HOUR = 8  # UTC: the small hours of every zone between Newfoundland and the Pacific
LOOKS_BACK = timedelta(days=3)


def ensure_schedule() -> None:
    """See that the night's work is done from now on; may be called on any number of machines at once."""
    if not Schedule.objects.filter(name=NAME).exists():
        Schedule.objects.create(
            name=NAME, func=TASK, schedule_type=Schedule.DAILY, cluster="default", next_run=_next_night()
        )
    first = Schedule.objects.filter(name=NAME).aggregate(first=Min("pk"))["first"]
    Schedule.objects.filter(name=NAME, pk__gt=first).delete()


def _next_night() -> datetime:
    now = timezone.now()
    tonight = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)


def tend() -> str:
    """Answers what was done, for the queue's own list."""
    _count_for_the_planner()
    gone = evidence.prune()
    sessions.prune()
    limits.prune()
    notices.prune()
    expired = exporting.prune()
    breaches = invariants.broken(since=timezone.now() - LOOKS_BACK)
    if breaches:
        _tell_administrators([str(breach) for breach in breaches])
    return f"{gone} files and {expired} exports pruned, {len(breaches)} breaches"


def _count_for_the_planner() -> None:
    """SQLite chooses indexes by what it counted once; PostgreSQL counts anew by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 1000")
            cursor.execute("PRAGMA optimize")


def _tell_administrators(breaches: list[str]) -> None:
    """Once a day and person: what breaks a promise stays broken until somebody looks."""
    notices.owe_administrators(
        key=f"invariants:{timezone.now().date()}",
        subject=f"The runs' nightly check found {len(breaches)} breaches",
        body="\n".join(breaches[:50]),
    )
