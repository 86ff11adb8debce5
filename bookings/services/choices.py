"""Choices: which news each person wants mail of, and who therefore is told of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from bookings.models import Membership, NoticeChoice, Partner
from bookings.models.choice import Lead
from bookings.models.scope import sees_all
from bookings.services import audit
from bookings.vocabulary import NoticeEvent, Role, Source, Telling

LONGEST_LEAD = timedelta(minutes=max(Lead.values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Somebody who may be told of a partner's news; `role` is theirs at that partner, None for staff."""

    user: User
    role: Role | None
    choice: NoticeChoice | None

    def telling(self, event: NoticeEvent) -> Telling:
        return telling_of(self.choice, event, self.role)

    @property
    def lead(self) -> timedelta:
        return timedelta(minutes=self.choice.lead_minutes if self.choice else Lead.TWO_HOURS)

    def wants(self, event: NoticeEvent, own: Collection[int]) -> bool:
        """Whether they want to be told of news that is the own one of the people `own`; of nobody's own, it
        is the managers'."""
        telling = self.telling(event)
        if telling == Telling.ALL:
            return self.role is not None or self.user.pk in own
        is_own = self.user.pk in own if own else self.role == Role.MANAGER
        return telling == Telling.OWN and is_own


def default(event: NoticeEvent, role: Role | None) -> Telling:
    """What somebody is told of who has chosen nothing.

    >>> default(NoticeEvent.SIGN_IN, Role.MANAGER), default(NoticeEvent.MOVED, Role.BOOKER)
    (Telling.ALL, Telling.OWN)
    """
    if role == Role.VIEWER:
        return Telling.NOTHING
    return Telling.ALL if (event, role) == (NoticeEvent.SIGN_IN, Role.MANAGER) else Telling.OWN


def telling_of(choice: NoticeChoice | None, event: NoticeEvent, role: Role | None) -> Telling:
    """What a person is told of an event: what they chose, else what their role tells."""
    chosen = choice.events.get(event.value) if choice is not None else None
    return Telling(chosen) if chosen in Telling.values else default(event, role)


def listeners_of(partners: Collection[int]) -> dict[int, list[Listener]]:
    """The people of each of these partners who can be written to."""
    found: dict[int, list[Listener]] = defaultdict(list)
    people = Membership.objects.filter(partner__in=partners, user__is_active=True).exclude(user__email="")
    for each in people.select_related("user__notice_choice", "user__spoken_language").order_by("pk"):
        found[each.partner_id].append(
            Listener(user=each.user, role=Role(each.role), choice=choice_of(each.user))
        )
    return found


def listeners(partner: Partner, event: NoticeEvent, *, own: Iterable[User]) -> list[Listener]:
    """Who is to be told of a piece of news; `own` are the people whose own news it is. Whoever does not work
    for the partner any more is told nothing, staff are of what is their own."""
    askers = {user.pk: user for user in own}
    people = listeners_of([partner.pk])[partner.pk]
    strangers = askers.keys() - {each.user.pk for each in people}
    people += [
        Listener(user=askers[pk], role=None, choice=choice_of(askers[pk]))
        for pk in sorted(strangers)
        if askers[pk].email and sees_all(askers[pk])
    ]
    return [each for each in people if each.wants(event, askers.keys())]


def choice_of(user: User) -> NoticeChoice | None:
    """What a person has chosen; None for one who left it at what their role tells."""
    choice: NoticeChoice | None = getattr(user, "notice_choice", None)
    return choice


def first_role(user: User) -> Role | None:
    """The role that a person's defaults come from: of several, the one that may most."""
    roles = {Role(role) for role in Membership.objects.filter(user=user).values_list("role", flat=True)}
    return next((role for role in reversed(Role) if role in roles), None)


# ---- changed by the person ---------------------------------------------------------------------------------


def choose(user: User, events: Mapping[NoticeEvent, Telling], *, lead: Lead) -> None:
    """Keep what a person wants to be told of."""
    told = {event.value: telling.value for event, telling in events.items()}
    with transaction.atomic():
        choice, _made = NoticeChoice.objects.select_for_update().get_or_create(user=user)
        before = {"events": choice.events, "lead_minutes": choice.lead_minutes}
        choice.events, choice.lead_minutes, choice.updated_at = told, lead, timezone.now()
        choice.save()
        after = {"events": told, "lead_minutes": int(lead)}
        if before != after:
            audit.note("notices.chosen", choice, source=Source.PERSON, by=user, before=before, after=after)


def forget(user: User) -> None:
    """Back to what the person's role tells."""
    NoticeChoice.objects.filter(user=user).delete()


def turn_off(user: User, event: NoticeEvent) -> None:
    """No more mail of this kind, as the link in each of them says. Safe to do again."""
    with transaction.atomic():
        choice, _made = NoticeChoice.objects.select_for_update().get_or_create(user=user)
        if choice.events.get(event.value) == Telling.NOTHING:
            return
        before = {event.value: telling_of(choice, event, first_role(user)).value}
        choice.events = {**choice.events, event.value: Telling.NOTHING.value}
        choice.updated_at = timezone.now()
        choice.save()
        audit.note(
            "notices.unsubscribed",
            choice,
            source=Source.PERSON,
            by=user,
            before=before,
            after={event.value: Telling.NOTHING.value},
        )
