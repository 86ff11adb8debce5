"""A portal with one row of everything for the partner, and browsers that are signed in to its admin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success

from bookings.models import (
    ApiKey,
    AuditEntry,
    Booking,
    BookingRun,
    Client,
    Evidence,
    Notice,
    Property,
    RunEvent,
    ShowingRequest,
    SyncPass,
    UnreadableRow,
    Upstream,
    UpstreamGroup,
)
from bookings.services import people
from tests.bookings.cast import Cast, make_booking, make_request, make_run

SignIn = Callable[[User], Browser]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One row of each table that belongs to `cast.partner`, or to nobody."""

    booking: Booking
    run: BookingRun
    request: ShowingRequest
    home: Property
    client: Client
    key: ApiKey
    sync_pass: SyncPass
    unreadable: UnreadableRow
    upstream: Upstream
    group: UpstreamGroup
    notice: Notice
    audit: AuditEntry
    schedule: Schedule
    success: Success
    failure: Failure
    waiting: OrmQ


@pytest.fixture
def sign_in() -> SignIn:
    def in_browser(user: User) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return in_browser


@pytest.fixture
def rows(cast: Cast) -> Rows:
    return make_rows(cast)


def make_rows(cast: Cast) -> Rows:
    request = make_request(cast.partner)
    run = make_run(cast.partner, by=cast.owner)
    booking = make_booking(cast.account, request=request, property=request.property)
    evidence = Evidence.objects.create(run=run, attempt_number=1, step="submit")
    evidence.file.save("picture.png", ContentFile(b"picture"))
    RunEvent.objects.create(run=run, seq=500, message="Looked at the listing", evidence=evidence)
    people.create_key(cast.owner, "their program")
    now = timezone.now()
    task = {
        "name": "sync",
        "func": "ingest.tasks.sync",
        "started": now,
        "stopped": now + timedelta(seconds=1),
    }
    return Rows(
        booking=booking,
        run=run,
        request=request,
        home=request.property,
        client=request.client,
        key=ApiKey.objects.get(user=cast.owner),
        sync_pass=SyncPass.objects.create(trigger="schedule", lease_until=now, state="done", finished_at=now),
        unreadable=UnreadableRow.objects.create(source="supabase", fingerprint="f", reason="No id"),
        upstream=Upstream.objects.create(key="supabase", last_error="It cannot be reached."),
        group=UpstreamGroup.objects.create(name="Maple requests", partner=cast.partner),
        notice=Notice.objects.create(
            key="k",
            to="someone@example.com",
            subject="Booked",
            body="It is booked.",
            partner=cast.partner,
            run=run,
        ),
        audit=AuditEntry.objects.filter(partner=cast.partner).latest("pk"),
        schedule=Schedule.objects.create(name="sync", func="ingest.tasks.sync"),
        success=Success.objects.create(id="1" * 32, success=True, **task),
        failure=Failure.objects.create(id="2" * 32, success=False, result="Broken", **task),
        waiting=OrmQ.objects.create(key="default", payload=""),
    )


@pytest.fixture
def operator(cast: Cast) -> User:
    """Sees every partner's rows, may look at every table and ask for a pass, without being a superuser."""
    user = User.objects.create_user("operator", "operator@example.com", "x", is_staff=True)
    wanted = Permission.objects.filter(codename__startswith="view_") | Permission.objects.filter(
        codename__in=("see_all_partners", "change_syncpass")
    )
    user.user_permissions.set(wanted)
    return User.objects.get(pk=user.pk)
