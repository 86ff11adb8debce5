"""Mails as a real mail server gets them: plain and HTML, with a calendar file and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import Client

from bookings.models import Notice, NoticeChoice
from bookings.services import bookings, choices, letters, notices
from bookings.vocabulary import BookingStatus, NoticeEvent, NoticeState, Telling
from tests.bookings.cast import Cast, make_booking, make_run
from tests.bookings.live.portal import free_port

pytestmark = pytest.mark.django_db


class Mailbox:
    """Keeps what comes; `answers` are given to the next ones instead."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = controller.port
        yield box
    finally:
        controller.stop()


def confirmed(cast: Cast, **fields: Any) -> Any:
    booking = make_booking(cast.account, status=BookingStatus.PENDING, **fields)
    run = make_run(cast.partner, by=cast.owner)
    type(run).objects.filter(pk=run.pk).update(booking=booking)
    return bookings.change_status(booking, BookingStatus.CONFIRMED, by=cast.manager)


def part(mail: EmailMessage, kind: str) -> str:
    found = [each for each in mail.walk() if each.get_content_type() == kind]
    assert len(found) == 1, kind
    return str(found[0].get_content())


def test_a_mail_comes_plain_and_in_html_with_its_calendar_file(cast: Cast, mailbox: Mailbox) -> None:
    booking = confirmed(cast, property_address="12 <b>King</b> Street & é")
    assert notices.send_owed() == 1
    (mail,) = mailbox.mails
    assert mail["To"] == cast.owner.email
    assert mail["Subject"].strip() == "Showing confirmed: 12 <b>King</b> Street & é"
    plain, html, event = (part(mail, kind) for kind in ("text/plain", "text/html", "text/calendar"))
    for text in (plain, html):
        assert "(Toronto time)" in text
        assert "/runs/" in text
    assert "12 <b>King</b> Street & é" in plain
    assert "12 &lt;b&gt;King&lt;/b&gt; Street &amp; é" in html
    assert "<script" not in html
    assert "BEGIN:VEVENT\r\n" in event
    assert "STATUS:CONFIRMED" in event
    assert booking.pk


def test_it_names_a_way_out_that_one_click_takes(cast: Cast, mailbox: Mailbox) -> None:
    confirmed(cast)
    notices.send_owed()
    (mail,) = mailbox.mails
    address = str(mail["List-Unsubscribe"]).strip(" <>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in part(mail, "text/plain").replace("\n", "")
    path = address.removeprefix("http://127.0.0.1:8000")
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(path).status_code == 200
    assert not NoticeChoice.objects.exists()  # looking ends nothing: mail programs look by themselves
    answer = stranger.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    choice = NoticeChoice.objects.get(user=cast.owner)
    assert choices.telling_of(choice, NoticeEvent.CONFIRMED, None) == Telling.NOTHING
    assert Client().get(f"{path}x").status_code == 404


def test_a_repeat_has_the_same_id_and_another_mail_another(cast: Cast, mailbox: Mailbox) -> None:
    confirmed(cast)
    notices.send_owed()
    Notice.objects.update(state=NoticeState.OWED)
    confirmed(cast)
    notices.send_owed()
    first, second, third = (str(mail["Message-ID"]) for mail in mailbox.mails)
    assert first in (second, third)
    assert len({first, second, third}) == 2


def test_a_cancelled_showing_leaves_the_calendar(cast: Cast, mailbox: Mailbox) -> None:
    booking = confirmed(cast)
    bookings.change_status(booking, BookingStatus.CANCELLED, by=cast.manager)
    notices.send_owed()
    events = [part(mail, "text/calendar") for mail in mailbox.mails]
    assert all("STATUS:CANCELLED" in event for event in events)  # as it stands when the mail leaves
    files = [each for mail in mailbox.mails for each in mail.iter_attachments()]
    assert {each.get_param("method") for each in files} == {"CANCEL"}
    assert all(str(each.get_filename()).endswith(".ics") for each in files)


def test_a_letter_that_always_comes_names_no_way_out(cast: Cast, mailbox: Mailbox) -> None:
    notices.owe_person(cast.owner, key="k", subject="Your export is ready", body="See: https://x.example/\n")
    notices.send_owed()
    (mail,) = mailbox.mails
    assert mail["List-Unsubscribe"] is None
    assert "My notices" not in part(mail, "text/plain")


@pytest.mark.parametrize(
    ("answer", "state"),
    [("550 no such user", NoticeState.GIVEN_UP), ("450 greylisted, come back", NoticeState.OWED)],
)
def test_an_address_that_takes_no_mail_is_given_up_and_a_busy_one_is_not(
    cast: Cast, mailbox: Mailbox, answer: str, state: NoticeState
) -> None:
    mailbox.answers = [answer]
    confirmed(cast)
    assert notices.send_owed() == 0
    assert Notice.objects.get().state == state


def test_a_line_break_in_what_others_wrote_makes_no_header(cast: Cast, mailbox: Mailbox) -> None:
    confirmed(cast, property_address="1 Main\r\nBcc: everybody@example.com")
    assert notices.send_owed() == 1
    assert mailbox.mails[0]["Bcc"] is None


def test_the_pieces_of_a_body() -> None:
    pieces = list(letters.pieces_of("Hello\n\nA: b\nC\nSee it: https://x.example/1\n\nend\n"))
    assert [(piece.lines, piece.words, piece.address) for piece in pieces] == [
        (("Hello",), "", ""),
        (("A: b", "C"), "", ""),
        ((), "See it", "https://x.example/1"),
        (("end",), "", ""),
    ]
