"""The sign-in hand-off: a person signs the robot's account in, in the robot's own browser.

A hand-off is a run of the kind SIGN_IN, one open at a time per account; while a worker holds it, no booking
uses the account. Pictures of the browser come this way, clicks and keys go the other. What a person types is
sealed before it is stored, deleted as it is taken, and never logged. When the run ends, in whatever way, its
picture and its strokes are deleted in the same transaction (`runs.moves`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from bookings.models import Account, AuditEntry, BookingRun, Screen, Stroke
from bookings.services import accounts, audit, people, runs
from bookings.services.errors import Moved, NotAllowed, Rejected
from bookings.services.runs.log import write
from bookings.services.runs.moves import Move, move_free
from bookings.services.runs.verdicts import AttemptEnd
from bookings.vocabulary import OPEN_RUN_STATES, Level, RunKind, RunState, Source

# Named, not imported: the room that seals stands above this one.
SEAL = "automation.vault.seal"
# Nobody waits any more for a browser that did not come in this time.
FRESH = timedelta(minutes=15)
MOST_AT_ONCE = 50
LONGEST_TEXT = 500
FARTHEST = 5000  # pixels
KEYS = (
    "Enter Tab Shift+Tab Backspace Delete Escape Space ArrowLeft ArrowRight ArrowUp ArrowDown Home End"
    " PageUp PageDown Control+a"
).split()
# What each stroke carries besides its kind.
STROKES: dict[str, dict[str, type]] = {
    "click": {"x": int, "y": int},
    "scroll": {"x": int, "y": int, "by": int},
    "text": {"text": str},  # typed where the page's focus is
    "key": {"key": str},
    "press": {"control": int, "label": str},  # a control of the page, by its number in the list of them
    "fill": {"control": int, "label": str, "text": str},  # …written anew
    "choose": {"control": int, "label": str, "text": str},  # …one of its options
    "size": {"width": int, "height": int},  # of the person's own window
    "back": {},
    "start_over": {},
    "done": {},  # for what the robot cannot see by itself: a challenge was answered
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The robot's browser at one moment: a JPEG of that many pixels of the page, the page's host, and what
    the page says and offers, for people who cannot see the picture."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    host: str
    page: Mapping[str, Any] = field(default_factory=dict, repr=False)


def open_for(account: Account, *, by: User | None, source: Source = Source.PERSON) -> BookingRun:
    """Ask for a browser in which a person may sign the account in; an open hand-off is answered, not doubled.

    Raises Forbidden, or Rejected for an account that is switched off.
    """
    if by is not None:
        people.require(by, "sign_in_account", account.partner)
    if not account.is_active:
        raise Rejected("This account is switched off; switch it on first.")
    if (present := open_run(account)) is not None:
        return present
    try:
        return _open(account, by, source)
    except IntegrityError:
        present = open_run(account)  # somebody else pressed at the same moment
        if present is None:
            raise
        return present


def open_run(account: Account) -> BookingRun | None:
    """The account's hand-off that is under way, if any."""
    return BookingRun.objects.filter(account=account, kind=RunKind.SIGN_IN, state__in=OPEN_RUN_STATES).first()


def _open(account: Account, by: User | None, source: Source) -> BookingRun:
    with transaction.atomic():
        run = BookingRun.objects.create(
            kind=RunKind.SIGN_IN,
            partner=account.partner,
            account=account,
            property_text=account.email,
            listing_id=_listing_that_asked(account),
            time_zone=account.partner.time_zone,
            # A browser that was lost is asked for anew by a person, never opened for nobody.
            attempts_left=1,
            source=source,
            created_by=by,
        )
        write(run.pk, f"Asked for a browser to sign {account.email} in", state=RunState.QUEUED)
        audit.note("run.queued", run, source=source, by=by, partner=run.partner, after={"state": run.state})
    return run


def _listing_that_asked(account: Account) -> str:
    """Where BrokerBay asked for a person last, if a run still waits for that."""
    waiting = BookingRun.objects.filter(
        account=account,
        state=RunState.PARKED,
        reason_code__in=("challenge_shown", "contact_details_wanted"),
    ).exclude(listing_id="")
    return waiting.order_by("-updated_at").values_list("listing_id", flat=True).first() or ""


def waiting() -> list[BookingRun]:
    """The hand-offs that a browser is to be opened for now; those that nobody waits for any more expire."""
    fresh = []
    queued = BookingRun.objects.filter(kind=RunKind.SIGN_IN, state=RunState.QUEUED, lease_until=None)
    for run in queued.select_related("partner").order_by("pk"):
        if run.updated_at > timezone.now() - FRESH:
            fresh.append(run)
            continue
        late = Move(
            to=RunState.EXPIRED,
            message="No worker opened a browser in time",
            code="sign_in_unfinished",
            level=Level.ERROR,
        )
        try:
            with transaction.atomic():
                move_free(run, late, source=Source.ROBOT)
        except Moved:
            continue
    return fresh


