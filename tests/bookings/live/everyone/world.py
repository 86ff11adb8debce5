"""One row of everything that a page can show, written by its own process. Prints how the pages are found."""

from __future__ import annotations

import base64
import itertools
import json
import os
import sys
from datetime import time, timedelta
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.tokens import default_token_generator  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.encoding import force_bytes  # noqa: E402
from django.utils.http import urlsafe_base64_encode  # noqa: E402

from bookings.models import BookingRun, Export  # noqa: E402
from bookings.models.connection import ConnectionKind  # noqa: E402
from bookings.services import connections, handoffs, invitations, letters, links, receipts, runs  # noqa: E402
from bookings.services.runs import LogLine  # noqa: E402
from bookings.vocabulary import BookingStatus, Health, Level, NoticeEvent, Role, RunState, StaffRole  # noqa: E402
from tests.bookings import cast as casting  # noqa: E402
from tests.bookings.admin.conftest import make_rows  # noqa: E402
from tests.bookings.admin.table import TABLES  # noqa: E402
from tests.bookings.cast import Cast, in_days, make_account, make_booking, make_request, make_run  # noqa: E402

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SLOTS = [{"date": in_days(4).isoformat(), "time": at} for at in ("09:00", "09:30", "17:15")]
LISTINGS = [
    {"address": "12 Example Street", "mls_number": "N7000001", "city": "Testford", "price": "$700,000"},
    {"address": "12 Example Street, Unit 4", "mls_number": "N7000002", "city": "Testford", "price": ""},
]

# The other processes of the tests count from one: names must differ.
casting._numbers = itertools.count(1_000 * os.getpid())


def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def run_in(cast: Cast, state: RunState, code: str = "", **fields: Any) -> BookingRun:
    """A run as a worker left it, with an attempt, a picture and a few lines."""
    elsewhere = make_account(casting.make_partner("Elm Team"))
    run = make_run(elsewhere.partner)
    # An account of its own: one browser at a time uses an account.
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(partner=cast.partner)
    BookingRun.objects.filter(pk=run.pk).update(partner=cast.partner)
    claimed = runs.claim(run.pk, holder="live-test")
    assert claimed is not None
    picture = storages["evidence"].save(f"{run.uuid}/choose_slot.png", ContentFile(PICTURE))
    now = timezone.now()
    lines = [
        LogLine(
            at=now, message="Opened BrokerBay; the account is signed in.", step="open_site", duration_ms=900
        ),
        LogLine(
            at=now,
            message="Chose 10:00 AM; 3 times were open.",
            step="choose_slot",
            duration_ms=1240,
            picture=picture,
        ),
        LogLine(
            at=now,
            message="BrokerBay asks us to slow down (429). Nothing was sent.",
            step="submit",
            level=Level.WARNING,
        ),
    ]
    runs.tell(run.pk, lines, fence=claimed.attempt_number)
    if state != RunState.RUNNING:
        left = {"lease_until": None, "holder": "", "state": state, "reason_code": code, **fields}
        BookingRun.objects.filter(pk=run.pk).update(**left)
        run.attempts.update(ended_at=now)
    run.refresh_from_db()
    return run


def named_runs(cast: Cast) -> dict[str, str]:
    """A run of each look that its page has."""
    booked = run_in(cast, RunState.BOOKED, booking=make_booking(cast.account, badge="CONFIRMED"))
    doubt = run_in(
        cast, RunState.UNCONFIRMED, "in_doubt", submitting_at=timezone.now() - timedelta(hours=1), submits=1
    )
    made = {
        "run": run_in(cast, RunState.RUNNING),
        "booked": booked,
        "slots": run_in(
            cast,
            RunState.REFUSED,
            "slot_unavailable",
            open_slots=SLOTS,
            reason="10:00 AM on Tuesday, November 24, 2026 is not free. Open nearby: 9:00 AM, 5:15 PM.",
        ),
        "listings": run_in(
            cast,
            RunState.PARKED,
            "ambiguous_listing",
            candidates=LISTINGS,
            reason="BrokerBay has 2 listings at 12 Example Street: a person must pick the listing.",
        ),
        "rehearsed": run_in(
            cast,
            RunState.PARKED,
            "rehearsed",
            rehearses=True,
            rehearsed_at=timezone.now(),
            reason="Filled in the booking up to the last click. Nothing was sent.",
        ),
        "doubt": doubt,
    }
    return {name: str(run.uuid) for name, run in made.items()}


def handoff(cast: Cast) -> dict[str, str]:
    account = make_account(cast.partner)
    type(account).objects.filter(pk=account.pk).update(health=Health.NEEDS_SIGN_IN)
    return {"account": str(account.pk), "sign_in": str(handoffs.open_for(account, by=cast.manager).uuid)}


