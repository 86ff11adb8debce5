"""Who is told of what: by event, by role, by each person's own choice, in their language."""

from __future__ import annotations

from datetime import timedelta
from email.mime.text import MIMEText
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bookings.models import Membership, Notice, NoticeChoice
from bookings.models.choice import Lead
from bookings.models.connection import ConnectionKind
from bookings.services import (
    bookings,
    choices,
    connections,
    languages,
    letters,
    news,
    notices,
    people,
    reminders,
    runs,
)
from bookings.services.bookings import Seen
from bookings.services.runs import AttemptEnd
from bookings.vocabulary import BookingStatus, NoticeChannel, NoticeEvent, NoticeState, Role, RunKind, Telling
from tests.bookings.cast import Cast, make_booking, make_person, make_request, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(settings: Any) -> None:
    settings.WEBHOOKS_INSIDE = True


def told(**which: Any) -> list[str]:
    return sorted(Notice.objects.filter(channel=NoticeChannel.EMAIL, **which).values_list("to", flat=True))


def refused(cast: Cast, by: User | None) -> None:
    run = make_run(cast.partner, by=by)
    run.state, run.reason_code, run.reason = "refused", "slot_unavailable", "10:00 is not offered."
    news.of_run(run)


def wants(user: User, event: NoticeEvent, telling: Telling) -> None:
    chosen = {each: choices.telling_of(None, each, choices.first_role(user)) for each in NoticeEvent}
    choices.choose(user, {**chosen, event: telling}, lead=Lead.TWO_HOURS)


def test_whoever_asked_is_told_and_of_nobodys_run_the_managers(cast: Cast) -> None:
    refused(cast, cast.owner)
    assert told() == [cast.owner.email]
    refused(cast, None)
    assert told() == sorted([cast.owner.email, cast.manager.email])


def test_a_colleague_may_want_everybodys_news_and_its_own_person_none(cast: Cast) -> None:
    wants(cast.colleague, NoticeEvent.FAILED, Telling.ALL)
    wants(cast.owner, NoticeEvent.FAILED, Telling.NOTHING)
    refused(cast, cast.owner)
    assert told() == [cast.colleague.email]


def test_a_viewer_is_told_nothing_but_what_they_chose(cast: Cast) -> None:
    refused(cast, None)
    assert cast.viewer.email not in told()
    wants(cast.viewer, NoticeEvent.FAILED, Telling.ALL)
    refused(cast, None)
    assert cast.viewer.email in told()


