"""The other process of the live tests: writes runs and lines as a booking worker would. Speaks JSON lines."""

from __future__ import annotations

import base64
import datetime
import json
import sys
import threading
import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from bookings.models import BookingRun, Notice  # noqa: E402
from bookings.services import links, people, runs  # noqa: E402
from bookings.services.bookings import Seen  # noqa: E402
from bookings.services.runs import AttemptEnd, LogLine  # noqa: E402
from bookings.vocabulary import RequestState, Role, RunKind  # noqa: E402
from tests.bookings import cast as casting  # noqa: E402

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

# A slow hash for each of the cast would cost seconds; who signs in by password gets one of those.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def cast() -> dict[str, Any]:
    """The cast, each with an open session."""
    made = casting.make_cast()
    named = {"owner": made.owner, "colleague": made.colleague, "stranger": made.stranger}
    return {
        "partner": made.partner.pk,
        "sessions": {name: _session(user) for name, user in named.items()},
    }


def manager(*, partner: int) -> dict[str, Any]:
    """A person who may sign the partner's new account in, and that account."""
    at = _with_a_free_account(partner)
    account = at.accounts.get(is_active=True)
    user = casting.make_person(at, Role.MANAGER)
    return {"session": _session(user), "user": user.pk, "account": account.pk, "email": account.email}


def demote(*, partner: int, user: int) -> bool:
    """Let the person only look from now on."""
    people.join(User.objects.get(pk=user), casting.Partner.objects.get(pk=partner), Role.VIEWER)
    return True


def newcomer(*, partner: int) -> dict[str, str]:
    """A person who can sign in by password, and a client's request that they could book."""
    at = casting.Partner.objects.get(pk=partner)
    user = casting.make_person(at)
    user.password = make_password(casting.PASSWORD, hasher="argon2")
    user.save()
    request = casting.make_request(at)
    return {
        "name": user.username,
        "password": casting.PASSWORD,
        "address": request.property.address,
        "mls": request.property_id,
        "day": request.scheduled_date.isoformat(),
    }


def letter(*, to: str) -> str:
    """The newest mail to somebody, as it goes out."""
    return links.filled(Notice.objects.filter(to=to).latest("pk"))


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def start(*, partner: int) -> dict[str, Any]:
    """A run that this worker holds, with two lines in its log (queued, attempt started)."""
    owner = _with_a_free_account(partner)
    run = casting.make_run(owner)
    claimed = runs.claim(run.pk, holder="live-test")
    assert claimed is not None
    return {"run": str(run.uuid), "pk": run.pk}


def _with_a_free_account(partner: int) -> casting.Partner:
    """The partner, with a new account for its next run: one browser at a time uses an account."""
    owner = casting.Partner.objects.get(pk=partner)
    account = casting.make_account(owner)
    owner.accounts.exclude(pk=account.pk).update(is_active=False)
    return owner


def book_key(*, partner: int) -> str:
    """An API key of a person who may book there now."""
    return people.create_key(casting.make_person(_with_a_free_account(partner)), "live test")


def answer_check(*, text: str) -> bool:
    """Answer the check of that property once somebody has asked for it."""
    pause = threading.Event()
    asked = BookingRun.objects.filter(kind=RunKind.CHECK, property_text=text)
    while (run := asked.first()) is None:
        pause.wait(0.02)
    claimed = runs.claim(run.pk, holder="live-test")
    assert claimed is not None
    return finish(pk=run.pk)


def show(*, pk: int, step: str) -> bool:
    """Write the line that ends a step, with its picture."""
    run = BookingRun.objects.get(pk=pk)
    picture = storages["evidence"].save(f"{run.uuid}/{step}.png", ContentFile(PICTURE))
    line = LogLine(at=timezone.now(), message=f"Did {step}", step=step, duration_ms=900, picture=picture)
    return runs.tell(pk, [line], fence=run.attempt_number)


def tell(*, pk: int, messages: list[str], each: bool = False) -> bool:
    """Write lines, all in one commit or each in its own."""
    batches = [[message] for message in messages] if each else [messages]
    for batch in batches:
        lines = [LogLine(at=timezone.now(), message=message, step="open_site") for message in batch]
        runs.tell(pk, lines, fence=BookingRun.objects.get(pk=pk).attempt_number)
    return True


