"""The other process of the live tests: writes runs and their lines as a booking worker would. Speaks JSON lines."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from bookings.models import BookingRun  # noqa: E402
from bookings.services import runs  # noqa: E402
from bookings.services.runs import AttemptEnd, LogLine  # noqa: E402
from tests.bookings import cast as casting  # noqa: E402


# Nobody signs in by password here; a slow hash for each of the cast would cost seconds.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def cast() -> dict[str, Any]:
    """The cast, each with an open session."""
    people = casting.make_cast()
    named = {"owner": people.owner, "colleague": people.colleague, "stranger": people.stranger}
    return {
        "partner": people.partner.pk,
        "sessions": {name: _session(user) for name, user in named.items()},
    }


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def start(*, partner: int) -> dict[str, Any]:
    """A run that this worker holds, with two lines in its log (queued, attempt started)."""
    owner = casting.Partner.objects.get(pk=partner)
    account = casting.make_account(owner)  # one browser at a time uses an account: a new one for each run
    owner.accounts.exclude(pk=account.pk).update(is_active=False)
    run = casting.make_run(owner)
    claimed = runs.claim(run.pk, holder="live-test")
    assert claimed is not None
    return {"run": str(run.uuid), "pk": run.pk}


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


def finish(*, pk: int) -> bool:
    run = BookingRun.objects.get(pk=pk)
    end = AttemptEnd(result="refused", code="not_bookable", message="No online showings here.")
    runs.settle(pk, end, fence=run.attempt_number)
    return True


DEEDS = {"cast": cast, "start": start, "tell": tell, "tick": tick, "finish": finish}


def main() -> None:
    for line in sys.stdin:
        said = json.loads(line)
        answer = DEEDS[said.pop("deed")](**said)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
