"""What the commands that queue a run share: who asks, the live log to its end, exit codes, plain words."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from bookings.api import rows
from bookings.api.jobs import lines_of
from bookings.live import follow_until_person
from bookings.models import Booking, BookingRun, RunEvent
from bookings.queries import bookings as booking_queries
from bookings.services.errors import Rejected
from bookings.services.runs import asking
from bookings.vocabulary import RunState

UNTAKEN = 20.0  # seconds until --wait says that no worker has taken the run
NOT_TAKEN = (
    "No worker has taken it yet: they may be busy, or the portal may not be running (make run). "
    "It stays queued; Ctrl-C ends the watching only."
)
# Beside 0: it is queued, or with --wait it ended well.
ENDED_OTHERWISE = 1
BAD_INPUT = 2
WAITS_FOR_PERSON = 3
STOPPED = 130

T = TypeVar("T")


class RunCommand(BaseCommand):
    """Queues one run for a person, by the very services that the pages and the API use.

    Exit code 0: queued, or with --wait done; 1: it ended otherwise; 2: bad input, told in a sentence;
    3: it waits for a person; 130: no longer watched.
    """

    can_rehearse = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_wish(parser)
        parser.add_argument(
            "--by", required=True, metavar="USERNAME", help="Who asks: their rights count, and the history."
        )
        if self.can_rehearse:
            parser.add_argument(
                "--dry-run",
                action="store_true",
                help="Fill everything in and keep the picture; send nothing.",
            )
        parser.add_argument(
            "--wait", action="store_true", help="Follow the live log to the end; the exit code tells."
        )
        parser.add_argument("--json", action="store_true", help="Print the job as JSON, as the API has it.")

    def add_wish(self, parser: ArgumentParser) -> None:
        """The command's own arguments."""

    def start(self, by: User, options: dict[str, Any]) -> BookingRun:
        """Queue the run. May raise Rejected."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        if not all(asking.is_text(said) for said in options.values() if isinstance(said, str)):
            refuse("One of the words holds control characters or broken letters; type it anew.")
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if by is None:
            refuse(f"There is nobody with the username “{options['by']}” who may sign in.")
        try:
            run = self.start(by, options)
        except Rejected as no:
            refuse(no.message)
        log = self.stderr if options["json"] else self.stdout
        if options["wait"]:
            self._follow(run, log)
            run = BookingRun.objects.select_related("partner").get(pk=run.pk)
        if options["json"]:
            self.stdout.write(rows.job_with_logs(run, lines_of(run)).model_dump_json(indent=2))
        else:
            lines = (_in_words(run), *self.found(run), f"{settings.SITE_URL}/runs/{run.uuid}")
            self.stdout.write("\n".join(lines))
        if options["wait"]:
            _tell_end(run)

    def found(self, run: BookingRun) -> tuple[str, ...]:
        """What the run found, as further lines for whoever reads them in a terminal."""
        return ()

    def _follow(self, run: BookingRun, log: OutputWrapper) -> None:
        zone = ZoneInfo(run.time_zone)

        async def tell() -> None:
            hint = asyncio.get_running_loop().call_later(UNTAKEN, log.write, NOT_TAKEN)
            async with aclosing(follow_until_person(run)) as lines:
                async for line in lines:
                    log.write(_line(line, zone))
                    if line.attempt_number:
                        hint.cancel()

        try:
            asyncio.run(tell())
        except KeyboardInterrupt:
            raise CommandError("No longer watched; the run goes on.", returncode=STOPPED) from None


def refuse(sentence: str) -> NoReturn:
    raise CommandError(sentence, returncode=BAD_INPUT)


def read(reader: Callable[[object], T], said: object) -> T:
    """What was said, understood; or the end of the command, in the reader's own sentence."""
    try:
        return reader(said)
    except ValueError as no:
        refuse(str(no))


def booking_of(by: User, number: int) -> Booking:
    """The booking of that number, if the person sees it."""
    booking: Booking | None = booking_queries.shown(by).filter(pk=number).first()
    if booking is None:
        refuse(f"{by} has no booking {number}.")
    return booking


def _line(line: RunEvent, zone: ZoneInfo) -> str:
    return f"{line.at.astimezone(zone):%H:%M:%S} {line.message}"


def _in_words(run: BookingRun) -> str:
    told = f"{run}: {run.title}."
    if run.reason_code:
        told = " ".join(part for part in (told, run.reason, run.next_step) if part)
    return told


def _tell_end(run: BookingRun) -> None:
    if run.state in (RunState.BOOKED, RunState.DONE):
        return
    if run.is_open:
        raise CommandError(
            "It waits for a person; the page above has the answers.", returncode=WAITS_FOR_PERSON
        )
    raise CommandError("It did not end as wished.", returncode=ENDED_OTHERWISE)
