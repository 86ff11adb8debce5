"""A manager and their people: invited, signed up, given another role, removed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from bookings.models import AuditEntry, Invitation, Membership, Notice
from bookings.services import invitations, limits, links, notices, people
from bookings.services.errors import Forbidden, Rejected
from bookings.vocabulary import Role
from tests.bookings.cast import PASSWORD, Cast

pytestmark = pytest.mark.django_db
NEW = "New.Person@Example.com"
GOOD = {"first_name": "New", "last_name": "Person", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture(autouse=True)
def quiet_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.services.dispatch.ring_channel", lambda channel: None)


@pytest.fixture
def manager(cast: Cast) -> Client:
    return browser(cast.manager)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def invite(client: Client, email: str = NEW, role: Role = Role.BOOKER) -> Invitation:
    answer = client.post("/people", {"email": email, "role": role})
    assert answer.status_code == 302, answer.content
    return Invitation.objects.latest("pk")


def link_in_the_mail() -> str:
    """The path of the link in the newest mail."""
    mail.outbox.clear()
    assert notices.send_owed()
    found = re.search(r"http://127.0.0.1:8000(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_a_name_puts_no_line_of_its_own_into_a_mail(manager: Client) -> None:
    invite(manager)
    said = {**GOOD, "first_name": "Ann\n\nOpen this: https://evil.example/\n"}
    assert Client().post(link_in_the_mail(), said)["Location"] == "/"
    person = User.objects.get(username="new.person@example.com")
    assert person.first_name == "Ann Open this: https://evil.example/"


def test_an_invitation_goes_out_by_mail_and_makes_an_account(cast: Cast, manager: Client) -> None:
    invitation = invite(manager)
    link = link_in_the_mail()
    assert mail.outbox[0].to == ["new.person@example.com"]
    page = Client().get(link)
    assert page.status_code == 200
    # The address is a secret: no other site learns it. (“no-referrer” would make the form's Origin “null”.)
    assert page["Referrer-Policy"] == "same-origin"
    assert "at least 12 characters" in page.content.decode()

    newcomer = Client()
    assert newcomer.post(link, GOOD)["Location"] == "/"
    assert newcomer.get("/").status_code == 200, "signed in by it"
    person = User.objects.get(username="new.person@example.com")
    assert Membership.objects.get(user=person).role == Role.BOOKER
    assert Client().post("/sign-in", {"username": person.email, "password": PASSWORD})["Location"] == "/"
    invitation.refresh_from_db()
    assert invitation.accepted_by == person
    once_more = newcomer.get(link)
    assert once_more.status_code == 410, "once"
    assert "To the dashboard" in once_more.content.decode()
    assert "To the sign-in page" in Client().get(link).content.decode()
    told = AuditEntry.objects.filter(subject_type="invitation", partner=cast.partner)
    assert list(told.order_by("pk").values_list("action", flat=True)) == [
        "invitation.sent",
        "invitation.accepted",
    ]


def test_the_rows_hold_no_link(cast: Cast, manager: Client) -> None:
    """Who may read notices must not be able to take an invitation, or to set somebody's password."""
    invitation = invite(manager, role=Role.MANAGER)
    Client().post("/forgotten-password", {"email": cast.manager.email})
    token = links.token_of(invitation)
    for notice in Notice.objects.all():
        assert links.HERE in notice.body
        assert token not in f"{notice.body}{notice.subject}{notice.link}{notice.key}"
    shown = browser(cast.viewer).get("/admin/bookings/notice/")
    assert token not in shown.content.decode()


def test_an_invented_link_in_somebodys_words_stays_words(cast: Cast, manager: Client) -> None:
    """Whoever names a partner or themselves cannot have another person's link put into a mail."""
    cast.partner.name = "reset:1 {link}"
    cast.partner.save()
    invite(manager)
    link_in_the_mail()
    assert "/new-password/" not in str(mail.outbox[0].body)
    notice = Notice.objects.create(key="k", to="a@example.com", subject="s", body="{link} reset:1")
    assert links.filled(notice) == "{link} reset:1"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "new.person@example.com", "again": "new.person@example.com"}, "too similar"),
        ({"again": "something else entirely"}, "Both must be the same"),
        ({"first_name": ""}, "This field is required"),
    ],
)
def test_a_weak_password_is_told_and_makes_no_account(
    cast: Cast, manager: Client, wrong: dict[str, str], told: str
) -> None:
    invite(manager)
    answer = Client().post(link_in_the_mail(), {**GOOD, **wrong})
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not User.objects.filter(username="new.person@example.com").exists()


def test_only_the_newest_link_opens(cast: Cast, manager: Client) -> None:
    invitation = invite(manager)
    first = link_in_the_mail()
    manager.post(f"/invitations/{invitation.pk}/send-again")
    second = link_in_the_mail()
    assert "newest mail" in Client().get(first).content.decode()
    assert Client().get(second).status_code == 200
    invite(manager, role=Role.VIEWER)
    assert Invitation.objects.get().role == Role.VIEWER, (
        "a repeat is the same invitation, with the role named last"
    )
    assert Client().get(second).status_code == 410


