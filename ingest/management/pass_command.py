"""What the commands that make a pass by hand share: progress on a terminal, exit codes, plain words."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.vocabulary import PassState
from ingest.passes import Part, Progress, in_words, run_pass

# Beside 0 (done) and 1 (failed).
DONE_IN_PART = 2
ANOTHER_IS_RUNNING = 3
STOPPED = 130


class PassCommand(BaseCommand):
    """Makes a pass of `parts`. Exit code 0: done, 1: failed, 2: done in part, 3: another pass is running."""

    parts: Part
    trigger: str

    def handle(self, *args: Any, **options: Any) -> None:
        self._width = 0
        try:
            sync_pass = run_pass(self.trigger, parts=self.parts, tell=self._tell)
        except KeyboardInterrupt:
            self._clear()
            raise CommandError(
                "Stopped. What was read is kept; the next pass goes on.", returncode=STOPPED
            ) from None
        self._clear()
        if sync_pass is None:
            raise CommandError(
                "Another pass is running; look at it under Sync passes.", returncode=ANOTHER_IS_RUNNING
            )
        if sync_pass.state == PassState.FAILED:
            raise CommandError(in_words(sync_pass))
        if sync_pass.state == PassState.PARTIAL:
            raise CommandError(in_words(sync_pass), returncode=DONE_IN_PART)
        self.stdout.write(self.style.SUCCESS(in_words(sync_pass)))

    def _tell(self, progress: Progress) -> None:
        if not self.stdout.isatty():
            return
        of = f" of {progress.total}" if progress.total is not None else ""
        line = f"{progress.stage}: {progress.done}{of}"
        self.stdout.write("\r" + line.ljust(self._width), ending="")
        self.stdout.flush()
        self._width = len(line)

    def _clear(self) -> None:
        if self._width:
            self.stdout.write("\r" + " " * self._width + "\r", ending="")
