"""Notices: what is owed to the outside. Written with the change that owes them, sent after it.

Who is told of which news, `news.py` says; how a mail looks, `letters.py`; how a partner's own programs are
told, `deliveries.py`.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone, translation

from bookings.models import Membership, Notice, Partner
from bookings.services import audit, dispatch, letters
from bookings.services.errors import Forbidden, Moved
from bookings.vocabulary import NoticeChannel, NoticeState, Role, Source

MAY_SEND_AGAIN = "bookings.send_notice"
# One bell works this long at most; what is left is rung for again. Well below a task's own limit.
LONGEST_BELL = 120.0  # seconds
DELIVERIES_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a channel is served: waits of `first_wait`, doubled, up to `longest_wait`, between at most `tries`.

    `sending` is the longest that one try takes; a sender that has not told of it by then is taken for dead.
    """

    first_wait: timedelta
    tries: int
    sending: timedelta
    longest_wait: timedelta = timedelta(hours=1)


PACES = {
    NoticeChannel.EMAIL: Pace(first_wait=timedelta(seconds=30), tries=8, sending=timedelta(minutes=2)),
    NoticeChannel.SUPABASE: Pace(first_wait=timedelta(seconds=5), tries=12, sending=timedelta(minutes=1)),
    NoticeChannel.SLACK: Pace(first_wait=timedelta(seconds=30), tries=8, sending=timedelta(minutes=2)),
    # Some two days: a partner's program may be down over a night.
    NoticeChannel.WEBHOOK: Pace(
        first_wait=timedelta(seconds=30),
        tries=20,
        sending=timedelta(minutes=2),
        longest_wait=timedelta(hours=4),
    ),
}


def owe(owed: Collection[Notice]) -> int:
    """Write notices down, in the transaction of the change that owes them, and ring for their channels.

    One whose `key` is there already is left out. Returns how many were asked for.
    """
    for notice in owed:
        notice.subject = " ".join(notice.subject.split())[:200]
    if Notice.objects.bulk_create(owed, ignore_conflicts=True):
        for channel in {NoticeChannel(notice.channel) for notice in owed}:
            dispatch.ring_channel(channel)
    return len(owed)


def owe_managers(partner: Partner, *, key: str, words: Callable[[], tuple[str, str]]) -> None:
    """Owe a partner's managers a mail that they always get; `key` makes it one. `words` gives its subject and
    body in the language that is active."""
    owed = []
    for manager in managers_of(partner):
        with translation.override(letters.language_of(manager)):
            subject, body = words()
        owed.append(
            Notice(
                key=f"{key}:{manager.pk}",
                to=manager.email,
                person=manager,
                subject=subject,
                body=body,
                partner=partner,
            )
        )
    owe(owed)


def managers_of(partner: Partner) -> Iterable[User]:
    """A partner's managers who can be written to."""
    managers = Membership.objects.filter(partner=partner, role=Role.MANAGER, user__is_active=True)
    return [each.user for each in managers.exclude(user__email="").select_related("user__spoken_language")]


def owe_administrators(*, key: str, subject: str, body: str) -> None:
    """Owe every administrator a mail; `key` makes it one."""
    administrators = User.objects.filter(is_superuser=True, is_active=True).exclude(email="")
    story = f"{body}\n\n{letters.site('/admin/')}\n"
    owe(
        [
            Notice(key=f"{key}:{each.pk}", to=each.email, person=each, subject=subject, body=story)
            for each in administrators
        ]
    )


def owe_letter(
    key: str, *, to: str, subject: str, body: str, link: str, partner: Partner | None = None
) -> None:
    """Owe one person a mail with a private link, which takes the place of `links.HERE` as it is sent."""
    owe([Notice(key=key, to=to, subject=subject, body=body, link=link, partner=partner)])


def owe_person(person: User, *, key: str, subject: str, body: str) -> None:
    """Owe one person a mail about something of their own; nothing to somebody without an address."""
    if person.email:
        owe([Notice(key=key, to=person.email, person=person, subject=subject, body=body)])


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


def sent(notice: Notice, *, answer: int | None = None) -> None:
    """A taken notice went out; `answer` is the status with which it was taken."""
    done: dict[str, Any] = {"state": NoticeState.SENT, "sent_at": timezone.now(), "answer": answer}
    done |= {"last_error": "", "held_until": None}
    if not _held(notice).filter(version=notice.version).update(**done):
        _overtaken(notice)


def withdrawn(notice: Notice, why: str) -> None:
    """A taken notice is not true any more, and goes nowhere."""
    done = {"state": NoticeState.WITHDRAWN, "last_error": why[:300], "held_until": None}
    _held(notice).update(**done)


