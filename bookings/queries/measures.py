"""The portal in figures, for a program that watches over it. Numbers alone: no names and no rows.

Every read is one query, and none grows with what was finished long ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q

from bookings.models import Account, BookingRun, Lease, Notice, ShowingRequest, SyncPass, Upstream
from bookings.queries.board import NEEDS_PERSON
from bookings.services import upstreams
from bookings.vocabulary import (
    OPEN_RUN_STATES,
    Health,
    NoticeChannel,
    NoticeState,
    PassState,
    RequestState,
    RunKind,
    RunState,
    Source,
)

DAY = timedelta(days=1)
# What was given up longer ago alarms nobody any more; a run that waited longer ended in nobody's memory.
REMEMBERED = timedelta(days=30)
PASSES_LOOKED_AT = 10
# Seconds from a request's birth in Supabase to its first run; the promise is two.
WITHIN = (1, 2, 5, 10, 30, 60, 300, 900, 3600)
WAITING_REQUESTS = (
    RequestState.RECEIVED,
    RequestState.CHANGED,
    RequestState.NEEDS_INFO,
    RequestState.NEEDS_PERSON,
    RequestState.QUEUED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A gauge: `values` by the values of its `labels`, in their order. Times are in seconds since 1970."""

    name: str
    says: str
    labels: tuple[str, ...] = ()
    values: Mapping[tuple[str, ...], float]


def measure(now: datetime) -> Iterator[Figure]:
    """Every figure as it is now."""
    services = {service.key: service for service in Upstream.objects.all()}
    yield from _bridge(services.get(upstreams.REALTIME))
    yield from _services(services)
    yield from _passes()
    yield from _open_runs(now)
    yield from _held(now)
    yield from _ended_runs(now)
    yield from _requests(now)
    yield from _speed(now)
    yield from _notices(now)
    yield from _accounts()


def _one(name: str, says: str, value: float | datetime | None) -> Figure:
    """A figure without labels; without a value while nobody knows it."""
    number = value.timestamp() if isinstance(value, datetime) else value
    return Figure(name=name, says=says, values={} if number is None else {(): number})


# ---- what comes in -----------------------------------------------------------------------------------------


def _bridge(line: Upstream | None) -> Iterator[Figure]:
    listens = line is not None and line.is_listening
    yield _one("bridge_listening", "1 while the bridge hears changes in Supabase as they happen.", listens)
    if line is None:
        return
    times = {"connected_since": "Since when the bridge's line stands.", "last_event_at": "The last change."}
    for fact, says in times.items():
        yield _one(f"bridge_{fact.removesuffix('_at')}_timestamp_seconds", says, line.moment(fact))
    lag = line.facts.get("lag_ms")
    says = "How long the last change took from its commit in Supabase to our tables."
    yield _one("bridge_lag_seconds", says, None if lag is None else lag / 1000)


def _services(services: Mapping[str, Upstream]) -> Iterator[Figure]:
    yield Figure(
        name="service_left_alone",
        says="1 while an outside service is not asked because it failed: its circuit breaker is open.",
        labels=("service",),
        values={(key,): float(not service.is_asked) for key, service in services.items()},
    )
    yield Figure(
        name="service_failures_in_a_row",
        says="Questions to an outside service that failed, one after the other.",
        labels=("service",),
        values={(key,): service.failures for key, service in services.items()},
    )
    yield Figure(
        name="service_last_answer_timestamp_seconds",
        says="When an outside service last answered, to within a minute.",
        labels=("service",),
        values={
            (key,): service.last_ok_at.timestamp() for key, service in services.items() if service.last_ok_at
        },
    )


def _passes() -> Iterator[Figure]:
    ended = list(SyncPass.objects.exclude(state=PassState.RUNNING).order_by("-started_at")[:PASSES_LOOKED_AT])
    good = [one.state == PassState.DONE for one in ended]
    in_a_row = good.index(True) if True in good else len(good)
    says = f"Passes with trouble, one after the other; {PASSES_LOOKED_AT} stands for more."
    yield _one("passes_failed_in_a_row", says, in_a_row)
    if not ended:
        return
    last = ended[0]
    yield _one("last_pass_timestamp_seconds", "When the last sync pass ended.", last.finished_at)
    took = (last.finished_at - last.started_at).total_seconds() if last.finished_at else None
    yield _one("last_pass_duration_seconds", "How long the last sync pass took.", took)
    yield Figure(
        name="last_pass_rows",
        says="What the last sync pass counted.",
        labels=("what",),
        values={
            ("seen",): last.rows_seen,
            ("new",): last.rows_new,
            ("changed",): last.rows_changed,
            ("unreadable",): last.rows_unreadable,
            ("queued",): last.runs_queued,
            ("addresses_found",): last.addresses_found,
            ("addresses_missing",): last.addresses_missing,
        },
    )


def _requests(now: datetime) -> Iterator[Figure]:
    coming = Q(scheduled_date=None) | Q(scheduled_date__gte=(now - DAY).date())
    rows = ShowingRequest.objects.filter(coming, booking_status__in=WAITING_REQUESTS)
    yield Figure(
        name="requests_waiting",
        says="Clients' requests still to come that are not booked, by state.",
        labels=("state",),
        values=_zeros(WAITING_REQUESTS) | _counts(rows, "booking_status"),
    )