def receipt_of(cast: Cast) -> dict[str, str]:
    booking = make_booking(
        cast.account, badge="CONFIRMED", user_name="Robin Agent", request=make_request(cast.partner)
    )
    shared = receipts.share(booking, by=cast.manager)
    gone = make_booking(cast.account)
    over = receipts.token_of(receipts.share(gone, by=cast.manager))
    receipts.take_back(gone, by=cast.manager)
    return {"receipt_of": str(booking.pk), "receipt": receipts.token_of(shared), "over": over}


def today(cast: Cast) -> None:
    """Showings on the dashboard and in the calendar: today, at risk, coming."""
    for hours, status in (
        (11, BookingStatus.CONFIRMED),
        (15, BookingStatus.PENDING),
        (15, BookingStatus.CONFIRMED),
    ):
        make_booking(cast.account, booking_date=in_days(0), booking_time=time(hours), status=status)
    make_booking(
        cast.account, booking_date=in_days(1), booking_time=time(9, 30), status=BookingStatus.TIME_SUGGESTED
    )
    for day in (2, 2, 3, 5):
        make_booking(cast.account, booking_date=in_days(day))
    make_request(cast.partner, scheduled_time=None, needs=["time"], booking_status="needs_info")


def exports(cast: Cast) -> None:
    shared = {"person": cast.manager, "table": "booking", "partners": [cast.partner.pk]}
    until = timezone.now() + timedelta(days=1)
    Export.objects.create(
        **shared, form="csv", state="ready", rows_done=12_345, size=900_000, expires_at=until
    )
    Export.objects.create(
        **shared, form="xlsx", state="writing", rows_done=100, rows_total=900, expires_at=until
    )


def doors(cast: Cast) -> dict[str, str]:
    invitation = invitations.invite(cast.partner, "newcomer@example.com", Role.VIEWER, by=cast.manager)
    uid = urlsafe_base64_encode(force_bytes(cast.viewer.pk))
    return {
        "join": links.token_of(invitation),
        "reset": f"{uid}/{default_token_generator.make_token(cast.viewer)}",
        "membership": str(cast.viewer.memberships.get().pk),
        "user": str(cast.viewer.pk),
    }


def told(cast: Cast) -> dict[str, str]:
    """A webhook with messages in every state, and a Slack channel that was turned off by itself."""
    made = {
        kind: connections.make(
            cast.partner,
            ConnectionKind(kind),
            name=kind,
            url=url,
            events=[NoticeEvent.CONFIRMED],
            by=cast.manager,
        )[0]
        for kind, url in (
            ("webhook", "https://crm.example.com/in"),
            ("slack", "https://hooks.slack.com/services/x"),
        )
    }
    for state, answer in (("sent", 200), ("given_up", 500), ("owed", 503), ("owed", None)):
        sent = connections.send_test(made["webhook"], by=cast.manager)
        type(sent).objects.filter(pk=sent.pk).update(state=state, answer=answer, attempts=3 if answer else 0)
    broken = type(made["slack"]).objects
    broken.filter(pk=made["slack"].pk).update(is_on=False, trouble="It answered 404.")
    broken.filter(pk=made["webhook"].pk).update(failures=3, failing_since=timezone.now())
    return {
        "connection": str(made["webhook"].pk),
        "turned_off": str(made["slack"].pk),
        "way_out": letters.token_of(cast.viewer, NoticeEvent.MOVED),
    }


def admin_rows(cast: Cast) -> dict[str, str]:
    """The id of one row of each table, by the admin's name of the table."""
    rows = make_rows(cast)
    return {table.name: str(table.row(cast, rows).pk) for table in TABLES}


def world() -> dict[str, Any]:
    call_command("createcachetable", verbosity=0)
    cast = casting.make_cast()
    today(cast)
    exports(cast)
    said = {**named_runs(cast), **handoff(cast), **receipt_of(cast), **doors(cast), **told(cast)}
    said |= admin_rows(cast)
    operator = casting.staff(StaffRole.OPERATOR)
    lonely = User.objects.create_user(f"lonely{os.getpid()}", "lonely@example.com", casting.PASSWORD)
    people = {
        "manager": cast.manager,
        "viewer": cast.viewer,
        "operator": operator,
        "admin": cast.admin,
        "lonely": lonely,
    }
    return {"said": said, "sessions": {name: session(user) for name, user in people.items()}}


if __name__ == "__main__":
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    sys.stdout.write(json.dumps(world()))