def tick(*, pk: int, number: int, every: float) -> bool:
    """Write lines that carry the moment before they are written, one each `every` seconds."""
    pause = threading.Event()
    for _ in range(number):
        tell(pk=pk, messages=[repr(time.time())])
        pause.wait(every)
    return True


def prove(*, pk: int) -> int:
    """End the run as booked and confirmed, seen in the list; answers the booking."""
    run = BookingRun.objects.get(pk=pk)
    assert run.wanted_date is not None
    assert run.wanted_time is not None
    seen = Seen(
        showing_id=f"{pk:024x}",
        listing_id=f"{pk:024x}",
        address=run.address,
        date=run.wanted_date,
        time=run.wanted_time,
        duration_minutes=30,
        status="confirmed",
        badge="Confirmed",
        url="",
    )
    runs.settle(pk, AttemptEnd(result="booked", showing=seen), fence=run.attempt_number)
    booking = BookingRun.objects.get(pk=pk).booking
    assert booking is not None
    return booking.pk


def morning() -> dict[str, Any]:
    """A showing confirmed for today, one that is open so near its start, and a run that needs a person."""
    partner = casting.make_partner("Morning Team")
    account, person = casting.make_account(partner), casting.make_person(partner)
    now = timezone.now()
    today = now.astimezone(ZoneInfo("America/Toronto")).date()
    confirmed = casting.make_booking(account, booking_date=today, property_address="1 Confirmed Court")
    starts = (now + timedelta(hours=3)).astimezone(ZoneInfo("America/Toronto"))
    late = casting.make_booking(
        account,
        status="Pending",
        starts_at=starts,
        booking_date=starts.date(),
        booking_time=starts.time().replace(second=0, microsecond=0),
        property_address="2 Waiting Way",
    )
    asking = casting.make_run(partner, address="3 Asking Avenue")
    claimed = runs.claim(asking.pk, holder="live-test")
    assert claimed is not None
    end = AttemptEnd(result="refused", code="not_bookable", message="No online showings here.")
    runs.settle(asking.pk, end, fence=claimed.attempt_number)
    return {
        "session": _session(person),
        "today": 1 + (starts.date() == today),
        "confirmed": confirmed.property_address,
        "waiting": late.property_address,
        "asking": asking.address,
        "pk": asking.pk,
    }


def calendar() -> dict[str, Any]:
    """A manager's day: a showing in the morning, two of one client that overlap, and one that waits."""
    partner = casting.make_partner("Calendar Team")
    account, person = casting.make_account(partner), casting.make_person(partner, Role.MANAGER)
    today = timezone.now().astimezone(ZoneInfo("America/Toronto")).date()

    def book(at: datetime.time, address: str, **fields: Any) -> None:
        casting.make_booking(account, booking_date=today, booking_time=at, property_address=address, **fields)

    wish = casting.make_request(partner, scheduled_date=today, booking_status=RequestState.BOOKED)
    other = casting.make_request(
        partner, scheduled_date=today, booking_status=RequestState.BOOKED, client=wish.client
    )
    book(datetime.time(10), "1 Morning Street")
    book(datetime.time(14), "2 Afternoon Avenue", request=wish)
    book(datetime.time(14, 15), "3 Clash Court", request=other, status="Pending")
    waiting = casting.make_request(partner, scheduled_date=today, scheduled_time=datetime.time(16))
    return {"session": _session(person), "today": today.isoformat(), "waiting": str(waiting.property)}


def finish(*, pk: int) -> bool:
    run = BookingRun.objects.get(pk=pk)
    end = AttemptEnd(result="refused", code="not_bookable", message="No online showings here.")
    runs.settle(pk, end, fence=run.attempt_number)
    return True


DEEDS = {
    deed.__name__: deed
    for deed in (
        *(cast, manager, demote, newcomer, letter),
        *(start, book_key, answer_check, show, tell, tick, prove, morning, calendar, finish),
    )
}


def main() -> None:
    for line in sys.stdin:
        said = json.loads(line)
        answer = DEEDS[said.pop("deed")](**said)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