def _speed(now: datetime) -> Iterator[Figure]:
    """Of requests whose run was not their first, nothing can be told: they are left out."""
    earlier = BookingRun.objects.filter(request=OuterRef("request"), kind=RunKind.BOOK, pk__lt=OuterRef("pk"))
    runs = BookingRun.objects.filter(
        ~Exists(earlier),
        queued_at__gte=now - DAY,
        kind=RunKind.BOOK,
        source=Source.SYNC,
        request__created_at__isnull=False,
    )
    born = F("request__created_at")
    found = runs.aggregate(
        all=Count("pk"),
        **{
            f"within_{seconds}": Count("pk", filter=Q(queued_at__lte=born + timedelta(seconds=seconds)))
            for seconds in WITHIN
        },
    )
    yield Figure(
        name="requests_queued_last_day",
        says="Requests queued within 24 hours, by the seconds since their birth in Supabase (or fewer).",
        labels=("within_seconds",),
        values={(str(seconds),): found[f"within_{seconds}"] for seconds in WITHIN}
        | {("+Inf",): found["all"]},
    )


# ---- what is done ------------------------------------------------------------------------------------------


def _open_runs(now: datetime) -> Iterator[Figure]:
    due = Q(state=RunState.QUEUED) & (Q(not_before=None) | Q(not_before__lte=now))
    found = BookingRun.objects.filter(state__in=OPEN_RUN_STATES).aggregate(
        due_since=Min("queued_at", filter=due),
        due=Count("pk", filter=due),
        for_person=Count("pk", filter=NEEDS_PERSON),
        **{state.value: Count("pk", filter=Q(state=state)) for state in OPEN_RUN_STATES},
    )
    yield Figure(
        name="runs_open",
        says="Booking runs that have not ended, by state.",
        labels=("state",),
        values={(state.value,): found[state.value] for state in OPEN_RUN_STATES},
    )
    yield _one("runs_due", "Runs that a worker could take now.", found["due"])
    waits = (now - found["due_since"]).total_seconds() if found["due_since"] else 0
    yield _one("runs_due_oldest_seconds", "How long ago the oldest of them was asked for.", max(0, waits))
    yield _one("runs_waiting_for_person", "Open runs that nothing moves but a person.", found["for_person"])


def _held(now: datetime) -> Iterator[Figure]:
    holds = Q(lease_until__gt=now)
    found = BookingRun.objects.filter(lease_until__isnull=False).aggregate(
        workers=Count("holder", filter=holds, distinct=True), lost=Count("pk", filter=~holds)
    )
    yield _one("workers_busy", "Workers that hold a run and renewed its lease in time.", found["workers"])
    yield _one("runs_lost", "Runs whose worker fell silent; the sweep takes them back.", found["lost"])
    yield Figure(
        name="lease_held",
        says="1 while a process is alive that only one may be at a time.",
        labels=("lease",),
        values={(lease.name,): float(lease.until > now) for lease in Lease.objects.all()},
    )


def _ended_runs(now: datetime) -> Iterator[Figure]:
    ended = BookingRun.objects.filter(queued_at__gte=now - REMEMBERED, finished_at__gte=now - DAY)
    yield Figure(
        name="runs_ended_last_day",
        says="Runs that ended within 24 hours, by what they were for and how they ended.",
        labels=("kind", "state"),
        values=_counts(ended, "kind", "state"),
    )


# ---- what goes out -----------------------------------------------------------------------------------------


def _notices(now: datetime) -> Iterator[Figure]:
    owed = Notice.objects.filter(state=NoticeState.OWED).order_by().values_list("channel")
    due = Q(not_before__lte=now)
    counted = list(
        owed.annotate(owed=Count("pk"), due=Count("pk", filter=due), since=Min("not_before", filter=due))
    )
    of_each = _zeros(NoticeChannel)
    yield Figure(
        name="notices_owed",
        says="What is owed to the outside, by channel.",
        labels=("channel",),
        values=of_each | {(channel,): number for channel, number, *_ in counted},
    )
    yield Figure(
        name="notices_due",
        says="What of it could be sent now.",
        labels=("channel",),
        values=of_each | {(channel,): number for channel, _, number, _ in counted},
    )
    yield Figure(
        name="notices_due_oldest_seconds",
        says="For how long the oldest of that could have been sent.",
        labels=("channel",),
        values=of_each
        | {(channel,): (now - since).total_seconds() for channel, _, _, since in counted if since},
    )
    given_up = Notice.objects.filter(state=NoticeState.GIVEN_UP, created_at__gte=now - REMEMBERED)
    yield Figure(
        name="notices_given_up",
        says="What was owed within 30 days and given up to a person.",
        labels=("channel",),
        values=of_each | _counts(given_up, "channel"),
    )


def _accounts() -> Iterator[Figure]:
    yield Figure(
        name="accounts",
        says="BrokerBay accounts in use, by whether the robot can work with them.",
        labels=("health",),
        values=_zeros(Health) | _counts(Account.objects.filter(is_active=True), "health"),
    )


def _zeros(words: Any) -> dict[tuple[str, ...], float]:
    return {(word.value,): 0 for word in words}


def _counts(rows: Any, *by: str) -> dict[tuple[str, ...], float]:
    """How many rows there are of each kind: one query."""
    found = rows.order_by().values_list(*by).annotate(Count("pk"))
    return {tuple(kinds): number for *kinds, number in found}
