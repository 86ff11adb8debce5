"""Notices: what is owed to the outside. Written with the change that owes them, sent after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from bookings.models import BookingRun, Membership, Notice, Partner
from bookings.services import audit, dispatch, links
from bookings.services.errors import Forbidden, Moved
from bookings.vocabulary import CHANGING_KINDS, NoticeChannel, NoticeState, Role, RunKind, RunState, Source

LONGEST_WAIT = timedelta(hours=1)
MAY_SEND_AGAIN = "bookings.send_notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a channel is served: waits of `first_wait`, doubled, up to an hour, between at most `tries` tries.

    `sending` is the longest that one try takes; a sender that has not told of it by then is taken for dead.
    """

    first_wait: timedelta
    tries: int
    sending: timedelta


PACES = {
    NoticeChannel.EMAIL: Pace(first_wait=timedelta(seconds=30), tries=8, sending=timedelta(minutes=2)),
    NoticeChannel.SUPABASE: Pace(first_wait=timedelta(seconds=5), tries=12, sending=timedelta(minutes=1)),
}


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


def owe_administrators(*, key: str, subject: str, body: str) -> None:
    """Owe every administrator a mail; `key` makes it one."""
    administrators = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    made = Notice.objects.bulk_create(
        [
            Notice(
                key=f"{key}:{administrator.pk}",
                to=administrator.email,
                subject=subject[:200],
                body=f"{body}\n\n{settings.SITE_URL.rstrip('/')}/admin/\n",
            )
            for administrator in administrators
        ],
        ignore_conflicts=True,
    )
    if made:
        dispatch.ring_notices()


def owe_letter(
    key: str, *, to: str, subject: str, body: str, link: str, partner: Partner | None = None
) -> None:
    """Owe one person a mail with a private link, which takes the place of `links.HERE` as it is sent."""
    made = Notice.objects.bulk_create(
        [
            Notice(
                key=key,
                to=to,
                subject=" ".join(subject.split())[:200],
                body=body,
                link=link,
                partner=partner,
            )
        ],
        ignore_conflicts=True,
    )
    if made:
        dispatch.ring_notices()


def owe_person(person: User, *, key: str, subject: str, body: str) -> None:
    """Owe one person a mail about something of their own; nothing to somebody without an address."""
    if not person.email:
        return
    notice = Notice(key=key, to=person.email, subject=" ".join(subject.split())[:200], body=body)
    if Notice.objects.bulk_create([notice], ignore_conflicts=True):
        dispatch.ring_notices()


# ---- sending: at least once, one sender at a time ----------------------------------------------------------


def take(channel: NoticeChannel) -> Notice | None:
    """The next notice of a channel that is due, held for this caller alone; None when none is.

    The try is written down before anything leaves. Whoever takes must tell how it went: `sent` or `failed`.
    """
    for notice in _due(channel).order_by("not_before", "pk")[:20]:
        until = timezone.now() + PACES[channel].sending
        taken = Notice.objects.filter(
            pk=notice.pk, state=NoticeState.OWED, version=notice.version, held_until=notice.held_until
        ).update(attempts=F("attempts") + 1, held_until=until)
        if taken == 1:
            notice.attempts, notice.held_until = notice.attempts + 1, until
            return notice
    return None


def sent(notice: Notice) -> None:
    """A taken notice went out."""
    done = {"state": NoticeState.SENT, "sent_at": timezone.now(), "last_error": "", "held_until": None}
    if not _held(notice).filter(version=notice.version).update(**done):
        _overtaken(notice)


def failed(notice: Notice, message: str, *, for_good: bool = False) -> bool:
    """A taken notice did not go out: it is tried again later, or left to a person (`for_good`, or once too
    often). True when it was left to a person."""
    pace = PACES[NoticeChannel(notice.channel)]
    given_up = for_good or notice.attempts >= pace.tries
    wait = min(pace.first_wait * 2 ** min(notice.attempts - 1, 20), LONGEST_WAIT)
    told = {
        "last_error": message[:300],
        "state": NoticeState.GIVEN_UP if given_up else NoticeState.OWED,
        "not_before": timezone.now() + wait,
        "held_until": None,
    }
    if not _held(notice).filter(version=notice.version).update(**told):
        _overtaken(notice)
        return False
    return given_up


def put_off(notice: Notice, *, until: datetime) -> None:
    """A taken notice, and with it all of its channel that is due, waits: nobody can be asked before then.

    That counts as no try.
    """
    if not _held(notice).update(attempts=F("attempts") - 1, not_before=until, held_until=None):
        _overtaken(notice)
    _due(NoticeChannel(notice.channel)).update(not_before=until)


def _held(notice: Notice) -> QuerySet[Notice]:
    return Notice.objects.filter(pk=notice.pk, held_until=notice.held_until)


def _overtaken(notice: Notice) -> None:
    """A newer state took the notice's place while the older one was sent, or this sender was too slow and
    another one was let through: what stands there now is sent, once more if need be, and so arrives last."""
    if notice.channel == NoticeChannel.EMAIL:
        return
    with transaction.atomic():
        if not _held(notice).update(held_until=None):
            Notice.objects.filter(pk=notice.pk).update(
                state=NoticeState.OWED, version=F("version") + 1, not_before=timezone.now()
            )
        dispatch.ring_channel(NoticeChannel(notice.channel))


def _due(channel: NoticeChannel | None = None) -> QuerySet[Notice]:
    now = timezone.now()
    free = Q(held_until=None) | Q(held_until__lte=now)
    due = Notice.objects.filter(free, state=NoticeState.OWED, not_before__lte=now)
    return due if channel is None else due.filter(channel=channel)


def ring_due() -> None:
    """Ring for what is due, also what a bell was lost of or whose sender died. Safe to do at any time."""
    for channel in _due().order_by().values_list("channel", flat=True).distinct():
        dispatch.ring_channel(NoticeChannel(channel))


def send_owed() -> int:
    """Send the mails that are owed and due; a doorbell. Returns how many were sent."""
    went = 0
    while (notice := take(NoticeChannel.EMAIL)) is not None:
        went += _mail(notice)
    return went


def _mail(notice: Notice) -> bool:
    try:
        send_mail(notice.subject, links.filled(notice), settings.DEFAULT_FROM_EMAIL, [notice.to])
    except OSError as refused:  # smtplib's errors and the network's own are all OSErrors
        failed(notice, f"The mail server did not take it ({type(refused).__name__}).")
        return False
    sent(notice)
    return True


def send_again(notice: Notice, *, by: User) -> None:
    """Try anew what was given up. Raises Forbidden, or Moved when it is not given up any more."""
    if not by.has_perm(MAY_SEND_AGAIN):
        raise Forbidden("You may not send notices again.")
    with transaction.atomic():
        if not _revive(Notice.objects.filter(pk=notice.pk)):
            raise Moved("It is not given up any more; look again.")
        audit.note("notice.sent_again", notice, source=Source.PERSON, by=by, partner=notice.partner)
        dispatch.ring_channel(NoticeChannel(notice.channel))


def revive(channel: NoticeChannel, *, error: str) -> int:
    """What was given up for this very reason is owed again, now that the reason is gone. Returns how many."""
    revived = _revive(Notice.objects.filter(channel=channel, last_error=error[:300]))
    if revived:
        dispatch.ring_channel(channel)
    return revived


def _revive(notices: QuerySet[Notice]) -> int:
    fresh: dict[str, Any] = {"state": NoticeState.OWED, "attempts": 0, "not_before": timezone.now()}
    return notices.filter(state=NoticeState.GIVEN_UP).update(**fresh)