def show(run_id: int, look: Look, *, fence: int) -> bool:
    """Keep the newest look in place of the last one; False when the hand-off is not ours any more."""
    seen: dict[str, Any] = {
        "jpeg": look.jpeg,
        "width": look.width,
        "height": look.height,
        "host": look.host[:200],
        "page": dict(look.page),
        "taken_at": timezone.now(),
    }
    held = Screen.objects.filter(
        run_id=run_id, run__attempt_number=fence, run__lease_until__isnull=False
    ).update(seq=F("seq") + 1, **seen)
    if held:
        return True
    with transaction.atomic():
        ours = BookingRun.objects.select_for_update().filter(
            pk=run_id, attempt_number=fence, lease_until__isnull=False
        )
        if not ours.exists():
            return False
        Screen.objects.get_or_create(run_id=run_id, defaults={"seq": 1, **seen})
    return True


@sensitive_variables()
def send(run: BookingRun, strokes: Sequence[Any], *, by: User) -> None:
    """Send clicks and keys to the robot's browser, in order, as STROKES has them.

    Raises Forbidden, Rejected for what is no stroke, NotAllowed when no browser is open.
    """
    people.require(by, "sign_in_account", run.partner)
    if not 0 < len(strokes) <= MOST_AT_ONCE:
        raise Rejected(f"Send one to {MOST_AT_ONCE} strokes at a time.")
    read = [_read(stroke) for stroke in strokes]
    with transaction.atomic():
        held = BookingRun.objects.select_for_update().filter(
            pk=run.pk, kind=RunKind.SIGN_IN, state=RunState.RUNNING
        )
        if not held.exists():
            raise NotAllowed("The robot's browser is not open.")
        _note_helper(run, by)
        seal = import_string(SEAL)
        Stroke.objects.bulk_create(Stroke(run=run, sealed=seal(stroke)) for stroke in read)


@sensitive_variables()
def _read(stroke: Any) -> dict[str, Any]:
    """The stroke with what belongs to it and nothing else. Raises Rejected, never repeating what was said."""
    kind = stroke.get("kind") if isinstance(stroke, dict) else None
    if not isinstance(kind, str) or kind not in STROKES:
        raise Rejected("That is no stroke.")
    read: dict[str, Any] = {"kind": kind}
    for name, wanted in STROKES[kind].items():
        said = stroke.get(name)
        if type(said) is not wanted or not _fits(name, said):
            raise Rejected(f"A stroke's “{name}” is not as it must be.")
        read[name] = said
    return read


def _fits(name: str, said: Any) -> bool:
    if name == "key":
        return said in KEYS
    if isinstance(said, str):
        return len(said) <= LONGEST_TEXT and not any(letter < " " for letter in said)
    return -FARTHEST <= int(said) <= FARTHEST


def _note_helper(run: BookingRun, by: User) -> None:
    """Keep who steered the browser besides the person who opened it, once each."""
    if by.pk == run.created_by_id:
        return
    known = AuditEntry.objects.filter(
        action="handoff.steered", actor=by, subject_type="bookingrun", subject_id=str(run.pk)
    )
    if not known.exists():
        audit.note("handoff.steered", run, source=Source.PERSON, by=by, partner=run.partner)
        write(run.pk, f"{by} is at the robot's browser too")


def take(run_id: int) -> list[str]:
    """The strokes that have come, sealed, in order; they are deleted before anybody acts on them."""
    come = list(
        Stroke.objects.filter(run_id=run_id).order_by("pk").values_list("pk", "sealed")[:MOST_AT_ONCE]
    )
    if not come:
        return []
    Stroke.objects.filter(pk__in=[key for key, _ in come]).delete()
    return [sealed for _, sealed in come]


def stop(run: BookingRun, *, by: User, source: Source = Source.PERSON) -> BookingRun:
    """End a hand-off for a person; an open browser closes, and nothing of it is kept.

    Raises Forbidden; NotAllowed when it has ended already.
    """
    people.require(by, "sign_in_account", run.partner)
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("partner").get(pk=run.pk)
        if run.state == RunState.QUEUED:
            stopped = Move(to=RunState.CANCELLED, message=f"Stopped by {by}", code="stopped")
            move_free(run, stopped, source=source, by=by)
        elif run.state == RunState.RUNNING:
            BookingRun.objects.filter(pk=run.pk).update(stop_asked_at=timezone.now())
            write(run.pk, f"{by} asked to stop this sign-in", level=Level.WARNING)
            audit.note("run.stop_asked", run, source=source, by=by, partner=run.partner)
            Stroke.objects.create(run=run, sealed=import_string(SEAL)({"kind": "stop"}))
        else:
            raise NotAllowed("This sign-in has ended already.")
    return run


def signed_in(run_id: int, sealed_session: str, *, fence: int) -> BookingRun:
    """The account is signed in: keep its session, let its waiting runs go on, end the hand-off. One commit.

    Raises Moved with an old fence, Forbidden when the person may not sign the account in any more.
    """
    with transaction.atomic():
        run = BookingRun.objects.select_for_update().select_related("account__partner").get(pk=run_id)
        if run.attempt_number != fence or run.lease_until is None:
            raise Moved(f"Attempt {fence} of run {run_id} is no longer the holder.")
        resumed = accounts.sign_in(run.account, sealed_session, by=run.created_by, source=Source.PERSON)
        said = f"Signed in. Waiting runs that go on: {resumed}."
        return runs.settle(run_id, AttemptEnd(result="found", message=said), fence=fence)