def test_a_late_or_revoked_invitation_opens_nothing(cast: Cast, manager: Client) -> None:
    invitation = invite(manager)
    link = link_in_the_mail()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "too old" in Client().get(link).content.decode()
    assert Client().post(link, GOOD).status_code == 410
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    manager.post(f"/invitations/{invitation.pk}/take-back")
    assert "taken back" in Client().post(link, GOOD).content.decode()
    assert not User.objects.filter(username="new.person@example.com").exists()
    manager.post(f"/invitations/{invitation.pk}/send-again")
    assert Client().get(link).status_code == 410, "what was taken back is not sent again"


def test_a_link_that_was_tampered_with_opens_nothing(cast: Cast, manager: Client) -> None:
    invitation = invite(manager, role=Role.VIEWER)
    other = invite(manager, "second@example.com", Role.MANAGER)
    tail = links.token_of(invitation).partition("~")[2]
    for token in (f"{other.pk}.1~{tail}", "1.1~", "x", "1.1", "~" * 40, "%00", "é"):
        assert Client().get(f"/join/{token}").status_code == 410, token


def test_who_has_an_account_signs_in_to_accept(cast: Cast, manager: Client) -> None:
    invite(manager, cast.stranger.email.upper(), Role.VIEWER)
    link = link_in_the_mail()
    assert Client().post(link, GOOD)["Location"] == f"/sign-in?next={link}"
    stolen = browser(cast.bare_staff)
    assert stolen.post(link).status_code == 409, "nobody accepts for another"
    theirs = browser(cast.stranger)
    assert "Accept" in theirs.get(link).content.decode()
    assert theirs.post(link)["Location"] == "/"
    assert Membership.objects.get(user=cast.stranger, partner=cast.partner).role == Role.VIEWER


def test_an_invitation_never_takes_a_role_away(cast: Cast, manager: Client) -> None:
    invite(manager, cast.stranger.email, Role.VIEWER)
    link = link_in_the_mail()
    people.join(cast.stranger, cast.partner, Role.MANAGER)
    browser(cast.stranger).post(link)
    assert Membership.objects.get(user=cast.stranger, partner=cast.partner).role == Role.MANAGER


def test_who_works_there_already_is_not_invited(cast: Cast, manager: Client) -> None:
    answer = manager.post("/people", {"email": cast.owner.email, "role": Role.MANAGER})
    assert answer.status_code == 400
    assert "works here already" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_manager_changes_a_role_and_removes_somebody(cast: Cast, manager: Client) -> None:
    membership = cast.owner.memberships.get()
    manager.post(f"/people/{membership.pk}/role", {"role": Role.VIEWER})
    membership.refresh_from_db()
    assert membership.role == Role.VIEWER
    owner = browser(cast.owner)
    assert "will not see anything" in manager.get(f"/people/{membership.pk}/remove").content.decode()
    assert Membership.objects.filter(pk=membership.pk).exists(), "asking removes nobody"
    manager.post(f"/people/{membership.pk}/remove")
    assert not Membership.objects.filter(pk=membership.pk).exists()
    assert owner.get("/").status_code == 302


def test_the_last_manager_stays(cast: Cast, manager: Client) -> None:
    own = cast.manager.memberships.get()
    answer = manager.post(f"/people/{own.pk}/remove", follow=True)
    assert "keeps one manager at least" in answer.content.decode()
    answer = manager.post(f"/people/{own.pk}/role", {"role": Role.VIEWER}, follow=True)
    assert "keeps one manager at least" in answer.content.decode()
    assert manager.post(f"/people/{own.pk}/role", {"role": "king"}, follow=True).status_code == 200
    own.refresh_from_db()
    assert own.role == Role.MANAGER


def test_another_partners_people_are_out_of_reach(cast: Cast, manager: Client) -> None:
    invitation = invite(manager)
    membership = cast.owner.memberships.get()
    theirs = browser(cast.stranger)
    assert theirs.get(f"/people?partner={cast.partner.pk}").status_code == 404
    assert cast.owner.email not in theirs.get("/people").content.decode()
    wish = {"email": "x@example.com", "role": Role.MANAGER, "partner": cast.partner.pk}
    assert theirs.post("/people", wish).status_code == 404
    assert theirs.post(f"/people/{membership.pk}/role", {"role": Role.VIEWER}).status_code == 404
    assert theirs.post(f"/people/{membership.pk}/remove").status_code == 404
    assert theirs.post(f"/invitations/{invitation.pk}/send-again").status_code == 404
    assert theirs.post(f"/invitations/{invitation.pk}/take-back").status_code == 404
    for act in (
        lambda: invitations.invite(cast.partner, "x@example.com", Role.VIEWER, by=cast.stranger),
        lambda: invitations.send_again(invitation, by=cast.stranger),
        lambda: invitations.revoke(invitation, by=cast.stranger),
    ):
        with pytest.raises(Forbidden):
            act()


@pytest.mark.parametrize("partner", ["x", "-1", "9" * 30, "", "%00"])
def test_a_crafted_partner_is_a_plain_refusal(cast: Cast, manager: Client, partner: str) -> None:
    assert manager.get("/people", {"partner": partner}).status_code in (200, 403, 404)


def test_invitations_have_a_daily_limit(cast: Cast, manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    few = limits.Limit(name="few", most=1, within=limits.DAY)
    monkeypatch.setattr(limits, "INVITATIONS", few)
    invite(manager)
    with pytest.raises(Rejected, match="many invitations"):
        invitations.invite(cast.partner, "b@example.com", Role.VIEWER, by=cast.manager)
    assert Invitation.objects.count() == 1