def test_who_does_not_work_there_any_more_is_told_nothing_of_their_own_run(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    people.leave(Membership.objects.get(user=cast.owner), by=cast.admin)
    run.refresh_from_db()
    run.state, run.reason_code = "failed", "page_changed"
    news.of_run(run)
    assert told() == []


def test_staff_are_told_of_what_they_asked_for(cast: Cast) -> None:
    refused(cast, cast.admin)
    assert told() == [cast.admin.email]


def test_nobody_of_another_partner_hears_of_it(cast: Cast) -> None:
    for event in NoticeEvent:
        wants(cast.stranger, event, Telling.ALL)
    refused(cast, cast.owner)
    booking = make_booking(cast.account, status=BookingStatus.PENDING)
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    assert cast.stranger.email not in told()


def test_a_sign_in_that_ended_is_told_to_who_asked_and_to_managers(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    run.reason_code = "needs_sign_in"
    news.of_account(run, key="account:1")
    news.of_account(run, key="account:1")
    assert told(event=NoticeEvent.SIGN_IN) == sorted([cast.owner.email, cast.manager.email])


def test_a_change_by_a_person_is_told_to_the_others(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    booking = make_booking(cast.account)
    type(run).objects.filter(pk=run.pk).update(booking=booking)
    bookings.change_status(booking, BookingStatus.CANCELLED, by=cast.colleague)
    assert told(event=NoticeEvent.CANCELLED) == [cast.owner.email]
    bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.owner)
    assert told(event=NoticeEvent.CONFIRMED) == []


def seen(booking: Any, **other: Any) -> Seen:
    shown = {
        "showing_id": booking.showing_id,
        "listing_id": booking.listing_id,
        "address": booking.property_address,
        "date": booking.booking_date,
        "time": booking.booking_time,
        "duration_minutes": booking.duration,
        "status": "confirmed",
        "badge": "Confirmed",
        "url": "",
    }
    return Seen(**{**shown, **other})


@pytest.mark.parametrize(
    ("was", "shows", "event"),
    [
        (BookingStatus.PENDING, {"status": "confirmed"}, NoticeEvent.CONFIRMED),
        (BookingStatus.PENDING, {"status": "declined"}, NoticeEvent.DECLINED),
        (BookingStatus.CONFIRMED, {"status": "cancelled"}, NoticeEvent.CANCELLED),
        (BookingStatus.CONFIRMED, {"status": "time_suggested"}, NoticeEvent.NEEDS_YOU),
        (BookingStatus.CONFIRMED, {"date": timezone.localdate() + timedelta(days=9)}, NoticeEvent.MOVED),
        (BookingStatus.CONFIRMED, {"badge": "Booked"}, None),
    ],
)
def test_what_a_comparison_finds_changed_is_told(
    cast: Cast, was: BookingStatus, shows: dict[str, Any], event: NoticeEvent | None
) -> None:
    booking = make_booking(cast.account, status=was)
    run = make_run(cast.partner)
    run.kind = RunKind.RECONCILE
    for _ in range(2):
        bookings.follow(booking, seen(booking, **shows), run=run)
    owed = Notice.objects.filter(channel=NoticeChannel.EMAIL)
    assert [(each.event, each.to, each.booking) for each in owed] == (
        [(event, cast.manager.email, booking)] if event else []
    )


def test_of_a_showing_that_was_booked_by_hand_programs_are_told_and_people_not(cast: Cast) -> None:
    for kind in ConnectionKind:
        connections.make(
            cast.partner,
            kind,
            name=kind,
            url="https://127.0.0.1/x",
            events=list(NoticeEvent),
            by=cast.manager,
        )
    unknown = make_booking(cast.other_account)
    run = make_run(cast.partner)
    run.kind = RunKind.RECONCILE
    for _ in range(2):
        bookings.adopt(run, seen(unknown, showing_id="by-hand", listing_id="elsewhere"))
    assert [each.channel for each in Notice.objects.all()] == [NoticeChannel.WEBHOOK]


def test_a_mail_is_in_the_language_of_its_reader(cast: Cast) -> None:
    languages.choose(cast.owner, "fr")
    refused(cast, cast.owner)
    booking = make_booking(cast.account)
    message = letters.message_of(Notice.objects.get())
    html = str(message.alternatives[0][0])
    assert '<html lang="fr">' in html
    for text in (html, str(message.body)):
        assert "Propriété" in text
        assert "Ensuite" in text
        assert "Property" not in text
    assert letters.language_of(cast.colleague) == "en"
    assert booking is not None


# ---- choices -----------------------------------------------------------------------------------------------


def test_a_link_in_the_mail_ends_one_kind_and_no_other(cast: Cast) -> None:
    choices.turn_off(cast.owner, NoticeEvent.FAILED)
    choices.turn_off(cast.owner, NoticeEvent.FAILED)
    choice = NoticeChoice.objects.get(user=cast.owner)
    assert choice.events == {"failed": "nothing"}
    assert choices.telling_of(choice, NoticeEvent.CONFIRMED, Role.BOOKER) == Telling.OWN
    refused(cast, cast.owner)
    assert told() == []


def test_nonsense_in_a_row_is_the_roles_default(cast: Cast) -> None:
    choice = NoticeChoice.objects.create(user=cast.owner, events={"failed": "loudly", "moved": 7})
    assert choices.telling_of(choice, NoticeEvent.FAILED, Role.BOOKER) == Telling.OWN
    assert choices.telling_of(choice, NoticeEvent.MOVED, Role.VIEWER) == Telling.NOTHING


# ---- reminders ---------------------------------------------------------------------------------------------


def soon(cast: Cast, minutes: int, **other: Any) -> Any:
    booking = make_booking(cast.account, **other)
    type(booking).objects.filter(pk=booking.pk).update(
        starts_at=timezone.now() + timedelta(minutes=minutes),
        confirmed_at=other.get("confirmed_at", timezone.now() - timedelta(days=2)),
    )
    booking.refresh_from_db()
    return booking


def asked_by(booking: Any, user: User) -> None:
    run = make_run(booking.partner, by=user)
    type(run).objects.filter(pk=run.pk).update(booking=booking)


def test_a_reminder_comes_once_as_long_before_as_each_wants(cast: Cast) -> None:
    booking = soon(cast, 90)
    asked_by(booking, cast.owner)
    choices.choose(cast.colleague, {NoticeEvent.REMINDER: Telling.ALL}, lead=Lead.HOUR)
    choices.choose(cast.manager, {NoticeEvent.REMINDER: Telling.ALL}, lead=Lead.DAY)
    assert reminders.owe_due() == 2
    assert reminders.owe_due() == 0
    assert told(event=NoticeEvent.REMINDER) == sorted([cast.owner.email, cast.manager.email])


@pytest.mark.parametrize(
    ("minutes", "other"),
    [
        (300, {}),  # not yet
        (-5, {}),  # it has begun
        (60, {"status": BookingStatus.PENDING}),
        (60, {"status": BookingStatus.CANCELLED}),
        (60, {"hidden_at": timezone.now()}),
        (60, {"missing_since": timezone.now()}),
        (60, {"confirmed_at": timezone.now()}),  # that it is confirmed was told just now
    ],
)
def test_no_reminder_of_what_does_not_take_place_soon(
    cast: Cast, minutes: int, other: dict[str, Any]
) -> None:
    soon(cast, minutes, **other)
    assert reminders.owe_due() == 0


def test_a_moved_showing_gets_a_reminder_of_its_own(cast: Cast, mailoutbox: list[Any]) -> None:
    booking = soon(cast, 100)
    assert reminders.owe_due() == 1
    type(booking).objects.filter(pk=booking.pk).update(starts_at=timezone.now() + timedelta(minutes=50))
    assert reminders.owe_due() == 1
    assert notices.send_owed() == 1
    states = Notice.objects.filter(event=NoticeEvent.REMINDER).order_by("pk").values_list("state", flat=True)
    assert list(states) == [NoticeState.WITHDRAWN, NoticeState.SENT]
    assert len(mailoutbox) == 1


def test_a_reminder_of_a_showing_that_was_cancelled_meanwhile_is_not_sent(
    cast: Cast, mailoutbox: list[Any]
) -> None:
    booking = soon(cast, 100)
    reminders.owe_due()
    type(booking).objects.filter(pk=booking.pk).update(status=BookingStatus.CANCELLED)
    assert notices.send_owed() == 0
    assert mailoutbox == []
    assert Notice.objects.get(event=NoticeEvent.REMINDER).state == NoticeState.WITHDRAWN


def test_a_mail_says_whom_the_showing_is_for_where_that_is_known(cast: Cast) -> None:
    wish = make_request(cast.partner)
    soon(cast, 60, request=wish)
    soon(cast, 60)
    reminders.owe_due()
    bodies = Notice.objects.filter(event=NoticeEvent.REMINDER, person=cast.manager).values_list(
        "body", flat=True
    )
    assert sorted(f"For: {wish.client.name}\n" in body for body in bodies) == [False, True]
    assert all("For: \n" not in body for body in bodies)


def test_reminders_take_few_questions_however_many_showings(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    connections.make(
        cast.partner,
        ConnectionKind.WEBHOOK,
        name="CRM",
        url="https://127.0.0.1/x",
        events=[NoticeEvent.REMINDER],
        by=cast.manager,
    )
    for _ in range(30):
        soon(cast, 60, request=make_request(cast.partner))
    with django_assert_max_num_queries(12):
        assert reminders.owe_due() == 60
    with django_assert_max_num_queries(6):
        assert reminders.owe_due() == 0


# ---- and in a run's own life -------------------------------------------------------------------------------


def test_telling_takes_few_questions(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for _ in range(10):
        make_person(cast.partner, Role.MANAGER)
    run = make_run(cast.partner)
    run.state, run.reason_code = "refused", "slot_unavailable"
    with django_assert_max_num_queries(4):
        news.of_run(run)
    assert len(told()) == 11


def test_a_cancelled_run_of_a_person_is_told_once_with_its_calendar_file(cast: Cast) -> None:
    run = make_run(cast.partner, by=cast.owner)
    held = runs.claim(run.pk, holder="test/1")
    assert held is not None
    booking = make_booking(cast.account, status=BookingStatus.PENDING)
    end = AttemptEnd(result="booked", showing=seen(booking, status="requested", badge="Requested"))
    runs.pass_gate(run.pk, fence=1)
    run = runs.settle(run.pk, end, fence=1)
    assert [each.event for each in Notice.objects.filter(channel=NoticeChannel.EMAIL)] == [
        NoticeEvent.REQUESTED
    ]
    message = letters.message_of(Notice.objects.get(channel=NoticeChannel.EMAIL))
    (file,) = message.attachments
    assert isinstance(file, MIMEText)
    assert (file.get_content_type(), file.get_param("method")) == ("text/calendar", "PUBLISH")