def failed(
    notice: Notice,
    message: str,
    *,
    for_good: bool = False,
    answer: int | None = None,
    at_least: timedelta = timedelta(0),
) -> bool:
    """A taken notice did not go out: it is tried again later, or left to a person (`for_good`, or once too
    often). True when it was left to a person. `at_least` is the wait that the receiver asked for."""
    pace = PACES[NoticeChannel(notice.channel)]
    given_up = for_good or notice.attempts >= pace.tries
    wait = min(pace.first_wait * 2 ** min(notice.attempts - 1, 20), pace.longest_wait)
    told = {
        "last_error": message[:300],
        "answer": answer,
        "state": NoticeState.GIVEN_UP if given_up else NoticeState.OWED,
        "not_before": timezone.now() + max(wait, at_least),
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
    if notice.channel != NoticeChannel.SUPABASE:
        return  # each of its notices tells one piece of news, and none takes another's place
    with transaction.atomic():
        if not _held(notice).update(held_until=None):
            Notice.objects.filter(pk=notice.pk).update(
                state=NoticeState.OWED, version=F("version") + 1, not_before=timezone.now()
            )
        dispatch.ring_channel(NoticeChannel(notice.channel))


def _due(channel: NoticeChannel | None = None) -> QuerySet[Notice]:
    """What may be sent now. A connection that rests gets nothing, and of one thing it is told in order."""
    now = timezone.now()
    free = Q(held_until=None) | Q(held_until__lte=now)
    listens = Q(connection=None) | Q(connection__rests_until=None) | Q(connection__rests_until__lte=now)
    older = Notice.objects.filter(
        connection=OuterRef("connection"),
        thread=OuterRef("thread"),
        pk__lt=OuterRef("pk"),
        state=NoticeState.OWED,
    ).exclude(thread="")
    due = Notice.objects.filter(free, listens, ~Exists(older), state=NoticeState.OWED, not_before__lte=now)
    return due if channel is None else due.filter(channel=channel)


def ring_due() -> None:
    """Ring for what is due, also what a bell was lost of or whose sender died. Safe to do at any time."""
    for channel in _due().order_by().values_list("channel", flat=True).distinct():
        dispatch.ring_channel(NoticeChannel(channel))


def send_owed() -> int:
    """Send the mails that are owed and due; a doorbell. Returns how many were sent."""
    went, until = 0, time.monotonic() + LONGEST_BELL
    while time.monotonic() < until and (notice := take(NoticeChannel.EMAIL)) is not None:
        went += _mail(notice)
    return went


def _mail(notice: Notice) -> bool:
    outdated = letters.why_outdated(notice)
    if outdated:
        withdrawn(notice, outdated)
        return False
    try:
        letters.message_of(notice).send()
    except OSError as refused:  # smtplib's errors and the network's own are all OSErrors
        words = f"The mail server did not take it ({type(refused).__name__})."
        failed(notice, words, for_good=_is_for_good(refused))
        return False
    sent(notice)
    return True


def _is_for_good(refused: OSError) -> bool:
    """Whether the mail server said of this very address that it never takes mail for it."""
    if not isinstance(refused, smtplib.SMTPRecipientsRefused):
        return False
    return all(500 <= code < 600 for code, _ in refused.recipients.values())


def send_again(notice: Notice, *, by: User) -> None:
    """Try anew what was given up. Raises Forbidden, or Moved when it is not given up any more."""
    if not by.has_perm(MAY_SEND_AGAIN):
        raise Forbidden("You may not send notices again.")
    with transaction.atomic():
        if not _revive(Notice.objects.filter(pk=notice.pk)):
            raise Moved("It is not given up any more; look again.")
        audit.note("notice.sent_again", notice, source=Source.PERSON, by=by, partner=notice.partner)
        dispatch.ring_channel(NoticeChannel(notice.channel))


def owe_anew(notice: Notice, *, by: User) -> bool:
    """Send a notice once more, also one that went. False while somebody is sending it."""
    now = timezone.now()
    fresh: dict[str, Any] = {"state": NoticeState.OWED, "attempts": 0, "not_before": now, "last_error": ""}
    rows = Notice.objects.filter(Q(held_until=None) | Q(held_until__lte=now), pk=notice.pk)
    if not rows.update(**fresh, held_until=None):
        return False
    audit.note("notice.sent_again", notice, source=Source.PERSON, by=by, partner=notice.partner)
    dispatch.ring_channel(NoticeChannel(notice.channel))
    return True


def revive(channel: NoticeChannel, *, error: str) -> int:
    """What was given up for this very reason is owed again, now that the reason is gone. Returns how many."""
    revived = _revive(Notice.objects.filter(channel=channel, last_error=error[:300]))
    if revived:
        dispatch.ring_channel(channel)
    return revived


def prune() -> int:
    """Delete what connections were sent long ago, or were not. How many notices went.

    Mails stay, and so does what Supabase was told last: the next outcome is compared with it.
    """
    old = Notice.objects.filter(
        connection__isnull=False, created_at__lt=timezone.now() - DELIVERIES_KEPT
    ).exclude(state=NoticeState.OWED)
    return old.delete()[0]


def _revive(notices: QuerySet[Notice]) -> int:
    fresh: dict[str, Any] = {"state": NoticeState.OWED, "attempts": 0, "not_before": timezone.now()}
    return notices.filter(state=NoticeState.GIVEN_UP).update(**fresh)
