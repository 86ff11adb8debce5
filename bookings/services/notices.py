"""Notices: what is owed to the outside. Written with the change that owes them, sent after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.utils import timezone

from bookings.models import BookingRun, Membership, Notice
from bookings.services import dispatch
from bookings.vocabulary import CHANGING_KINDS, NoticeState, Role, RunKind, RunState

MAX_TRIES = 8
LONGEST_WAIT = timedelta(hours=1)
SENDING = timedelta(minutes=2)


def owe_for(run: BookingRun) -> None:
    """Owe the people of a run a mail, when it ended or waits for one of them.

    Called in the transaction of the move; a repeat of the same end owes nothing more.
    """
    if run.kind not in CHANGING_KINDS or run.dry_run or not _is_news(run):
        return
    # A run in doubt is looked up again and again: that is news once for each time it was sent.
    turn = f"sent{run.submits}" if run.state == RunState.UNCONFIRMED else str(run.attempt_number)
    _owe(
        f"run:{run.uuid}:{run.state}:{turn}",
        to=_people_of(run),
        subject=f"{run.title}: {run.property_text}",
        body=_body(run),
        run=run,
    )


def owe_for_account(run: BookingRun, *, key: str) -> None:
    """Owe an account's people one mail for a trouble that `run` met and that all its runs now wait for."""
    people = dict(_managers_of(run)) | dict(_people_of(run))
    body = (
        f"{run.title}\n\nBrokerBay account: {run.account.email}\n{run.next_step}\n"
        f"Until then none of its runs goes on.\n\nSee what happened: {_address(run)}\n"
    )
    _owe(key, to=people.items(), subject=f"{run.title}: {run.account.email}", body=body, run=run)


def owe_managers(run: BookingRun, *, key: str, subject: str, body: str) -> None:
    """Owe the managers of a run's partner a mail about what the run found; `key` makes it one."""
    story = f"{body}\n\nSee it step by step: {_address(run)}\n"
    _owe(key, to=_managers_of(run), subject=subject, body=story, run=run)


def _owe(key: str, *, to: Iterable[tuple[int, str]], subject: str, body: str, run: BookingRun) -> None:
    subject = " ".join(subject.split())[:200]
    made = Notice.objects.bulk_create(
        [
            Notice(key=f"{key}:{person}", to=email, subject=subject, body=body, partner=run.partner, run=run)
            for person, email in to
        ],
        ignore_conflicts=True,
    )
    if made:
        dispatch.ring_notices()


def _is_news(run: BookingRun) -> bool:
    if run.reason_code in ("needs_sign_in", "challenge_shown", "stopped"):
        return False  # the account's own notice tells it once for all its runs; who stopped it knows
    waits_for_person = run.state == RunState.PARKED and run.not_before is None
    in_doubt = run.state == RunState.UNCONFIRMED and run.reason_code == "in_doubt"
    cancelled = run.state == RunState.DONE and run.kind == RunKind.CANCEL
    ended = (RunState.BOOKED, RunState.REFUSED, RunState.FAILED, RunState.EXPIRED)
    return waits_for_person or in_doubt or cancelled or run.state in ended


def _people_of(run: BookingRun) -> list[tuple[int, str]]:
    """The person who asked; for the robot's own runs, the partner's managers."""
    if run.created_by is not None:
        return [(run.created_by.pk, run.created_by.email)] if run.created_by.email else []
    return _managers_of(run)


def _managers_of(run: BookingRun) -> list[tuple[int, str]]:
    managers = Membership.objects.filter(partner=run.partner, role=Role.MANAGER, user__is_active=True)
    return list(managers.exclude(user__email="").values_list("user_id", "user__email"))


def _address(run: BookingRun) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/runs/{run.uuid}"


def _body(run: BookingRun) -> str:
    when = ""
    if run.wanted_date and run.wanted_time:
        when = f"When: {run.wanted_date:%A %d %B %Y}, {run.wanted_time:%H:%M} ({run.time_zone})\n"
    step = f"Next: {run.next_step}\n" if run.next_step else ""
    return (
        f"{run.title}\n\nProperty: {run.address or run.property_text}\n{when}{run.reason}\n{step}\n"
        f"See it step by step: {_address(run)}\n"
    )


def send_owed() -> int:
    """Send what is owed and due; a doorbell. Returns how many were sent."""
    now = timezone.now()
    due = Notice.objects.filter(state=NoticeState.OWED, not_before__lte=now).order_by("not_before")
    return sum(_send(notice) for notice in due[:200])


def _send(notice: Notice) -> bool:
    """At least once: the try is written before the mail leaves, the success after it."""
    now = timezone.now()
    wait = min(timedelta(seconds=30) * 2**notice.attempts, LONGEST_WAIT)
    taken = Notice.objects.filter(
        pk=notice.pk, state=NoticeState.OWED, attempts=notice.attempts, not_before__lte=now
    ).update(attempts=F("attempts") + 1, not_before=now + max(wait, SENDING))
    if taken != 1:
        return False
    try:
        send_mail(notice.subject, notice.body, settings.DEFAULT_FROM_EMAIL, [notice.to])
    except OSError as refused:  # smtplib's errors and the network's own are all OSErrors
        given_up = notice.attempts + 1 >= MAX_TRIES
        Notice.objects.filter(pk=notice.pk).update(
            last_error=f"The mail server did not take it ({type(refused).__name__}).",
            state=NoticeState.GIVEN_UP if given_up else NoticeState.OWED,
        )
        return False
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENT, sent_at=timezone.now(), last_error="")
    return True
